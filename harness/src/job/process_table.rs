//! The system's processes as `/proc` shows them, and signals that cannot reach a stranger with a reused id.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// One process at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    /// Process id.
    pub(super) id: Pid,
    /// Id of the parent; 0 for the first process.
    parent: i32,
    /// Process group.
    pub(super) group: i32,
    /// Start time in clock ticks since boot: together with the id it names a process for ever.
    pub(super) started: u64,
    /// Whether some thread of it still runs. A process whose main thread ended looks like a zombie and is none.
    pub(super) alive: bool,
}

impl Process {
    /// Reads one process; none when it is gone.
    fn read(id: Pid) -> Option<Self> {
        let text = fs::read(format!("/proc/{}/stat", id.as_raw_pid())).ok()?;
        Self::parse(id, &String::from_utf8_lossy(&text))
    }

    /// Reads a `stat` line. The command's name may hold spaces and parentheses, so fields are counted after the last one.
    fn parse(id: Pid, text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let ended = matches!(*fields.first()?, "Z" | "X");
        let threads: u32 = fields.get(17)?.parse().ok()?;
        Some(Self {
            id,
            parent: fields.get(1)?.parse().ok()?,
            group: fields.get(2)?.parse().ok()?,
            started: fields.get(19)?.parse().ok()?,
            alive: !ended || threads > 1,
        })
    }

    /// Sends a signal to this process and to no other that got its id since; tells whether it was sent.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        let Ok(handle) = pidfd_open(self.id, PidfdFlags::empty()) else { return false };
        // The handle holds on to whoever had the id when it was opened; only then is it known to be the same process.
        Self::read(self.id).is_some_and(|now| now.started == self.started) && pidfd_send_signal(&handle, signal).is_ok()
    }
}

/// Returns all processes, those that ended and were not reaped included.
pub(super) fn all() -> io::Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc")? {
        // An entry may vanish while the directory is read.
        let Ok(entry) = entry else { continue };
        let id = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
        processes.extend(id.and_then(Process::read));
    }
    Ok(processes)
}

/// Returns the children of a process, their children and so on.
pub(super) fn descendants(ancestor: Pid) -> io::Result<Vec<Process>> {
    let mut children: HashMap<i32, Vec<Process>> = HashMap::new();
    for process in all()? {
        children.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut parents = vec![ancestor.as_raw_pid()];
    while let Some(parent) = parents.pop() {
        // Taken out, so that a torn snapshot with a cycle ends too.
        let born = children.remove(&parent).unwrap_or_default();
        parents.extend(born.iter().map(|process| process.id.as_raw_pid()));
        found.extend(born);
    }
    Ok(found)
}

/// Tells whether a process was started with some variable of exactly this value. What another user's process was started with cannot be read.
pub(super) fn started_with_value(process: &Process, value: &str) -> bool {
    let path = format!("/proc/{}/environ", process.id.as_raw_pid());
    let Ok(environment) = fs::read(Path::new(&path)) else { return false };
    environment
        .split(|byte| *byte == 0)
        .filter_map(|variable| variable.iter().position(|byte| *byte == b'=').map(|at| &variable[at + 1..]))
        .any(|found| found == value.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let line = "42 (a) S (b) Z 7 8 8 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 99 1 1";
        let process = Process::parse(Pid::from_raw(42).unwrap(), line).unwrap();
        assert_eq!((process.parent, process.group, process.started, process.alive), (7, 8, 99, false));
    }

    #[test]
    fn a_process_whose_main_thread_ended_is_alive() {
        let line = "42 (x) Z 7 8 8 0 -1 4 0 0 0 0 0 0 0 0 20 0 2 0 99 1 1";
        assert!(Process::parse(Pid::from_raw(42).unwrap(), line).unwrap().alive);
    }

    #[test]
    fn this_process_is_in_the_table_and_is_no_descendant_of_itself() {
        let own = rustix::process::getpid();
        assert!(all().unwrap().iter().any(|process| process.id == own && process.alive));
        assert!(descendants(own).unwrap().iter().all(|process| process.id != own));
    }
}
