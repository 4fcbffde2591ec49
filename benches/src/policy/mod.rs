//! Retry policies as data: how long a client waits between attempts, and when it stops.
//!
//! The main type is [`Policy`]. The same data draws waits in simulations and says in the classifier how likely an observed wait is.

mod known;

use rand::Rng;
use serde::{Deserialize, Serialize};

pub use known::{KnownPolicy, known_policies};

/// How waits grow from one to the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "growth")]
pub enum Growth {
    /// Every wait is like the first.
    Constant,
    /// The n-th wait is n times the base.
    Linear,
    /// Each wait is the one before times a factor.
    Exponential {
        /// The factor.
        factor: f64,
    },
    /// The n-th wait is the base times (factor to the n, less one), as retry-axios has it.
    ExponentialLessOne {
        /// The factor.
        factor: f64,
    },
    /// Drawn between the base and three times the wait before (Brooker's decorrelated jitter).
    Decorrelated,
}

/// How much chance is in a wait.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "jitter")]
pub enum Jitter {
    /// None.
    None,
    /// Drawn between two parts of the full wait: 0 to 1 is full jitter, 0.5 to 1 equal jitter, 0.8 to 1.2 is 20 % either way.
    Proportional {
        /// The lower part.
        low: f64,
        /// The upper part.
        high: f64,
    },
    /// Drawn between a floor that does not grow and the full wait.
    Floor {
        /// Seconds.
        floor: f64,
    },
}

/// A retry policy. Times are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// How waits grow.
    #[serde(flatten)]
    pub growth: Growth,
    /// The first full wait.
    pub base: f64,
    /// The longest full wait, before jitter; none where nothing bounds it.
    pub cap: Option<f64>,
    /// How much chance is in a wait.
    #[serde(flatten)]
    pub jitter: Jitter,
    /// Whether the first retry comes without a wait, and waits are counted from the second on.
    pub first_at_once: bool,
    /// Retries after which it gives up; none where it goes on, or where its user says how many.
    pub retries: Option<u32>,
    /// Seconds since the first attempt after which no further attempt begins.
    pub give_up_after: Option<f64>,
}

/// The range from which a wait is drawn evenly. What is drawn above the cap becomes the cap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The shortest wait.
    pub low: f64,
    /// The longest wait but for the cap.
    pub high: f64,
    /// The longest wait; infinite where there is no cap.
    pub cap: f64,
}

impl Policy {
    /// Returns a policy without chance, cap or end.
    pub const fn unbounded(growth: Growth, base: f64) -> Self {
        Self { growth, base, cap: None, jitter: Jitter::None, first_at_once: false, retries: None, give_up_after: None }
    }

    /// Bounds the full wait.
    #[must_use]
    pub const fn capped(self, seconds: f64) -> Self {
        Self { cap: Some(seconds), ..self }
    }

    /// Draws each wait between two parts of the full one.
    #[must_use]
    pub const fn jittered(self, low: f64, high: f64) -> Self {
        Self { jitter: Jitter::Proportional { low, high }, ..self }
    }

    /// Ends it after so many retries.
    #[must_use]
    pub const fn retrying(self, retries: u32) -> Self {
        Self { retries: Some(retries), ..self }
    }

    /// Lets the first retry come at once.
    #[must_use]
    pub const fn at_once_first(self) -> Self {
        Self { first_at_once: true, ..self }
    }

    /// Returns from where the wait before retry `number` (from 1) is drawn, where the wait before that one was `previous` seconds.
    pub fn range(&self, number: u32, previous: Option<f64>) -> Range {
        let step = number.saturating_sub(u32::from(self.first_at_once));
        if step == 0 {
            return Range { low: 0.0, high: 0.0, cap: f64::INFINITY };
        }
        let cap = self.cap.unwrap_or(f64::INFINITY);
        let full = match self.growth {
            Growth::Constant => self.base,
            Growth::Linear => self.base * f64::from(step),
            Growth::Exponential { factor } => self.base * factor.powf(f64::from(step - 1)),
            Growth::ExponentialLessOne { factor } => self.base * (factor.powf(f64::from(step)) - 1.0),
            Growth::Decorrelated => {
                let before = if step == 1 { self.base } else { previous.unwrap_or(self.base) };
                return Range { low: self.base, high: (before * 3.0).max(self.base), cap };
            }
        };
        let full = full.min(cap);
        let (low, high) = match self.jitter {
            Jitter::None => (full, full),
            Jitter::Proportional { low, high } => (full * low, full * high),
            Jitter::Floor { floor } => (floor.min(full), full),
        };
        Range { low, high, cap: f64::INFINITY }
    }

    /// Begins to retry.
    pub fn waits(&self) -> Waits<'_> {
        Waits { policy: self, made: 0, previous: None }
    }

    /// Tells whether there is chance in its waits.
    pub fn is_jittered(&self) -> bool {
        !matches!(self.jitter, Jitter::None) || self.growth == Growth::Decorrelated
    }
}

impl Range {
    /// Draws a wait.
    pub fn draw(&self, random: &mut impl Rng) -> f64 {
        let drawn = if self.high > self.low { random.random_range(self.low..self.high) } else { self.low };
        drawn.min(self.cap)
    }
}

/// The waits of one client, in order.
#[derive(Debug)]
pub struct Waits<'policy> {
    policy: &'policy Policy,
    made: u32,
    previous: Option<f64>,
}

impl Waits<'_> {
    /// Draws the next wait in seconds; none where the policy gives up. `elapsed` is the time since the first attempt.
    pub fn next(&mut self, elapsed: f64, random: &mut impl Rng) -> Option<f64> {
        let over = self.policy.retries.is_some_and(|retries| self.made >= retries);
        if over || self.policy.give_up_after.is_some_and(|limit| elapsed >= limit) {
            return None;
        }
        self.made += 1;
        let wait = self.policy.range(self.made, self.previous).draw(random);
        self.previous = Some(wait);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn drawn(policy: Policy, count: usize) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut waits = policy.waits();
        std::iter::from_fn(|| waits.next(0.0, &mut random)).take(count).collect()
    }

    #[test]
    fn waits_without_chance_are_the_formula() {
        let exponential = Policy::unbounded(Growth::Exponential { factor: 2.0 }, 1.0);
        assert_eq!(drawn(exponential.capped(5.0).retrying(5), 9), [1.0, 2.0, 4.0, 5.0, 5.0]);
        assert_eq!(drawn(Policy { base: 2.0, ..exponential }.at_once_first(), 4), [0.0, 2.0, 4.0, 8.0]);
        assert_eq!(drawn(Policy::unbounded(Growth::ExponentialLessOne { factor: 2.0 }, 0.5), 4), [0.5, 1.5, 3.5, 7.5]);
        assert_eq!(drawn(Policy::unbounded(Growth::Linear, 0.5), 3), [0.5, 1.0, 1.5]);
        assert_eq!(drawn(Policy::unbounded(Growth::Constant, 2.0).retrying(0), 3), [0.0; 0]);
    }

    #[test]
    fn a_policy_stops_when_its_time_is_over() {
        let policy = Policy { give_up_after: Some(3.0), ..Policy::unbounded(Growth::Constant, 1.0) };
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut waits = policy.waits();
        assert_eq!(waits.next(2.9, &mut random), Some(1.0));
        assert_eq!(waits.next(3.0, &mut random), None);
    }

    proptest! {
        #[test]
        fn chance_stays_within_its_band(seed in any::<u64>(), low in 0.0..1.0_f64, more in 0.0..1.0_f64) {
            let policy = Policy::unbounded(Growth::Exponential { factor: 1.5 }, 0.5).capped(4.0).jittered(low, low + more);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut waits = policy.waits();
            for number in 1..12 {
                let full = (0.5 * 1.5_f64.powi(number - 1)).min(4.0);
                let wait = waits.next(0.0, &mut random).unwrap();
                prop_assert!(full * low <= wait && wait <= full * (low + more) + 1e-9, "{wait} of {full}");
            }
        }

        #[test]
        fn a_decorrelated_wait_is_at_most_three_times_the_one_before(seed in any::<u64>()) {
            let policy = Policy::unbounded(Growth::Decorrelated, 1.0).capped(30.0);
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut waits = policy.waits();
            let mut before = 1.0;
            for _ in 0..12 {
                let wait = waits.next(0.0, &mut random).unwrap();
                prop_assert!((1.0..=30.0).contains(&wait) && wait <= before * 3.0);
                before = wait;
            }
        }
    }
}
