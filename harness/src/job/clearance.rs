//! Killing processes that fight back: everything found is stopped first, so that it cannot fork, and then killed, until nothing is found.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open};

use super::process_table::Process;

/// Scans in one round of stopping. A fork bomb that outruns them meets the kill and the next round.
const SCANS: usize = 32;

/// Longest wait for one killed process before looking again.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a clearance did.
#[derive(Debug, Default)]
pub(super) struct Clearance {
    /// Living processes that were killed, each once.
    pub(super) killed: Vec<Process>,
    /// Processes that still lived at the deadline.
    pub(super) survivors: usize,
}

/// Kills what `find` finds until `cleared` says that nothing is left, or until the deadline.
pub(super) fn clear(deadline: Instant, mut find: impl FnMut() -> Vec<Process>, mut cleared: impl FnMut() -> bool) -> Clearance {
    let mut clearance = Clearance::default();
    let mut known = HashSet::new();
    while !cleared() {
        let targets = stop(&mut find);
        for process in &targets {
            let killed = process.signal(Signal::KILL);
            if killed && process.alive && known.insert((process.id, process.started)) {
                clearance.killed.push(*process);
            }
        }
        if Instant::now() >= deadline {
            clearance.survivors = find().iter().filter(|process| process.alive).count();
            break;
        }
        if let Some(last) = targets.iter().rev().find(|process| process.alive) {
            wait_for_end(last);
        }
    }
    clearance
}

/// Stops what `find` finds, looking again until it finds nothing new; returns everything that it found last.
fn stop(find: &mut impl FnMut() -> Vec<Process>) -> Vec<Process> {
    let mut stopped = HashSet::new();
    let mut found = find();
    for _ in 0..SCANS {
        let mut fresh = false;
        for process in found.iter().filter(|process| process.alive) {
            if stopped.insert((process.id, process.started)) {
                process.signal(Signal::STOP);
                fresh = true;
            }
        }
        if !fresh {
            break;
        }
        found = find();
    }
    found
}

/// Waits until a process has ended, for a while.
fn wait_for_end(process: &Process) {
    let Ok(handle) = pidfd_open(process.id, PidfdFlags::empty()) else { return };
    let Ok(patience) = Timespec::try_from(PATIENCE) else { return };
    // Whatever the answer, the caller looks again.
    let _ = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&patience));
}
