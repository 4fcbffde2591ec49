//! The stop that a job's killing is: from the moment that is decided until the job is gone, nothing takes effect any more.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::journal::{EventKind, JobRef, Journal};

/// Whether requests are held.
#[derive(Debug, Default)]
pub(super) struct Halt {
    holds: AtomicBool,
}

impl Halt {
    /// Holds every request that has not reached its service yet.
    pub(super) fn hold(&self) {
        self.holds.store(true, Ordering::SeqCst);
    }

    /// Tells whether requests are held.
    pub(super) fn holds(&self) -> bool {
        self.holds.load(Ordering::SeqCst)
    }

    /// Asks the launcher for the job's death. A request outside any job has nobody to kill.
    pub(super) fn ask(journal: &Journal, job: Option<&JobRef>) {
        if let Some(job) = job {
            journal.append(EventKind::KillAsked { job: job.clone() });
        }
    }

    /// Lets requests pass again: the job is gone.
    pub(super) fn lift(&self) {
        self.holds.store(false, Ordering::SeqCst);
    }
}
