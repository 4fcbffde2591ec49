//! The supervisor: a process of its own that runs one job and outlives nothing of it.
//!
//! It is the subreaper of everything that the job starts, so a daemon that leaves session and group is still its descendant. It reads the job from
//! its standard input and takes the end of that pipe for the end of hallmark, however that came about. One thread, no runtime: it waits in one
//! `poll` for the pipe, the job's end, its output and the clock.

mod capture;
mod descendants;
mod executable;
mod outlet;
mod start;
mod usage;
mod watch;

use std::io::{self, BufRead as _};
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{DumpableBehavior, Signal, getpid, set_child_subreaper, set_dumpable_behavior};

use self::descendants::Descendants;
use self::outlet::Outlet;
use self::start::Start;
use self::usage::Usage;
use self::watch::Watch;
use super::protocol::SupervisorEvent;
use super::spec::JobSpec;
use crate::journal::JobOutcome;

/// Runs the job that standard input describes. The body of hallmark's hidden subcommand: call it before any runtime or thread is started, and
/// write nothing to standard output.
pub fn supervise() -> ExitCode {
    let mut outlet = Outlet::new();
    let supervised = prepare().and_then(|(spec, home)| run(&spec, &home, &mut outlet));
    let told = match supervised {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Trouble(what)) => outlet.emit(&SupervisorEvent::Trouble { what }),
    };
    // Nobody listens any more when this fails, and everything is cleared either way.
    drop(told);
    ExitCode::FAILURE
}

/// What the supervisor attempted and what went wrong.
struct Trouble(String);

impl Trouble {
    /// Returns a function that puts what was attempted before an error.
    fn when<E: std::fmt::Display>(attempted: &str) -> impl FnOnce(E) -> Self {
        let attempted = attempted.to_owned();
        move |error| Self(format!("cannot {attempted}: {error}"))
    }
}

fn prepare() -> Result<(JobSpec, tempfile::TempDir), Trouble> {
    // A job could otherwise open our pipe through /proc and forge how it ended. Not heeded for root, and no reason to give up.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    set_child_subreaper(Some(getpid())).map_err(Trouble::when("become the job's subreaper (Linux 3.4 or newer is needed)"))?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(Trouble::when("read the job from standard input"))?;
    let spec = serde_json::from_str(&line).map_err(|error| {
        // The error's own text could show a value of the job's environment.
        Trouble(format!(
            "cannot understand the job on standard input (line 1, column {}): is the supervisor of this version?",
            error.column()
        ))
    })?;
    let home = tempfile::Builder::new()
        .prefix("hallmark-job-")
        .tempdir()
        .map_err(Trouble::when("make the job's home in the temporary directory (see TMPDIR)"))?;
    Ok((spec, home))
}

fn run(spec: &JobSpec, home: &tempfile::TempDir, outlet: &mut Outlet) -> Result<(), Trouble> {
    let child = match start::start(spec, home.path())? {
        Start::Running(child) => child,
        Start::Failed { exit_code, why } => {
            let outcome = JobOutcome { exit_code: Some(exit_code), not_started: Some(why), ..JobOutcome::default() };
            return outlet
                .emit(&SupervisorEvent::Ended { outcome, survivors: 0 })
                .map_err(Trouble::when("tell hallmark how the job ended"));
        }
    };
    let mut descendants = Descendants::new(child.process);
    let group = child.process.as_raw_pid();
    let mut watch = Watch::new(spec, child).inspect_err(|_| drop(descendants.clear()))?;
    let started = SupervisorEvent::Started { process: group, home: home.path().to_owned() };
    let ending = outlet.emit(&started).map_err(watch::Interrupted::from).and_then(|()| watch.until_end(outlet, &mut descendants));
    let duration = watch.elapsed();
    // In a container, too, everything ends with the first process.
    let clearance = descendants.clear();
    let (timed_out, killed) = match ending {
        Ok(ending) => (ending.timed_out, ending.killed),
        Err(interrupted) => return Err(Trouble(interrupted.to_string())),
    };
    let dropped_lines = watch.finish(outlet).map_err(Trouble::when("pass on the job's last lines"))?;
    // At the limit the whole group was told to end; what it had not done by then is no neglect of the job's.
    let ended_by_us = timed_out || killed;
    let neglected = clearance.killed.iter().filter(|process| !ended_by_us || process.group != group).count();
    let status = descendants.status();
    let usage = Usage::of_descendants();
    let signal = status.and_then(rustix::process::WaitStatus::terminating_signal);
    let outcome = JobOutcome {
        exit_code: status.and_then(rustix::process::WaitStatus::exit_status),
        signal,
        timed_out,
        killed: killed && signal == Some(Signal::KILL.as_raw()),
        out_of_memory: false,
        not_started: None,
        written: None,
        processor: usage.processor,
        peak_memory: usage.peak_memory,
        left_behind: u32::try_from(neglected).unwrap_or(u32::MAX),
        dropped_lines,
        duration: nanoseconds(duration),
    };
    outlet
        .emit(&SupervisorEvent::Ended { outcome, survivors: clearance.survivors })
        .map_err(Trouble::when("tell hallmark how the job ended"))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
