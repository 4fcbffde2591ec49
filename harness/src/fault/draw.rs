//! Random decisions that only depend on what they are about.

use sha2::{Digest as _, Sha256};

use super::Millionths;
use crate::journal::{Operation, Service};

/// A call that something is decided about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) service: &'a Service,
    pub(super) operation: Operation,
    /// From 1.
    pub(super) number: u32,
}

/// Draws for one fault and one call. Different purposes are drawn apart.
///
/// A digest, and not a hash table's hash: a plan decides the same on every machine and in every later release.
pub(super) fn draw(seed: u64, purpose: &str, fault: &str, call: Call<'_>) -> u64 {
    let Call { service, operation, number } = call;
    let text = format!("{seed}\n{purpose}\n{fault}\n{service:?}\n{operation:?}\n{number}");
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(text)[..8]);
    u64::from_be_bytes(first)
}

/// Tells whether something of this probability happens.
pub(super) fn hits(drawn: u64, probability: Millionths) -> bool {
    let scaled = (u128::from(drawn) * u128::from(Millionths::ONE.get())) >> 64;
    scaled < u128::from(probability.get())
}

/// Returns a whole number that is evenly distributed over a range.
pub(super) fn between(drawn: u64, least: u64, most: u64) -> u64 {
    let width = u128::from(most.saturating_sub(least)) + 1;
    least + u64::try_from((u128::from(drawn) * width) >> 64).unwrap_or(0)
}

/// Returns a number from the standard normal distribution (Box and Muller).
pub(super) fn normal(drawn: u64) -> f64 {
    let half = |drawn: u64| f64::from(u32::try_from(drawn & u64::from(u32::MAX)).unwrap_or(u32::MAX));
    let (upper, lower) = (half(drawn >> 32), half(drawn));
    let whole = f64::from(u32::MAX) + 1.0;
    // Above 0, whose logarithm is no number.
    let radius = (-2.0 * ((upper + 0.5) / whole).ln()).sqrt();
    radius * (std::f64::consts::TAU * lower / whole).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(count: u32) -> impl Iterator<Item = u64> {
        (1..=count).map(|number| draw(7, "test", "a fault", Call { service: &Service::Iam, operation: Operation::Token, number }))
    }

    #[test]
    fn evenly_drawn_numbers_reach_both_ends() {
        let numbers: Vec<u64> = drawn(200).map(|drawn| between(drawn, 3, 6)).collect();
        assert!((3..=6).all(|number| numbers.contains(&number)) && numbers.iter().all(|number| (3..=6).contains(number)), "{numbers:?}");
        assert_eq!((between(0, 0, u64::MAX), between(u64::MAX, 0, u64::MAX), between(u64::MAX, 5, 5)), (0, u64::MAX, 5));
    }

    #[test]
    fn normally_drawn_numbers_have_their_mean_and_deviation() {
        let numbers: Vec<f64> = drawn(4000).map(normal).collect();
        let mean = numbers.iter().sum::<f64>() / 4000.0;
        let variance = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.1 && (variance - 1.0).abs() < 0.1, "{mean} {variance}");
        assert!(normal(0).is_finite() && normal(u64::MAX).is_finite());
    }
}
