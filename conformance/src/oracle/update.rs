//! Task updates: shape, finality, sameness.

use hallmark_harness::contract::SecretId;
use hallmark_harness::journal::{Exchange, Operation, Service};
use hallmark_harness::redaction::marks;

use super::{At, History, Run, Update, crash, or_not_exercised};
use crate::verdict::Judgement;

/// UPD-001 to UPD-004 over every run.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for run in &history.runs {
        let updates: Vec<Update<'_>> = run.updates().collect();
        judgements.extend(updates.iter().map(|update| valid(history, run, *update)));
        judgements.extend(run.exchanges.iter().filter(|exchange| misses_its_method(exchange.what)).map(|exchange| mistaken(*exchange)));
        judgements.extend(after(&updates, 400, "UPD-002"));
        judgements.extend(after(&updates, 404, "UPD-003"));
        judgements.extend(one_status(&updates));
    }
    judgements
}

/// The update is a valid PUT to the job's own secret and task (UPD-001).
fn valid(history: &History<'_>, run: &Run<'_>, update: Update<'_>) -> Judgement {
    const RULE: &str = "UPD-001";
    let expected = "a valid PUT to the job's own secret and task";
    let facts = &update.exchange.facts;
    let mut problems = update.facts.violations.clone();
    if facts.task.as_deref() != Some(run.job.task.as_str()) {
        problems.push(format!("it names task {}, the job's is {}", facts.task.as_deref().unwrap_or("?"), run.job.task));
    }
    let own: Option<&SecretId> = history.task(&run.job.task).map(|task| &task.secret);
    if own.is_some() && facts.secret.as_ref() != own {
        problems.push(format!("it names secret {}, the job's is {}", text(facts.secret.as_ref()), text(own)));
    }
    if problems.is_empty() {
        Judgement::pass(RULE, format!("a valid update to {}", update.reports()), [update.event])
    } else {
        Judgement::fail(RULE, expected, problems.join(" "), [update.event])
    }
}

/// Tells whether a request is meant as an update of a task and has another method than PUT.
pub(super) fn misses_its_method(exchange: &Exchange) -> bool {
    let names_a_task = exchange.service == Service::SecretsManager && exchange.facts.task.is_some();
    names_a_task && exchange.operation == Operation::Other && matches!(exchange.method.as_str(), "POST" | "PATCH")
}

fn mistaken(exchange: At<'_, Exchange>) -> Judgement {
    let actual = format!("it sent {} {}, and an update is a PUT", exchange.what.method, exchange.what.target);
    Judgement::fail("UPD-001", "a valid PUT to the job's own secret and task", actual, [exchange.event])
}

fn text(secret: Option<&SecretId>) -> &str {
    secret.map_or("?", SecretId::as_str)
}

/// After an answer with `status` no further update of that task by the same run (UPD-002, UPD-003).
fn after(updates: &[Update<'_>], status: u16, rule: &str) -> Option<Judgement> {
    let index = updates.iter().position(|update| update.answered() == Some(status))?;
    let later = &updates[index + 1..];
    Some(if later.is_empty() {
        Judgement::pass(rule, format!("no update after the {status}"), [updates[index].event])
    } else {
        let words: Vec<&str> = later.iter().map(Update::reports).collect();
        let actual = format!("{} more after the {status}: {}", later.len(), words.join(", "));
        Judgement::fail(
            rule,
            format!("no further update of the task after {status}"),
            actual,
            updates[index..].iter().map(|update| update.event),
        )
    })
}

/// Says whether an update was answered with `status` at all, so that its finality was tested (UPD-002, UPD-003).
pub fn final_answer(history: &History<'_>, rule: &str, status: u16) -> Vec<Judgement> {
    let met = history.runs.iter().any(|run| run.updates().any(|update| update.answered() == Some(status)));
    if met {
        return Vec::new();
    }
    // A job that does not try again never comes to an answer that follows others; whether it should is RTY-001's.
    let refused = history.runs.iter().flat_map(Run::updates).find(|update| update.exchange.fault.is_some());
    vec![match refused {
        Some(refused) => {
            let why = format!("the update was answered {} and not sent often enough to be answered {status}", refused.answer_in_words());
            Judgement::not_applicable(rule, why, [refused.event])
        }
        None => Judgement::not_exercised(rule, format!("no update was answered {status}")),
    }]
}

/// Once a report was answered 2xx no other status is sent (UPD-004).
fn one_status(updates: &[Update<'_>]) -> Option<Judgement> {
    const RULE: &str = "UPD-004";
    let index = updates.iter().position(Update::acknowledged)?;
    let said = updates[index].reports();
    Some(match updates[index + 1..].iter().find(|update| update.reports() != said) {
        Some(other) => {
            let actual = format!("{said} was accepted, then the job reported {}", other.reports());
            Judgement::fail(RULE, "no other status once a report was accepted", actual, [updates[index].event, other.event])
        }
        None => Judgement::pass(RULE, format!("{said} was accepted and stayed the last word"), [updates[index].event]),
    })
}

/// A retried update repeats the same body (UPD-007).
pub fn same_body(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "UPD-007";
    let mut judgements = Vec::new();
    for run in &history.runs {
        let updates: Vec<Update<'_>> = run.updates().collect();
        let retried: Vec<&[Update<'_>]> = updates.windows(2).filter(|pair| pair[0].reports() == pair[1].reports()).collect();
        judgements.extend(retried.iter().map(|pair| {
            let evidence = [pair[0].event, pair[1].event];
            if pair[0].facts.body_digest == pair[1].facts.body_digest {
                Judgement::pass(RULE, "the retry repeated the body byte for byte", evidence)
            } else {
                Judgement::fail(RULE, "the same body in each retry", "the retry's body differs from the first", evidence)
            }
        }));
    }
    or_not_exercised(judgements, RULE, "no update was retried")
}

/// A 200 is success whatever its body holds (UPD-006).
pub fn accepted_is_accepted(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "UPD-006";
    let expected = "a 200 taken for success: the credential kept and nothing else reported";
    let mut judgements = Vec::new();
    for run in &history.runs {
        let updates: Vec<Update<'_>> = run.updates().collect();
        let accepted =
            updates.iter().position(|update| update.exchange.fault.is_some() && update.exchange.applied && update.acknowledged());
        let Some(place) = accepted else { continue };
        let destroyed: Vec<_> = run.revoked.iter().filter(|gone| run.issued.iter().any(|own| own.what == gone.what)).collect();
        let later = &updates[place + 1..];
        let crashed = run.outcome.filter(|outcome| outcome.what.signal.is_some() || crash::announced(&run.logs).is_some());
        let evidence = [updates[place].event].into_iter();
        judgements.push(if let Some(gone) = destroyed.first() {
            let actual = format!("{}: the accepted credential {} was revoked", run.describe(), gone.what);
            Judgement::fail(RULE, expected, actual, evidence.chain([gone.event]))
        } else if let Some(other) = later.iter().find(|update| update.reports() != updates[place].reports()) {
            let actual = format!("{}: {} was reported after the 200", run.describe(), other.reports());
            Judgement::fail(RULE, expected, actual, evidence.chain([other.event]))
        } else if let Some(outcome) = crashed {
            Judgement::fail(RULE, expected, format!("{}: the job crashed after the 200", run.describe()), evidence.chain([outcome.event]))
        } else {
            Judgement::pass(RULE, format!("{}: the 200 was taken for success", run.describe()), evidence)
        });
    }
    or_not_exercised(judgements, RULE, "no update was accepted with such a body")
}

/// A 401 on the update gets a fresh token once (UPD-009).
pub fn fresh_token(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "UPD-009";
    let mut judgements = Vec::new();
    for run in &history.runs {
        let refused: Vec<Update<'_>> = run.updates().filter(|update| update.answered() == Some(401)).collect();
        let Some(first) = refused.first() else { continue };
        // Another report, such as a failure's after the undo, is another matter.
        let same = run.updates().filter(|update| update.reports() == first.reports());
        let until = same.map(|update| update.exchange.body_at).filter(|at| *at > first.exchange.body_at).max().unwrap_or(u64::MAX);
        let since = |call: &At<'_, Exchange>| call.what.body_at > first.exchange.body_at && call.what.body_at < until;
        let fetched: Vec<_> = run.calls(Operation::Token).filter(since).map(|call| call.event).collect();
        let evidence = || [first.event].into_iter().chain(fetched.iter().copied());
        let accepted = run.updates().find(Update::acknowledged);
        let lasting = refused.len() > 1 && accepted.is_none();
        judgements.push(match (fetched.len(), accepted) {
            (0, _) => {
                let actual = format!("{}: the update was answered 401, and no other token was asked for", run.describe());
                Judgement::fail(RULE, "a fresh token after 401, and the update sent with it", actual, evidence())
            }
            (1, Some(accepted)) if bearer(accepted.exchange) == bearer(first.exchange) => {
                let actual = format!("{}: a fresh token was fetched, and the update sent again with the refused one", run.describe());
                Judgement::fail(RULE, "the update sent again with the fresh token", actual, evidence().chain([accepted.event]))
            }
            (1, Some(accepted)) => {
                let actual = format!("{}: a fresh token, with which the update was accepted", run.describe());
                Judgement::pass(RULE, actual, evidence().chain([accepted.event]))
            }
            (1, None) if lasting => Judgement::pass(RULE, format!("{}: one fresh token, which helped nothing", run.describe()), evidence()),
            (1, None) => {
                let actual = format!("{}: a fresh token was fetched, and the update not sent again", run.describe());
                Judgement::fail(RULE, "the update sent again with the fresh token", actual, evidence())
            }
            (many, _) => {
                let actual = format!("{}: {many} tokens were fetched after the first 401", run.describe());
                Judgement::fail(RULE, "a fresh token once", actual, evidence())
            }
        });
    }
    or_not_exercised(judgements, RULE, "no update was answered 401")
}

/// Returns which token a request bears, by the mark that stands in its place.
fn bearer(exchange: &Exchange) -> Option<String> {
    let (_, value) = exchange.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    Some(marks(value).into_iter().next()?.name)
}
