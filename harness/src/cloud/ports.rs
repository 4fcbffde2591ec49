//! Ports to listen on: where the system lets nobody's outgoing connections begin.
//!
//! A connection that its client ended keeps the client's port for a minute, and the system hands nobody a port to listen on at which one has ended. A suite
//! that plays thousands of jobs a minute would run out of them.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use socket2::{Domain, Protocol, Socket, Type};

/// Ports below are often asked for by name, and some are blocked: browsers and Node's `fetch` connect to none of the Fetch Standard's bad ports, of which
/// 10080 is the highest.
const LOWEST: u16 = 11_000;

/// Fewer ports than this are no choice.
const FEWEST: u16 = 1000;

/// From which on, and up to which, outgoing connections begin, on Linux.
const OUTGOING: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// The ports to choose from; none where only the system knows one.
static RANGE: LazyLock<Option<Range<u16>>> = LazyLock::new(|| below(&std::fs::read_to_string(OUTGOING).ok()?));

/// How often a free port is looked for, in case that somebody else takes the one that was found.
const ATTEMPTS: u32 = 8;

/// Listens on `address` by `listen`: on a free port where it has none.
pub(crate) fn listening<Listener>(address: SocketAddr, listen: impl Fn(SocketAddr) -> io::Result<Listener>) -> io::Result<Listener> {
    let mut attempt = 1;
    loop {
        match listen(with_free_port(address)) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && address.port() == 0 && attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
    }
}

/// Returns `address` with a port on which nobody listens where it has none. It stays 0 where only the system knows one.
fn with_free_port(address: SocketAddr) -> SocketAddr {
    if address.port() != 0 {
        return address;
    }
    let free = || {
        let ports = RANGE.as_ref()?;
        ports.clone().map(|_| SocketAddr::new(address.ip(), next(ports))).find(|candidate| is_free(*candidate).is_ok())
    };
    free().unwrap_or(address)
}

/// Each port is taken in turn, from a beginning that no other process is likely to have: what a job of one stage still sends reaches no later stage.
fn next(ports: &Range<u16>) -> u16 {
    static TURN: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(rand::random()));
    let place = TURN.fetch_add(1, Ordering::Relaxed) % u32::from(ports.end - ports.start);
    ports.start + u16::try_from(place).unwrap_or_default()
}

fn below(outgoing: &str) -> Option<Range<u16>> {
    let first: u16 = outgoing.split_whitespace().next()?.parse().ok()?;
    (first >= LOWEST + FEWEST).then_some(LOWEST..first)
}

/// Binds it for itself alone: that fails also where somebody keeps a port without listening, and where connections have just ended.
fn is_free(address: SocketAddr) -> io::Result<()> {
    Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?.bind(&address.into())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn ports_are_chosen_below_those_of_outgoing_connections() {
        assert_eq!(below("32768\t60999\n"), Some(11_000..32_768));
        assert_eq!(below("11500\t60999\n"), None, "too few");
        assert_eq!(below(""), None);
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_free() {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let taken = TcpListener::bind(any).unwrap();
        assert!(is_free(taken.local_addr().unwrap()).is_err());
        assert!(listening(taken.local_addr().unwrap(), TcpListener::bind).is_err(), "and another is not taken instead");
        assert_eq!(with_free_port(taken.local_addr().unwrap()), taken.local_addr().unwrap(), "what is asked for stays");
        let open: Vec<TcpListener> = (0..20).map(|_| listening(any, TcpListener::bind).unwrap()).collect();
        if let Some(ports) = RANGE.as_ref() {
            assert!(open.iter().all(|one| ports.contains(&one.local_addr().unwrap().port())));
        }
    }
}
