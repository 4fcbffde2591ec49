//! TLS handshakes, each with the certificate that the run's authority presents for its host.

use rustls::server::Acceptor;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::line::Line;
use super::transport::Rewound;
use crate::cloud::certificates::Authority;
use crate::journal::EventKind;

/// Where the host of a handshake is named.
pub(super) enum Named<'a> {
    /// By the client's server name indication, else by the address that it connected to.
    ByClient,
    /// By the CONNECT request.
    As(&'a str),
}

/// Completes a handshake; one that fails is journalled.
pub(super) async fn accept(authority: &Authority, named: Named<'_>, line: &Line, stream: Rewound) -> Option<TlsStream<Rewound>> {
    let local = stream.tcp().local_addr().map(|address| address.ip().to_string()).unwrap_or_default();
    let mut host = match named {
        Named::As(host) => host.to_owned(),
        Named::ByClient => local,
    };
    let aborted = |host: String, reason: String| {
        line.journal().append(EventKind::TlsAborted { host, reason });
        None
    };
    let start = match LazyConfigAcceptor::new(Acceptor::default(), stream).await {
        Ok(start) => start,
        Err(error) => return aborted(host, error.to_string()),
    };
    if let (Named::ByClient, Some(name)) = (named, start.client_hello().server_name()) {
        host = name.to_ascii_lowercase();
    }
    let config = match authority.presented_config(&host) {
        Ok(config) => config,
        Err(error) => {
            line.wiring.trouble(format!("present a certificate for `{host}`: {error}"));
            return None;
        }
    };
    match start.into_stream(config).await {
        Ok(stream) => Some(stream),
        Err(error) => aborted(host, error.to_string()),
    }
}
