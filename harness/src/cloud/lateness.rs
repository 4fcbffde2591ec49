//! How late the cloud's own threads are: on a busy machine a request is seen some time after it came.
//!
//! The main type is [`Lateness`]. What depends on time is judged with it: a wait that looks too short may be our own delay.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::journal::Journal;

/// How often the delay is measured.
const STEP: Duration = Duration::from_millis(20);

/// A delay of which nothing is kept: timers of this system are no better.
const USUAL: Duration = Duration::from_millis(20);

/// Delays that are kept one by one; beyond them the last one grows.
const KEPT: usize = 4096;

/// A time in which the cloud's threads did not get to run when they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Delay {
    /// When they should have run, in nanoseconds since the journal began.
    pub from: u64,
    /// When they did.
    pub until: u64,
}

/// Measures the delays of one set-up for as long as it is there.
#[derive(Debug)]
pub(crate) struct Lateness {
    seen: Arc<Mutex<Seen>>,
    journal: Arc<Journal>,
    watch: AbortHandle,
}

/// What was seen of delays.
#[derive(Debug)]
struct Seen {
    /// Those that are over.
    delays: Vec<Delay>,
    /// When the threads are to run next, in nanoseconds since the journal began.
    due: u64,
}

impl Lateness {
    /// Begins to measure on the threads of the cloud's services.
    pub(crate) fn watch(journal: Arc<Journal>, runtime: &tokio::runtime::Handle) -> Self {
        let seen = Arc::new(Mutex::new(Seen { delays: Vec::new(), due: next(&journal) }));
        let (kept, clock) = (seen.clone(), journal.clone());
        let watch = runtime.spawn(async move {
            loop {
                // Only a timer sees how late timers are.
                sleep_until(Instant::now() + STEP).await;
                let mut seen = lock(&kept);
                if let Some(delay) = late(seen.due, clock.now()) {
                    keep(&mut seen.delays, delay);
                }
                seen.due = next(&clock);
            }
        });
        Self { seen, journal, watch: watch.abort_handle() }
    }

    /// Returns the delays so far, in order: the last one may not be over.
    pub(crate) fn delays(&self) -> Vec<Delay> {
        let seen = lock(&self.seen);
        let mut delays = seen.delays.clone();
        if let Some(delay) = late(seen.due, self.journal.now()) {
            keep(&mut delays, delay);
        }
        delays
    }
}

/// Returns when a timer that begins now is due.
fn next(journal: &Journal) -> u64 {
    journal.now().saturating_add(nanoseconds(STEP))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the delay of a timer that was due then and runs now, where it is one.
fn late(due: u64, now: u64) -> Option<Delay> {
    (now.saturating_sub(due) > nanoseconds(USUAL)).then_some(Delay { from: due, until: now })
}

impl Drop for Lateness {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

fn keep(delays: &mut Vec<Delay>, delay: Delay) {
    let full = delays.len() >= KEPT;
    match delays.last_mut().filter(|_| full) {
        Some(last) => last.until = delay.until,
        None => delays.push(delay),
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::Redactor;

    #[test]
    fn threads_that_are_held_up_are_seen() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let journal = Journal::new(Arc::new(Redactor::default()));
        let lateness = Lateness::watch(journal.clone(), runtime.handle());
        // The only thread does something else until a delay of this length has passed.
        let held = Duration::from_millis(300);
        runtime
            .block_on(runtime.spawn(async move {
                let begun = std::time::Instant::now();
                while begun.elapsed() < held {
                    std::hint::spin_loop();
                }
            }))
            .unwrap();
        let seen = || lateness.delays().into_iter().find(|delay| delay.until - delay.from > 200_000_000);
        while seen().is_none() {
            std::thread::yield_now();
        }
        assert!(seen().unwrap().until <= journal.now());
    }

    #[test]
    fn a_delay_that_is_not_over_is_told() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Nobody drives this runtime, so that its timer never gets to run.
        let journal = Journal::new(Arc::new(Redactor::default()));
        let lateness = Lateness::watch(journal.clone(), runtime.handle());
        let watched = journal.now();
        while journal.now() < watched + 100_000_000 {
            std::thread::yield_now();
        }
        let told = lateness.delays();
        assert!(told.last().is_some_and(|delay| delay.until - delay.from > 50_000_000 && delay.until <= journal.now()), "{told:?}");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut delays = Vec::new();
        for at in 0..KEPT as u64 + 5 {
            keep(&mut delays, Delay { from: at * 10, until: at * 10 + 5 });
        }
        assert_eq!(delays.len(), KEPT);
        assert_eq!(delays.last().unwrap().until, (KEPT as u64 + 4) * 10 + 5);
    }
}
