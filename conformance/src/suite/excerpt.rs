//! Events of the journal for a person to read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use hallmark_harness::journal::{Connection, ConnectionEnd, EventKind, Exchange, JobOutcome, JobRef, Service, in_order};
use hallmark_harness::stage::Recording;

use crate::oracle::answer_in_words;
use crate::results::Excerpt;
use crate::verdict::{Judgement, Verdict};

/// Characters of a body that are shown.
const SHOWN: usize = 600;

/// Lines of a job's output that are shown with its end.
const LAST_LINES: usize = 3;

/// Request headers that say something about a provider.
const HEADERS: [&str; 5] = ["authorization", "content-type", "accept", "retry-after", "location"];

/// Returns the events that judgements other than passes point to.
pub(super) fn excerpts(recording: &Recording, judgements: &[Judgement]) -> Vec<Excerpt> {
    let wanted: BTreeSet<u64> = judgements
        .iter()
        .filter(|judgement| judgement.verdict != Verdict::Pass)
        .flat_map(|judgement| judgement.evidence.iter().copied())
        .collect();
    let events = in_order(&recording.events).into_iter().filter(|event| wanted.contains(&event.id));
    events.filter_map(|event| in_words(&event.kind, recording).map(|text| Excerpt { event: event.id, text })).collect()
}

fn in_words(kind: &EventKind, recording: &Recording) -> Option<String> {
    Some(match kind {
        EventKind::Exchange(exchange) => exchange_in_words(exchange),
        EventKind::Connection(connection) => connection_in_words(connection),
        EventKind::JobLog { stream, line, .. } => format!("log ({stream:?}): {}", shortened(line)),
        EventKind::JobEnded { job, outcome } => format!("the job ended: {}{}", outcome_in_words(outcome), last_lines(job, recording)),
        EventKind::TaskChanged { status, cause, .. } => format!("the task became {status} ({cause:?})"),
        EventKind::CredentialIssued { third_party, credential, .. } => format!("{third_party} issued the credential {credential}"),
        EventKind::CredentialRevoked { third_party, credential, .. } => format!("{third_party} revoked the credential {credential}"),
        EventKind::AdminRefused { method, path, .. } => format!("the job called the admin API: {method} {path}"),
        EventKind::TlsAborted { host, reason, fault } => {
            let fault = fault.as_ref().map_or(String::new(), |fault| format!("\n   (fault: {fault})"));
            format!("the TLS handshake with {host} was given up: {reason}{fault}")
        }
        EventKind::HostRefused { host, port, .. } => format!("the proxy refused {host}:{port}"),
        EventKind::ConnectionSpoilt { service, host, fault, .. } => {
            let at = if host.is_empty() { String::new() } else { format!(" at {host}") };
            let service = match service {
                Service::SecretsManager => "Secrets Manager",
                Service::Iam => "IAM",
                Service::ThirdParty(name) => name,
                Service::Declared => "a declared host",
            };
            format!("a connection to {service}{at}, before any request\n   (fault: {fault})")
        }
        EventKind::NameAsked { name, record_type, declared, fault, .. } => {
            let answered = if *declared { "" } else { ", which nobody declared; it was answered with nothing" };
            let fault = fault.as_ref().map_or(String::new(), |fault| format!("\n   (fault: {fault})"));
            format!("the job looked up the name {name} ({record_type}){answered}{fault}")
        }
        EventKind::JobRequested { action, .. } => format!("the engine asked for a job: {}", action.as_deref().unwrap_or("no action")),
        _ => return None,
    })
}

/// Returns how a job ended, in words.
pub(crate) fn outcome_in_words(outcome: &JobOutcome) -> String {
    let how = match (&outcome.not_started, outcome.exit_code, outcome.signal) {
        (Some(reason), ..) => format!("could not be started: {reason}"),
        (None, Some(code), _) => format!("exit status {code}"),
        (None, None, Some(signal)) => format!("signal {signal}"),
        (None, None, None) => "no exit status".to_owned(),
    };
    let limit = if outcome.timed_out { ", ended by the launcher at its limit" } else { "" };
    let limit = if outcome.killed { ", killed at this point on purpose" } else { limit };
    let memory = if outcome.out_of_memory { ", killed because it took more memory than the job has" } else { "" };
    format!("{how}{limit}{memory}")
}

/// Returns what a job printed last: often the only word about why it did nothing else.
pub(crate) fn last_log_lines(job: &JobRef, recording: &Recording) -> Vec<String> {
    let printed = recording.events.iter().filter_map(|event| match &event.kind {
        EventKind::JobLog { job: of, line, .. } if of == job && !line.trim().is_empty() => Some(line),
        _ => None,
    });
    let mut last: Vec<String> = printed.rev().take(LAST_LINES).map(|line| shortened(line)).collect();
    last.reverse();
    last
}

fn last_lines(job: &JobRef, recording: &Recording) -> String {
    last_log_lines(job, recording).into_iter().fold(String::new(), |text, line| format!("{text}\n| {line}"))
}

fn exchange_in_words(exchange: &Exchange) -> String {
    let mut text = format!("{} {}  ({})", exchange.method, exchange.target, exchange.host);
    for (name, value) in exchange.headers.iter().filter(|(name, _)| HEADERS.contains(&name.as_str())) {
        write!(text, "\n{name}: {value}").ok();
    }
    if !exchange.body.is_empty() {
        write!(text, "\n{}", shortened(&exchange.body)).ok();
    }
    write!(text, "\n-> {}", answer_in_words(exchange)).ok();
    if let Some(response) = exchange.response.as_ref().filter(|response| !response.body.is_empty()) {
        write!(text, "  {}", shortened(&response.body)).ok();
    }
    if let Some(fault) = &exchange.fault {
        write!(text, "\n   (fault: {fault}{})", if exchange.applied { "; the request took effect" } else { "" }).ok();
    }
    text
}

fn connection_in_words(connection: &Connection) -> String {
    let end = match connection.end {
        ConnectionEnd::ByJob => "the job closed it",
        ConnectionEnd::ByService => "the service closed it",
        ConnectionEnd::ResetByJob => "the job reset it",
        ConnectionEnd::ResetByService => "the service reset it",
        ConnectionEnd::Closed => "closed on purpose",
        ConnectionEnd::Reset => "reset on purpose",
        ConnectionEnd::Stalled => "held without an answer on purpose",
        ConnectionEnd::Stopped => "the scenario ended first",
        ConnectionEnd::Unreachable => "the service could not be reached",
    };
    let Connection { third_party, to_service, to_job, .. } = connection;
    let fault = connection.fault.as_ref().map(|fault| format!("\n   (fault: {fault})")).unwrap_or_default();
    format!("a connection to {third_party}: {to_service} bytes to the service, {to_job} to the job; {end}{fault}")
}

fn shortened(text: &str) -> String {
    let text = text.trim_end();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{} ... ({} more characters)", &text[..end], text[end..].chars().count()),
        None => text.to_owned(),
    }
}
