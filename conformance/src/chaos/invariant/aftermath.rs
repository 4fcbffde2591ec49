//! When the faults have stopped, the lifecycle completes: creations succeed, and deletions that failed are done at their next retry.

use std::collections::BTreeMap;

use hallmark_harness::contract::{TaskStatus, VersionId};

use super::Findings;
use crate::chaos::play::AFTERMATH;
use crate::oracle::{History, Run, resigned, targets};
use crate::verdict::Judgement;

/// Holds what was asked for after the last fault against what it came to.
pub(super) fn completes(history: &History<'_>, findings: &mut Findings) {
    for run in history.creations().filter(|run| after_the_faults(run)) {
        let status = history.task(&run.job.task).map(|task| task.status);
        if status != Some(TaskStatus::CredentialsCreated) {
            let actual = format!("the task is {}", status.map_or_else(|| "gone".to_owned(), |status| status.to_string()));
            findings.broken.push(Judgement::fail(
                "CRE-001",
                "a creation without a fault succeeds, whatever was before it",
                actual,
                ends(run),
            ));
        }
    }
    for runs in deletions(history).values() {
        deletion(history, runs, findings);
        for run in runs {
            gone_when_reported(history, run, findings);
        }
    }
}

fn deletion(history: &History<'_>, runs: &[&Run<'_>], findings: &mut Findings) {
    // A version's daily retries are tasks of their own; the last one counts.
    let Some(last) = runs.last() else { return };
    let status = history.task(&last.job.task).map(|task| task.status);
    let living = targets(history, last).into_iter().find(|target| history.alive(target));
    let evidence = || runs.iter().flat_map(|run| ends(run));
    match (status, living) {
        (Some(TaskStatus::CredentialsDeleted), None) => {}
        (Some(TaskStatus::CredentialsDeleted), Some(living)) => match resigned(history, last) {
            Some(status) => findings.excused.push(format!("{living}: given up after {status}, as the manifest's not_resubmitted says")),
            None => {
                let actual = format!("{living} was reported deleted, and is alive in the end");
                findings.broken.push(Judgement::fail("DEL-002", "nothing reported deleted that lives", actual, evidence()));
            }
        },
        // Ten retries are all that there are: what Secrets Manager knows to have failed is no orphan.
        _ if !after_the_faults(last) => {}
        (status, living) => {
            let status = status.map_or_else(|| "gone".to_owned(), |status| status.to_string());
            let what = living.map_or_else(|| "the credential is gone".to_owned(), |living| format!("{living} is alive"));
            let actual = format!("the task of the last retry, in which nothing went wrong, is {status}; {what}");
            let expected = "a deletion is done at the first retry in which nothing goes wrong";
            findings.broken.push(Judgement::fail("DEL-004", expected, actual, evidence()));
        }
    }
}

/// Tells whether a run was asked for after the last fault.
fn after_the_faults(run: &Run<'_>) -> bool {
    run.note.is_some_and(|note| note.starts_with(AFTERMATH))
}

/// What a run reports deleted is gone by then, and not only in the end.
fn gone_when_reported(history: &History<'_>, run: &Run<'_>, findings: &mut Findings) {
    let Some(report) = run.applied().filter(|update| update.reports() == "credentials_deleted") else { return };
    if resigned(history, run).is_some() {
        return;
    }
    let moved = run.succeeded().map_or(report.exchange.body_at, |moved| moved.began_at);
    let late = run.revoked.iter().find(|revoked| revoked.began_at > moved && targets(history, run).contains(&revoked.what));
    if let Some(late) = late {
        let actual = format!("{}: {} was reported deleted, and revoked only then", run.describe(), late.what);
        findings.broken.push(Judgement::fail(
            "DEL-001",
            "the credential revoked, then reported deleted",
            actual,
            [late.event, report.event],
        ));
    }
}

/// Returns the runs of each version's deletion, in order.
fn deletions<'history, 'recording>(
    history: &'history History<'recording>,
) -> BTreeMap<&'recording VersionId, Vec<&'history Run<'recording>>> {
    let mut deletions: BTreeMap<&VersionId, Vec<&Run<'_>>> = BTreeMap::new();
    for run in history.deletions() {
        if let Some(version) = run.version {
            deletions.entry(version).or_default().push(run);
        }
    }
    deletions
}

/// Returns the events of a run's updates and of its end.
fn ends(run: &Run<'_>) -> Vec<u64> {
    run.updates().map(|update| update.event).chain(run.outcome.map(|outcome| outcome.event)).collect()
}
