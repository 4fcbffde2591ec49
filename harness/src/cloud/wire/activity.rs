//! Counts what a listener has under way, so that others can wait for a condition instead of a while.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::net::TcpSocket;
use tokio::sync::{Notify, oneshot};

/// Open connections and requests in flight of one listener.
#[derive(Debug, Default)]
pub(super) struct Activity {
    in_flight: AtomicUsize,
    open: AtomicUsize,
    /// Waiters, so that the usual case without one takes no lock.
    waiting: AtomicUsize,
    changed: Notify,
    probes: Mutex<HashMap<SocketAddr, oneshot::Sender<()>>>,
    probing: AtomicUsize,
}

impl Activity {
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub(super) fn request_began(&self) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn request_ended(&self) {
        Self::one_less(&self.in_flight);
        self.tell_waiters();
    }

    pub(super) fn connection_opened(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn connection_ended(&self) {
        Self::one_less(&self.open);
        self.tell_waiters();
    }

    fn one_less(counter: &AtomicUsize) {
        counter.fetch_sub(1, Ordering::SeqCst);
    }

    fn tell_waiters(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.changed.notify_waiters();
        }
    }

    /// Waits until `condition` holds; it is looked at after every end of a request or connection.
    pub(super) async fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if condition(self) {
                return;
            }
            changed.await;
        }
    }

    /// Returns when every connection that was made before this call has been accepted: accepting is first come, first served, so
    /// a connection of our own is accepted after all of them.
    pub(super) async fn probe(&self, address: SocketAddr) -> io::Result<()> {
        let target = reachable(address);
        let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // It leaves no trace of itself: one that ended like any other would keep its port for a minute.
        socket.set_zero_linger()?;
        socket.bind(SocketAddr::new(target.ip(), 0))?;
        let local = socket.local_addr()?;
        let (accepted, told) = oneshot::channel();
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).insert(local, accepted);
        let _probing = Waiting::new(&self.probing);
        let outcome = socket.connect(target).await;
        if outcome.is_ok() {
            told.await.ok();
        }
        self.take_probe(local);
        outcome.map(drop)
    }

    /// Tells whether an accepted connection is a probe, and tells the one who waits for it.
    pub(super) fn is_probe(&self, peer: SocketAddr) -> bool {
        self.probing.load(Ordering::SeqCst) > 0 && self.take_probe(peer)
    }

    fn take_probe(&self, peer: SocketAddr) -> bool {
        let probe = self.probes.lock().unwrap_or_else(PoisonError::into_inner).remove(&peer);
        probe.is_some_and(|accepted| {
            accepted.send(()).ok();
            true
        })
    }
}

/// The address under which this machine reaches a listener that may be bound to all addresses.
fn reachable(address: SocketAddr) -> SocketAddr {
    let mut target = address;
    if address.ip().is_unspecified() {
        target.set_ip(if address.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    target
}

/// One more in a counter while it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(counter)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
