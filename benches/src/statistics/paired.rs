//! Whether pairs of measurements differ, by how much, and how surely.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::Interval;

/// How often chance is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampling {
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Draws of a permutation test.
    pub permutations: u32,
    /// Draws of a bootstrap interval.
    pub bootstraps: u32,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { seed: 1, permutations: 10_000, bootstraps: 2000 }
    }
}

/// What is estimated of the differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// The median of the means of any two (Hodges and Lehmann): one wild difference moves it little.
    HodgesLehmann,
    /// The mean, for differences of which most are zero: those of what happened or did not.
    Mean,
}

impl Location {
    fn of(self, differences: &[f64]) -> f64 {
        match self {
            Self::HodgesLehmann => hodges_lehmann(differences),
            Self::Mean => differences.iter().sum::<f64>() / crate::metrics::number(differences.len()),
        }
    }
}

/// By how much the second of each pair differs from the first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// Pairs.
    pub pairs: usize,
    /// The estimate of the difference.
    pub estimate: f64,
    /// Where it is with 95 % confidence, by bootstrap.
    pub interval: Interval,
    /// The probability of a mean difference of at least this size, either way, where chance alone decides which of a pair is which.
    pub p: f64,
}

/// Pairs of which a bootstrap is made in full; of more a random part of this size stands for all.
const BOOTSTRAPPED: usize = 60;

/// Returns the shift of the differences; none below two pairs, of which nothing can be said.
pub fn shift(differences: &[f64], location: Location, resampling: Resampling) -> Option<Shift> {
    if differences.len() < 2 {
        return None;
    }
    let estimate = location.of(differences);
    let p = sign_flips(differences, resampling);
    Some(Shift { pairs: differences.len(), estimate, interval: bootstrap(differences, location, estimate, resampling), p })
}

fn hodges_lehmann(differences: &[f64]) -> f64 {
    let mut means: Vec<f64> = Vec::with_capacity(differences.len() * (differences.len() + 1) / 2);
    for (index, one) in differences.iter().enumerate() {
        means.extend(differences[index..].iter().map(|other| f64::midpoint(*one, *other)));
    }
    let even = means.len().is_multiple_of(2);
    let middle = means.len() / 2;
    let (below, at, _) = means.select_nth_unstable_by(middle, f64::total_cmp);
    let under = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if even { f64::midpoint(under, *at) } else { *at }
}

/// Twelve pairs or fewer are flipped in every way, more by chance.
fn sign_flips(differences: &[f64], resampling: Resampling) -> f64 {
    const EXACT: usize = 12;
    // Differences of size zero say nothing either way.
    let sum: f64 = differences.iter().sum::<f64>().abs() - 1e-12;
    let flipped = |negative: &mut dyn FnMut(usize) -> bool| {
        let total: f64 =
            differences.iter().enumerate().map(|(index, difference)| if negative(index) { -difference } else { *difference }).sum();
        total.abs() >= sum
    };
    if differences.len() <= EXACT {
        let all = 1_u32 << differences.len();
        let extreme = (0..all).filter(|signs| flipped(&mut |index| signs >> index & 1 == 1)).count();
        return f64::from(u32::try_from(extreme).unwrap_or(u32::MAX)) / f64::from(all);
    }
    let mut random = ChaCha8Rng::seed_from_u64(resampling.seed);
    let mut extreme = 0_u32;
    for _ in 0..resampling.permutations {
        extreme += u32::from(flipped(&mut |_| random.random()));
    }
    // What was observed is one of the permutations.
    f64::from(extreme + 1) / f64::from(resampling.permutations + 1)
}

fn bootstrap(differences: &[f64], location: Location, estimate: f64, resampling: Resampling) -> Interval {
    let mut random = ChaCha8Rng::seed_from_u64(resampling.seed ^ 0xb007);
    let size = differences.len().min(BOOTSTRAPPED);
    let mut estimates: Vec<f64> = (0..resampling.bootstraps.max(1))
        .map(|_| {
            let drawn: Vec<f64> = (0..size).map(|_| differences[random.random_range(0..differences.len())]).collect();
            location.of(&drawn)
        })
        .collect();
    estimates.sort_by(f64::total_cmp);
    let at = |part: f64| super::quantile(&estimates, part).map_or(estimate, |quantile| quantile.value);
    // A part of the pairs spreads more than all of them by the root of how many times fewer it is.
    let narrow = (crate::metrics::number(size) / crate::metrics::number(differences.len())).sqrt();
    Interval { low: estimate + (at(0.025) - estimate) * narrow, high: estimate + (at(0.975) - estimate) * narrow }
}

/// Adjusts p-values of several tests, in their order, by Holm's method: together they err no more often than one.
pub fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*one].total_cmp(&values[*other]));
    let mut adjusted = vec![0.0; values.len()];
    let mut least: f64 = 0.0;
    for (rank, index) in order.into_iter().enumerate() {
        let left = crate::metrics::number(values.len() - rank);
        least = least.max((values[index] * left).min(1.0));
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_the_textbook_s() {
        // Means of any two of 1, 2, 6: 1, 1.5, 2, 3.5, 4, 6.
        assert!((hodges_lehmann(&[1.0, 2.0, 6.0]) - 2.75).abs() < 1e-12);
        assert!((hodges_lehmann(&[1.0, 2.0]) - 1.5).abs() < 1e-12);
        assert!((hodges_lehmann(&[4.0]) - 4.0).abs() < 1e-12);
        assert!((hodges_lehmann(&[1.0, 2.0, 3.0, 4.0, 100.0]) - 3.0).abs() < 1e-12, "one wild value moves it little");
    }

    #[test]
    fn few_pairs_are_flipped_in_every_way() {
        let p = |differences: &[f64]| shift(differences, Location::HodgesLehmann, Resampling::default()).unwrap().p;
        assert!((p(&[1.0, 1.0, 1.0, 1.0]) - 2.0 / 16.0).abs() < 1e-12);
        assert!((p(&[1.0, -1.0, 1.0, -1.0]) - 1.0).abs() < 1e-12);
        assert!((p(&[0.0; 10]) - 1.0).abs() < 1e-12);
        assert_eq!(shift(&[1.0], Location::HodgesLehmann, Resampling::default()), None);
    }

    #[test]
    fn a_shift_is_found_and_a_seed_repeats_it() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let differences: Vec<f64> = (0..40).map(|_| 0.5 + random.random_range(-0.4..0.4)).collect();
        let found = shift(&differences, Location::HodgesLehmann, Resampling::default()).unwrap();
        assert!(found.interval.low > 0.35 && found.interval.high < 0.65 && found.p < 0.001, "{found:?}");
        assert_eq!(shift(&differences, Location::HodgesLehmann, Resampling::default()), Some(found));
    }

    #[test]
    fn the_interval_holds_the_truth_nearly_as_often_as_it_says() {
        let mut random = ChaCha8Rng::seed_from_u64(6);
        let resampling = Resampling { seed: 1, permutations: 1, bootstraps: 300 };
        for pairs in [20, 90] {
            let held = (0..300).filter(|_| {
                let differences: Vec<f64> = (0..pairs).map(|_| random.random_range(-1.0..1.0)).collect();
                let interval = shift(&differences, Location::HodgesLehmann, resampling).unwrap().interval;
                interval.low <= 0.0 && 0.0 <= interval.high
            });
            let held = held.count();
            assert!((270..=298).contains(&held), "{held} of 300 with {pairs} pairs");
        }
    }

    #[test]
    fn rare_events_show_in_the_mean() {
        let differences = [0.0, 0.0, 0.0, -1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0];
        let estimate = |location| shift(&differences, location, Resampling::default()).unwrap().estimate;
        assert!((estimate(Location::Mean) + 0.2).abs() < 1e-12 && estimate(Location::HodgesLehmann).abs() < 1e-12);
    }

    #[test]
    fn holm_is_the_textbook_s() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
