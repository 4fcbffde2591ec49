//! What one connection knows about itself, and what it shares with the stage.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hyper::http::uri;

use super::activity::Activity;
use super::control::{Control, Step};
use super::gathering::Gathering;
use super::halt::Halt;
use super::record::Record;
use super::router::Router;
use crate::fault::FaultBook;
use crate::journal::{Delivery, EventKind, Journal, Service};

/// Looks at services that cannot tell of themselves, and journals what has changed there.
pub trait Lookout: Send + Sync {
    /// Looks before a task update with this body takes effect.
    fn look<'a>(&'a self, update: &'a [u8]) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// Longest that a report may wait for us before something is to be put down to that wait.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// What all listeners of one stage share.
pub struct Wiring {
    journal: Arc<Journal>,
    faults: Arc<FaultBook>,
    connections: AtomicU64,
    lookout: Option<Arc<dyn Lookout>>,
    pub(super) halt: Halt,
    pub(super) gathering: Gathering,
}

impl std::fmt::Debug for Wiring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Wiring").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl Wiring {
    /// Joins a stage's journal and fault book; connections are numbered from 0 across all listeners that share it.
    pub fn new(journal: Arc<Journal>, faults: Arc<FaultBook>) -> Arc<Self> {
        Self::with_lookout(journal, faults, None)
    }

    /// As [`Self::new`], with somebody who looks at what there is before each task update takes effect.
    pub fn with_lookout(journal: Arc<Journal>, faults: Arc<FaultBook>, lookout: Option<Arc<dyn Lookout>>) -> Arc<Self> {
        Arc::new(Self { journal, faults, connections: AtomicU64::new(0), lookout, halt: Halt::default(), gathering: Gathering::default() })
    }

    /// Has the lookout look before a task update takes effect, where there is one.
    pub(super) async fn look(&self, update: &[u8]) {
        if let Some(lookout) = &self.lookout {
            let started = Instant::now();
            lookout.look(update).await;
            let took = started.elapsed();
            if took > LONGEST_LOOK {
                // The provider had to wait for us, and may have given up.
                let what = format!(
                    "look at what is alive before a report takes effect: it took {} ms; make `list` or `exists` quicker",
                    took.as_millis()
                );
                self.trouble(what);
            }
        }
    }

    /// Returns the journal.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Tells whether faults of a service's connections act on those that end here: where third parties are behind the TCP proxy, which is what a
    /// lookout is for, those of third parties are meant for them alone.
    pub(super) fn connections_count(&self, service: &Service) -> bool {
        self.lookout.is_none() || !matches!(service, Service::ThirdParty(_))
    }

    /// Returns the fault book.
    pub fn faults(&self) -> &Arc<FaultBook> {
        &self.faults
    }

    /// Lets requests pass again after a job that was to be killed has ended.
    pub fn lift_halt(&self) {
        self.halt.lift();
    }

    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Journals trouble of our own.
    pub(super) fn trouble(&self, what: String) {
        self.journal.append(EventKind::EngineTrouble { what });
    }
}

/// A host in lower case and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cloud) struct Target {
    pub(in crate::cloud) host: String,
    pub(in crate::cloud) port: Option<u16>,
}

impl Target {
    /// Reads `host`, `host:port`, `[v6]` or `[v6]:port`; a port that is no number is none.
    pub(in crate::cloud) fn parse(text: &str) -> Self {
        let (host, port) = match text.rfind(':') {
            Some(colon) if text.ends_with(']') || text[..colon].contains(':') && !text.starts_with('[') || colon == 0 => (text, None),
            Some(colon) => (&text[..colon], text[colon + 1..].parse().ok()),
            None => (text, None),
        };
        let mut host = host.trim_start_matches('[').trim_end_matches([']', '.']).to_owned();
        host.make_ascii_lowercase();
        Self { host, port }
    }

    pub(in crate::cloud) fn of_authority(authority: &uri::Authority) -> Self {
        let text = authority.as_str();
        Self::parse(text.rsplit_once('@').map_or(text, |(_, host)| host))
    }
}

/// One connection as HTTP sees it: inside a proxy's tunnel, a line of its own with the same number.
pub(in crate::cloud) struct Line {
    pub(super) wiring: Arc<Wiring>,
    pub(super) router: Arc<Router>,
    pub(super) activity: Arc<Activity>,
    pub(super) control: Control,
    pub(super) number: u64,
    pub(super) accepted_at: u64,
    pub(super) tls: bool,
    /// The CONNECT target, in a tunnel.
    pub(super) tunnelled: Option<Target>,
    /// Whether requests come as to a proxy.
    pub(super) proxy: bool,
    /// The fault that acted on its TLS handshake.
    pub(super) handshake_fault: OnceLock<String>,
    /// Hosts that it was asked for over a connection without TLS, each of which is a connection of its own to faults.
    pub(super) visited: Mutex<Vec<Target>>,
}

impl Line {
    /// Returns the line inside a tunnel to `target`.
    pub(super) fn inside_tunnel(&self, target: Target, tls: bool) -> Arc<Self> {
        Arc::new(Self {
            wiring: Arc::clone(&self.wiring),
            router: Arc::clone(&self.router),
            activity: Arc::clone(&self.activity),
            control: Control::default(),
            number: self.number,
            accepted_at: self.accepted_at,
            tls,
            tunnelled: Some(target),
            proxy: false,
            handshake_fault: OnceLock::new(),
            visited: Mutex::default(),
        })
    }

    /// Tells whether a request is the first for its host.
    pub(super) fn visits(&self, target: &Target) -> bool {
        let mut visited = self.visited.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !visited.contains(target);
        if first {
            visited.push(target.clone());
        }
        first
    }

    pub(in crate::cloud) fn journal(&self) -> &Journal {
        &self.wiring.journal
    }

    pub(in crate::cloud) fn router(&self) -> &Router {
        &self.router
    }

    /// Lets the connection become a tunnel to `target` after its answer.
    pub(in crate::cloud) fn open_tunnel(&self, target: Target) {
        self.control.set_tunnel(target);
    }

    /// All of the answer has left.
    pub(super) fn answer_left(&self) {
        self.control.set_step(Step::Idle);
        if let Some(record) = self.control.take_pending() {
            let delivery = if self.control.peer_left() { Delivery::PeerGone } else { record.intended };
            self.append(record, delivery);
        }
    }

    /// The connection ends; what is still to be journalled is.
    pub(super) fn conclude(&self) {
        let Some(record) = self.control.take_pending() else { return };
        let delivery = match self.control.step() {
            Step::CutHere | Step::Severed => record.intended,
            _ => self.unanswered(),
        };
        self.append(record, delivery);
    }

    /// How a request ended whose answer did not leave.
    pub(super) fn unanswered(&self) -> Delivery {
        if std::thread::panicking() {
            Delivery::Closed
        } else if self.control.stopped() {
            Delivery::Stalled
        } else {
            Delivery::PeerGone
        }
    }

    /// Appends the exchange and counts the request as done.
    pub(super) fn append(&self, record: Box<Record>, delivery: Delivery) {
        let killed = record.kills.then(|| record.job.clone());
        self.wiring.journal.append(EventKind::Exchange(Box::new(record.into_exchange(self, delivery))));
        if let Some(job) = killed {
            Halt::ask(&self.wiring.journal, job.as_ref());
        }
        self.activity.request_ended();
    }
}
