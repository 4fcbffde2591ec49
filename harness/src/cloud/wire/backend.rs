//! The seam between the sockets and the services.

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};

use crate::journal::{Facts, Operation, Service};

/// A request as it arrived, body and all.
#[derive(Debug, Clone)]
pub struct Received {
    /// Connection number within the stage.
    pub connection: u64,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The Host header, or the CONNECT target, without the port.
    pub host: String,
    /// Method.
    pub method: Method,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query, still percent-encoded, without the question mark.
    pub query: Option<String>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Seconds by which a fault has the service's clock run ahead for this request; where negative, behind.
    pub clock_skew: i64,
}

impl Received {
    /// Returns the time that the service takes it to be.
    pub fn clock(&self) -> SystemTime {
        let (now, off) = (SystemTime::now(), Duration::from_secs(self.clock_skew.unsigned_abs()));
        let clock = if self.clock_skew < 0 { now.checked_sub(off) } else { now.checked_add(off) };
        clock.filter(|clock| *clock >= UNIX_EPOCH).unwrap_or(UNIX_EPOCH)
    }
}

/// What a service did and would answer.
#[derive(Debug, Clone)]
pub struct Handled {
    /// Status.
    pub status: StatusCode,
    /// Headers without content-length and date, which the wire adds.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Whether the service's state changed as asked.
    pub applied: bool,
    /// What the service understood.
    pub facts: Facts,
}

/// What a fault can do to a service's state just before a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// Cancel the task that the request names.
    CancelTask,
    /// Let the task that the request names time out.
    ExpireTask,
    /// Let the bearer token that the request carries expire.
    ExpireToken,
}

/// What a service does that has to ask somebody else first.
pub type Forwarding = Pin<Box<dyn Future<Output = Handled> + Send>>;

/// A service without sockets. Methods are quick and never wait.
pub trait Backend: Send + Sync + 'static {
    /// Which service this is, for faults and the journal.
    fn service(&self) -> Service;

    /// Tells which operation a request asks for, without doing it.
    fn operation(&self, request: &Received) -> Operation;

    /// Does what the request asks and returns the answer.
    fn handle(&self, request: &Received) -> Handled;

    /// Does what the request asks where somebody else has to be asked for it; it is done even if the future is dropped. None, as with every service
    /// in memory, leaves it to [`Self::handle`].
    fn forward(&self, _request: &Received) -> Option<Forwarding> {
        None
    }

    /// Tells whether somebody else answers, whose answers may hold what nobody knows here.
    fn is_real(&self) -> bool {
        false
    }

    /// Returns the service's own error body for `status` without doing anything but understanding the request (facts).
    fn refuse(&self, request: &Received, status: StatusCode) -> Handled;

    /// As [`Self::refuse`], with `message` in place of the service's own words. Of a service without a form for that it is the whole body.
    fn refuse_saying(&self, request: &Received, status: StatusCode, message: &str) -> Handled {
        let mut handled = self.refuse(request, status);
        handled.body = Bytes::copy_from_slice(message.as_bytes());
        handled
    }

    /// Returns the name of the header in which requests prove who they are from.
    fn login_header(&self) -> &str {
        AUTHORIZATION.as_str()
    }

    /// Disturbs the service's state just before `request` is handled.
    fn disturb(&self, _request: &Received, _what: Disturbance) {}
}
