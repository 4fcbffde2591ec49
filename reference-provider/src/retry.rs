//! How long to wait before the next attempt, and when to stop.
//!
//! Every length follows from the retry budget, so that a smaller budget gives the same shape in less time:
//!
//! | | of the budget | by default |
//! |---|---|---|
//! | first backoff (`base`) | 1/16, at most 500 ms | 500 ms |
//! | longest backoff | 1/8 | 30 s |
//! | time-out of one request | at most 1/4 | 10 s |
//!
//! A wait is drawn evenly between half of `base` and `base` doubled once per attempt. The lower bound keeps a job with a
//! budget of 8 s or more to five attempts in a second; the full spread keeps many jobs from coming back at the same moment.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// The parts of a run. Each ends when so many eighths of the budget are used up, whatever the parts before it left over.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    /// One short attempt.
    Once = 0,
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

/// How long the job may take, counted from its start.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    started: Instant,
    whole: Duration,
    request_timeout: Duration,
}

impl Budget {
    /// Starts now. A request gets at most a quarter, so that a silent server leaves time for another attempt.
    pub(crate) fn new(whole: Duration, request_timeout: Duration) -> Self {
        Self { started: Instant::now(), whole, request_timeout: request_timeout.min(whole / 4) }
    }

    fn remaining(&self, phase: Phase) -> Duration {
        let end = self.started + self.whole * phase as u32 / 8;
        end.saturating_duration_since(Instant::now())
    }

    /// Returns how long the next request may take.
    ///
    /// Even at the end it gets a quarter of the usual time, because nobody knows what a request did that was cut off.
    pub(crate) fn request_timeout(&self, phase: Phase) -> Duration {
        self.remaining(phase).clamp(self.request_timeout / 4, self.request_timeout)
    }

    /// Waits after so many attempts; returns false, at once, when no further attempt fits into the phase.
    pub(crate) async fn wait(&self, phase: Phase, attempts: u32, retry_after: Option<Duration>) -> bool {
        let delay = self.delay(attempts, retry_after);
        if delay.saturating_add(self.request_timeout / 4) > self.remaining(phase) {
            return false;
        }
        #[expect(clippy::disallowed_methods, reason = "backoff is a wait by definition")]
        tokio::time::sleep(delay).await;
        true
    }

    fn delay(&self, attempts: u32, retry_after: Option<Duration>) -> Duration {
        let base = (self.whole / 16).min(Duration::from_millis(500));
        let doubled = base.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        match retry_after {
            // The jitter comes on top: earlier would be disobedience, and all at once would be a stampede.
            Some(asked) => asked.saturating_add(rand::random_range(base / 2..=base)),
            None => rand::random_range(base / 2..=doubled.min(self.whole / 8)),
        }
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
#[path = "../tests/unit/retry.rs"]
mod tests;
