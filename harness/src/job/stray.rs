//! Processes of a job whose supervisor was killed: found by process group and by the task id in their environment, and killed.

use std::time::{Duration, Instant};

use rustix::process::getpid;

use super::clearance::{Clearance, clear};
use super::process_table::{self, Process};
use crate::journal::JobRef;

/// Longest that strays are hunted.
const HUNT: Duration = Duration::from_secs(10);

/// Kills what is left of a job. A process that left the group and started another program with an emptied environment escapes this.
pub(super) fn kill_strays(job: &JobRef, group: Option<i32>) -> Clearance {
    let find = || -> Vec<Process> {
        let own = getpid();
        let processes = process_table::all().unwrap_or_default();
        processes
            .into_iter()
            .filter(|process| process.alive && process.id != own && !process.id.is_init())
            .filter(|process| group == Some(process.group) || bears(process, job))
            .collect()
    };
    clear(Instant::now() + HUNT, find, || find().is_empty())
}

fn bears(process: &Process, job: &JobRef) -> bool {
    // An empty id would match every process with an empty variable.
    !job.task.as_str().is_empty() && process_table::started_with_value(process, job.task.as_str())
}
