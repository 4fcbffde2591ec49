//! How long to wait before the next attempt, and when to stop: all of it in parts of the retry budget.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::config::{DURATION, Environment, read};
use crate::error::Failure;

/// The parts of a run. Each ends when so many eighths of the budget are used up, whatever the parts before it left over.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    Once = 0,    // one short attempt
    Delete = 2,  // Secrets Manager tries a failed deletion again every day, so there is no point in insisting
    Prepare = 4, // token, login secret, and the attempts of the creation
    Clear = 5,   // what failed creations may have left is revoked
    Report = 6,  // the update of the task
    Ask = 7,     // the task is asked what became of the report
    Undo = 8,    // the reserve, which must be over before the task times out
}

/// How long the job may take, counted from its start.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    started: Instant,
    whole: Duration,
    pub(crate) request_timeout: Duration,
}

impl Budget {
    /// Starts now. The default is less than the least task time-out, which is five minutes.
    pub(crate) fn read(environment: &Environment) -> Result<Self, Failure> {
        let whole = read(environment, "RETRY_BUDGET", "240s", &DURATION)?;
        let request_timeout = read(environment, "REQUEST_TIMEOUT", "10s", &DURATION)?;
        // A silent server must leave time for another attempt.
        Ok(Self { started: Instant::now(), whole, request_timeout: request_timeout.min(whole / 4) })
    }

    fn remaining(&self, phase: Phase) -> Duration {
        (self.started + self.whole * phase as u32 / 8).saturating_duration_since(Instant::now())
    }

    /// Returns how long the next request may take: even at the end a quarter, for nobody knows what a cut-off request did.
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

    /// Draws a delay between half of `base` and `base` doubled once per attempt.
    ///
    /// The lower bound keeps a job with a budget of 8 s or more to five attempts in a second; the full spread above it keeps
    /// many jobs from coming back at the same moment.
    pub(crate) fn delay(&self, attempts: u32, retry_after: Option<Duration>) -> Duration {
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
