//! The engine's clock: the wall clock while a job runs, and jumps between jobs.

use std::time::Duration;

use time::OffsetDateTime;

/// A clock that runs with the wall clock and can be moved ahead; or, in tests of the model, one that moves only when told.
#[derive(Debug, Clone)]
pub struct Clock {
    ahead: Duration,
    standing: Option<OffsetDateTime>,
}

impl Clock {
    /// Returns a clock that runs with the wall clock.
    pub fn wall() -> Self {
        Self { ahead: Duration::ZERO, standing: None }
    }

    /// Returns a clock that stands at `start` until it is moved.
    pub fn standing(start: OffsetDateTime) -> Self {
        Self { ahead: Duration::ZERO, standing: Some(start) }
    }

    /// Returns the engine's present.
    pub fn now(&self) -> OffsetDateTime {
        self.standing.unwrap_or_else(OffsetDateTime::now_utc) + self.ahead
    }

    /// Moves the clock ahead.
    pub fn advance(&mut self, by: Duration) {
        self.ahead += by;
    }

    /// Moves the clock to `moment` when that lies ahead.
    pub fn advance_to(&mut self, moment: OffsetDateTime) {
        if let Ok(missing) = Duration::try_from(moment - self.now()) {
            self.ahead += missing;
        }
    }

    /// Returns how far the clock is ahead of the wall clock.
    pub fn ahead(&self) -> Duration {
        self.ahead
    }
}
