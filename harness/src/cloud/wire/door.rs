//! A listener's socket, which can refuse connections for a while and keeps its port meanwhile.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use crate::cloud::ports;
use crate::fault::Outage;

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 1024;

/// The socket that a listener accepts from.
#[derive(Debug)]
pub(super) struct Door {
    socket: Socket,
    address: SocketAddr,
    shut: watch::Sender<bool>,
    schedule: Mutex<Schedule>,
}

#[derive(Debug, Default)]
struct Schedule {
    /// Counts the plans, so that what is left of an earlier one turns nothing any more.
    number: u64,
    running: Option<AbortHandle>,
}

impl Door {
    /// Listens on `address`; port 0 takes a free one.
    pub(super) fn open(address: SocketAddr) -> io::Result<Arc<Self>> {
        let socket = ports::listening(address, listen)?;
        let address = local_address(&socket)?;
        Ok(Arc::new(Self { socket, address, shut: watch::Sender::new(false), schedule: Mutex::default() }))
    }

    /// Returns the address that it listens on.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells whether connections are refused at present.
    pub(super) fn is_shut(&self) -> bool {
        *self.shut.borrow()
    }

    /// Tells of each time that it shuts or opens.
    pub(super) fn turns(&self) -> watch::Receiver<bool> {
        self.shut.subscribe()
    }

    /// Returns a listener to accept from. One from before it was shut is no good any more: the runtime takes it for closed for ever.
    pub(super) fn listener(&self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.socket.try_clone()?.into())
    }

    /// Refuses connections during these outages, counted from now on, and at no other time. When this returns, what is to be refused at once is.
    pub(super) fn refuse(self: &Arc<Self>, runtime: &Handle, outages: Vec<Outage>) -> io::Result<()> {
        let set_at = Instant::now();
        let mut schedule = self.schedule();
        schedule.number += 1;
        if let Some(earlier) = schedule.running.take() {
            earlier.abort();
        }
        self.turn(covered(&outages, Duration::ZERO))?;
        let mut changes: Vec<Duration> = outages.iter().flat_map(|outage| [Some(outage.from), outage.to]).flatten().collect();
        changes.retain(|change| !change.is_zero());
        changes.sort();
        if !changes.is_empty() {
            let (door, number) = (Arc::downgrade(self), schedule.number);
            let turning = runtime.spawn(async move {
                for after in changes {
                    // Later than the clock reaches, which is never.
                    let Some(at) = set_at.checked_add(after) else { return };
                    sleep_until(at).await;
                    let Some(door) = door.upgrade() else { return };
                    let schedule = door.schedule();
                    if schedule.number != number || door.turn(covered(&outages, after)).is_err() {
                        return;
                    }
                }
            });
            schedule.running = Some(turning.abort_handle());
        }
        Ok(())
    }

    /// Shuts or opens. A socket that no longer listens keeps its port, and the system refuses whoever knocks.
    fn turn(&self, shut: bool) -> io::Result<()> {
        if shut == self.is_shut() {
            return Ok(());
        }
        if shut {
            // Before the listener finds its socket closed, it is to know why.
            self.shut.send_replace(true);
            self.socket.shutdown(Shutdown::Read)
        } else {
            self.socket.listen(BACKLOG)?;
            self.shut.send_replace(false);
            Ok(())
        }
    }

    /// A panic elsewhere leaves the schedule whole: it stays usable.
    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(running) = self.schedule().running.take() {
            running.abort();
        }
    }
}

fn covered(outages: &[Outage], after: Duration) -> bool {
    outages.iter().any(|outage| outage.covers(after))
}

/// Binds a port for good: one that the system chose is given back as soon as its socket stops listening, one that was asked for is not.
fn listen(address: SocketAddr) -> io::Result<Socket> {
    let chosen = if address.port() == 0 { Some(bound(address)?) } else { None };
    let address = chosen.as_ref().map_or(Ok(address), local_address)?;
    // Two sockets may share a port as long as neither listens.
    let socket = bound(address)?;
    drop(chosen);
    socket.listen(BACKLOG)?;
    Ok(socket)
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}
