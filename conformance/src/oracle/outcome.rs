//! How jobs end: exit status, crashes, time.

use hallmark_harness::contract::TaskStatus;
use hallmark_harness::journal::{Delivery, JobOutcome};

use super::{History, Run, crash};
use crate::verdict::Judgement;

/// Milliseconds by which our measure of a job's duration may be off in any case: it starts before the job does and ends after it did. It is as
/// far off as our own threads were late where that is more.
const CLOCK_ERROR: u64 = 250;

/// How a scenario expects its jobs to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Exit status 0.
    Successfully,
    /// Another exit status.
    AsFailed,
}

/// How a job's end lies to the task timeout; times are milliseconds.
pub(super) enum End {
    /// The launcher ended it at its limit.
    ByLauncher,
    /// Too close to the timeout for our clock.
    TooClose(u64),
    /// After it.
    Late(u64),
    /// Before it.
    InTime,
}

/// Holds a job's end against the task timeout.
pub(super) fn end(history: &History<'_>, outcome: &JobOutcome) -> End {
    let timeout = history.recording.header.task_timeout_milliseconds;
    let milliseconds = outcome.duration / 1_000_000;
    let error = CLOCK_ERROR.max(u64::try_from(history.worst_delay().as_millis()).unwrap_or(u64::MAX));
    if outcome.timed_out {
        End::ByLauncher
    } else if milliseconds.abs_diff(timeout) <= error {
        End::TooClose(milliseconds)
    } else if milliseconds > timeout {
        End::Late(milliseconds)
    } else {
        End::InTime
    }
}

/// UPD-005, ERR-006 and ERR-007 over every run.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    history.runs.iter().flat_map(|run| [bounded(history, run), agrees(history, run), crashed(run)]).flatten().collect()
}

/// The job ends by itself within the task timeout (UPD-005).
fn bounded(history: &History<'_>, run: &Run<'_>) -> Option<Judgement> {
    const RULE: &str = "UPD-005";
    // A server that never answers has a rule of its own, RTY-011.
    let silent = run.exchanges.iter().any(|call| call.what.delivery == Delivery::Stalled);
    let outcome = run.outcome.filter(|_| !run.was_killed() && !silent)?;
    let timeout = history.recording.header.task_timeout_milliseconds;
    let expected = format!("the job ends by itself within the task timeout of {timeout} ms");
    let who = run.describe();
    Some(match end(history, outcome.what) {
        End::ByLauncher => Judgement::fail(RULE, expected, format!("{who}: it still ran and was ended by the launcher"), [outcome.event]),
        End::TooClose(milliseconds) => {
            Judgement::inconclusive(RULE, format!("{who}: it ended after {milliseconds} ms, too close to the timeout to tell"))
        }
        End::Late(milliseconds) => Judgement::fail(RULE, expected, format!("{who}: it ended after {milliseconds} ms"), [outcome.event]),
        End::InTime => Judgement::pass(RULE, format!("{who}: it ended by itself in time"), [outcome.event]),
    })
}

/// Exit status agrees with the outcome (ERR-006).
fn agrees(history: &History<'_>, run: &Run<'_>) -> Option<Judgement> {
    let outcome = run.outcome.filter(|_| !run.was_killed())?;
    let success = run.updates().any(|update| update.acknowledged() && update.reports() != "failed");
    // Applied but not acknowledged: the provider may know or not, so either exit status is right.
    let ambiguous = !success && run.applied().is_some_and(|update| !update.acknowledged());
    // The same where an earlier run of the task was reported: the success is there, though this run did not bring it about.
    let before = history.runs.iter().any(|other| {
        other.job.task == run.job.task && other.job.run < run.job.run && other.applied().is_some_and(|update| update.reports() != "failed")
    });
    // A crash has its own rule, and a job that the launcher ended has no exit status of its own.
    if ambiguous || before || outcome.what.timed_out || outcome.what.signal.is_some() {
        return None;
    }
    let wanted = if success { Ended::Successfully } else { Ended::AsFailed };
    let happened = if success { "its report was accepted" } else { "no success was accepted" };
    Some(exit_status(run, wanted, happened))
}

fn exit_status(run: &Run<'_>, wanted: Ended, happened: &str) -> Judgement {
    const RULE: &str = "ERR-006";
    let Some(outcome) = run.outcome else { return Judgement::not_exercised(RULE, "the job has no end") };
    let Some(code) = outcome.what.exit_code else { return Judgement::not_exercised(RULE, "the job has no exit status") };
    let right = (code == 0) == (wanted == Ended::Successfully);
    let evidence = run.updates().map(|update| update.event).chain([outcome.event]);
    if right {
        Judgement::pass(RULE, format!("{}: {happened}, exit status {code}", run.describe()), [outcome.event])
    } else {
        let expected = if wanted == Ended::Successfully { "exit status 0" } else { "an exit status other than 0" };
        Judgement::fail(RULE, expected, format!("{}: {happened}, exit status {code}", run.describe()), evidence)
    }
}

/// The scenario says how its last job ends (ERR-006).
pub fn ended(history: &History<'_>, wanted: Ended) -> Vec<Judgement> {
    match history.runs.last() {
        None => vec![Judgement::not_exercised("ERR-006", "no job ran")],
        // What really happened decides; where the scenario's expectation was not met, its own rule says so already.
        Some(run) => match (wanted, run.status()) {
            (Ended::Successfully, Some(TaskStatus::CredentialsCreated | TaskStatus::CredentialsDeleted))
            | (Ended::AsFailed, Some(TaskStatus::Failed) | None) => vec![exit_status(run, wanted, "the task ended so")],
            _ => Vec::new(),
        },
    }
}

/// The last job ended as the step says, by its exit status and by its task, whatever else happened: for rules of the company's own.
pub fn ended_so(history: &History<'_>, wanted: Ended) -> Vec<Judgement> {
    const RULE: &str = "ERR-006";
    let Some(run) = history.runs.last() else { return vec![Judgement::not_exercised(RULE, "no job ran")] };
    let Some((outcome, code)) = run.outcome.and_then(|outcome| Some((outcome, outcome.what.exit_code?))) else {
        return vec![Judgement::fail(
            RULE,
            "a job that ends by itself",
            format!("{}: it has no exit status", run.describe()),
            [run.requested],
        )];
    };
    let success = matches!(run.status(), Some(TaskStatus::CredentialsCreated | TaskStatus::CredentialsDeleted));
    let word = if success { "reported as done" } else { "not reported as done" };
    let actual = format!("{}: exit status {code}, its task {word}", run.describe());
    let right = match wanted {
        Ended::Successfully => code == 0 && success,
        Ended::AsFailed => code != 0 && !success,
    };
    let expected = if wanted == Ended::Successfully {
        "exit status 0 and a task that is done"
    } else {
        "another exit status than 0 and no task that is done"
    };
    vec![if right { Judgement::pass(RULE, actual, [outcome.event]) } else { Judgement::fail(RULE, expected, actual, [outcome.event]) }]
}

/// A crash is not an outcome (ERR-007).
fn crashed(run: &Run<'_>) -> Option<Judgement> {
    const RULE: &str = "ERR-007";
    let outcome = run.outcome.filter(|_| !run.was_killed())?;
    let expected = "the job ends by itself with an exit status of its own";
    let what = if outcome.what.timed_out {
        return None;
    } else if let Some(reason) = &outcome.what.not_started {
        Some(format!("the job could not be started: {reason}"))
    } else if let Some(signal) = outcome.what.signal {
        Some(format!("signal {signal} ended the job"))
    } else {
        match outcome.what.exit_code {
            Some(code @ (126 | 127)) => Some(format!("exit status {code}: the launcher or a shell could not run the program")),
            Some(code @ 129..=192) => Some(format!("exit status {code}: a signal ({}) ended the program", code - 128)),
            _ => None,
        }
    };
    let text = crash::announced(&run.logs);
    Some(match (what, text) {
        (Some(what), _) => Judgement::fail(RULE, expected, format!("{}: {what}", run.describe()), [outcome.event]),
        (None, Some(line)) => Judgement::fail(
            RULE,
            expected,
            format!("{}: the log shows a crash: {}", run.describe(), line.what),
            [line.event, outcome.event],
        ),
        (None, None) => Judgement::pass(RULE, format!("{}: it ended by itself", run.describe()), [outcome.event]),
    })
}
