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
    delays: Arc<Mutex<Vec<Delay>>>,
    watch: AbortHandle,
}

impl Lateness {
    /// Begins to measure on the threads of the cloud's services.
    pub(crate) fn watch(journal: Arc<Journal>, runtime: &tokio::runtime::Handle) -> Self {
        let delays = Arc::new(Mutex::new(Vec::new()));
        let kept = delays.clone();
        let watch = runtime.spawn(async move {
            loop {
                let due = Instant::now() + STEP;
                // Only a timer sees how late timers are.
                sleep_until(due).await;
                let late = due.elapsed();
                if late > USUAL {
                    let until = journal.now();
                    let from = until.saturating_sub(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
                    keep(&mut lock(&kept), Delay { from, until });
                }
            }
        });
        Self { delays, watch: watch.abort_handle() }
    }

    /// Returns the delays so far, in order.
    pub(crate) fn delays(&self) -> Vec<Delay> {
        lock(&self.delays).clone()
    }
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

fn lock(delays: &Mutex<Vec<Delay>>) -> MutexGuard<'_, Vec<Delay>> {
    delays.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn what_is_kept_is_bounded() {
        let mut delays = Vec::new();
        for at in 0..KEPT as u64 + 5 {
            keep(&mut delays, Delay { from: at * 10, until: at * 10 + 5 });
        }
        assert_eq!(delays.len(), KEPT);
        assert_eq!(delays.last().unwrap().until, (KEPT as u64 + 4) * 10 + 5);
    }
}
