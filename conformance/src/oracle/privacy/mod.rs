//! Privacy: what stands in metadata. Recorded texts hold marks where secrets stood, so no oracle ever sees one.

use hallmark_harness::job::is_cut;
use hallmark_harness::redaction::{Mark, SecretKind, marks};

use super::{History, Run, Update};
use crate::verdict::Judgement;

/// PRV-001 to PRV-006 and PRV-009 over every job.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    history
        .runs
        .iter()
        .flat_map(|run| {
            let updates = run.updates().flat_map(|update| judge(run, &update));
            updates.chain(logs(run)).chain(urls(run)).collect::<Vec<_>>()
        })
        .collect()
}

fn judge(run: &Run<'_>, update: &Update<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    let id = update.facts.credentials_id.as_deref();
    if let Some(id) = id {
        judgements.push(clean(update, "PRV-001", "credentials.id", id, personal));
        judgements.push(underived(update));
    }
    let errors = update
        .facts
        .errors
        .iter()
        .flat_map(|error| [("an error code", error.code.as_str()), ("an error description", error.description.as_str())]);
    let repeated = repeated(run, update);
    for (place, text) in id.map(|id| ("credentials.id", id)).into_iter().chain(errors) {
        // What the third party's own words brought along is PRV-009's.
        let (brought, own): (Vec<Mark>, Vec<Mark>) =
            marks(text).into_iter().filter(|mark| mark.kind.is_secret()).partition(|mark| repeated.contains(&mark.name));
        if let Some(mark) = brought.first() {
            let actual = format!("{place} holds {}, which the third party's answer had repeated", in_words(mark));
            judgements.push(Judgement::fail("PRV-009", "no secret value that an answer repeats", actual, [update.event]));
        }
        judgements.push(found(update, "PRV-002", place, own.first()));
    }
    if !repeated.is_empty() && judgements.iter().all(|judgement| judgement.rule.as_str() != "PRV-009") {
        judgements.push(Judgement::pass("PRV-009", "nothing of what the third party's answer repeated", [update.event]));
    }
    for error in &update.facts.errors {
        judgements.push(clean(update, "PRV-005", "an error description", &error.description, personal));
    }
    judgements
}

/// Returns the names of the secrets that answers of the third party repeated before an update.
fn repeated(run: &Run<'_>, update: &Update<'_>) -> Vec<String> {
    let before = run.third_party().filter(|call| call.what.body_at < update.exchange.body_at && call.what.fault.is_some());
    // An answer that was lost on its way is no refusal, and holds what was asked for.
    let refusals = before.filter_map(|call| call.what.response.as_ref()).filter(|response| response.status >= 400);
    refusals.flat_map(|response| marks(&response.body)).filter(|mark| mark.kind.is_secret()).map(|mark| mark.name).collect()
}

/// Tells whether a job printed more than is kept of a line, or of all lines.
fn lost(run: &Run<'_>) -> bool {
    run.outcome.is_some_and(|outcome| outcome.what.dropped_lines > 0) || run.logs.iter().any(|line| is_cut(line.what))
}

/// No secret value in the logs (PRV-003).
fn logs(run: &Run<'_>) -> Vec<Judgement> {
    const RULE: &str = "PRV-003";
    let spoken = run.logs.iter().find_map(|line| Some((line.event, marks(line.what).into_iter().find(|mark| mark.kind.is_secret())?)));
    match spoken {
        Some((event, mark)) => {
            let actual = format!("{}: the log holds {}", run.describe(), in_words(&mark));
            vec![Judgement::fail(RULE, "no secret value in the log", actual, [event])]
        }
        None if run.logs.is_empty() => Vec::new(),
        // Nobody knows what stood in what was not kept.
        None if lost(run) => {
            let why = format!("{}: it printed more than is kept, and in what is kept stands no secret value", run.describe());
            vec![Judgement::inconclusive(RULE, why)]
        }
        None => {
            vec![Judgement::pass(RULE, format!("{} lines without a secret value", run.logs.len()), run.logs.last().map(|line| line.event))]
        }
    }
}

/// No secret or personal value in a URL (PRV-006).
fn urls(run: &Run<'_>) -> Vec<Judgement> {
    const RULE: &str = "PRV-006";
    let shown = run.exchanges.iter().find_map(|call| Some((call, marks(&call.what.target).into_iter().next()?)));
    match shown {
        Some((call, mark)) => {
            let actual =
                format!("{}: the address of a {} at {} holds {}", run.describe(), call.what.method, call.what.host, in_words(&mark));
            vec![Judgement::fail(RULE, "no secret or personal value in an address", actual, [call.event])]
        }
        None if run.exchanges.is_empty() => Vec::new(),
        None => {
            vec![Judgement::pass(RULE, format!("{} addresses hold none", run.exchanges.len()), run.exchanges.last().map(|at| at.event))]
        }
    }
}

/// Personal and confidential canaries.
fn personal(kind: SecretKind) -> bool {
    !kind.is_secret()
}

fn clean(update: &Update<'_>, rule: &str, place: &str, text: &str, forbidden: fn(SecretKind) -> bool) -> Judgement {
    found(update, rule, place, marks(text).iter().find(|mark| forbidden(mark.kind)))
}

fn found(update: &Update<'_>, rule: &str, place: &str, mark: Option<&Mark>) -> Judgement {
    match mark {
        Some(mark) => {
            let expected = if rule == "PRV-002" { "no secret value" } else { "no personal or confidential value" };
            Judgement::fail(rule, format!("{expected} in {place}"), format!("{place} holds {}", in_words(mark)), [update.event])
        }
        None => Judgement::pass(rule, format!("nothing in {place}"), [update.event]),
    }
}

/// Returns a mark in words.
pub(super) fn in_words(mark: &Mark) -> String {
    let part = if mark.partial { "a part of " } else { "" };
    let form = if mark.encoding == "plain" { String::new() } else { format!(", in {} form", mark.encoding) };
    let what = match mark.kind {
        SecretKind::AccessKey => "the access key",
        SecretKind::Token => "an IAM token",
        SecretKind::LoginSecret => "the login secret",
        SecretKind::CredentialSecret => "the secret of the credential",
        SecretKind::Output => "the value of the output",
        SecretKind::Personal => "the personal value",
        SecretKind::Confidential => "the confidential value",
        SecretKind::AdminToken => "the admin token",
    };
    let split = if mark.split { ", on several lines" } else { "" };
    format!("{part}{what} {}{form}{split}", mark.name)
}

/// `credentials.id` is not derived from a secret (PRV-004).
fn underived(update: &Update<'_>) -> Judgement {
    const RULE: &str = "PRV-004";
    match update.facts.credentials_id_derivations.first() {
        Some(derivation) => {
            let actual = format!("credentials.id is or holds {} ({})", derivation.relation, derivation.secret);
            Judgement::fail(RULE, "a credentials.id that says nothing about a secret", actual, [update.event])
        }
        None => Judgement::pass(RULE, "no relation to a secret", [update.event]),
    }
}

#[cfg(test)]
mod tests;
