//! How likely waits are under a policy.

use statrs::function::erf::erfc;

use crate::policy::{Policy, Range};

/// What a client and a network add to a wait, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Noise {
    /// What is added on average.
    pub(super) overhead: f64,
    /// How much that varies.
    pub(super) deviation: f64,
}

impl Noise {
    /// From a quiet machine to a busy one.
    pub(super) const LEVELS: [Self; 5] =
        [Self::new(0.001, 0.001), Self::new(0.003, 0.003), Self::new(0.008, 0.006), Self::new(0.02, 0.015), Self::new(0.06, 0.05)];

    /// Every variation of the levels with overheads in finer steps: a known policy has no number of its own that could take an overhead up.
    pub(super) fn every() -> impl Iterator<Item = Self> {
        const OVERHEADS: [f64; 12] = [0.0005, 0.001, 0.002, 0.003, 0.0045, 0.006, 0.008, 0.011, 0.015, 0.02, 0.035, 0.06];
        Self::LEVELS.into_iter().flat_map(|level| OVERHEADS.map(|overhead| Self { overhead, ..level }))
    }

    const fn new(overhead: f64, deviation: f64) -> Self {
        Self { overhead, deviation }
    }
}

/// Probability that a wait has nothing to do with the policy: something else held the job up.
const STRAY: f64 = 0.01;

/// Returns the logarithm of the likelihood of waits in seconds, those of a run in order.
pub(super) fn log_likelihood(policy: &Policy, noise: Noise, waits: &[&[f64]]) -> f64 {
    let longest = waits.iter().copied().flatten().copied().fold(1.0, f64::max);
    let mut sum = 0.0;
    for run in waits {
        let mut previous = None;
        for (wait, number) in run.iter().zip(1..) {
            let wait = wait - noise.overhead;
            let explained = density(policy.range(number, previous), wait, noise.deviation);
            sum += ((1.0 - STRAY) * explained + STRAY / (2.0 * longest)).ln();
            previous = Some(wait);
        }
    }
    sum
}

/// Returns the density of an even draw, cut at the cap, with normal noise.
fn density(range: Range, wait: f64, deviation: f64) -> f64 {
    let Range { low, high, cap } = range;
    let width = high - low;
    if width < 1e-6 {
        return normal(wait - low.min(cap), deviation);
    }
    let spread = (above(wait - low, deviation) - above(wait - high.min(cap), deviation)) / width;
    let capped = if high > cap { (high - cap.max(low)) / width * normal(wait - cap, deviation) } else { 0.0 };
    spread.max(0.0) + capped
}

fn normal(off: f64, deviation: f64) -> f64 {
    let standard = off / deviation;
    (-0.5 * standard * standard).exp() / (deviation * (2.0 * std::f64::consts::PI).sqrt())
}

/// Returns the probability that noise is at most `off`.
fn above(off: f64, deviation: f64) -> f64 {
    let standard = off / deviation;
    // Most waits lie well within the range, or well outside.
    if standard.abs() > 8.0 {
        return if standard > 0.0 { 1.0 } else { 0.0 };
    }
    0.5 * erfc(-standard / std::f64::consts::SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums a density over everything.
    fn whole(range: Range) -> f64 {
        (-2000..20_000).map(|step| density(range, f64::from(step) * 0.001, 0.02) * 0.001).sum()
    }

    #[test]
    fn a_density_is_one_in_all() {
        for range in [
            Range { low: 1.0, high: 1.0, cap: f64::INFINITY },
            Range { low: 0.0, high: 2.0, cap: f64::INFINITY },
            Range { low: 1.0, high: 9.0, cap: 3.0 },
        ] {
            assert!((whole(range) - 1.0).abs() < 1e-3, "{range:?}: {}", whole(range));
        }
    }

    #[test]
    fn what_a_policy_draws_is_likelier_than_what_it_does_not() {
        let policy = Policy::unbounded(crate::policy::Growth::Constant, 2.0).jittered(0.5, 1.0);
        let likelihood = |waits: &[f64]| log_likelihood(&policy, Noise::LEVELS[1], &[waits]);
        assert!(likelihood(&[1.2, 1.9]) > likelihood(&[1.2, 0.9]) + 2.0);
    }
}
