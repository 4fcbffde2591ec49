//! What retries cost and gain in the long run, where each attempt fails with the same probability.

use std::fmt::Write as _;

/// Requests a call costs, and the part of calls that fail all the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SteadyState {
    /// Attempts for each call, the first included.
    pub load: f64,
    /// Part of calls without success, 0 to 1.
    pub failure: f64,
}

/// Returns the steady state of `retries` retries, where an attempt fails with the probability `p`: the load is the sum of the powers of p.
pub fn fixed_retries(retries: u32, p: f64) -> SteadyState {
    SteadyState { load: (0..=retries).map(|made| p.powf(f64::from(made))).sum(), failure: p.powf(f64::from(retries) + 1.0) }
}

/// Returns the steady state of a token bucket: each success adds `refill` tokens, each retry takes one, and there are no more than `retries` a call.
///
/// Where the bucket is what bounds retries, r retries a call earn `refill * (1 + r) * (1 - p)`, which is r.
pub fn token_bucket(refill: f64, retries: u32, p: f64) -> SteadyState {
    let earned = refill * (1.0 - p);
    let funded = 1.0 + earned / (1.0 - earned);
    let unbounded = fixed_retries(retries, p);
    if unbounded.load <= funded { unbounded } else { SteadyState { load: funded, failure: 1.0 - funded * (1.0 - p) } }
}

/// Returns how many requests the lowest of several layers sees of one call, where each makes so many attempts.
pub fn layered(attempts: u32, layers: u32) -> u64 {
    u64::from(attempts).pow(layers)
}

/// Returns the table as it is printed.
pub fn table() -> String {
    let mut text = String::from(
        "Attempts that fail with probability p: load (attempts a call) and failure (part of calls)\n\n\
         p       3 retries          token bucket of 0.1 a success\n",
    );
    for p in [0.1, 0.5, 0.9, 1.0] {
        let (fixed, bucket) = (fixed_retries(3, p), token_bucket(0.1, 3, p));
        writeln!(text, "{p:<8}{:<8.3}{:<11.4}{:<8.3}{:.3}", fixed.load, fixed.failure, bucket.load, bucket.failure).ok();
    }
    writeln!(text, "\n4 attempts in each of 3 layers: {} requests", layered(4, 3)).ok();
    writeln!(text, "3 attempts, everything fails: {:.0} times the load", fixed_retries(2, 1.0).load).ok();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_come_out_to_the_last_digit() {
        for (p, fixed, bucket) in [
            (0.1, ("1.111", "0.0001"), ("1.099", "0.011")),
            (0.5, ("1.875", "0.0625"), ("1.053", "0.474")),
            (0.9, ("3.439", "0.6561"), ("1.010", "0.899")),
            (1.0, ("4.000", "1.0000"), ("1.000", "1.000")),
        ] {
            let (found, bounded) = (fixed_retries(3, p), token_bucket(0.1, 3, p));
            assert_eq!((&*format!("{:.3}", found.load), &*format!("{:.4}", found.failure)), fixed, "p = {p}");
            assert_eq!((&*format!("{:.3}", bounded.load), &*format!("{:.3}", bounded.failure)), bucket, "p = {p}");
        }
        assert_eq!(layered(4, 3), 64);
    }

    #[test]
    fn the_closed_form_is_the_sum() {
        for p in [0.1_f64, 0.3, 0.9] {
            assert!((fixed_retries(3, p).load - (1.0 - p.powi(4)) / (1.0 - p)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_full_bucket_bounds_nothing() {
        assert_eq!(token_bucket(0.1, 3, 0.01), fixed_retries(3, 0.01));
    }

    #[test]
    fn the_table_is_as_checked_in() {
        assert_eq!(table(), include_str!("../../examples/closed_forms.txt"), "cargo run -p hallmark-benches --example closed_forms");
    }
}
