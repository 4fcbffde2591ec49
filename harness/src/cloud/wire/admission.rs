//! What faults do to a connection before any request: as soon as it is known whom it is for.

use std::net::Shutdown;

use tokio::net::TcpStream;

use super::control::SocketEnd;
use super::line::{Line, Target};
use super::waiting::wait;
use crate::fault::{Acting, FaultWhat};
use crate::journal::{EventKind, Operation, Service};

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It goes on.
    Granted,
    /// It is as if nobody listened.
    Refused,
    /// It stays, and nobody ever says anything.
    Silent,
    /// It ends so.
    Ends(SocketEnd),
}

/// Counts a connection to a host and lets faults act on it. Services that share a host share its connections: each counts them.
pub(super) async fn to_host(line: &Line, target: &Target) -> Admission {
    let mut services: Vec<Service> = Vec::new();
    for backend in line.router.at(&target.host, target.port) {
        let service = backend.service();
        if !services.contains(&service) {
            services.push(service);
        }
    }
    admit(line, &services, &target.host).await
}

/// As [`to_host`], at an address that is one service's alone.
pub(super) async fn to_only(line: &Line) -> Admission {
    match line.router.only() {
        Some(backend) => admit(line, &[backend.service()], "").await,
        None => Admission::Granted,
    }
}

async fn admit(line: &Line, services: &[Service], host: &str) -> Admission {
    let mut acting: Vec<Acting> = Vec::new();
    let mut of = None;
    for service in services.iter().filter(|service| line.wiring.connections_count(service)) {
        let own = line.wiring.faults().next(service, Operation::Connect);
        if !own.is_empty() {
            of.get_or_insert(service);
            acting.extend(own);
        }
    }
    // The kills and what touches bytes are known of connections behind the TCP proxy alone.
    acting.retain(|acting| !acting.fault.needs_tcp_proxy());
    let (Some(service), Some(fault)) = (of, Acting::line(&acting)) else { return Admission::Granted };
    let (job, host) = (line.journal().job(), host.to_owned());
    line.journal().append(EventKind::ConnectionSpoilt { job, service: service.clone(), host, connection: line.number, fault });
    for acting in &acting {
        wait(acting.delay).await;
    }
    acting
        .iter()
        .find_map(|acting| match acting.fault.what {
            FaultWhat::Refuse => Some(Admission::Refused),
            FaultWhat::Stall => Some(Admission::Silent),
            // What the peer sends is read: unread bytes would turn the end into a reset.
            FaultWhat::Close => Some(Admission::Ends(SocketEnd::HalfOpen)),
            FaultWhat::Reset => Some(Admission::Ends(SocketEnd::Reset)),
            _ => None,
        })
        .unwrap_or(Admission::Granted)
}

impl Admission {
    /// Ends a connection that carries nothing yet, unless it goes on; tells whether it does.
    pub(super) async fn apply(self, tcp: &TcpStream) -> bool {
        match self {
            Self::Granted => return true,
            Self::Silent => read_on(tcp).await,
            // The system has accepted it already.
            Self::Refused => end(tcp, SocketEnd::Reset).await,
            Self::Ends(how) => end(tcp, how).await,
        }
        false
    }
}

/// Ends a socket below TLS.
pub(super) async fn end(tcp: &TcpStream, how: SocketEnd) {
    match how {
        SocketEnd::Orderly => {}
        SocketEnd::Reset => {
            tcp.set_zero_linger().ok();
        }
        SocketEnd::Fin => {
            socket2::SockRef::from(tcp).shutdown(Shutdown::Write).ok();
        }
        SocketEnd::HalfOpen => {
            socket2::SockRef::from(tcp).shutdown(Shutdown::Write).ok();
            read_on(tcp).await;
        }
    }
}

/// Reads a socket until its peer leaves.
async fn read_on(tcp: &TcpStream) {
    let mut buffer = [0; 4096];
    while tcp.readable().await.is_ok() {
        match tcp.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
