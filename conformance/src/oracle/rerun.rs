//! What jobs leave that were killed and run again.

use hallmark_harness::contract::{TaskId, TaskStatus};
use hallmark_harness::stage::KILL_NOTE;

use super::deletion::{alive_after, targets};
use super::{History, Run};
use crate::verdict::Judgement;

/// A killed creation leaves what was reported in the end, and nothing else (CRA-001).
pub fn killed_creations(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRA-001";
    at_kill_points(history.creations(), RULE, |run| as_reported(history, run, RULE))
}

/// A creation that is run again after its success leaves the reported credential, and nothing else (ROT-003).
pub fn created_again(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "ROT-003";
    let Some(again) = history.creations().find(|run| run.job.run > 0) else {
        return vec![Judgement::not_exercised(RULE, "no creation was run again")];
    };
    if status(history, &again.job.task) == Some(TaskStatus::CredentialsCreated) {
        vec![as_reported(history, again, RULE)]
    } else {
        vec![Judgement::not_exercised(RULE, "the creation had not succeeded before it was run again")]
    }
}

/// Holds what the runs of a creation's task left against what the task says.
fn as_reported(history: &History<'_>, run: &Run<'_>, rule: &str) -> Judgement {
    let runs = || history.runs.iter().filter(|other| other.job.task == run.job.task);
    let alive: Vec<_> = runs().flat_map(|run| &run.issued).filter(|issued| history.alive(issued.what)).collect();
    let created = status(history, &run.job.task) == Some(TaskStatus::CredentialsCreated);
    // Which of them was reported shows in the values: an id may be made up by the provider.
    let reported = runs().find_map(Run::applied).filter(|_| created);
    let holds = |value: &str| {
        reported
            .as_ref()
            .is_some_and(|update| update.facts.payload.iter().any(|output| output.equals.iter().any(|matched| matched == value)))
    };
    let unknown = reported.as_ref().is_none_or(|update| update.facts.payload.iter().all(|output| output.equals.is_empty()));
    let right = match alive.as_slice() {
        [] => !created,
        [one] => created && (unknown || holds(one.what)),
        _ => false,
    };
    let expected = "alive at the third party is what the task reports, and nothing else";
    let status = status(history, &run.job.task).map_or_else(|| "gone".to_owned(), |status| status.to_string());
    let names: Vec<&str> = alive.iter().map(|issued| issued.what).collect();
    let living = match (names.as_slice(), created) {
        ([], true) => "the reported credential is not alive".to_owned(),
        ([], false) => "nothing it made is alive".to_owned(),
        _ => format!("{} alive ({})", names.len(), names.join(", ")),
    };
    let issued = runs().flat_map(|run| &run.issued).map(|issued| issued.event);
    let evidence = issued.chain(runs().flat_map(reported_and_ended));
    let actual = format!("{}: the task is {status}, {living}", run.describe());
    if right { Judgement::pass(rule, actual, evidence) } else { Judgement::fail(rule, expected, actual, evidence) }
}

/// A killed deletion ends with the credential gone and reported deleted (CRA-002).
pub fn killed_deletions(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRA-002";
    at_kill_points(history.deletions(), RULE, |run| finished(history, run, RULE))
}

fn finished(history: &History<'_>, killed: &Run<'_>, rule: &str) -> Judgement {
    let targets = targets(history, killed);
    // A daily retry is a task of its own, about the same credential.
    let concerned: Vec<&Run<'_>> = history
        .deletions()
        .filter(|run| run.job.task == killed.job.task || self::targets(history, run).iter().any(|target| targets.contains(target)))
        .collect();
    let living = concerned.last().and_then(|last| targets.iter().find(|target| alive_after(history, last, target)));
    let deleted = concerned.iter().any(|run| status(history, &run.job.task) == Some(TaskStatus::CredentialsDeleted));
    let evidence = concerned.iter().copied().flat_map(reported_and_ended);
    let expected = "the credential is gone and reported deleted";
    let actual = match (living, deleted) {
        (Some(credential), _) => format!("{}: {credential} is alive", killed.describe()),
        (None, false) => format!("{}: it is gone and was never reported deleted", killed.describe()),
        (None, true) => return Judgement::pass(rule, format!("{}: gone and reported deleted", killed.describe()), evidence),
    };
    Judgement::fail(rule, expected, actual, evidence)
}

/// Returns the events of a run's updates and of its end.
fn reported_and_ended(run: &Run<'_>) -> Vec<u64> {
    run.updates().map(|update| update.event).chain(run.outcome.map(|outcome| outcome.event)).collect()
}

fn status(history: &History<'_>, task: &TaskId) -> Option<TaskStatus> {
    history.task(task).map(|task| task.status)
}

/// Judges each killed run, and tells how many of the points at which one was to be killed were reached.
fn at_kill_points<'history, 'recording: 'history>(
    runs: impl Iterator<Item = &'history Run<'recording>>,
    rule: &str,
    judge: impl Fn(&Run<'_>) -> Judgement,
) -> Vec<Judgement> {
    let meant: Vec<&Run<'_>> = runs.filter(|run| run.job.run == 0 && run.note.is_some_and(|note| note.starts_with(KILL_NOTE))).collect();
    let points = meant.len();
    let (killed, missed): (Vec<_>, Vec<_>) = meant.into_iter().partition(|run| run.was_killed());
    if killed.is_empty() {
        return vec![Judgement::not_exercised(rule, "no such job was killed: none made a call, or each ended first")];
    }
    let mut judgements: Vec<Judgement> = killed.iter().map(|run| judge(run)).collect();
    if !missed.is_empty() {
        // A job that ends right after its last answer may be quicker than any kill; another may make other calls than its model.
        let where_missed: Vec<&str> = missed.iter().filter_map(|run| run.note?.strip_prefix(KILL_NOTE)).collect();
        let actual = format!("{} of {points} kill points reached; the job ended first at {}", killed.len(), where_missed.join(", "));
        judgements.push(Judgement::pass(rule, actual, missed.iter().map(|run| run.requested)));
    }
    judgements
}
