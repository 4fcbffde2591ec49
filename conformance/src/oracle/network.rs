//! Where requests go that were meant for a service.

use hallmark_harness::journal::{EventKind, Exchange, Service};
use hallmark_harness::redaction::Mark;

use super::history::carried;
use super::{History, or_not_exercised};
use crate::verdict::Judgement;

/// Part of the line of every fault that acts on a handshake.
const HANDSHAKE: &str = ".handshake@";

/// A host that answers and is nobody's: where redirects lead to.
pub const ELSEWHERE: &str = "elsewhere.hallmark.invalid";

/// Nothing secret is sent over a connection whose certificate is to be refused (NET-001).
pub fn certificates_verified(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "NET-001";
    let mut refused = Vec::new();
    let mut accepted = Vec::new();
    let mut hosts = Vec::new();
    for event in &history.recording.events {
        match &event.kind {
            EventKind::TlsAborted { host, fault: Some(_), .. } => {
                refused.push(event.id);
                hosts.push(host.as_str());
            }
            EventKind::Exchange(exchange) if exchange.fault.as_deref().is_some_and(|fault| fault.contains(HANDSHAKE)) => {
                accepted.push((event.id, &**exchange));
            }
            _ => {}
        }
    }
    let downgraded = history.recording.events.iter().find_map(|event| match &event.kind {
        EventKind::Exchange(exchange) if !exchange.tls && hosts.contains(&exchange.host.as_str()) => {
            Some((event.id, &**exchange, carried(exchange).next()?))
        }
        _ => None,
    });
    if let Some((event, exchange, mark)) = downgraded {
        let actual = format!("the certificate was refused, and then, in the clear, {}", carrying(exchange, "", &mark));
        return vec![Judgement::fail(RULE, "the service given up, not its encryption", actual, [event])];
    }
    let secret = accepted.iter().find_map(|(event, exchange)| Some((*event, *exchange, carried(exchange).next()?)));
    vec![match secret {
        Some((event, exchange, mark)) => {
            let actual = format!("the certificate was accepted: {}", carrying(exchange, "", &mark));
            Judgement::fail(RULE, "the connection given up before anything secret is sent", actual, [event])
        }
        None if !accepted.is_empty() => {
            Judgement::pass(RULE, "nothing secret was sent over the connection", accepted.iter().map(|(event, _)| *event))
        }
        None if !refused.is_empty() => Judgement::pass(RULE, "the certificate was refused", refused),
        None => Judgement::not_exercised(RULE, "no job asked for the certificate"),
    }]
}

/// No secret arrives where a redirect leads to (NET-002).
pub fn nothing_follows(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "NET-002";
    let mut judgements = Vec::new();
    for run in &history.runs {
        let redirected: Vec<u64> = run.exchanges.iter().filter(|exchange| leads_elsewhere(exchange.what)).map(|at| at.event).collect();
        if redirected.is_empty() {
            continue;
        }
        let followed =
            run.exchanges.iter().filter(|exchange| exchange.what.service == Service::Declared && exchange.what.host == ELSEWHERE);
        let secret = followed.clone().find_map(|exchange| Some((exchange, carried(exchange.what).next()?)));
        let judgement = match secret {
            Some((exchange, mark)) => {
                let way = if exchange.what.tls { "" } else { ", in the clear" };
                let actual = format!("{}: {}", run.describe(), carrying(exchange.what, way, &mark));
                Judgement::fail(RULE, "no secret is sent on by a redirect", actual, redirected.into_iter().chain([exchange.event]))
            }
            None if followed.count() > 0 => Judgement::pass(RULE, "the redirect was followed with nothing secret", redirected),
            None => Judgement::pass(RULE, "the redirect was not followed", redirected),
        };
        judgements.push(judgement);
    }
    or_not_exercised(judgements, RULE, "no request was redirected")
}

/// Returns what a request carries, in words; `way` says how it went where that matters.
fn carrying(request: &Exchange, way: &str, mark: &Mark) -> String {
    let kind = mark.kind.to_string().replace('_', " ");
    format!("{} {} at {}{way} carries {kind} {}", request.method, request.target, request.host, mark.name)
}

fn leads_elsewhere(exchange: &Exchange) -> bool {
    let headers = exchange.response.iter().filter(|response| (300..400).contains(&response.status)).flat_map(|response| &response.headers);
    headers.into_iter().any(|(name, value)| name.eq_ignore_ascii_case("location") && value.contains(ELSEWHERE))
}
