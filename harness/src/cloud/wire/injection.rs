//! What faults do to one request and its answer.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use super::backend::{Backend, Disturbance, Handled, Received};
use super::changes::Changes;
use super::control::SocketEnd;
use super::service::Arrival;
use super::waiting::wait;
use crate::fault::{Acting, FaultPhase, FaultWhat};

/// The status whose error body a service is asked for where the answer never leaves.
const UNSENT: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Begins a body that is no body, but the message of the service's own error.
const MESSAGE: &str = "{message}";

/// An answer and how it leaves.
pub(super) struct Outcome {
    pub(super) handled: Handled,
    pub(super) way: Way,
    pub(super) changes: Changes,
}

impl Outcome {
    /// An answer that leaves as it is.
    pub(super) fn whole(handled: Handled) -> Self {
        Self { handled, way: Way::Whole, changes: Changes::default() }
    }
}

/// How an answer leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// All of it.
    Whole,
    /// The head and `after` bytes of the body (at most one less than there are), then FIN or RST.
    Cut { after: u64, reset: bool },
    /// Nothing of it.
    Sever(SocketEnd),
}

/// Handles the request as all faults together say that act on it. A stall never returns: the request ends when its sender leaves or the stage stops.
pub(super) async fn act(backend: &dyn Backend, acting: &[Acting], arrival: &mut Arrival<'_>) -> Outcome {
    let decision = acting.iter().find(|acting| acting.decides());
    let takes_effect = decision.is_none() || acting.iter().any(|acting| acting.fault.commits());
    let of = |phase: FaultPhase| acting.iter().filter(move |acting| acting.fault.phase == phase);
    if of(FaultPhase::BeforeCommit).any(|acting| holds(&acting.fault.what)) {
        // Its sender may leave meanwhile, and what it asked for is known all the same.
        arrival.record_mut().facts = refusal(backend, arrival, UNSENT).facts;
    }
    arrival.record_mut().received.clock_skew = skew(acting);
    for acting in of(FaultPhase::BeforeCommit) {
        wait_or_disturb(backend, acting, arrival).await;
    }
    let done = if takes_effect { Some(commit(backend, arrival).await) } else { None };
    for acting in of(FaultPhase::AfterCommit) {
        wait_or_disturb(backend, acting, arrival).await;
    }
    let (mut handled, way) = end(backend, decision, done, arrival).await;
    let received = &arrival.record().received;
    let clock = (received.clock_skew != 0).then(|| received.clock());
    let changes = Changes::make(&mut handled, acting, clock);
    Outcome { handled, way, changes }
}

/// Does what a fault does before the answer is made.
async fn wait_or_disturb(backend: &dyn Backend, acting: &Acting, arrival: &mut Arrival<'_>) {
    match acting.fault.what {
        FaultWhat::Delay { .. } | FaultWhat::DelayBetween { .. } | FaultWhat::DelayLognormal { .. } => wait(acting.delay).await,
        FaultWhat::Gather => arrival.meet_others().await,
        FaultWhat::CancelTask => backend.disturb(&arrival.record().received, Disturbance::CancelTask),
        FaultWhat::ExpireTask => backend.disturb(&arrival.record().received, Disturbance::ExpireTask),
        FaultWhat::ExpireToken => backend.disturb(&arrival.record().received, Disturbance::ExpireToken),
        FaultWhat::Bandwidth { .. } | FaultWhat::Refuse | FaultWhat::Dns { .. } => {
            arrival.trouble("let a fault of connections or names act on a request: it cannot; correct the fault plan".to_owned());
        }
        _ => {}
    }
}

/// Ends the request as a fault decides, with what was `done` where it took effect.
async fn end(backend: &dyn Backend, decision: Option<&Acting>, done: Option<Handled>, arrival: &mut Arrival<'_>) -> (Handled, Way) {
    let whole = |handled| (handled, Way::Whole);
    let Some(decision) = decision else {
        return whole(committed(backend, arrival, done).await);
    };
    let done_or_refused = |arrival: &Arrival<'_>, done: Option<Handled>| done.unwrap_or_else(|| refusal(backend, arrival, UNSENT));
    match &decision.fault.what {
        FaultWhat::Status { status, headers, body } => {
            let status = status_code(*status, arrival);
            let body = body.as_deref().map(|body| repeating(body, backend.login_header(), arrival));
            let answer = match body.as_deref().map(|body| body.strip_prefix(MESSAGE).ok_or(body)) {
                None => refusal(backend, arrival, status),
                Some(Ok(message)) => backend.refuse_saying(&arrival.record().received, status, message.trim_start()),
                Some(Err(body)) => Handled { body: Bytes::copy_from_slice(body.as_bytes()), ..refusal(backend, arrival, status) },
            };
            let mut answer = acknowledged(answer, done);
            add_headers(&mut answer.headers, headers, arrival);
            arrival.record_mut().is_made_up();
            whole(answer)
        }
        FaultWhat::GatewayHtml { status } => {
            let status = status_code(*status, arrival);
            let mut answer = acknowledged(refusal(backend, arrival, status), done);
            answer.headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("text/html"))]);
            answer.body = gateway_page(status);
            arrival.record_mut().is_made_up();
            whole(answer)
        }
        FaultWhat::Stall => arrival.held().await,
        FaultWhat::Close => (done_or_refused(arrival, done), Way::Sever(SocketEnd::Fin)),
        FaultWhat::Reset => (done_or_refused(arrival, done), Way::Sever(SocketEnd::Reset)),
        FaultWhat::HalfOpen => (done_or_refused(arrival, done), Way::Sever(SocketEnd::HalfOpen)),
        FaultWhat::CutBody { after } => (done_or_refused(arrival, done), Way::Cut { after: *after, reset: false }),
        FaultWhat::ResetMidBody { after } => (done_or_refused(arrival, done), Way::Cut { after: *after, reset: true }),
        FaultWhat::RateLimit { .. } => {
            let mut answer = acknowledged(refusal(backend, arrival, StatusCode::TOO_MANY_REQUESTS), done);
            let seconds = decision.quota.map_or(1, |quota| quota.reset_seconds);
            answer.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            arrival.record_mut().is_made_up();
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
        _ => whole(committed(backend, arrival, done).await),
    }
}

/// Returns the seconds by which the service's clock is ahead.
fn skew(acting: &[Acting]) -> i64 {
    let ahead = acting.iter().map(|acting| if let FaultWhat::Skew { seconds } = acting.fault.what { seconds } else { 0 });
    ahead.fold(0, i64::saturating_add)
}

/// Tells whether a fault has a request wait.
fn holds(what: &FaultWhat) -> bool {
    what.waits() || matches!(what, FaultWhat::Stall | FaultWhat::KillJob)
}

/// Returns the service's own refusal.
fn refusal(backend: &dyn Backend, arrival: &Arrival<'_>, status: StatusCode) -> Handled {
    backend.refuse(&arrival.record().received, status)
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
}
