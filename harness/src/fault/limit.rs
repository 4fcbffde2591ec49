//! The state of limits: how many calls of a window have passed.

use std::time::{Duration, Instant};

use super::FaultWhat;
use crate::journal::Service;

/// What a limit says to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Whether the call is within the limit.
    pub passes: bool,
    /// Calls that pass in a window.
    pub limit: u32,
    /// Calls that still pass in this window.
    pub remaining: u32,
    /// Length of a window.
    pub window: Duration,
    /// Whole seconds until the next window begins, rounded up.
    pub reset_seconds: u64,
}

/// The windows of a plan's limits, one for each limit and service. A handful at most.
#[derive(Debug, Default)]
pub(super) struct Limits {
    windows: Vec<Window>,
}

#[derive(Debug)]
struct Window {
    place_in_plan: usize,
    service: Service,
    began: Instant,
    passed: u32,
}

impl Limits {
    /// Counts a call that a fault means; none where the fault is no limit.
    pub(super) fn ask(&mut self, place_in_plan: usize, service: &Service, what: &FaultWhat, now: Instant) -> Option<Quota> {
        let FaultWhat::RateLimit { calls, window_seconds } = *what else { return None };
        let length = Duration::from_secs(window_seconds.max(1));
        let known = self.windows.iter().position(|window| window.place_in_plan == place_in_plan && window.service == *service);
        let place = known.unwrap_or_else(|| {
            self.windows.push(Window { place_in_plan, service: service.clone(), began: now, passed: 0 });
            self.windows.len() - 1
        });
        let window = &mut self.windows[place];
        let into = now.saturating_duration_since(window.began);
        if into >= length {
            // Windows follow one another without a gap, also those in which nobody called.
            let whole = u64::try_from(into.as_millis() / length.as_millis()).unwrap_or(u64::MAX);
            window.began += Duration::from_secs(whole.saturating_mul(length.as_secs()));
            window.passed = 0;
        }
        let passes = window.passed < calls;
        if passes {
            window.passed += 1;
        }
        let left = length.saturating_sub(now.saturating_duration_since(window.began));
        let reset_seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        Some(Quota { passes, limit: calls, remaining: calls.saturating_sub(window.passed), window: length, reset_seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_calls_of_each_window_pass_and_each_service_has_its_own() {
        let mut limits = Limits::default();
        let what = FaultWhat::RateLimit { calls: 2, window_seconds: 10 };
        let start = Instant::now();
        let mut ask = |service: &Service, milliseconds| {
            let quota = limits.ask(0, service, &what, start + Duration::from_millis(milliseconds)).unwrap();
            (quota.passes, quota.remaining, quota.reset_seconds)
        };
        assert_eq!(ask(&Service::Iam, 0), (true, 1, 10));
        assert_eq!(ask(&Service::Iam, 1), (true, 0, 10));
        assert_eq!(ask(&Service::Iam, 8500), (false, 0, 2));
        assert_eq!(ask(&Service::SecretsManager, 8500), (true, 1, 10));
        assert_eq!(ask(&Service::Iam, 10_000), (true, 1, 10));
        assert_eq!(ask(&Service::Iam, 34_000), (true, 1, 6), "the fourth window began at 30 s");
        assert_eq!(limits.ask(0, &Service::Iam, &FaultWhat::Reset, start), None);
    }
}
