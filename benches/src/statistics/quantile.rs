//! Quantiles and shares with their confidence intervals.

use serde::{Deserialize, Serialize};
use statrs::distribution::{Binomial, DiscreteCDF as _};

/// Two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

/// A quantile of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quantile {
    /// Its value.
    pub value: f64,
    /// Where the quantile of the whole population is with 95 % confidence; none where the sample is too small to say.
    pub interval: Option<Interval>,
}

/// How unsure an interval may be on each side.
const TAIL: f64 = 0.025;

/// Returns a quantile, `part` from 0 to 1, by linear interpolation; none of nothing. The interval is between two order statistics, which
/// needs no assumption about the distribution.
pub fn quantile(values: &[f64], part: f64) -> Option<Quantile> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a sample has no more values than memory")]
    let place = part * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    let value = sorted[below] + (sorted[above] - sorted[below]) * place.fract();
    Some(Quantile { value, interval: interval(&sorted, part) })
}

/// Of n values, as many as a binomial says lie below the quantile.
fn interval(sorted: &[f64], part: f64) -> Option<Interval> {
    let count = u64::try_from(sorted.len()).ok()?;
    let below = Binomial::new(part, count).ok()?;
    // The order statistics l and u (from 1) with P(below < l) and P(below >= u) at most the tail.
    let low = (1..=count).rev().find(|rank| below.cdf(rank - 1) <= TAIL)?;
    let high = (1..=count).find(|rank| below.sf(rank - 1) <= TAIL)?;
    let at = |rank: u64| usize::try_from(rank - 1).ok().and_then(|index| sorted.get(index).copied());
    Some(Interval { low: at(low)?, high: at(high)? })
}

/// Returns the median; none of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5).map(|quantile| quantile.value)
}

/// Returns the part that `count` is of `all`, with Wilson's interval; none of nothing.
pub fn share(count: usize, all: usize) -> Option<Quantile> {
    /// Standard deviations of 95 %.
    const Z: f64 = 1.959_964;
    #[expect(clippy::cast_precision_loss, reason = "counts of trials")]
    let (count, all) = (count as f64, all as f64);
    if all == 0.0 {
        return None;
    }
    let part = count / all;
    let middle = (part + Z * Z / (2.0 * all)) / (1.0 + Z * Z / all);
    let half = Z / (1.0 + Z * Z / all) * (part * (1.0 - part) / all + Z * Z / (4.0 * all * all)).sqrt();
    Some(Quantile { value: part, interval: Some(Interval { low: (middle - half).max(0.0), high: (middle + half).min(1.0) }) })
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn the_median_and_its_interval_are_the_textbook_s() {
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        let found = quantile(&ten, 0.5).unwrap();
        assert!((found.value - 5.5).abs() < 1e-12);
        // Of ten values the second and the ninth hold the median with 97.9 %.
        assert_eq!(found.interval, Some(Interval { low: 2.0, high: 9.0 }));
        assert_eq!(quantile(&ten[..5], 0.5).unwrap().interval, None, "five values hold it with 93.8 % at most");
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
    }

    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let held = (0..2000).filter(|_| {
            let values: Vec<f64> = (0..30).map(|_| random.random::<f64>()).collect();
            let interval = quantile(&values, 0.5).unwrap().interval.unwrap();
            interval.low <= 0.5 && 0.5 <= interval.high
        });
        assert!(held.count() >= 1880);
    }

    #[test]
    fn a_share_of_everything_is_not_sure() {
        let all = share(10, 10).unwrap();
        let interval = all.interval.unwrap();
        assert!((all.value - 1.0).abs() < 1e-12 && (interval.low - 0.722).abs() < 0.001 && interval.high > 0.999, "{interval:?}");
        assert_eq!(share(0, 0), None);
    }
}
