//! What lives in the end and should not: every credential that no report and no deletion accounts for.

use hallmark_harness::journal::{Delivery, Exchange, Operation};

use super::Findings;
use super::lineage::{Lineage, arrived, tells_of_success, went_well};
use crate::oracle::{At, History, Run, answer_in_words};
use crate::verdict::Judgement;

/// Attempts after which a provider may give up on what fails for a cause that may pass.
const ENOUGH: usize = 2;

/// Finds what a creation left alive beside what it reported.
///
/// `undecided` tells that its reported credential was revoked while nobody could know of its report: a task that says it is done then says so of that one,
/// and whoever asks on behalf of another is misled.
pub(super) fn left_behind(history: &History<'_>, lineage: &Lineage<'_, '_>, undecided: bool, findings: &mut Findings) {
    for orphan in lineage.issued().filter(|issued| history.alive(issued.what) && lineage.reported != Some(issued.what)) {
        // Which one was reported cannot be told from values or ids: then one is, and only a second is an orphan.
        if lineage.report.is_some()
            && lineage.reported.is_none()
            && lineage.issued().filter(|issued| history.alive(issued.what)).count() == 1
        {
            continue;
        }
        if undecided && lineage.runs.iter().any(|run| is_told_done(run, orphan.began_at)) {
            findings
                .undecidable
                .push(format!("{}: it was made after another one was undecidable, and its task says of that that it is done", orphan.what));
            continue;
        }
        if let Some(excuse) = excuse(lineage, orphan.what) {
            findings.excused.push(format!("{}: {excuse}", orphan.what));
            continue;
        }
        findings.broken.push(verdict(lineage, orphan));
    }
}

/// Tells whether a run asked for its task after a moment, and was told that it is done.
fn is_told_done(run: &Run<'_>, after: u64) -> bool {
    run.calls(Operation::GetTask).any(|call| call.began_at > after && tells_of_success(call.what))
}

/// Finds credentials that were made by jobs that are not to make any.
pub(super) fn made_elsewhere<'history>(history: &'history History<'_>) -> impl Iterator<Item = Judgement> + 'history {
    history.runs.iter().filter(|run| !run.creates()).flat_map(|run| {
        run.issued.iter().map(|issued| {
            let (rule, what) = if run.deletes() { ("DEL-006", "a delete job") } else { ("ACT-001", "a job without a known action") };
            let actual = format!("{what} made {}", issued.what);
            Judgement::fail(
                rule,
                "only creations make credentials",
                actual,
                [issued.event].into_iter().chain(run.updates().map(|update| update.event)),
            )
        })
    })
}

fn verdict(lineage: &Lineage<'_, '_>, orphan: At<'_, str>) -> Judgement {
    let runs = &lineage.runs;
    let refused = |run: &&Run<'_>| run.updates().any(|update| update.reports() == "credentials_created" && !update.exchange.applied);
    let (rule, why) = if runs.iter().any(|run| run.was_killed()) {
        ("CRA-001", "a run of its task was killed, and the one after it left it")
    } else if runs.len() > 1 && lineage.report.is_some() {
        ("ROT-003", "its task was run again")
    } else if !runs.iter().any(|run| knew(run, orphan.what)) {
        ("RTY-008", "the answer to its creation was lost, and nobody looked for it")
    } else if runs.iter().any(|run| revocations(run, orphan.what).last().is_some_and(|call| denied(call.what).is_some())) {
        ("CRE-012", "its undo failed once and was not tried again")
    } else if runs.iter().any(refused) {
        ("CRE-007", "its report was not accepted, and it was not undone")
    } else {
        ("CRE-005", "it was never reported")
    };
    let living = orphan.what;
    let reported = lineage.reported.map_or("nothing".to_owned(), str::to_owned);
    let actual = format!("{living} is alive in the end and Secrets Manager does not know of it ({reported} was reported): {why}");
    let calls = runs.iter().flat_map(|run| run.third_party().map(|call| call.event).chain(run.updates().map(|update| update.event)));
    let ends = runs.iter().filter_map(|run| run.outcome.map(|outcome| outcome.event));
    Judgement::fail(rule, "created less revoked equals reported live", actual, [orphan.event].into_iter().chain(calls).chain(ends))
}

/// Says why a fault made an orphan's end impossible; none where it did not.
fn excuse(lineage: &Lineage<'_, '_>, orphan: &str) -> Option<String> {
    let last = lineage.runs.last()?;
    if last.was_killed() {
        return Some("its job was killed and not run again".to_owned());
    }
    // Who waits for silence to end never comes to an undo, which has a rule of its own.
    let waited = last.exchanges.iter().any(|call| call.what.delivery == Delivery::Stalled);
    if last.outcome.is_none_or(|outcome| outcome.what.timed_out && waited) {
        return Some("its job was ended at its limit while a service was silent".to_owned());
    }
    // Each run that knew of it had to try.
    let mut refused = None;
    for run in lineage.runs.iter().filter(|run| knew(run, orphan)) {
        refused = Some(given_up(&revocations(run, orphan))?);
    }
    if let Some(refused) = refused {
        return Some(format!("its revocation was answered {refused}"));
    }
    // It has to be looked for first.
    let looks: Vec<At<'_, Exchange>> =
        last.third_party().filter(|call| matches!(call.what.operation, Operation::List | Operation::Get)).collect();
    let created_after = |look: &At<'_, Exchange>| last.calls(Operation::Create).any(|call| call.began_at > look.began_at);
    if let Some(refused) = given_up(&looks).filter(|_| !looks.last().is_some_and(created_after)) {
        return Some(format!("the search for it was answered {refused}"));
    }
    if let Some(refused) = given_up(&revocations(last, orphan)) {
        return Some(format!("its revocation was answered {refused}"));
    }
    // A run that never got as far as the third party, and did not claim to be done.
    if last.outcome.is_some_and(|outcome| outcome.what.exit_code == Some(0)) {
        return None;
    }
    let prepares = |operation| matches!(operation, Operation::Token | Operation::GetSecret | Operation::GetTask);
    let before: Vec<At<'_, Exchange>> = last.exchanges.iter().copied().filter(|call| prepares(call.what.operation)).collect();
    let stuck = last.third_party().next().is_none().then(|| given_up_last(&before)).flatten();
    stuck.map(|refused| format!("its job came no further than a call that was answered {refused}"))
}

fn revocations<'recording>(run: &Run<'recording>, orphan: &str) -> Vec<At<'recording, Exchange>> {
    run.calls(Operation::Revoke).filter(|call| names(call.what, orphan)).collect()
}

/// As [`given_up`], of the operation that was called last.
fn given_up_last(calls: &[At<'_, Exchange>]) -> Option<String> {
    let last = calls.last()?.what.operation;
    let of_last: Vec<At<'_, Exchange>> = calls.iter().copied().filter(|call| call.what.operation == last).collect();
    given_up(&of_last)
}

fn names(exchange: &Exchange, credential: &str) -> bool {
    exchange.facts.credential.as_deref() == Some(credential) || exchange.target.contains(credential)
}

/// Returns the last answer where all of the calls at the end were denied by faults, and often enough: a refusal that is final once, anything else
/// [`ENOUGH`] times.
pub(super) fn given_up(calls: &[At<'_, Exchange>]) -> Option<String> {
    let last = calls.last()?;
    let refused = denied(last.what)?;
    let at_the_end = calls.iter().rev().take_while(|call| denied(call.what).is_some()).count();
    (at_the_end >= ENOUGH || is_final(last.what)).then_some(refused)
}

/// Returns how a fault denied a call, in words; none where it was answered as the service answers.
fn denied(exchange: &Exchange) -> Option<String> {
    exchange.fault.as_ref()?;
    (!went_well(exchange)).then(|| answer_in_words(exchange))
}

fn is_final(exchange: &Exchange) -> bool {
    arrived(exchange)
        && exchange.response.as_ref().is_some_and(|answer| (300..500).contains(&answer.status) && !matches!(answer.status, 408 | 429))
}

/// Tells whether a run was told of a credential, when it made it or when it looked, and lived on to use that.
fn knew(run: &Run<'_>, credential: &str) -> bool {
    let shows = |exchange: &Exchange| exchange.response.as_ref().is_some_and(|answer| answer.body.contains(credential));
    let told = |exchange: &Exchange| match exchange.operation {
        Operation::Create => exchange.facts.credential.as_deref() == Some(credential),
        Operation::List | Operation::Get => shows(exchange),
        _ => false,
    };
    !run.was_killed() && run.third_party().any(|call| told(call.what) && went_well(call.what))
}
