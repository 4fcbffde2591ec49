//! Retries of calls other than the update: the token, the third party, and what a silent server is given.

use hallmark_harness::journal::{Delivery, Exchange, Operation, Service};

use super::history::answer_in_words;
use super::outcome::{End, end};
use super::{At, History, Run, connections, or_not_exercised};
use crate::verdict::Judgement;

/// Requests for a token with a key that IAM does not know, up to which a job only waits for the key to become known.
const GRACE: usize = 5;

/// Judges each run with a call that met a fault, or says that there was none.
fn each_spoilt(
    history: &History<'_>,
    rule: &str,
    of: fn(&Exchange) -> bool,
    judge: impl Fn(&Run<'_>, &[At<'_, Exchange>]) -> Judgement,
) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for run in &history.runs {
        let calls: Vec<At<'_, Exchange>> = run.exchanges.iter().copied().filter(|call| of(call.what)).collect();
        if calls.iter().any(|call| call.what.fault.is_some()) {
            judgements.push(judge(run, &calls));
        }
    }
    or_not_exercised(judgements, rule, "no call met the fault")
}

fn of_iam(exchange: &Exchange) -> bool {
    exchange.operation == Operation::Token
}

fn of_third_party(exchange: &Exchange) -> bool {
    matches!(exchange.service, Service::ThirdParty(_))
}

/// A transient failure is retried, and the job then succeeds.
fn overcome(rule: &str, run: &Run<'_>, calls: &[At<'_, Exchange>], what: &str) -> Judgement {
    let spoilt = calls.iter().position(|call| call.what.fault.is_some()).unwrap_or_default();
    let again = calls[spoilt + 1..].iter().filter(|call| call.what.operation == calls[spoilt].what.operation).count();
    let answered = answer_in_words(calls[spoilt].what);
    let evidence = calls.iter().map(|call| call.event).chain(run.outcome.map(|outcome| outcome.event));
    match (again, run.succeeded().is_some()) {
        (0, _) => {
            let actual = format!("{}: {what} was answered {answered} and not tried again", run.describe());
            Judgement::fail(rule, format!("{what} tried again"), actual, evidence)
        }
        (_, false) => {
            let actual =
                format!("{}: {what} was answered {answered} and tried again {again} times, and the job did not succeed", run.describe());
            Judgement::fail(rule, format!("{what} tried again until it succeeds"), actual, evidence)
        }
        (_, true) => Judgement::pass(rule, format!("{}: answered {answered}, tried again, done", run.describe()), evidence),
    }
}

/// A transient failure of the token request is retried (RTY-005).
pub fn token_retried(history: &History<'_>) -> Vec<Judgement> {
    each_spoilt(history, "RTY-005", of_iam, |run, calls| overcome("RTY-005", run, calls, "the token request"))
}

/// A transient failure of the third party is retried (RTY-007).
pub fn third_party_retried(history: &History<'_>) -> Vec<Judgement> {
    let connections = connections::made_again(history, "RTY-007", |run| run.succeeded().is_some());
    if !connections.is_empty() {
        return connections;
    }
    each_spoilt(history, "RTY-007", of_third_party, |run, calls| overcome("RTY-007", run, calls, "the call"))
}

/// A key that IAM does not know is not tried over and over (RTY-006).
pub fn unknown_key(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-006";
    let refused = |run: &Run<'_>| {
        let refused = |call: &At<'_, Exchange>| call.what.response.as_ref().is_some_and(|response| response.status == 400);
        run.calls(Operation::Token).filter(refused).map(|call| call.event).collect::<Vec<_>>()
    };
    let judgements: Vec<Judgement> = history
        .runs
        .iter()
        .map(|run| (run, refused(run)))
        .filter(|(_, calls)| !calls.is_empty())
        .map(|(run, calls)| {
            let actual = format!("{}: {} requests with a key that IAM does not know", run.describe(), calls.len());
            if calls.len() <= GRACE {
                Judgement::pass(RULE, actual, calls)
            } else {
                Judgement::fail(RULE, format!("at most {GRACE} requests, for a key that was made a moment ago"), actual, calls)
            }
        })
        .collect();
    or_not_exercised(judgements, RULE, "no job asked for a token with the unknown key")
}

/// A creation whose answer was lost leaves no second credential behind (RTY-008).
pub fn lost_answer(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-008";
    let mut judgements = Vec::new();
    for run in history.creations().filter(|run| run.third_party().any(|call| was_lost(call.what))) {
        let alive: Vec<_> = run.issued.iter().filter(|issued| history.alive(issued.what)).collect();
        let reported = run.applied().is_some_and(|update| update.reports() == "credentials_created");
        let actual = format!(
            "{}: the answer to a creation was lost, {} credentials were issued, {} live, {} reported",
            run.describe(),
            run.issued.len(),
            alive.len(),
            usize::from(reported)
        );
        let evidence = run.third_party().map(|call| call.event).chain(alive.iter().map(|at| at.event));
        judgements.push(if alive.len() <= usize::from(reported) {
            Judgement::pass(RULE, actual, evidence)
        } else {
            Judgement::fail(RULE, "no credential alive but the reported one", actual, evidence)
        });
    }
    or_not_exercised(judgements, RULE, "no creation lost its answer")
}

/// Tells whether a creation took effect and its sender was told otherwise, or nothing.
pub(super) fn was_lost(exchange: &Exchange) -> bool {
    exchange.operation == Operation::Create && exchange.applied && exchange.fault.is_some() && !was_answered_well(exchange)
}

fn was_answered_well(exchange: &Exchange) -> bool {
    let status = exchange.response.as_ref().map(|response| response.status);
    exchange.delivery == Delivery::Complete && status.is_some_and(|status| (200..300).contains(&status))
}

/// What the third party refuses for good is not tried again (RTY-009).
pub fn refusal_accepted(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-009";
    each_spoilt(history, RULE, of_third_party, |run, calls| {
        let first = calls.iter().position(|call| call.what.fault.is_some()).unwrap_or_default();
        let refused = calls[first].what;
        let again: Vec<_> =
            calls[first + 1..].iter().filter(|call| call.what.method == refused.method && call.what.target == refused.target).collect();
        let answered = answer_in_words(refused);
        let evidence = calls[first..].iter().map(|call| call.event);
        if again.is_empty() {
            Judgement::pass(RULE, format!("{}: answered {answered}, and not asked again", run.describe()), evidence)
        } else {
            let actual = format!(
                "{}: {} {} was answered {answered} and sent {} times more",
                run.describe(),
                refused.method,
                refused.target,
                again.len()
            );
            Judgement::fail(RULE, "a refusal that no repetition changes taken as final", actual, evidence)
        }
    })
}

/// A server that never answers is given up on, and the job ends by itself within the task timeout (RTY-011).
pub fn silence_bounded(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-011";
    let connections = connections::silent(history);
    if !connections.is_empty() {
        return connections.into_iter().map(|(run, held)| given_up(history, RULE, run, &held)).collect();
    }
    each_spoilt(
        history,
        RULE,
        |exchange| exchange.delivery == Delivery::Stalled,
        |run, calls| given_up(history, RULE, run, &calls.iter().map(|call| call.event).collect::<Vec<_>>()),
    )
}

/// Holds a run that met silence against the task timeout; `silent` are the events of what was never answered.
fn given_up(history: &History<'_>, rule: &str, run: &Run<'_>, silent: &[u64]) -> Judgement {
    let timeout = history.recording.header.task_timeout_milliseconds;
    let expected = format!("the silent call given up, and the job's end within the task timeout of {timeout} ms");
    let Some(outcome) = run.outcome else { return Judgement::not_exercised(rule, "the job has no end") };
    let evidence = silent.iter().copied().chain([outcome.event]);
    match end(history, outcome.what) {
        End::ByLauncher => {
            let actual = format!("{}: it still waited for an answer and was ended by the launcher", run.describe());
            Judgement::fail(rule, expected, actual, evidence)
        }
        End::TooClose(milliseconds) => {
            Judgement::inconclusive(rule, format!("{}: it ended after {milliseconds} ms, too close to the timeout to tell", run.describe()))
        }
        End::Late(milliseconds) => {
            Judgement::fail(rule, expected, format!("{}: it ended only after {milliseconds} ms", run.describe()), evidence)
        }
        End::InTime => Judgement::pass(rule, format!("{}: {} silent calls, each given up", run.describe(), silent.len()), evidence),
    }
}
