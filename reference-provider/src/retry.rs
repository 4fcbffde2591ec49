//! How long to wait before the next attempt, and when to stop.
//!
//! Every length follows from the retry budget, so that a smaller budget gives the same shape in less time:
//!
//! | | of the budget | by default |
//! |---|---|---|
//! | first backoff (`base`) | 1/20, at most 500 ms | 500 ms |
//! | longest backoff (`cap`) | 1/8 | 30 s |
//! | time-out of one request | at most 1/4 | 10 s |
//!
//! A wait is drawn evenly between half of `base` and `base` doubled once per attempt, up to `cap`. The lower bound
//! keeps a job under five attempts in a second; the full spread keeps many jobs from coming back at the same moment.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::config::Limits;

/// The parts of a run. Each ends when so many eighths of the budget are used up, whatever the parts before it left over.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    /// A deletion ends early: Secrets Manager tries a failed one again every day, so there is no point in insisting.
    Delete = 2,
    /// Token, login secret, and the attempts of the creation.
    Prepare = 4,
    /// What failed creations may have left is searched for and revoked.
    Clear = 5,
    /// The report.
    Report = 6,
    /// Asking the task what became of the report.
    Ask = 7,
    /// The reserve for the undo, which must be over before the task times out.
    Undo = 8,
}

/// The waits between the attempts of one operation.
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    request_timeout: Duration,
    deadline: Instant,
    attempt: u32,
}

impl Backoff {
    pub(crate) fn new(limits: Limits, deadline: Instant) -> Self {
        Self {
            base: (limits.budget / 20).min(Duration::from_millis(500)),
            cap: limits.budget / 8,
            request_timeout: limits.request_timeout,
            deadline,
            attempt: 0,
        }
    }

    /// Returns how long the next request may take.
    ///
    /// Even at the deadline it gets a quarter of the usual time, because a request that cannot be answered is worse than
    /// none: nobody knows what it did.
    pub(crate) fn request_timeout(&self) -> Duration {
        self.remaining().clamp(self.request_timeout / 4, self.request_timeout)
    }

    /// Waits before the next attempt; returns false, at once, when no further attempt fits before the deadline.
    ///
    /// What the server asked for in Retry-After replaces the backoff.
    pub(crate) async fn wait(&mut self, retry_after: Option<Duration>) -> bool {
        let delay = self.next_delay(retry_after);
        if delay.saturating_add(self.request_timeout / 4) > self.remaining() {
            return false;
        }
        #[expect(clippy::disallowed_methods, reason = "backoff is a wait by definition")]
        tokio::time::sleep(delay).await;
        true
    }

    fn next_delay(&mut self, retry_after: Option<Duration>) -> Duration {
        let floor = self.base / 2;
        let doubled = self.base.saturating_mul(2_u32.saturating_pow(self.attempt));
        let longest = doubled.min(self.cap);
        self.attempt = self.attempt.saturating_add(1);
        match retry_after {
            // The jitter comes on top: earlier would be disobedience, and all at once would be a stampede.
            Some(asked) => asked.saturating_add(rand::random_range(floor..=self.base)),
            None => rand::random_range(floor..=longest.max(floor)),
        }
    }

    fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// Reads a Retry-After header: seconds or an HTTP date. Garbage, zero and the past count as absent.
pub(crate) fn parse_retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let asked = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not even fit is a very long time.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        httpdate::parse_http_date(value).ok()?.duration_since(now).ok()?
    };
    (!asked.is_zero()).then_some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(budget: Duration) -> Backoff {
        let limits = Limits { budget, request_timeout: budget / 4 };
        Backoff::new(limits, Instant::now() + budget)
    }

    #[test]
    fn waits_stay_between_the_floor_and_the_doubled_base() {
        for _ in 0..200 {
            let mut backoff = backoff(Duration::from_mins(4));
            for attempt in 0..70 {
                let delay = backoff.next_delay(None);
                let longest = Duration::from_millis(500 << attempt.min(10));
                assert!(delay >= Duration::from_millis(250), "{delay:?}");
                assert!(delay <= longest.min(Duration::from_secs(30)), "{attempt}: {delay:?}");
            }
        }
    }

    #[test]
    fn a_small_budget_scales_the_waits_down() {
        let mut backoff = backoff(Duration::from_millis(400));
        for _ in 0..20 {
            let delay = backoff.next_delay(None);
            assert!((Duration::from_millis(10)..=Duration::from_millis(50)).contains(&delay));
        }
    }

    #[test]
    fn retry_after_is_a_lower_bound() {
        let asked = Duration::from_secs(7);
        let delay = backoff(Duration::from_mins(4)).next_delay(Some(asked));
        assert!((asked..=asked + Duration::from_millis(500)).contains(&delay));
    }

    #[tokio::test]
    async fn a_wait_beyond_the_deadline_is_refused_at_once() {
        let mut backoff = backoff(Duration::from_mins(4));
        assert!(!backoff.wait(Some(Duration::from_hours(1))).await);
        assert!(!backoff.wait(Some(Duration::MAX)).await);
    }

    #[test]
    fn retry_after_forms() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let seconds = |value| parse_retry_after(value, now).map(|asked| asked.as_secs());
        assert_eq!(seconds("3"), Some(3));
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:40 GMT"), Some(3));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:40 GMT"), Some(3));
        assert_eq!(seconds("99999999999999999999999999"), Some(u64::MAX));
        for ignored in ["", "0", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", "Sat, 05 Nov 1994 08:49:37 GMT"] {
            assert_eq!(seconds(ignored), None, "{ignored}");
        }
    }
}
