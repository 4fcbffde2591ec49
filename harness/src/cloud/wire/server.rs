//! One listener: accepts connections, runs each as a task, and joins them all.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::timeout;

use super::activity::Activity;
use super::connection;
use super::control::Control;
use super::door::Door;
use super::error::WireError;
use super::line::{Line, Wiring};
use super::relay::Upstream;
use super::router::Router;
use crate::cloud::certificates::Authority;
use crate::fault::FaultPlan;
use crate::journal::Service;

/// Time after which a connection that could not be accepted is tried again.
const BACK_OFF: Duration = Duration::from_millis(20);

/// What clients find at a listener's port.
#[derive(Debug)]
pub enum Entrance {
    /// Plain HTTP.
    Plain,
    /// TLS for whatever host the client names, with certificates of this authority.
    Tls(Arc<Authority>),
    /// A TCP proxy in front of a service of any protocol.
    Relay(Upstream),
    /// An HTTP proxy that knows the router's hosts and refuses all others; it ends the TLS of CONNECT tunnels itself.
    Proxy(Arc<Authority>),
}

/// A running listener. Dropping it ends its connections without waiting for them; [`Self::stop`] waits.
#[derive(Debug)]
pub struct WireServer {
    door: Arc<Door>,
    /// The one service behind it.
    service: Option<Service>,
    runtime: Handle,
    activity: Arc<Activity>,
    wiring: Arc<Wiring>,
    stop: oneshot::Sender<()>,
    accepting: JoinHandle<()>,
}

impl WireServer {
    /// Listens on `address` (port 0 picks a free one) and serves `router` on the threads of `runtime`.
    pub fn start(
        runtime: &Handle,
        address: SocketAddr,
        entrance: Entrance,
        router: Router,
        wiring: &Arc<Wiring>,
    ) -> Result<Self, WireError> {
        let refused = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::AddrInUse => WireError::PortTaken { address },
            _ => WireError::Listen { address, source },
        };
        let door = Door::open(address).map_err(refused)?;
        let listener = {
            let _inside = runtime.enter();
            door.listener().map_err(refused)?
        };
        let activity = Arc::new(Activity::default());
        let (stop, stopped) = oneshot::channel();
        let service = router.only().map(|backend| backend.service());
        let hall = Hall {
            door: Arc::clone(&door),
            entrance: Arc::new(entrance),
            router: Arc::new(router),
            wiring: Arc::clone(wiring),
            activity: Arc::clone(&activity),
            connections: JoinSet::new(),
        };
        let accepting = runtime.spawn(hall.run(listener, stopped));
        Ok(Self { door, service, runtime: runtime.clone(), activity, wiring: Arc::clone(wiring), stop, accepting })
    }

    /// Refuses connections where the plan has the one service behind this listener refuse them; where several share it, faults act later.
    pub(in crate::cloud) fn follow(&self, plan: &FaultPlan) {
        let Some(service) = self.service.as_ref().filter(|service| self.wiring.connections_count(service)) else { return };
        if let Err(error) = self.door.refuse(&self.runtime, plan.outages(service)) {
            let address = self.address();
            self.wiring.trouble(format!("have connections to {address} refused, or no longer: {error}; reset the fake cloud"));
        }
    }

    /// Returns the address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.door.address()
    }

    /// Returns how many requests were read and are not in the journal yet.
    pub fn in_flight(&self) -> usize {
        self.activity.in_flight()
    }

    /// Returns how many connections are open.
    pub fn open_connections(&self) -> usize {
        self.activity.open()
    }

    /// Waits until every connection made before this call is accepted and no request is in flight.
    ///
    /// A stalled request is in flight until its sender leaves. Of a peer that is gone, requests may still lie unread in the
    /// socket: wait for [`Self::drained`] then.
    pub async fn quiesce(&self) {
        self.catch_up().await;
        self.activity.wait_until(|activity| activity.in_flight() == 0).await;
    }

    /// Waits until every connection made before this call has ended and all its exchanges are in the journal.
    ///
    /// After a job's end (with all its processes) this needs no peer's help: the system has closed its sockets.
    pub async fn drained(&self) {
        self.catch_up().await;
        self.activity.wait_until(|activity| activity.open() == 0).await;
    }

    async fn catch_up(&self) {
        let address = self.address();
        if self.door.is_shut() {
            // Nothing waits there any more.
            return;
        }
        if let Err(error) = self.activity.probe(address).await
            && !self.door.is_shut()
        {
            self.wiring.trouble(format!("connect to our own listener {address} to see that it has caught up: {error}"));
        }
    }

    /// Stops listening, ends all connections and waits for their tasks. Requests under way are journalled as stalled.
    pub async fn stop(self) {
        self.stop.send(()).ok();
        if let Err(error) = self.accepting.await {
            self.wiring.trouble(told("accept connections", self.door.address(), error));
        }
    }
}

/// Where a listener's connections live.
struct Hall {
    door: Arc<Door>,
    entrance: Arc<Entrance>,
    router: Arc<Router>,
    wiring: Arc<Wiring>,
    activity: Arc<Activity>,
    connections: JoinSet<()>,
}

impl Hall {
    async fn run(mut self, listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
        let address = self.door.address();
        let mut turns = self.door.turns();
        let mut listener = Some(listener);
        let mut starved = false;
        loop {
            let accept = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = &mut stopped => break,
                Some(ended) = self.connections.join_next() => self.ended(address, ended),
                // The door outlives this loop.
                _ = turns.changed() => listener = self.listener_of_now(address, &mut turns),
                accepted = accept => match accepted {
                    Ok((tcp, peer)) => {
                        starved = false;
                        if !self.activity.is_probe(peer) {
                            self.welcome(tcp);
                        }
                    }
                    Err(_) if self.door.is_shut() => {}
                    Err(error) => {
                        // Told once, however often it is tried until it works again.
                        if !std::mem::replace(&mut starved, true) {
                            let hint = "more files may have to be allowed open (ulimit -n), or fewer scenarios be played at once";
                            self.wiring.trouble(format!("accept a connection on {address}: {error}; {hint}"));
                        }
                        // Out of files, most likely: a connection that ends frees one, here or elsewhere.
                        match timeout(BACK_OFF, self.connections.join_next()).await {
                            Ok(Some(ended)) => self.ended(address, ended),
                            Ok(None) => pause().await,
                            Err(_) => {}
                        }
                    }
                },
            }
        }
        drop(listener);
        self.connections.abort_all();
        while let Some(ended) = self.connections.join_next().await {
            self.ended(address, ended);
        }
    }

    /// Returns a listener where the door is open.
    fn listener_of_now(&self, address: SocketAddr, turns: &mut watch::Receiver<bool>) -> Option<TcpListener> {
        if *turns.borrow_and_update() {
            return None;
        }
        match self.door.listener() {
            Ok(listener) => Some(listener),
            Err(error) => {
                self.wiring.trouble(format!("listen on {address} again: {error}; reset the fake cloud"));
                None
            }
        }
    }

    fn welcome(&mut self, tcp: tokio::net::TcpStream) {
        self.activity.connection_opened();
        let line = Arc::new(Line {
            wiring: Arc::clone(&self.wiring),
            router: Arc::clone(&self.router),
            activity: Arc::clone(&self.activity),
            control: Control::default(),
            number: self.wiring.next_connection(),
            accepted_at: self.wiring.journal().now(),
            tls: matches!(*self.entrance, Entrance::Tls(_)),
            tunnelled: None,
            proxy: matches!(*self.entrance, Entrance::Proxy(_)),
            handshake_fault: OnceLock::new(),
            visited: Mutex::default(),
        });
        self.connections.spawn(connection::serve(Arc::clone(&self.entrance), line, tcp));
    }

    fn ended(&self, address: SocketAddr, outcome: Result<(), JoinError>) {
        if let Err(error) = outcome
            && error.is_panic()
        {
            self.wiring.trouble(told("serve a connection", address, error));
        }
        self.activity.connection_ended();
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when another part of the process frees a file")]
async fn pause() {
    tokio::time::sleep(BACK_OFF).await;
}

/// Says what a task was doing when it panicked.
fn told(attempted: &str, address: SocketAddr, error: JoinError) -> String {
    let message = match error.try_into_panic() {
        Ok(payload) => payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned()),
        Err(error) => error.to_string(),
    };
    format!("{attempted} on {address}: {message}; this is a defect of hallmark")
}
