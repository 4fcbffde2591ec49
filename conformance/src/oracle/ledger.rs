//! The ledger: created less revoked is what Secrets Manager knows. It needs no opinion.

use hallmark_harness::journal::{Delivery, Exchange, Operation};

use super::backoff::retry_after;
use super::calls::was_lost;
use super::deletion::{alive_after, nobody_elses, resigned, targets};
use super::{History, Run};
use crate::verdict::Judgement;

/// Holds what exists against what was reported, over every scenario. It only ever finds faults: that a ledger agrees proves a
/// rule only in the rule's own scenarios.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    if !history.recording.header.third_party {
        return Vec::new();
    }
    let creations = history.creations().filter_map(|run| creation(history, run));
    let deletions = history.deletions().filter_map(|run| deletion(history, run));
    let others = nobody_elses(history).into_iter().filter(|judgement| judgement.verdict == crate::verdict::Verdict::Fail);
    creations.chain(deletions).chain(others).collect()
}

fn creation(history: &History<'_>, run: &Run<'_>) -> Option<Judgement> {
    // What a killed job left is its rerun's matter, and has rules of its own.
    if run.was_killed() {
        return None;
    }
    // One that never came to its undo, as it waited for a silent server or for as long as it was told, is RTY-011's and RTY-002's.
    let waits = |exchange: &Exchange| exchange.delivery == Delivery::Stalled || retry_after(exchange).is_some();
    if run.outcome.is_some_and(|outcome| outcome.what.timed_out) && run.exchanges.iter().any(|call| waits(call.what)) {
        return None;
    }
    let applied = run.applied();
    // What was applied and not acknowledged belongs to UPD-008 alone.
    if applied.is_some_and(|update| !update.acknowledged()) {
        return None;
    }
    // Our fault told the provider of a success that there was not.
    if applied.is_none() && run.updates().any(|update| update.acknowledged()) {
        return None;
    }
    let orphans: Vec<_> = run.issued.iter().filter(|issued| history.alive(issued.what)).collect();
    let reported = applied.is_some_and(|update| update.reports() == "credentials_created");
    let excess = orphans.len().saturating_sub(usize::from(reported));
    if excess == 0 || undo_impossible(run) {
        return None;
    }
    let lost = |orphan: &str| run.third_party().any(|call| call.what.facts.credential.as_deref() == Some(orphan) && was_lost(call.what));
    if excess <= orphans.iter().filter(|orphan| lost(orphan.what)).count() {
        // The job was never told of it: RTY-008's.
        return None;
    }
    let rule = if !reported && run.updates().any(|update| update.reports() == "credentials_created") { "CRE-007" } else { "CRE-005" };
    let names: Vec<&str> = orphans.iter().map(|orphan| orphan.what).collect();
    let actual = format!(
        "{}: {} alive at the third party ({}), {} reported",
        run.describe(),
        orphans.len(),
        names.join(", "),
        usize::from(reported)
    );
    let evidence = orphans.iter().map(|orphan| orphan.event).chain(run.updates().map(|update| update.event));
    Some(Judgement::fail(rule, "created less revoked equals reported live", actual, evidence))
}

/// A fault refused every revocation up to the end.
fn undo_impossible(run: &Run<'_>) -> bool {
    let mut revocations = run.calls(Operation::Revoke).peekable();
    // A provider whose time was over may have hung up on the last of them: the fault would have refused it all the same.
    revocations.peek().is_some() && revocations.all(|call| !call.what.applied && call.what.fault.is_some())
}

fn deletion(history: &History<'_>, run: &Run<'_>) -> Option<Judgement> {
    // It was not told what to delete: DEL-007's.
    if run.altered.iter().any(|variable| variable == "SM_CREDENTIALS_ID") {
        return None;
    }
    let lie = run.applied().filter(|update| update.reports() == "credentials_deleted")?;
    let living = targets(history, run).into_iter().find(|target| alive_after(history, run, target))?;
    let revocations = run.calls(Operation::Revoke).map(|call| call.event);
    if resigned(history, run).is_some() {
        return None;
    }
    let actual = format!("{}: {living} lives and was reported deleted", run.describe());
    Some(Judgement::fail("DEL-002", "nothing reported deleted that lives", actual, revocations.chain([lie.event])))
}
