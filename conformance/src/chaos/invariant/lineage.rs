//! The life of one credential: every run of its creation's task, what they made and reported, and who ended it.

use std::ops::Range;

use hallmark_harness::contract::TaskId;
use hallmark_harness::journal::{Delivery, EventKind, Exchange, Operation};

use super::Findings;
use super::orphan::given_up;
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

/// Returns the credentials whose values all mapped outputs of a report have; none where no output is mapped.
fn matching(update: Update<'_>) -> Option<Vec<&str>> {
    let mut mapped = update.facts.payload.iter().filter(|output| output.mapped);
    let first: Vec<&str> = mapped.next()?.equals.iter().map(String::as_str).collect();
    Some(mapped.fold(first, |left, output| left.into_iter().filter(|id| output.equals.iter().any(|equal| equal == id)).collect()))
}

/// Returns the credential that a report is about: the one with its values, the one that its id names, or the only one there is. An output that has the
/// same value for every credential, such as an address, tells none from another.
fn reported<'recording>(lineage: &Lineage<'_, 'recording>, update: Update<'recording>, run: &Run<'recording>) -> Option<&'recording str> {
    let named = |issued: &At<'recording, str>| update.facts.credentials_id.as_deref() == Some(issued.what);
    match matching(update) {
        Some(matching) => {
            let own = || lineage.issued().filter(|issued| matching.contains(&issued.what));
            // The last one that was made is the likeliest where nothing else tells.
            own().find(named).or_else(|| own().last()).map(|issued| issued.what)
        }
        None => {
            let only = || match run.issued.as_slice() {
                [one] => Some(*one),
                _ => None,
            };
            lineage.issued().find(named).or_else(only).map(|issued| issued.what)
        }
    }
}

/// What is reported is a credential of the task's own, value for value where the manifest maps it.
pub(super) fn true_to_what_was_issued(history: &History<'_>, lineage: &Lineage<'_, '_>, findings: &mut Findings) {
    const RULE: &str = "CRE-004";
    let Some((report, reporter)) = lineage.report else { return };
    let evidence = || [report.event].into_iter().chain(lineage.issued().map(|issued| issued.event));
    let somebody_elses = |id: &str| {
        history.recording.snapshot.ledger.iter().any(|entry| entry.credential == id) && !lineage.issued().any(|issued| issued.what == id)
    };
    let matching = matching(report);
    let foreign = match &matching {
        Some(matching) if lineage.reported.is_none() => matching.iter().copied().find(|id| somebody_elses(id)),
        _ => report.facts.credentials_id.as_deref().filter(|id| somebody_elses(id)),
    };
    if let Some(foreign) = foreign {
        let actual = format!("{}: it reported {foreign}, which is not of its own making", reporter.describe());
        findings.broken.push(Judgement::fail(RULE, "a credential that the task's own job made", actual, evidence()));
    } else if matching.as_ref().is_some_and(Vec::is_empty) {
        let wrong =
            report.facts.payload.iter().filter(|output| output.mapped && output.equals.is_empty()).map(|output| output.name.as_str());
        let wrong = wrong.collect::<Vec<_>>().join(", ");
        let what =
            if wrong.is_empty() { "its values are not of one credential".to_owned() } else { format!("{wrong} is not what was issued") };
        let actual = format!("{}: {what}", reporter.describe());
        findings.broken.push(Judgement::fail(RULE, "each mapped output equal to what the third party issued", actual, evidence()));
    } else if lineage.issued().next().is_none() {
        let actual = format!("{}: it reported a credential, and the third party issued none for its task", reporter.describe());
        findings.broken.push(Judgement::fail(RULE, "what is reported created exists", actual, evidence()));
    }
}

/// Nobody but its own task's jobs, and the jobs of its deletion, ends a credential; what another task left unreported may be cleared.
pub(super) fn untouched_by_others(history: &History<'_>, lineages: &[Lineage<'_, '_>], findings: &mut Findings) {
    for run in history.creations() {
        for revoked in &run.revoked {
            let of = lineages.iter().find(|lineage| lineage.issued().any(|issued| issued.what == revoked.what));
            let (rule, whose) = match of {
                Some(lineage) if *lineage.task == run.job.task || lineage.reported != Some(revoked.what) => continue,
                Some(_) => ("ROT-001", "which another creation had made and reported"),
                None => ("DEL-008", "which is not the provider's"),
            };
            let actual = format!("{}: the job revoked {}, {whose}", run.describe(), revoked.what);
            findings.broken.push(Judgement::fail(rule, "no credential but the job's own revoked by a creation", actual, [revoked.event]));
        }
    }
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
    let moved_at = reporter.succeeded().map_or(report.exchange.body_at, |moved| moved.began_at);
    let evidence = [report.event, revoked.event];
    if revoked.began_at < moved_at {
        let actual = format!("{credential} was revoked, and then reported as the new credential");
        findings.broken.push(Judgement::fail(RULE, "what is reported created exists", actual, evidence));
        return;
    }
    // What somebody else's job did is judged by itself.
    let Some(by) = by.filter(|run| run.job.task == *lineage.task) else { return };
    // The report itself tells as well, once it is answered.
    let since = report.exchange.body_at..revoked.began_at;
    if let Some(told) = told(by, &since, revoked.event) {
        let actual = format!("{}: the report of {credential} was applied, the job was told so, and revoked the credential", by.describe());
        let evidence = evidence.into_iter().chain([told]);
        findings.broken.push(Judgement::fail(RULE, "a credential that was reported created lives until its deletion", actual, evidence));
        return;
    }
    let again = by.job.run > reporter.job.run;
    if denied(by, &since) || !may_ask(history) && !again {
        findings
            .undecidable
            .push(format!("{credential}: its report was applied, every definite answer about that was denied, and the job revoked it"));
        return;
    }
    let actual = format!("{}: the report of {credential} was applied, and the job revoked it without asking for its task", by.describe());
    let rule = if again { "ROT-003" } else { "UPD-008" };
    findings.broken.push(Judgement::fail(rule, "the task asked before a credential is revoked that may be in use", actual, evidence));
}

/// Returns a credential's revocation, and the run that did it.
fn revocation<'history, 'recording>(
    history: &'history History<'recording>,
    credential: &str,
) -> Option<(At<'recording, str>, Option<&'history Run<'recording>>)> {
    history.recording.events.iter().find_map(|event| match &event.kind {
        EventKind::CredentialRevoked { credential: gone, job, .. } if gone == credential => {
            let revoked = At { event: event.id, began_at: event.began_at(), what: gone.as_str() };
            Some((revoked, history.runs.iter().find(|run| Some(run.job) == job.as_ref())))
        }
        _ => None,
    })
}

/// Returns the event by which a run was told, between two moments, that its task is done, before it revoked the credential.
fn told(run: &Run<'_>, moments: &Range<u64>, revoked: u64) -> Option<u64> {
    // An answer that a fault held back may have left only when nobody waited for it any more: it counts where it was noted before the revocation.
    let in_time = |call: &At<'_, Exchange>| call.what.fault.is_none() || call.event < revoked;
    let between = |call: &&At<'_, Exchange>| moments.contains(&call.began_at) && in_time(call);
    run.exchanges.iter().filter(between).find(|call| tells_of_success(call.what)).map(|call| call.event)
}

/// Tells whether an answer says for certain that the task is done: an accepted report, or the task itself.
pub(super) fn tells_of_success(exchange: &Exchange) -> bool {
    match exchange.operation {
        Operation::UpdateTask => {
            let update = exchange.facts.update.as_ref();
            went_well(exchange) && update.is_some_and(|update| update.status.as_deref() == Some("credentials_created"))
        }
        Operation::GetTask => {
            went_well(exchange) && exchange.response.as_ref().is_some_and(|response| response.body.contains("credentials_created"))
        }
        _ => false,
    }
}

/// Tells whether an answer arrived whole and legible to everybody: not every client knows every interim answer.
pub(super) fn arrived(exchange: &Exchange) -> bool {
    const SPOILT: [&str; 5] = ["invalid_json", "malformed_chunk", "wrong_length", "wrong_content_type", "informational"];
    let spoilt = exchange.fault.as_ref().is_some_and(|fault| SPOILT.iter().any(|word| fault.contains(word)));
    exchange.delivery == Delivery::Complete && !spoilt
}

/// Tells whether a run asked, between two moments, what became of its task, and was denied an answer as often as it has to ask.
fn denied(run: &Run<'_>, moments: &Range<u64>) -> bool {
    let questions: Vec<At<'_, Exchange>> = run.calls(Operation::GetTask).filter(|call| moments.contains(&call.began_at)).collect();
    given_up(&questions).is_some()
}

/// Tells whether a 2xx arrived.
pub(super) fn went_well(exchange: &Exchange) -> bool {
    arrived(exchange) && exchange.response.as_ref().is_some_and(|answer| (200..300).contains(&answer.status))
}

/// Tells whether the provider's roles let it read its task.
fn may_ask(history: &History<'_>) -> bool {
    history.recording.header.roles.iter().any(|role| role == "SecretsReader")
}
