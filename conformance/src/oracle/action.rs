//! Actions that a provider does not know.

use hallmark_harness::journal::Operation;

use super::creation::failed_report;
use super::{History, Run, or_not_exercised};
use crate::catalog::Level;
use crate::verdict::Judgement;

/// No job of the scenario changed anything at the third party, nor asked it to (ACT-001, ACT-003, CRE-009).
pub fn changed_nothing(history: &History<'_>, rule: &str) -> Vec<Judgement> {
    let judgements: Vec<Judgement> = history.runs.iter().filter(|run| subject(run)).map(|run| unchanged(run, rule)).collect();
    or_not_exercised(judgements, rule, "no job ran")
}

/// A run that the scenario is about: a creation that went before it only made something to delete.
fn subject(run: &Run<'_>) -> bool {
    run.note.is_none_or(|note| note != "preparation")
}

fn unchanged(run: &Run<'_>, rule: &str) -> Judgement {
    let asked: Vec<_> = run.third_party().filter(|call| matches!(call.what.operation, Operation::Create | Operation::Revoke)).collect();
    if let Some(call) = asked.first() {
        let actual = format!("{}: it called {} {}", run.describe(), call.what.method, call.what.target);
        return Judgement::fail(rule, "nothing created or revoked at the third party", actual, asked.iter().map(|call| call.event));
    }
    // What a service behind a TCP proxy was asked for shows in what it did.
    if let Some(change) = run.issued.iter().chain(&run.revoked).next() {
        let actual = format!("{}: it made or revoked the credential {}", run.describe(), change.what);
        return Judgement::fail(rule, "nothing created or revoked at the third party", actual, [change.event]);
    }
    let claim = run.applied().filter(|update| update.reports() != "failed");
    match claim {
        Some(update) => {
            Judgement::fail(rule, "no report of success", format!("{}: it reported {}", run.describe(), update.reports()), [update.event])
        }
        None => {
            Judgement::pass(rule, format!("{}: the third party was left alone", run.describe()), run.outcome.map(|outcome| outcome.event))
        }
    }
}

/// An unrecognised action reports `failed` and changes nothing (ACT-001; ACT-003 asks for no report).
pub fn refused_action(history: &History<'_>, rule: &str, report: Option<Level>) -> Vec<Judgement> {
    let mut judgements = changed_nothing(history, rule);
    if let Some(level) = report {
        judgements.extend(history.runs.iter().filter(|run| subject(run)).map(|run| failed_report(run, rule).at(level)));
    }
    judgements
}
