//! Least privilege: what a provider asks for, and to whom it shows its keys.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hallmark_harness::journal::{EventKind, Exchange, Operation, Refusal, Service};
use hallmark_harness::redaction::{SecretKind, marks};

use super::creation::created_once;
use super::deletion::reported_deleted;
use super::history::carried;
use super::network::ELSEWHERE;
use super::update::misses_its_method;
use super::{At, History, Run, or_not_exercised};
use crate::verdict::Judgement;

/// LPR-002 to LPR-005 over every run.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    let mut judgements = admin_calls(history);
    judgements.extend(strangers(history));
    for run in &history.runs {
        judgements.extend(run.exchanges.iter().filter_map(|exchange| within_roles(run, *exchange)));
        judgements.extend(run.calls(Operation::GetSecret).map(|read| named_only(history, read)));
        if run.calls(Operation::GetSecret).next().is_none() {
            judgements.extend(
                run.outcome.map(|outcome| Judgement::pass("LPR-003", format!("{}: it read no secret", run.describe()), [outcome.event])),
            );
        }
        judgements.extend(run.exchanges.iter().filter_map(|exchange| keys_at_home(*exchange)));
    }
    judgements
}

/// No host is contacted by name that nobody declared (LPR-005).
fn strangers(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "LPR-005";
    let mut contacted = history.recording.events.iter().filter_map(|event| match &event.kind {
        // An address is no name; in a container nobody would see it.
        EventKind::HostRefused { job: Some(_), host, port } if host.parse::<IpAddr>().is_err() => {
            Some((event.id, format!("it called {host}:{port}")))
        }
        EventKind::NameAsked { job: Some(_), name, declared: false, .. } => Some((event.id, format!("it looked {name} up"))),
        _ => None,
    });
    if let Some((first, what)) = contacted.next() {
        let expected = "only the hosts of the contract and of the manifest";
        return vec![Judgement::fail(RULE, expected, what, std::iter::once(first).chain(contacted.map(|(event, _)| event)))];
    }
    let last = history.runs.iter().flat_map(|run| &run.exchanges).next_back();
    last.map(|last| Judgement::pass(RULE, "every host that was called is declared", [last.event])).into_iter().collect()
}

/// One token per API key serves a job without faults (LPR-006).
pub fn one_token(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "LPR-006";
    let sound = history.runs.iter().filter(|run| run.exchanges.iter().all(|exchange| exchange.what.fault.is_none()));
    let judged = sound.filter_map(|run| {
        let asked: Vec<At<'_, Exchange>> = run.calls(Operation::Token).collect();
        let keys: BTreeSet<String> = asked.iter().map(|call| signed_in_with(call.what)).collect();
        let events = asked.iter().map(|call| call.event);
        let actual = format!("{}: {} requests for a token with {} keys", run.describe(), asked.len(), keys.len());
        match asked.len() {
            0 => None,
            count if count > keys.len() => Some(Judgement::fail(RULE, "one request for a token per API key", actual, events)),
            _ => Some(Judgement::pass(RULE, actual, events)),
        }
    });
    let judgements: Vec<Judgement> = judged.collect();
    or_not_exercised(judgements, RULE, "no job without faults asked for a token")
}

/// Returns what tells the keys of two requests for a token apart: the marks that stand in place of them.
fn signed_in_with(request: &Exchange) -> String {
    marks(&request.body).iter().map(|mark| format!("{}/{}", mark.kind, mark.name)).collect::<Vec<_>>().join(" ")
}

/// A creation and a deletion work with the documented roles alone (LPR-001).
pub fn works_with_roles(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "LPR-001";
    let roles = history.recording.header.roles.join(" and ");
    let mut judgements = created_once(history, RULE);
    if history.deletions().next().is_some() {
        judgements.extend(reported_deleted(history, RULE));
    }
    for judgement in &mut judgements {
        judgement.actual = format!("with {roles} alone: {}", judgement.actual);
    }
    judgements
}

/// A call of the admin API is an attempt on the judge (LPR-002).
fn admin_calls(history: &History<'_>) -> Vec<Judgement> {
    let calls = history.recording.events.iter().filter_map(|event| match &event.kind {
        EventKind::AdminRefused { job: Some(_), method, path } => Some((event.id, format!("{method} {path}"))),
        _ => None,
    });
    calls
        .map(|(event, call)| {
            let expected = "no call outside the services of the contract";
            Judgement::fail("LPR-002", expected, format!("the job called the harness' own admin API: {call}"), [event])
        })
        .collect()
}

/// It tries no operation outside its roles (LPR-002).
fn within_roles(run: &Run<'_>, exchange: At<'_, Exchange>) -> Option<Judgement> {
    const RULE: &str = "LPR-002";
    if exchange.what.service != Service::SecretsManager {
        return None;
    }
    let call = format!("{} {}", exchange.what.method, exchange.what.target);
    let expected = "only operations that SecretTaskUpdater, and SecretsReader where an input names a secret, allow";
    let outside = match exchange.what.operation {
        Operation::DeleteTask => true,
        // An update with the wrong method is an update all the same, and UPD-001's.
        Operation::Other => !reads_metadata(exchange.what) && !misses_its_method(exchange.what),
        _ => exchange.what.facts.refused == Some(Refusal::Role),
    };
    Some(if outside {
        Judgement::fail(RULE, expected, format!("{}: it called {call}", run.describe()), [exchange.event])
    } else {
        Judgement::pass(RULE, call, [exchange.event])
    })
}

/// Lists and metadata are within SecretsReader, though the fake does not serve them.
fn reads_metadata(exchange: &Exchange) -> bool {
    let path = exchange.target.split('?').next().unwrap_or_default().trim_end_matches('/');
    let within = ["/metadata", "/versions", "/api/v2/secrets"].iter().any(|end| path.ends_with(end));
    exchange.method == "GET" && within && exchange.facts.refused != Some(Refusal::Role)
}

/// It reads only the secrets that its inputs name (LPR-003).
fn named_only(history: &History<'_>, read: At<'_, Exchange>) -> Judgement {
    const RULE: &str = "LPR-003";
    let named = &history.recording.header.named_secrets;
    match &read.what.facts.secret {
        Some(secret) if named.contains(secret) => Judgement::pass(RULE, format!("it read {secret}, which an input names"), [read.event]),
        other => {
            let actual = format!("it read the secret {}, which no input names", other.as_ref().map_or("?", |secret| secret.as_str()));
            Judgement::fail(RULE, "only secrets that inputs name are read", actual, [read.event])
        }
    }
}

/// The access key goes to IAM alone, its token to Secrets Manager alone (LPR-004).
fn keys_at_home(exchange: At<'_, Exchange>) -> Option<Judgement> {
    const RULE: &str = "LPR-004";
    let request = exchange.what;
    // What a redirect takes there is NET-002's.
    if request.host == ELSEWHERE {
        return None;
    }
    let shown: Vec<SecretKind> =
        carried(request).map(|mark| mark.kind).filter(|kind| matches!(kind, SecretKind::AccessKey | SecretKind::Token)).collect();
    let home = |kind: &SecretKind| match kind {
        SecretKind::AccessKey => Service::Iam,
        _ => Service::SecretsManager,
    };
    let astray = shown.iter().find(|kind| home(kind) != request.service);
    match astray {
        Some(kind) => {
            let what = if *kind == SecretKind::AccessKey { "the access key" } else { "an IAM token" };
            let expected = "the access key to IAM alone, its token to Secrets Manager alone";
            let actual = format!("{} {} at {} carries {what}", request.method, request.target, request.host);
            Some(Judgement::fail(RULE, expected, actual, [exchange.event]))
        }
        None if shown.is_empty() => None,
        None => Some(Judgement::pass(RULE, format!("{} carries only what belongs there", request.host), [exchange.event])),
    }
}
