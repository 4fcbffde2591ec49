//! Processes of a job whose supervisor was killed: found by process group and by what stands in their environment, and killed.

use std::time::{Duration, Instant};

use rustix::process::getpid;

use super::JobSpec;
use super::clearance::{Clearance, clear};
use super::network::PROXY;
use super::process_table::{self, Process};

/// Longest that strays are hunted.
const HUNT: Duration = Duration::from_secs(10);

/// How a job's processes are told from all others of the machine.
pub(super) struct Marks {
    group: Option<i32>,
    /// Values of variables; a process of the job bears all of them.
    values: Vec<String>,
}

impl Marks {
    /// Returns the marks of a job whose process group is known, or not.
    pub(super) fn new(spec: &JobSpec, group: Option<i32>) -> Self {
        // Two runs with the same seed have jobs with the same task ids at the same time; no two have the same proxy.
        let task = Some(&spec.job.task.0).filter(|task| !task.is_empty());
        let values = task.map(|task| std::iter::once(task).chain(spec.environment.get(PROXY)).cloned().collect());
        Self { group, values: values.unwrap_or_default() }
    }

    fn fit(&self, process: &Process) -> bool {
        let bears_all = || self.values.iter().all(|value| process_table::started_with_value(process, value));
        self.group == Some(process.group) || (!self.values.is_empty() && bears_all())
    }
}

/// Kills what is left of a job. A process that left the group and started another program with an emptied environment escapes this.
pub(super) fn kill_strays(marks: &Marks) -> Clearance {
    let find = || -> Vec<Process> {
        let own = getpid();
        let processes = process_table::all().unwrap_or_default();
        processes.into_iter().filter(|process| process.alive && process.id != own && !process.id.is_init() && marks.fit(process)).collect()
    };
    clear(Instant::now() + HUNT, find, || find().is_empty())
}
