//! The life of one credential: every run of its creation's task, what they made and reported, and who ended it.

use hallmark_harness::contract::{TaskId, TaskStatus};
use hallmark_harness::journal::{Delivery, EventKind, Exchange, Operation, TaskCause};

use super::Findings;
use crate::oracle::{At, History, Run, Update};
use crate::verdict::Judgement;

/// A creation: all runs of its task and what became of it.
pub(super) struct Lineage<'history, 'recording> {
    /// The task.
    pub(super) task: &'recording TaskId,
    /// Its runs, in order.
    pub(super) runs: Vec<&'history Run<'recording>>,
    /// The report of a new credential that took effect, and the run that sent it.
    pub(super) report: Option<(Update<'recording>, &'history Run<'recording>)>,
    /// The credential that was reported, where it can be told.
    pub(super) reported: Option<&'recording str>,
}

impl<'recording> Lineage<'_, 'recording> {
    /// Returns every credential that its runs made.
    pub(super) fn issued(&self) -> impl Iterator<Item = At<'recording, str>> + '_ {
        self.runs.iter().flat_map(|run| run.issued.iter().copied())
    }
}

/// Returns every creation.
pub(super) fn lineages<'history, 'recording>(history: &'history History<'recording>) -> Vec<Lineage<'history, 'recording>> {
    let mut lineages: Vec<Lineage<'_, '_>> = Vec::new();
    for run in history.creations() {
        match lineages.iter_mut().find(|lineage| *lineage.task == run.job.task) {
            Some(lineage) => lineage.runs.push(run),
            None => lineages.push(Lineage { task: &run.job.task, runs: vec![run], report: None, reported: None }),
        }
    }
    for lineage in &mut lineages {
        let report = lineage.runs.iter().find_map(|run| {
            let update = run.applied().filter(|update| update.reports() == "credentials_created")?;
            Some((update, *run))
        });
        lineage.reported = report.and_then(|(update, run)| reported(lineage, update, run));
        lineage.report = report;
    }
    lineages
}

/// Returns the credential that a report is about: the one of its values, the one of its id, or the only one there is.
fn reported<'recording>(lineage: &Lineage<'_, 'recording>, update: Update<'recording>, run: &Run<'recording>) -> Option<&'recording str> {
    let values = || update.facts.payload.iter().flat_map(|output| &output.equals);
    let by_value = lineage.issued().find(|issued| values().any(|credential| credential == issued.what));
    let by_id = || lineage.issued().find(|issued| update.facts.credentials_id.as_deref() == Some(issued.what));
    let only = || match run.issued.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    by_value.or_else(by_id).or_else(only).map(|issued| issued.what)
}

/// What was reported created lives when it is reported, and until its deletion is asked for.
pub(super) fn kept_alive(history: &History<'_>, lineage: &Lineage<'_, '_>, findings: &mut Findings) {
    const RULE: &str = "CRE-004";
    let (Some((report, reporter)), Some(credential)) = (lineage.report, lineage.reported) else { return };
    let Some((revoked, by)) = revocation(history, credential) else { return };
    let deletes = |run: &Run<'_>| run.deletes() && crate::oracle::targets(history, run).contains(&credential);
    if by.is_some_and(deletes) {
        return;
    }
    let moved = reporter.moves.iter().find(|(_, status, cause)| *status == TaskStatus::CredentialsCreated && *cause == TaskCause::Update);
    let reported_at = moved.map_or(report.event, |(event, ..)| *event);
    let evidence = [report.event, revoked];
    if revoked < reported_at {
        let actual = format!("{credential} was revoked, and then reported as the new credential");
        findings.broken.push(Judgement::fail(RULE, "what is reported created exists", actual, evidence));
        return;
    }
    // Somebody else's job: DEL-008 says so.
    let Some(by) = by.filter(|run| run.job.task == *lineage.task) else { return };
    if let Some(told) = told(by, reported_at, revoked) {
        let actual = format!("{}: the report of {credential} was applied, the job was told so, and revoked the credential", by.describe());
        let evidence = evidence.into_iter().chain([told]);
        findings.broken.push(Judgement::fail(RULE, "a credential that was reported created lives until its deletion", actual, evidence));
        return;
    }
    if asked(by, reported_at, revoked) == Some(Denied::Always) || !may_ask(history) {
        findings
            .undecidable
            .push(format!("{credential}: its report was applied, every definite answer about that was denied, and the job revoked it"));
        return;
    }
    let actual = format!("{}: the report of {credential} was applied, and the job revoked it without asking for its task", by.describe());
    let rule = if by.job.run > reporter.job.run { "ROT-003" } else { "UPD-008" };
    findings.broken.push(Judgement::fail(rule, "the task asked before a credential is revoked that may be in use", actual, evidence));
}

/// Returns the event of a credential's revocation, and the run that did it.
fn revocation<'history, 'recording>(
    history: &'history History<'recording>,
    credential: &str,
) -> Option<(u64, Option<&'history Run<'recording>>)> {
    history.recording.events.iter().find_map(|event| match &event.kind {
        EventKind::CredentialRevoked { credential: gone, job, .. } if gone == credential => {
            Some((event.id, history.runs.iter().find(|run| Some(run.job) == job.as_ref())))
        }
        _ => None,
    })
}

/// Returns the event by which a run was told, between two events, that its task is done.
fn told(run: &Run<'_>, from: u64, until: u64) -> Option<u64> {
    let between = |call: &&At<'_, Exchange>| (from..until).contains(&call.event);
    run.exchanges.iter().filter(between).find(|call| tells_of_success(call.what)).map(|call| call.event)
}

/// Tells whether an answer says for certain that the task is done: an accepted report, or the task itself.
fn tells_of_success(exchange: &Exchange) -> bool {
    let Some(response) = exchange.response.as_ref().filter(|_| arrived(exchange)) else { return false };
    match exchange.operation {
        Operation::UpdateTask => {
            let created = exchange.facts.update.as_ref().is_some_and(|update| update.status.as_deref() == Some("credentials_created"));
            created && (200..300).contains(&response.status)
        }
        Operation::GetTask => response.status == 200 && response.body.contains("credentials_created"),
        _ => false,
    }
}

/// Tells whether an answer arrived whole and legible.
pub(super) fn arrived(exchange: &Exchange) -> bool {
    const SPOILT: [&str; 4] = ["invalid_json", "malformed_chunk", "wrong_length", "wrong_content_type"];
    let spoilt = exchange.fault.as_ref().is_some_and(|fault| SPOILT.iter().any(|word| fault.contains(word)));
    exchange.delivery == Delivery::Complete && !spoilt
}

/// How a question was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denied {
    /// No answer to it was whole and right.
    Always,
    /// One was.
    No,
}

/// Tells how a run's questions what became of its task were met between two events; none where it never asked.
fn asked(run: &Run<'_>, from: u64, until: u64) -> Option<Denied> {
    let mut questions = run.calls(Operation::GetTask).filter(|call| (from..until).contains(&call.event)).peekable();
    questions.peek()?;
    let answered = |exchange: &Exchange| arrived(exchange) && exchange.response.as_ref().is_some_and(|answer| answer.status == 200);
    Some(if questions.any(|call| answered(call.what)) { Denied::No } else { Denied::Always })
}

/// Tells whether the provider's roles let it read its task.
fn may_ask(history: &History<'_>) -> bool {
    history.recording.header.roles.iter().any(|role| role == "SecretsReader")
}
