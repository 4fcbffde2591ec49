//! The job's processes: reaping them, and leaving none.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, WaitOptions, WaitStatus, getpid, waitpid};

use crate::job::clearance::{self, Clearance};
use crate::job::process_table;

/// Longest that a clearance may take.
const CLEARING: Duration = Duration::from_secs(20);

/// Everything below the supervisor: the job, and whatever was reparented to its subreaper.
pub(super) struct Descendants {
    job: Pid,
    status: Option<WaitStatus>,
}

impl Descendants {
    /// Takes charge of the job's first process.
    pub(super) fn new(job: Pid) -> Self {
        Self { job, status: None }
    }

    /// Returns how the job's first process ended, when it has.
    pub(super) fn status(&self) -> Option<WaitStatus> {
        self.status
    }

    /// Reaps what has ended; tells whether no descendant is left at all.
    ///
    /// A subreaper without children has no descendants: a process gets its new parent before its old one can be reaped.
    pub(super) fn reap(&mut self) -> bool {
        loop {
            match waitpid(None, WaitOptions::NOHANG) {
                Ok(Some((process, status))) => {
                    if process == self.job {
                        self.status = Some(status);
                    }
                }
                Ok(None) => return false,
                Err(Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }

    /// Kills and reaps all descendants.
    pub(super) fn clear(&mut self) -> Clearance {
        let find = || process_table::descendants(getpid()).unwrap_or_default();
        clearance::clear(Instant::now() + CLEARING, find, || self.reap())
    }
}
