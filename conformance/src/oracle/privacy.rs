//! Privacy: what stands in metadata. Recorded texts hold marks where secrets stood, so no oracle ever sees one.

use hallmark_harness::redaction::{Mark, SecretKind, marks};

use super::{History, Update};
use crate::verdict::Judgement;

/// PRV-001, PRV-002 and PRV-004 over every update.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    history.runs.iter().flat_map(super::Run::updates).flat_map(|update| judge(&update)).collect()
}

fn judge(update: &Update<'_>) -> Vec<Judgement> {
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
    judgements.extend(
        id.map(|id| ("credentials.id", id)).into_iter().chain(errors).map(|(place, text)| clean(update, "PRV-002", place, text, secret)),
    );
    judgements
}

/// Personal and confidential canaries.
fn personal(kind: SecretKind) -> bool {
    matches!(kind, SecretKind::Personal | SecretKind::Confidential)
}

/// Everything that opens a door.
fn secret(kind: SecretKind) -> bool {
    !personal(kind)
}

fn clean(update: &Update<'_>, rule: &str, place: &str, text: &str, forbidden: fn(SecretKind) -> bool) -> Judgement {
    match marks(text).into_iter().find(|mark| forbidden(mark.kind)) {
        Some(mark) => {
            let expected = if rule == "PRV-001" { "no personal or confidential value" } else { "no secret value" };
            Judgement::fail(rule, format!("{expected} in {place}"), format!("{place} holds {}", in_words(&mark)), [update.event])
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
    format!("{part}{what} {}{form}", mark.name)
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
