//! A request under way, and the exchange that it leaves in the journal.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{HOST, HeaderName};

use super::backend::Received;
use super::line::{Line, Target};
use crate::fault::Acting;
use crate::journal::{Delivery, Exchange, Facts, JobRef, JobsUnderWay, Operation, ResponseRecord, Service};

/// Bytes of an unreadable request that are looked at.
const RAW_BOUND: usize = 16 * 1024;

/// What is known of a request so far.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) received: Received,
    pub(super) service: Service,
    pub(super) operation: Operation,
    pub(super) job: Option<JobRef>,
    pub(super) body_bytes: u64,
    pub(super) head_at: u64,
    pub(super) body_at: u64,
    pub(super) response: Option<Sent>,
    /// How the answer leaves when nothing comes between.
    pub(super) intended: Delivery,
    pub(super) applied: bool,
    pub(super) fault: Option<String>,
    pub(super) facts: Facts,
    /// Whether the job is to be killed once the answer has left.
    pub(super) kills: bool,
    /// How many calls of jobs at once waited with it.
    pub(super) met: Option<u64>,
    pub(super) withheld: Withheld,
}

/// Which bodies are not kept: what goes to and from a real service may hold secrets that nobody knows here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Withheld {
    #[default]
    Neither,
    /// The request's, as the answer is made up by a fault.
    Request,
    Both,
}

/// An answer as the journal keeps it, its body not yet made text.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Record {
    /// Notes the faults that act on the request, beside one that acted on its handshake.
    pub(super) fn suffers(&mut self, acting: &[Acting]) {
        let faults = self.fault.take().into_iter().chain(Acting::line(acting));
        self.fault = faults.reduce(|before, fault| format!("{before}; {fault}"));
    }

    /// Notes that a fault makes the answer up, which then holds nothing of the service's.
    pub(super) fn is_made_up(&mut self) {
        if self.withheld == Withheld::Both {
            self.withheld = Withheld::Request;
        }
    }

    /// Puts it down to the job for the task that it names, where several run. Only as long as that waits for its answer: then it has not ended.
    pub(super) fn attribute(&mut self, jobs: &JobsUnderWay) {
        if self.job.is_none() {
            self.job = self.facts.task.as_deref().and_then(|task| jobs.of_task(task));
        }
    }

    /// Makes the journal's form; texts are redacted by the journal.
    pub(super) fn into_exchange(self, line: &Line, delivery: Delivery) -> Exchange {
        let Received { host, method, mut path, query, headers, body, .. } = self.received;
        if let Some(query) = query {
            path.push('?');
            path.push_str(&query);
        }
        let kept = |body: &Bytes, keep: bool| {
            if keep || body.is_empty() {
                text(body)
            } else {
                format!("[{} bytes to or from a real service, which are not kept]", body.len())
            }
        };
        Exchange {
            service: self.service,
            operation: self.operation,
            job: self.job,
            connection: line.number,
            tls: line.tls,
            host,
            method: method.to_string(),
            target: path,
            headers: header_texts(&headers),
            body: kept(&body, self.withheld == Withheld::Neither),
            body_bytes: self.body_bytes,
            accepted_at: line.accepted_at,
            head_at: self.head_at,
            body_at: self.body_at,
            response: self.response.map(|sent| ResponseRecord {
                status: sent.status,
                headers: sent.headers,
                body: kept(&sent.body, self.withheld != Withheld::Both),
            }),
            delivery,
            applied: self.applied,
            fault: self.fault,
            met: self.met,
            facts: self.facts,
        }
    }
}

/// Returns names and values as texts, in order.
pub(super) fn header_texts(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

/// Returns bytes as a text. Nearly all are one, which is told faster than where they are none.
fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_owned)
}

/// Makes the exchange of bytes that never became a request: a head that is not whole or not HTTP. `status` is what the HTTP
/// library answered, if it did.
pub(super) fn unreadable(line: &Line, raw: &[u8], status: Option<u16>) -> Exchange {
    let now = line.journal().now();
    let text = text(&raw[..raw.len().min(RAW_BOUND)]);
    let first = text.split("\r\n").next().unwrap_or_default();
    let mut words = first.split(' ');
    let method = words.next().filter(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase()));
    let target = method.and_then(|_| words.next()).unwrap_or_default();
    // Only lines that came whole.
    let whole = text.rfind("\r\n").map_or("", |end| &text[..end]);
    let headers: Vec<_> = whole.split("\r\n").skip(1).filter_map(|line| readable_header(line.split_once(':')?)).collect();
    let host = headers.iter().find(|(name, _)| name == HOST.as_str()).map(|(_, host)| Target::parse(host).host);
    Exchange {
        service: Service::Declared,
        operation: Operation::Other,
        job: line.journal().job(),
        connection: line.number,
        tls: line.tls,
        host: line.tunnelled.as_ref().map(|target| target.host.clone()).or(host).unwrap_or_default(),
        method: method.unwrap_or_default().to_owned(),
        target: target.to_owned(),
        headers,
        body: if method.is_none() { first.to_owned() } else { String::new() },
        body_bytes: 0,
        accepted_at: line.accepted_at,
        head_at: now,
        body_at: now,
        response: status.map(|status| ResponseRecord { status, headers: Vec::new(), body: String::new() }),
        delivery: if status.is_some() { Delivery::Complete } else { line.unanswered() },
        applied: false,
        fault: line.handshake_fault.get().cloned(),
        met: None,
        facts: Facts::default(),
    }
}

fn readable_header((name, value): (&str, &str)) -> Option<(String, String)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    Some((name.as_str().to_owned(), value.trim().to_owned()))
}
