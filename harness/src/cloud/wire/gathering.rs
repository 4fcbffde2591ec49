//! The place where calls of several jobs wait for one another, so that what they ask for happens at the same time.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::journal::JobsUnderWay;

/// Longest that a call is held. A client that gives up on an answer would make the gathering a fault of its own.
const LONGEST: Duration = Duration::from_millis(1500);

/// Calls that wait for one another.
#[derive(Debug)]
pub(super) struct Gathering {
    round: watch::Sender<Round>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Round {
    number: u64,
    waiting: usize,
    /// How many waited when the last round ended.
    met: usize,
}

impl Default for Gathering {
    fn default() -> Self {
        Self { round: watch::Sender::new(Round::default()) }
    }
}

impl Gathering {
    /// Waits until as many calls wait as jobs are under way, and returns how many waited together. A job that ends is not waited for, and after a second
    /// and a half nobody is.
    pub(super) async fn meet(&self, jobs: &JobsUnderWay) -> usize {
        let mut jobs_changed = jobs.changes();
        let mut round = self.round.subscribe();
        let place = Place::take(self);
        let all = async {
            loop {
                let now = *round.borrow_and_update();
                if now.number != place.number {
                    return now.met;
                }
                if now.waiting >= jobs.count() {
                    self.round.send_replace(Round { number: now.number + 1, waiting: 0, met: now.waiting });
                    return now.waiting;
                }
                // Both senders outlive this call.
                tokio::select! {
                    _ = round.changed() => {}
                    _ = jobs_changed.changed() => {}
                }
            }
        };
        timeout(LONGEST, all).await.unwrap_or_else(|_| self.round.borrow().waiting)
    }
}

/// A call's place in a round; given back when its sender leaves.
struct Place<'a> {
    gathering: &'a Gathering,
    number: u64,
}

impl<'a> Place<'a> {
    fn take(gathering: &'a Gathering) -> Self {
        let mut number = 0;
        gathering.round.send_modify(|round| {
            round.waiting += 1;
            number = round.number;
        });
        Self { gathering, number }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.gathering.round.send_if_modified(|round| {
            let same = round.number == self.number;
            if same {
                round.waiting -= 1;
            }
            same
        });
    }
}
