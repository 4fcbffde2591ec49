//! One request: read, counted, handled or spoilt, and handed to the HTTP library as an answer.

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Request, Response, StatusCode};
use hyper::body::{Body as _, Frame, Incoming};

use super::admission::{self, Admission};
use super::answer::Answer;
use super::backend::{Handled, Received};
use super::control::SocketEnd;
use super::halt::Halt;
use super::injection::{self, Outcome, Way};
use super::line::{Line, Target};
use super::record::{Record, Sent, Withheld, header_texts};
use crate::cloud::proxy;
use crate::journal::{Delivery, Facts, Operation, Service};

/// Largest request body that a service sees; a larger one is answered 413.
const BODY_BOUND: usize = 8 * 1024 * 1024;

/// How much of a body that is too large is read and thrown away, so that its sender gets to read the 413.
const DISCARD_BOUND: u64 = 64 * 1024 * 1024;

/// The connection ends instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection ends without an answer")]
pub(super) struct Severed;

/// Serves one request.
pub(super) async fn respond(line: Arc<Line>, head_at: u64, request: Request<Incoming>) -> Result<Response<Answer>, Severed> {
    let proxied = if line.proxy {
        match proxy::judge(&line, &request) {
            proxy::Decision::Serve(target) => Some(target),
            proxy::Decision::Tunnel(target) => {
                let refused = admitted(&line, &target).await?;
                return Ok(refused.unwrap_or_else(|| proxy::grant(&line, target)));
            }
            proxy::Decision::Answer(response) => return Ok(response),
        }
    } else {
        None
    };
    if let Some(target) = arriving(&line, &request, proxied.as_ref())
        && let Some(refused) = admitted(&line, &target).await?
    {
        return Ok(refused);
    }
    let (head, body) = request.into_parts();
    let expects_go_ahead = head.headers.contains_key(EXPECT);
    let (mut arrival, port) = Arrival::open(&line, head, proxied, head_at);
    let received = &arrival.record().received;
    let backend = line.router.find(&received.host, port, &received.path).map(Arc::clone);
    if let Some(backend) = &backend {
        // Before the body comes, which may break off: whom it was for is known by the head.
        let (service, operation) = (backend.service(), backend.operation(received));
        let record = arrival.record_mut();
        record.withheld = if backend.is_real() { Withheld::Both } else { Withheld::Neither };
        (record.service, record.operation) = (service, operation);
    }
    let fits = arrival.read(body, expects_go_ahead).await?;
    let Some(backend) = backend else {
        let handled = nobody(&arrival.record().received.host);
        return arrival.leave(Outcome::whole(handled));
    };
    let record = arrival.record_mut();
    let operation = record.operation;
    if !fits {
        let handled = backend.refuse(&record.received, StatusCode::PAYLOAD_TOO_LARGE);
        return arrival.leave(Outcome::whole(handled));
    }
    if line.wiring.halt.holds() {
        record.facts = backend.refuse(&record.received, StatusCode::SERVICE_UNAVAILABLE).facts;
        return arrival.held().await;
    }
    if operation == Operation::UpdateTask {
        // What is alive when the provider reports is looked at before the report takes effect.
        line.wiring.look(&record.received.body).await;
    }
    let acting = line.wiring.faults().next(&record.service, operation);
    let outcome = if acting.is_empty() {
        Outcome::whole(injection::handled(&*backend, &record.received).await)
    } else {
        record.suffers(&acting);
        injection::act(&*backend, &acting, &mut arrival).await
    };
    arrival.leave(outcome)
}

/// Returns the host whose connection begins with a request's head: nothing before it told whom it is for.
fn arriving(line: &Line, request: &Request<Incoming>, proxied: Option<&Target>) -> Option<Target> {
    if line.tls || line.tunnelled.is_some() || line.router.only().is_some() {
        return None;
    }
    let target = proxied.cloned().unwrap_or_else(|| addressed(request.headers(), request.uri()));
    line.visits(&target).then_some(target)
}

/// Lets faults act on a connection that a request's head begins. Returns what is answered where nobody is to be found.
async fn admitted(line: &Arc<Line>, target: &Target) -> Result<Option<Response<Answer>>, Severed> {
    match admission::to_host(line, target).await {
        Admission::Granted => Ok(None),
        Admission::Refused if line.proxy => Ok(Some(proxy::unreachable(line, target))),
        Admission::Refused => {
            line.control.end(SocketEnd::Reset);
            Err(Severed)
        }
        Admission::Silent => std::future::pending().await,
        Admission::Ends(how) => {
            line.control.end(how);
            Err(Severed)
        }
    }
}

/// Returns the host that a request names itself.
fn addressed(headers: &HeaderMap, uri: &http::Uri) -> Target {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    named.map(Target::parse).or_else(|| uri.authority().map(Target::of_authority)).unwrap_or_else(|| Target::parse(""))
}

/// The answer where no service is routed.
fn nobody(host: &str) -> Handled {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    let body = Bytes::from(format!("hallmark: no service answers for this path of `{host}`\n"));
    Handled { status: StatusCode::NOT_FOUND, headers, body, applied: false, facts: Facts::default() }
}

/// A request under way. Dropped before [`Self::leave`], its sender left or the stage ended, and that is journalled.
pub(super) struct Arrival<'a> {
    line: &'a Arc<Line>,
    record: Option<Box<Record>>,
    gathered: Gathered,
}

impl<'a> Arrival<'a> {
    /// Starts the record of a request; also returns the port that it was sent to, for the router.
    fn open(line: &'a Arc<Line>, head: http::request::Parts, proxied: Option<Target>, head_at: u64) -> (Self, Option<u16>) {
        line.activity.request_began();
        let target = proxied.or_else(|| line.tunnelled.clone()).unwrap_or_else(|| addressed(&head.headers, &head.uri));
        let received = Received {
            connection: line.number,
            tls: line.tls,
            host: target.host,
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: head.headers,
            body: Bytes::new(),
            clock_skew: 0,
        };
        let record = Record {
            received,
            service: Service::Declared,
            operation: Operation::Other,
            job: line.journal().job(),
            body_bytes: 0,
            head_at,
            body_at: head_at,
            response: None,
            intended: Delivery::Complete,
            applied: false,
            fault: line.handshake_fault.get().cloned(),
            facts: Facts::default(),
            kills: false,
            met: None,
            withheld: Withheld::default(),
        };
        (Self { line, record: Some(Box::new(record)), gathered: Gathered::default() }, target.port)
    }

    /// Reads the body; tells whether it is within the bound. A body that breaks off is journalled as far as it came.
    async fn read(&mut self, mut body: Incoming, expects_go_ahead: bool) -> Result<bool, Severed> {
        let promised = body.size_hint().lower();
        if expects_go_ahead && promised > BODY_BOUND as u64 {
            return Ok(false);
        }
        while !body.is_end_stream() && self.gathered.bytes <= DISCARD_BOUND {
            match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                None => break,
                Some(Err(_broken_off)) => return Err(Severed),
                Some(Ok(frame)) => self.gathered.add(frame),
            }
        }
        self.keep_body();
        Ok(self.record().body_bytes <= BODY_BOUND as u64)
    }

    /// Moves what has come of the body into the record.
    fn keep_body(&mut self) {
        let body_at = self.line.journal().now();
        let gathered = std::mem::take(&mut self.gathered);
        let record = self.record_mut();
        record.body_bytes = gathered.bytes;
        record.received.body = gathered.into_bytes();
        record.body_at = body_at;
    }

    pub(super) fn record(&self) -> &Record {
        // Only `leave` and `drop` take it, and both end `self`.
        self.record.as_deref().unwrap_or_else(|| unreachable!("an arrival holds its record until it leaves"))
    }

    pub(super) fn record_mut(&mut self) -> &mut Record {
        self.record.as_deref_mut().unwrap_or_else(|| unreachable!("an arrival holds its record until it leaves"))
    }

    /// Tells the journal what the wire itself got wrong.
    pub(super) fn trouble(&self, what: String) {
        self.line.wiring.trouble(what);
    }

    /// Holds every request that follows, and asks for the job's death: now, or when this one's answer has left.
    pub(super) fn kill(&mut self, after_reply: bool) {
        if self.record().job.is_none() {
            // Nobody would ever end it.
            return;
        }
        self.line.wiring.halt.hold();
        if after_reply {
            self.record_mut().kills = true;
        } else {
            Halt::ask(self.line.journal(), self.record().job.as_ref());
        }
    }

    /// Waits for calls of all jobs that are under way.
    pub(super) async fn meet_others(&mut self) {
        let met = self.line.wiring.gathering.meet(self.line.journal().jobs()).await;
        self.record_mut().met = Some(met as u64);
    }

    /// Waits for the end of a job that is being killed: this request takes no effect and gets no answer.
    pub(super) async fn held<T>(&mut self) -> T {
        self.record_mut().intended = Delivery::Stalled;
        std::future::pending().await
    }

    /// Hands the answer to the HTTP library, or ends the connection.
    fn leave(mut self, outcome: Outcome) -> Result<Response<Answer>, Severed> {
        let Some(mut record) = self.record.take() else { return Err(Severed) };
        let Outcome { handled: Handled { status, mut headers, body, applied, facts }, way, changes } = outcome;
        record.applied = applied;
        record.facts = facts;
        record.attribute(self.line.journal().jobs());
        let control = &self.line.control;
        if let Way::Sever(end) = way {
            record.intended = if end == SocketEnd::Reset { Delivery::Reset } else { Delivery::Closed };
            control.sever(record, end);
            return Err(Severed);
        }
        // The HTTP library sets the length that the body has, and must not find another.
        headers.remove(CONTENT_LENGTH);
        headers.remove(TRANSFER_ENCODING);
        record.response = Some(Sent { status: status.as_u16(), headers: header_texts(&headers), body: body.clone() });
        let (pace, body) = (changes.pace, changes.fill_up(&mut headers, body));
        let cut = match way {
            Way::Cut { after, reset } => {
                let most = body.len().saturating_sub(1);
                Some((usize::try_from(after).unwrap_or(most).min(most), reset))
            }
            Way::Whole | Way::Sever(_) => None,
        };
        let alteration = changes.alteration(body.len(), cut.is_some());
        record.intended = match (cut, &alteration) {
            (Some((after, true)), _) => Delivery::ResetMidBody { after: after as u64 },
            (Some((after, false)), _) => Delivery::Cut { after: after as u64 },
            // To its reader it ends before its end.
            (None, altered) if altered.ends_connection() => Delivery::Cut { after: altered.chunk.unwrap_or(body.len()) as u64 },
            (None, _) => Delivery::Complete,
        };
        let ends = alteration.ends_connection();
        control.answer(record, alteration);
        let mut answer = match cut {
            Some((after, reset)) => {
                control.end_with_reset(reset);
                Answer::cut(self.line, status, headers, &body, after)
            }
            None if ends => {
                control.end_with_reset(false);
                Answer::cut(self.line, status, headers, &body, body.len())
            }
            None => Answer::whole(self.line, status, headers, body),
        };
        if let Some(pace) = pace {
            answer.body_mut().slow_down(pace);
        }
        Ok(answer)
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if self.record.is_none() {
            return;
        }
        if self.gathered.bytes > 0 {
            self.keep_body();
        }
        let Some(mut record) = self.record.take() else { return };
        record.attribute(self.line.journal().jobs());
        let delivery = match (record.intended, self.line.unanswered()) {
            (Delivery::Stalled, Delivery::PeerGone) => Delivery::Stalled,
            (_, otherwise) => otherwise,
        };
        self.line.append(record, delivery);
    }
}

/// A body as it arrives; one part is kept as it is, several are joined.
#[derive(Default)]
struct Gathered {
    first: Bytes,
    joined: BytesMut,
    bytes: u64,
}

impl Gathered {
    fn add(&mut self, frame: Frame<Bytes>) {
        let Ok(data) = frame.into_data() else { return };
        let had_none = self.bytes == 0;
        self.bytes += data.len() as u64;
        if self.bytes > BODY_BOUND as u64 {
            // Too large: only counted from here on.
            (self.first, self.joined) = (Bytes::new(), BytesMut::new());
        } else if had_none {
            self.first = data;
        } else {
            if self.joined.is_empty() {
                self.joined.extend_from_slice(&self.first);
            }
            self.joined.extend_from_slice(&data);
        }
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}
