//! What a deletion must do, and what it must never claim.

use hallmark_harness::contract::TaskStatus;
use hallmark_harness::journal::{EventKind, Operation};

use super::creation::failed_report;
use super::{History, Run, or_not_exercised};
use crate::verdict::Judgement;

fn each(history: &History<'_>, rule: &str, judge: impl Fn(&Run<'_>) -> Judgement) -> Vec<Judgement> {
    let judgements: Vec<Judgement> = history.deletions().map(judge).collect();
    or_not_exercised(judgements, rule, "no delete job ran")
}

/// Returns the credentials that a delete job is to revoke: the one that its id names where the id is the third party's own, and
/// otherwise what the creation of the same version left. A second credential of that creation is nobody's, which the ledger says.
pub(crate) fn targets<'recording>(history: &History<'recording>, run: &Run<'_>) -> Vec<&'recording str> {
    let left = left_by_creation(history, run);
    let report = history.creations_of(run).find_map(|creation| accepted(creation, "credentials_created"));
    let named = report.and_then(|report| report.facts.credentials_id.as_deref());
    match left.iter().find(|credential| Some(**credential) == named) {
        Some(credential) => vec![credential],
        None => left,
    }
}

/// Returns the credentials that the creation of the same version left.
fn left_by_creation<'recording>(history: &History<'recording>, run: &Run<'_>) -> Vec<&'recording str> {
    history
        .creations_of(run)
        .flat_map(|run| run.issued.iter().filter(|issued| !run.revoked.iter().any(|revoked| revoked.what == issued.what)))
        .map(|issued| issued.what)
        .collect()
}

/// Tells whether a credential was alive when a run ended.
pub(super) fn alive_after(history: &History<'_>, run: &Run<'_>, credential: &str) -> bool {
    let end = run.outcome.map_or(u64::MAX, |outcome| outcome.event);
    let revoked = history
        .recording
        .events
        .iter()
        .take_while(|event| event.id < end)
        .any(|event| matches!(&event.kind, EventKind::CredentialRevoked { credential: gone, .. } if gone == credential));
    !revoked && history.recording.snapshot.ledger.iter().any(|entry| entry.credential == credential)
}

fn accepted<'recording>(run: &Run<'recording>, status: &str) -> Option<super::Update<'recording>> {
    run.applied().filter(|update| update.reports() == status)
}

/// A delete job revokes the credential, then reports `credentials_deleted` (DEL-001).
pub fn revoked_then_reported(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "DEL-001";
    each(history, RULE, |run| {
        let expected = "the credential revoked, then credentials_deleted accepted";
        let targets = targets(history, run);
        if history.recording.header.third_party && targets.is_empty() {
            return Judgement::not_exercised(RULE, "the creation before it left no credential");
        }
        let sent = run.updates().map(|update| update.event).chain(run.outcome.map(|outcome| outcome.event));
        let Some(report) = accepted(run, "credentials_deleted") else {
            let actual = run.updates().last().map_or("the job sent no update".to_owned(), |update| {
                format!("the job's last update reported {} and was answered {}", update.reports(), update.answer_in_words())
            });
            return Judgement::fail(RULE, expected, actual, sent);
        };
        // The task moved when the report took effect; its exchange is noted only when the answer had left.
        let moved = run.succeeded().map_or(report.exchange.body_at, |moved| moved.began_at);
        for target in targets {
            match run.revoked.iter().find(|revoked| revoked.what == target) {
                Some(revoked) if revoked.began_at < moved => {}
                Some(revoked) => {
                    let actual = format!("{target} was revoked only after it had been reported deleted");
                    return Judgement::fail(RULE, expected, actual, [report.event, revoked.event]);
                }
                None => return Judgement::fail(RULE, expected, format!("{target} was reported deleted and lives"), [report.event]),
            }
        }
        Judgement::pass(RULE, "revoked, then reported deleted", run.revoked.iter().map(|at| at.event).chain([report.event]))
    })
}

/// A revocation that did not succeed is reported `failed`, never as deleted, while the credential lives (DEL-002, DEL-010).
pub fn failure_reported(history: &History<'_>, rule: &str) -> Vec<Judgement> {
    each(history, rule, |run| {
        if !history.recording.header.third_party {
            return failed_report(run, rule);
        }
        let Some(living) = targets(history, run).into_iter().find(|target| alive_after(history, run, target)) else {
            return Judgement::not_exercised(rule, "the credential did not live when the delete job ended");
        };
        if let Some(lie) = accepted(run, "credentials_deleted") {
            let asked = run.calls(Operation::Revoke).map(|call| call.event).chain(run.connections.iter().map(|at| at.event));
            let evidence = asked.chain([lie.event]);
            if let Some(status) = resigned(history, run) {
                let orphan =
                    format!("{living} lives on as an orphan: it was reported deleted after {status}, which [delete] not_resubmitted lists");
                return Judgement::not_applicable(rule, orphan, evidence);
            }
            let actual = format!("{living} lives, and the job reported credentials_deleted: Secrets Manager will never try again");
            return Judgement::fail(rule, "failed with an error while the credential lives", actual, evidence);
        }
        failed_report(run, rule)
    })
}

/// Returns the status of the last revocation where the manifest says that the provider does not submit it for a retry: the
/// flow chart lets a provider decide so.
pub(crate) fn resigned(history: &History<'_>, run: &Run<'_>) -> Option<u16> {
    let status = run.calls(Operation::Revoke).next_back()?.what.response.as_ref()?.status;
    history.recording.header.not_resubmitted.contains(&status).then_some(status)
}

/// The task of each deletion ends as deleted (DEL-003, ACT-002).
pub fn reported_deleted(history: &History<'_>, rule: &str) -> Vec<Judgement> {
    each(history, rule, |run| match run.applied() {
        Some(update) if update.reports() == "credentials_deleted" => Judgement::pass(rule, "reported deleted", [update.event]),
        other => {
            let actual = other.map_or("the job got no update accepted".to_owned(), |update| format!("it reported {}", update.reports()));
            let evidence = run.calls(Operation::Revoke).map(|call| call.event).chain(run.updates().map(|update| update.event));
            Judgement::fail(rule, "credentials_deleted accepted", actual, evidence)
        }
    })
}

/// Daily retries until the third party recovers: every failing day is reported, the credential is revoked once, the last task
/// ends deleted (DEL-004).
pub fn daily_retries(history: &History<'_>, failing: usize) -> Vec<Judgement> {
    const RULE: &str = "DEL-004";
    let runs: Vec<&Run<'_>> = history.deletions().collect();
    if runs.is_empty() {
        return vec![Judgement::not_exercised(RULE, "no delete job ran")];
    }
    let target = targets(history, runs[0]);
    if target.is_empty() {
        return vec![Judgement::not_exercised(RULE, "the creation before it left no credential")];
    }
    let mut judgements: Vec<Judgement> = runs.iter().take(failing).map(|run| failed_report(run, RULE)).collect();
    let expected = format!("{failing} failing days, then the credential revoked once and the last task deleted");
    let ends: Vec<u64> = runs.iter().map(|run| run.settled()).collect();
    let last_deleted = runs.last().is_some_and(|run| accepted(run, "credentials_deleted").is_some());
    let revoked = runs.iter().flat_map(|run| &run.revoked).filter(|revoked| target.contains(&revoked.what)).count();
    judgements.push(if runs.len() == failing + 1 && last_deleted && revoked == 1 {
        Judgement::pass(RULE, format!("{failing} failing days were reported, the next one revoked the credential"), ends)
    } else {
        let actual = format!(
            "{} delete jobs ran, the last {} as deleted, and the credential was revoked {revoked} times",
            runs.len(),
            if last_deleted { "ended" } else { "did not end" }
        );
        Judgement::fail(RULE, expected, actual, ends)
    });
    judgements
}

/// A third party that never recovers: eleven failures reported, nothing ever reported deleted (DEL-005). The orphan is named.
pub fn never_recovers(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "DEL-005";
    let runs: Vec<&Run<'_>> = history.deletions().collect();
    let Some(first) = runs.first() else { return vec![Judgement::not_exercised(RULE, "no delete job ran")] };
    let targets = targets(history, first);
    if targets.is_empty() {
        return vec![Judgement::not_exercised(RULE, "the creation before it left no credential")];
    }
    let expected = "the first attempt and each of the ten retries reported failed, and nothing ever reported deleted";
    if let Some(lie) = runs.iter().find_map(|run| accepted(run, "credentials_deleted")) {
        let actual = format!("the credential {} was reported deleted and lives", targets.join(", "));
        return vec![Judgement::fail(RULE, expected, actual, [lie.event])];
    }
    let mut judgements: Vec<Judgement> = runs.iter().map(|run| failed_report(run, RULE)).collect();
    let ends: Vec<u64> = runs.iter().map(|run| run.settled()).collect();
    judgements.push(if runs.len() == 11 {
        let actual =
            format!("eleven runs reported failed; the credential {} lives on as an orphan that Secrets Manager knows", targets.join(", "));
        Judgement::pass(RULE, actual, ends)
    } else {
        Judgement::inconclusive(RULE, format!("{} delete jobs ran where the engine asks for eleven", runs.len()))
    });
    judgements
}

/// When the update of a deletion is not accepted, the credential is not brought back (DEL-006).
pub fn no_resurrection(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "DEL-006";
    each(history, RULE, |run| {
        let Some(refused) = run.updates().rfind(|update| update.reports() == "credentials_deleted" && !update.acknowledged()) else {
            return Judgement::not_exercised(RULE, "no refused credentials_deleted");
        };
        match run.issued.first() {
            Some(issued) => {
                let actual =
                    format!("after the update was answered {}, the job made credential {}", refused.answer_in_words(), issued.what);
                Judgement::fail(RULE, "no new credential in a delete job", actual, [refused.event, issued.event])
            }
            None => Judgement::pass(
                RULE,
                format!("the update was answered {}, and nothing was made", refused.answer_in_words()),
                [refused.event],
            ),
        }
    })
}

/// Without SM_CREDENTIALS_ID nothing is deleted, the collection is not called, and the task gets one final report (DEL-007).
pub fn without_credentials_id(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "DEL-007";
    each(history, RULE, |run| {
        let deletes: Vec<_> =
            run.third_party().filter(|exchange| exchange.what.method == "DELETE" || exchange.what.operation == Operation::Revoke).collect();
        if let Some(call) = deletes.first() {
            let actual = format!("the job called {} {}", call.what.method, call.what.target);
            return Judgement::fail(RULE, "no deletion at the third party without SM_CREDENTIALS_ID", actual, [call.event]);
        }
        // A service behind a TCP proxy shows no call, but what it did.
        if let Some(gone) = run.revoked.first() {
            let actual = format!("the job revoked {}", gone.what);
            return Judgement::fail(RULE, "no deletion at the third party without SM_CREDENTIALS_ID", actual, [gone.event]);
        }
        let reports: Vec<_> = run.updates().filter(|update| update.exchange.applied).collect();
        match reports.as_slice() {
            [report] => Judgement::pass(RULE, format!("nothing was deleted, and the task ended {}", report.reports()), [report.event]),
            _ => {
                let evidence = run.updates().map(|update| update.event).chain(run.outcome.map(|outcome| outcome.event));
                Judgement::fail(RULE, "one final report of the task", format!("{} updates were accepted", reports.len()), evidence)
            }
        }
    })
}

/// No credential but the one that a delete job is for is touched (DEL-008).
pub fn nobody_elses(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "DEL-008";
    each(history, RULE, |run| {
        let targets = left_by_creation(history, run);
        let others: Vec<_> = run
            .revoked
            .iter()
            .filter(|revoked| !targets.contains(&revoked.what) && !run.issued.iter().any(|own| own.what == revoked.what))
            .collect();
        match others.first() {
            Some(other) => {
                let actual = format!("the job revoked {}, which is not its credential ({})", other.what, targets.join(", "));
                Judgement::fail(RULE, "no other credential touched", actual, others.iter().map(|at| at.event))
            }
            None => Judgement::pass(RULE, format!("{} revoked, all its own", run.revoked.len()), run.revoked.iter().map(|at| at.event)),
        }
    })
}

/// The same deletion run twice ends the same (DEL-009).
pub fn deleted_again(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "DEL-009";
    let runs: Vec<&Run<'_>> = history.deletions().collect();
    let [first, second, ..] = runs.as_slice() else { return vec![Judgement::not_exercised(RULE, "two delete jobs are needed")] };
    if accepted(first, "credentials_deleted").is_none() {
        return vec![Judgement::not_exercised(RULE, "the first deletion was not reported and accepted")];
    }
    let ended = second.status();
    let evidence = [first.settled(), second.settled()];
    vec![if ended == Some(TaskStatus::CredentialsDeleted) {
        Judgement::pass(RULE, "both runs ended deleted", evidence)
    } else {
        let actual = ended.map_or("the second run has no end".to_owned(), |status| format!("the second run ended {status}"));
        Judgement::fail(RULE, "the second run of the same deletion ends deleted as the first", actual, evidence)
    }]
}
