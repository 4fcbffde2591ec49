//! TLS handshakes, each with a certificate of the run's authority for its host: the good one, unless a fault wants another.

use rustls::server::Acceptor;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::admission;
use super::line::{Line, Target};
use super::transport::Rewound;
use crate::cloud::certificates::{Authority, CertificateFlaw};
use crate::fault::FaultWhat;
use crate::journal::{EventKind, Operation};

/// Where the host of a handshake is named.
pub(super) enum Named<'a> {
    /// By the client's server name indication, else by the address that it connected to.
    ByClient,
    /// By the CONNECT request.
    As(&'a Target),
}

/// Completes a handshake; one that fails is journalled. A fault that acts on it stays with the line.
pub(super) async fn accept(authority: &Authority, named: Named<'_>, line: &Line, stream: Rewound) -> Option<TlsStream<Rewound>> {
    let local = stream.tcp().local_addr().ok();
    let mut target = match named {
        Named::As(target) => target.clone(),
        Named::ByClient => {
            Target { host: local.map(|address| address.ip().to_string()).unwrap_or_default(), port: local.map(|address| address.port()) }
        }
    };
    let aborted = |host: String, reason: String| {
        line.journal().append(EventKind::TlsAborted { host, reason, fault: line.handshake_fault.get().cloned() });
        None
    };
    let start = match LazyConfigAcceptor::new(Acceptor::default(), stream).await {
        Ok(start) => start,
        Err(error) => return aborted(target.host, error.to_string()),
    };
    if let Named::ByClient = named {
        if let Some(name) = start.client_hello().server_name() {
            target.host = name.to_ascii_lowercase();
        }
        // Where one service alone is, faults have acted on the connection by now.
        if line.router.only().is_none() && !admission::to_host(line, &target).await.apply(start.io.tcp()).await {
            return None;
        }
    }
    let config = match authority.server_config(&target.host, flaw(line, &target)) {
        Ok(config) => config,
        Err(error) => {
            line.wiring.trouble(format!("present a certificate for `{}`: {error}", target.host));
            return None;
        }
    };
    match start.into_stream(config).await {
        Ok(stream) => Some(stream),
        Err(error) => aborted(target.host, error.to_string()),
    }
}

/// Returns what is to be wrong with the certificate for `target`. Services that share a host share its certificate: the first fault of any acts.
fn flaw(line: &Line, target: &Target) -> Option<CertificateFlaw> {
    let mut services = line.router.at(&target.host, target.port);
    services.find_map(|backend| {
        let acting = line.wiring.faults().next(&backend.service(), Operation::Handshake);
        let (flaw, fault) = acting.iter().find_map(|acting| match acting.fault.what {
            FaultWhat::Certificate { flaw } => Some((flaw, acting.fault.to_string())),
            _ => None,
        })?;
        line.handshake_fault.set(fault).ok();
        Some(flaw)
    })
}
