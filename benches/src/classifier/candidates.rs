//! Policies that may explain waits: of each kind those whose bounds touch what was observed, where the likelihood is greatest.

use crate::policy::{Growth, Jitter, Policy};
use crate::statistics::median;

/// Waits at either end that may be strays: the bounds are tried without the most extreme of them.
const STRAYS: usize = 3;

/// A band narrower than this part of the full wait is no chance that anybody put there.
const NARROWEST: f64 = 0.07;

/// By how much a wait grows at least before a cap ends it, or it does not grow at all.
const LEAST_GROWTH: f64 = 1.15;

/// Factors of exponential growth that are tried where chance hides them.
fn factors() -> impl Iterator<Item = f64> {
    (23..=80).map(|twentieth| f64::from(twentieth) * 0.05)
}

/// Returns candidates. Waits are in seconds; `overhead` is taken off each.
pub(super) fn candidates(waits: &[&[f64]], first_at_once: bool, overhead: f64) -> Vec<Policy> {
    let skipped = usize::from(first_at_once);
    let runs: Vec<Vec<f64>> = waits
        .iter()
        .map(|run| run.iter().skip(skipped).map(|wait| (wait - overhead).max(0.0)).collect::<Vec<f64>>())
        .filter(|run| !run.is_empty())
        .collect();
    let mut found = fixed(&runs);
    for growth in [Growth::Constant, Growth::Linear].into_iter().chain(factors().map(|factor| Growth::Exponential { factor })) {
        found.extend(jittered(&runs, growth));
    }
    found.extend(decorrelated(&runs));
    let longest = runs.iter().map(Vec::len).max().and_then(|longest| u32::try_from(longest).ok()).unwrap_or_default();
    found.retain(|policy| makes_sense(policy, longest));
    for policy in &mut found {
        policy.first_at_once = first_at_once;
    }
    found
}

/// Tells whether there is more chance in a policy's waits than any machine adds, if it has some, and growth before its cap, if it has one.
fn makes_sense(policy: &Policy, longest: u32) -> bool {
    let ranges = || (1..=longest).map(|number| policy.range(number, None));
    let broad = policy.jitter == Jitter::None || ranges().any(|range| range.high - range.low >= NARROWEST * range.high);
    let grows = policy.growth != Growth::Constant && policy.growth != Growth::Decorrelated;
    broad && (!grows || policy.cap.is_none_or(|cap| cap > policy.base * LEAST_GROWTH))
}

/// Policies without chance, from the medians of the first, second, ... wait.
fn fixed(runs: &[Vec<f64>]) -> Vec<Policy> {
    let longest = runs.iter().map(Vec::len).max().unwrap_or_default();
    let medians: Vec<f64> =
        (0..longest).filter_map(|place| median(&runs.iter().filter_map(|run| run.get(place).copied()).collect::<Vec<_>>())).collect();
    let mut found: Vec<Policy> = median(&runs.concat()).map(|base| Policy::unbounded(Growth::Constant, base)).into_iter().collect();
    // Up to a place waits grow, from there on they are capped.
    for grown in 2..=longest {
        let capped = |policy: Policy| match median(&medians[grown..]) {
            Some(cap) => policy.capped(cap),
            None => policy,
        };
        let growing = &medians[..grown];
        let steps: Vec<f64> = growing.iter().zip(1..).map(|(wait, place)| wait / f64::from(place)).collect();
        found.extend(median(&steps).map(|base| capped(Policy::unbounded(Growth::Linear, base))));
        if let Some((base, factor)) = geometric(growing).filter(|(_, factor)| *factor > 1.05) {
            found.push(capped(Policy::unbounded(Growth::Exponential { factor }, base)));
            let halves: Vec<f64> = growing.iter().zip(0..).map(|(wait, doublings)| wait / 2_f64.powi(doublings)).collect();
            found.extend(median(&halves).map(|base| capped(Policy::unbounded(Growth::Exponential { factor: 2.0 }, base))));
        }
    }
    found
}

/// Returns the first value and the factor of the geometric series that fits best; none where a value is zero.
fn geometric(values: &[f64]) -> Option<(f64, f64)> {
    let points: Vec<(f64, f64)> = values.iter().zip(0_u32..).map(|(value, place)| (f64::from(place), value.ln())).collect();
    if points.iter().any(|(_, logarithm)| !logarithm.is_finite()) {
        return None;
    }
    let count = crate::metrics::number(points.len());
    let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>()
        / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
    Some(((y - slope * x).exp(), slope.exp()))
}

/// Policies with chance in a band: the smallest full waits that no wait exceeds, and the highest lower bound that none falls below.
fn jittered(runs: &[Vec<f64>], growth: Growth) -> Vec<Policy> {
    let shape = Policy::unbounded(growth, 1.0);
    let placed = || runs.iter().flat_map(|run| run.iter().copied().zip(1_u32..));
    let mut ratios: Vec<f64> = placed().map(|(wait, number)| wait / shape.range(number, None).high).collect();
    let mut all: Vec<f64> = runs.concat();
    ratios.sort_by(f64::total_cmp);
    all.sort_by(f64::total_cmp);
    let mut found = Vec::new();
    for strays in 0..STRAYS.min(all.len()) {
        let (base, cap, floor) = (ratios[ratios.len() - 1 - strays], all[all.len() - 1 - strays], all[strays]);
        if base <= 0.0 {
            continue;
        }
        let caps = [None, Some(cap).filter(|cap| growth != Growth::Constant && *cap > 0.0)];
        for cap in caps {
            let full = Policy { cap, ..Policy::unbounded(growth, base) };
            let mut parts: Vec<f64> = placed().map(|(wait, number)| wait / full.range(number, None).high).collect();
            parts.sort_by(f64::total_cmp);
            found.push(full.jittered(parts[strays].min(1.0), 1.0));
            found.push(full.jittered(0.0, 1.0));
            if growth != Growth::Constant {
                found.push(Policy { jitter: Jitter::Floor { floor }, ..full });
            }
        }
    }
    found
}

fn decorrelated(runs: &[Vec<f64>]) -> Vec<Policy> {
    let mut all: Vec<f64> = runs.concat();
    all.sort_by(f64::total_cmp);
    let mut found = Vec::new();
    for strays in 0..STRAYS.min(all.len()) {
        let policy = Policy::unbounded(Growth::Decorrelated, all[strays]);
        found.extend([policy, policy.capped(all[all.len() - 1 - strays])]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_geometric_series_is_found_exactly() {
        let (base, factor) = geometric(&[0.5, 0.8, 1.28]).unwrap();
        assert!((base - 0.5).abs() < 1e-9 && (factor - 1.6).abs() < 1e-9);
        assert_eq!(geometric(&[0.0, 1.0]), None);
    }

    #[test]
    fn a_capped_series_is_among_the_candidates() {
        let waits = [1.0, 2.0, 4.0, 5.0, 5.0];
        let found = candidates(&[&waits, &waits], false, 0.0);
        let expected = Policy::unbounded(Growth::Exponential { factor: 2.0 }, 1.0).capped(5.0);
        let near = |policy: &Policy| {
            matches!(policy.growth, Growth::Exponential { factor } if (factor - 2.0).abs() < 1e-9) && policy.cap == expected.cap
        };
        assert!(found.iter().any(|policy| near(policy) && policy.jitter == Jitter::None));
    }
}
