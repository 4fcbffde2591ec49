//! Watching the job until it ends: output, clock, and whether hallmark is still there.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};

use super::Trouble;
use super::capture::Capture;
use super::descendants::Descendants;
use super::outlet::Outlet;
use super::start::RunningJob;
use crate::job::spec::JobSpec;
use crate::journal::LogStream;

/// Orphans that end while the job runs are reaped at least so often, so that they do not use up process ids.
const REAPING: Duration = Duration::from_millis(500);

/// Reads of one stream after the job's end. The pipe of a job without processes holds at most this much, and a stranger that got hold of its other
/// end must not keep us.
const LAST_READS: usize = 64;

const CHUNK: usize = 64 * 1024;

/// How watching ended.
pub(super) struct Ending {
    /// Whether the limit was reached.
    pub(super) timed_out: bool,
    /// Whether hallmark asked for the job's death.
    pub(super) killed: bool,
}

/// What was heard from hallmark.
#[derive(PartialEq, Eq)]
enum Heard {
    Nothing,
    /// The job is to be killed.
    Kill,
    /// Nobody is there any more.
    Gone,
}

/// Why watching ended before the job did.
#[derive(Debug, thiserror::Error)]
pub(super) enum Interrupted {
    #[error("hallmark ended before the job did")]
    HallmarkGone,
    #[error("cannot pass on the job's output: {0}")]
    Outlet(#[from] io::Error),
    #[error("cannot wait for the job: {0}")]
    Wait(#[from] Errno),
}

/// Where the job stands with its time.
enum Clock {
    Running { until: Instant },
    Terminating { until: Instant },
    Killed,
}

/// A job and everything that is watched of it.
pub(super) struct Watch {
    process: Pid,
    end: OwnedFd,
    captures: [Capture; 2],
    lines: u64,
    started: Instant,
    grace: Duration,
    clock: Clock,
    timed_out: bool,
    killed: bool,
}

impl Watch {
    /// Begins to watch a job that just started.
    pub(super) fn new(spec: &JobSpec, job: RunningJob) -> Result<Self, Trouble> {
        let started = Instant::now();
        let attempted = "watch the job (Linux 5.3 or newer is needed)";
        let end = pidfd_open(job.process, PidfdFlags::empty()).map_err(Trouble::when(attempted))?;
        let stdout = Capture::new(LogStream::Stdout, job.stdout.into(), spec).map_err(Trouble::when(attempted))?;
        let stderr = Capture::new(LogStream::Stderr, job.stderr.into(), spec).map_err(Trouble::when(attempted))?;
        // A limit beyond what the clock can tell is none: the year after next week will do.
        let until = started.checked_add(spec.limit).unwrap_or(started + Duration::from_hours(24 * 365));
        let (process, captures, clock) = (job.process, [stdout, stderr], Clock::Running { until });
        Ok(Self { process, end, captures, lines: 0, started, grace: spec.grace, clock, timed_out: false, killed: false })
    }

    /// Returns the time since the job's start.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Passes on output and keeps the limit until the job's first process has ended.
    pub(super) fn until_end(&mut self, outlet: &mut Outlet, descendants: &mut Descendants) -> Result<Ending, Interrupted> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.wait()? {
                Heard::Gone => return Err(Interrupted::HallmarkGone),
                Heard::Kill => self.kill(),
                Heard::Nothing => {}
            }
            for capture in &mut self.captures {
                capture.read(&mut chunk, &mut self.lines, outlet)?;
            }
            descendants.reap();
            if descendants.status().is_some() {
                return Ok(Ending { timed_out: self.timed_out, killed: self.killed });
            }
            self.keep_limit();
        }
    }

    /// Passes on what the pipes still hold and the lines of the end; returns how many lines were dropped. Call it when no process is left.
    pub(super) fn finish(&mut self, outlet: &mut Outlet) -> io::Result<u64> {
        let mut chunk = vec![0; CHUNK];
        let mut dropped = 0;
        for capture in &mut self.captures {
            for _ in 0..LAST_READS {
                if !capture.read(&mut chunk, &mut self.lines, outlet)? {
                    break;
                }
            }
            dropped += capture.finish(&mut self.lines, outlet)?;
        }
        Ok(dropped)
    }

    /// Waits until there is something to do; tells what hallmark said.
    fn wait(&self) -> Result<Heard, Interrupted> {
        let stdin = io::stdin();
        let mut watched = vec![PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN), PollFd::new(&self.end, PollFlags::IN)];
        watched.extend(self.captures.iter().filter_map(Capture::source).map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN)));
        let patience = match self.clock {
            Clock::Running { until } | Clock::Terminating { until } => until.saturating_duration_since(Instant::now()).min(REAPING),
            Clock::Killed => REAPING,
        };
        match poll(&mut watched, Timespec::try_from(patience).ok().as_ref()) {
            Ok(_) if watched[0].revents().is_empty() => Ok(Heard::Nothing),
            // The one thing that is ever sent after the job's description is the order to kill it. It comes long after the description was
            // read, so no buffer holds it.
            Ok(_) => match rustix::io::read(stdin.as_fd(), &mut [0; 16]) {
                Ok(0) | Err(_) => Ok(Heard::Gone),
                Ok(_) => Ok(Heard::Kill),
            },
            Err(Errno::INTR) => Ok(Heard::Nothing),
            Err(error) => Err(error.into()),
        }
    }

    /// Kills the job at once.
    fn kill(&mut self) {
        self.killed = true;
        self.signal(Signal::KILL);
        self.clock = Clock::Killed;
    }

    /// Ends the job at its limit: SIGTERM to its group, SIGKILL after the grace.
    fn keep_limit(&mut self) {
        let now = Instant::now();
        match self.clock {
            Clock::Running { until } if now >= until => {
                self.timed_out = true;
                self.signal(Signal::TERM);
                self.clock = Clock::Terminating { until: now.checked_add(self.grace).unwrap_or(now) };
            }
            Clock::Terminating { until } if now >= until => {
                self.signal(Signal::KILL);
                self.clock = Clock::Killed;
            }
            _ => {}
        }
    }

    /// Signals the group, and the first process should it have left its group. It was not reaped yet, so its id is still its own.
    fn signal(&self, signal: Signal) {
        if kill_process_group(self.process, signal).is_err() {
            let _ = kill_process(self.process, signal);
        }
        if signal == Signal::KILL {
            let _ = kill_process(self.process, signal);
        }
    }
}
