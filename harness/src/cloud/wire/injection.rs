//! What a fault does to one request and its answer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use super::backend::{Backend, Disturbance, Handled, Received};
use super::service::Arrival;
use crate::fault::{Fault, FaultPhase, FaultWhat};

/// The status whose error body a service is asked for where the answer never leaves.
const UNSENT: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Begins a body that is no body, but the message of the service's own error.
const MESSAGE: &str = "{message}";

/// An answer and how it leaves.
pub(super) struct Outcome {
    pub(super) handled: Handled,
    pub(super) way: Way,
}

/// How an answer leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// All of it.
    Whole,
    /// The head and `after` bytes of the body, then FIN or RST.
    Cut { after: usize, reset: bool },
    /// Nothing of it; FIN or RST.
    Sever { reset: bool },
}

/// Handles the request as `fault` says. A stall never returns: the request ends when its sender leaves or the stage stops.
pub(super) async fn act(backend: &dyn Backend, fault: Fault, arrival: &mut Arrival<'_>) -> Outcome {
    let before = fault.phase == FaultPhase::BeforeCommit;
    let done = if before { None } else { Some(commit(backend, arrival).await) };
    let refusal = |arrival: &Arrival<'_>, status| backend.refuse(&arrival.record().received, status);
    let whole = |handled| Outcome { handled, way: Way::Whole };
    if before && holds(&fault.what) {
        // Its sender may leave meanwhile, and what it asked for is known all the same.
        arrival.record_mut().facts = refusal(arrival, UNSENT).facts;
    }
    match fault.what {
        FaultWhat::Status { status, headers, body } => {
            let status = status_code(status, arrival);
            let body = body.map(|body| repeating(&body, backend.login_header(), arrival));
            let answer = match body.as_deref().map(|body| body.strip_prefix(MESSAGE).ok_or(body)) {
                None => refusal(arrival, status),
                Some(Ok(message)) => backend.refuse_saying(&arrival.record().received, status, message.trim_start()),
                Some(Err(body)) => Handled { body: Bytes::copy_from_slice(body.as_bytes()), ..refusal(arrival, status) },
            };
            let mut answer = acknowledged(answer, done);
            add_headers(&mut answer.headers, &headers, arrival);
            arrival.record_mut().is_made_up();
            whole(answer)
        }
        FaultWhat::GatewayHtml { status } => {
            let status = status_code(status, arrival);
            let mut answer = acknowledged(refusal(arrival, status), done);
            answer.headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
            answer.body = gateway_page(status);
            arrival.record_mut().is_made_up();
            whole(answer)
        }
        FaultWhat::Delay { milliseconds } => {
            wait(milliseconds).await;
            whole(committed(backend, arrival, done).await)
        }
        FaultWhat::Gather => {
            arrival.meet_others().await;
            whole(committed(backend, arrival, done).await)
        }
        FaultWhat::Stall => arrival.held().await,
        FaultWhat::Close => Outcome { handled: done.unwrap_or_else(|| refusal(arrival, UNSENT)), way: Way::Sever { reset: false } },
        FaultWhat::Reset => Outcome { handled: done.unwrap_or_else(|| refusal(arrival, UNSENT)), way: Way::Sever { reset: true } },
        FaultWhat::CutBody { after } => cut(done.unwrap_or_else(|| refusal(arrival, StatusCode::SERVICE_UNAVAILABLE)), after, false),
        FaultWhat::ResetMidBody { after } => cut(done.unwrap_or_else(|| refusal(arrival, StatusCode::SERVICE_UNAVAILABLE)), after, true),
        FaultWhat::InvalidJson => {
            let mut answer = done.unwrap_or_else(|| refusal(arrival, StatusCode::SERVICE_UNAVAILABLE));
            answer.body = broken_json(&answer.body);
            whole(answer)
        }
        FaultWhat::WrongContentType => {
            let mut answer = done.unwrap_or_else(|| refusal(arrival, StatusCode::SERVICE_UNAVAILABLE));
            answer.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
            whole(answer)
        }
        FaultWhat::KillJob => {
            arrival.kill(false);
            arrival.held().await
        }
        FaultWhat::KillJobAfterReply => {
            arrival.kill(true);
            whole(committed(backend, arrival, done).await)
        }
        // It acted on the handshake; nothing else is asked for here.
        FaultWhat::Certificate { .. } => whole(committed(backend, arrival, done).await),
        FaultWhat::Bandwidth { .. } | FaultWhat::Refuse => {
            arrival.trouble("let a fault of a TCP connection act on a request: it cannot; correct the fault plan".to_owned());
            whole(committed(backend, arrival, done).await)
        }
        FaultWhat::CancelTask => whole(disturbed(backend, arrival, Disturbance::CancelTask, done).await),
        FaultWhat::ExpireTask => whole(disturbed(backend, arrival, Disturbance::ExpireTask, done).await),
    }
}

/// Tells whether a fault has a request wait.
fn holds(what: &FaultWhat) -> bool {
    matches!(what, FaultWhat::Delay { .. } | FaultWhat::Gather | FaultWhat::Stall | FaultWhat::KillJob)
}

/// Lets the service do what is asked, and notes it at once: the wait that follows may be the request's end.
async fn commit(backend: &dyn Backend, arrival: &mut Arrival<'_>) -> Handled {
    let handled = handled(backend, &arrival.record().received).await;
    let record = arrival.record_mut();
    record.applied = handled.applied;
    record.facts = handled.facts.clone();
    handled
}

/// Lets the service do what a request asks.
pub(super) async fn handled(backend: &dyn Backend, request: &Received) -> Handled {
    match backend.forward(request) {
        None => backend.handle(request),
        Some(forwarding) => forwarding.await,
    }
}

/// Returns what was done, and lets the service do it where it was not yet.
async fn committed(backend: &dyn Backend, arrival: &mut Arrival<'_>, done: Option<Handled>) -> Handled {
    match done {
        Some(done) => done,
        None => commit(backend, arrival).await,
    }
}

/// Gives `answer` in place of what was `done`, whose effect and facts stay.
fn acknowledged(mut answer: Handled, done: Option<Handled>) -> Handled {
    match done {
        Some(done) => {
            answer.applied = done.applied;
            answer.facts = done.facts;
        }
        None => answer.applied = false,
    }
    answer
}

/// Disturbs the service just before it handles the request; after the commit there is nothing left to disturb but what follows.
async fn disturbed(backend: &dyn Backend, arrival: &mut Arrival<'_>, what: Disturbance, done: Option<Handled>) -> Handled {
    backend.disturb(&arrival.record().received, what);
    committed(backend, arrival, done).await
}

fn cut(handled: Handled, after: u64, reset: bool) -> Outcome {
    let most = handled.body.len().saturating_sub(1);
    let after = usize::try_from(after).unwrap_or(most).min(most);
    Outcome { handled, way: Way::Cut { after, reset } }
}

#[expect(clippy::disallowed_methods, reason = "lateness is what this fault is")]
async fn wait(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Breaks a JSON text without changing its length: no JSON text ends with a comma.
fn broken_json(body: &Bytes) -> Bytes {
    let mut broken = body.to_vec();
    if let Some(last) = broken.iter().rposition(|byte| !byte.is_ascii_whitespace()) {
        broken[last] = b',';
    }
    Bytes::from(broken)
}

/// The page that an NGINX gateway answers with.
fn gateway_page(status: StatusCode) -> Bytes {
    let title = format!("{} {}", status.as_str(), status.canonical_reason().unwrap_or("Error"));
    Bytes::from(format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n\
         </body>\r\n</html>\r\n"
    ))
}

/// A plan that nobody checked may hold what HTTP forbids: that is our trouble, and the answer leaves without it.
fn status_code(status: u16, arrival: &Arrival<'_>) -> StatusCode {
    StatusCode::from_u16(status).ok().filter(|status| !status.is_informational()).unwrap_or_else(|| {
        arrival.trouble(format!("answer with the fault's status {status}: not a final HTTP status, answered 500; correct the fault plan"));
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

fn add_headers(headers: &mut HeaderMap, extra: &std::collections::BTreeMap<String, String>, arrival: &Arrival<'_>) {
    for (name, value) in extra {
        let value = from_now(value).unwrap_or_else(|| value.clone());
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            (Ok(name), Ok(value)) => {
                headers.insert(name, value);
            }
            _ => arrival.trouble(format!("send the fault's header `{name}`: not an HTTP header, left out; correct the fault plan")),
        }
    }
}

/// Returns the HTTP date that `date+3s` stands for: three seconds from now, cut to whole seconds as such dates are.
fn from_now(value: &str) -> Option<String> {
    let seconds = value.strip_prefix("date+")?.strip_suffix('s')?.parse().ok()?;
    Some(httpdate::fmt_http_date(SystemTime::now().checked_add(Duration::from_secs(seconds))?))
}

/// Puts what the request proved itself with in place of `{login}`, as some services do in their messages.
fn repeating(body: &str, header: &str, arrival: &Arrival<'_>) -> String {
    let sent = arrival.record().received.headers.get(header);
    let sent = sent.and_then(|value| value.to_str().ok()).unwrap_or_default();
    body.replace("{login}", sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_from_now_is_in_the_future_and_other_values_are_left_alone() {
        let before = SystemTime::now();
        let date = httpdate::parse_http_date(&from_now("date+90s").unwrap()).unwrap();
        let ahead = date.duration_since(before).unwrap();
        assert!((Duration::from_secs(89)..=Duration::from_secs(95)).contains(&ahead), "{ahead:?}");
        for value in ["90", "date+s", "date+1", "+1s", "date+-1s"] {
            assert_eq!(from_now(value), None, "{value}");
        }
    }

    #[test]
    fn broken_json_keeps_its_length_and_never_parses() {
        for text in ["{}", "[1,2]\n", "\"a\"", "12", "1", "null", "{\"a\":{\"b\":[]}}  "] {
            let broken = broken_json(&Bytes::from_static(text.as_bytes()));
            assert_eq!(broken.len(), text.len());
            assert!(serde_json::from_slice::<serde_json::Value>(&broken).is_err(), "{text}");
        }
    }
}
