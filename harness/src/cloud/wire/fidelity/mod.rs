//! Proves on loopback that each fault is on the wire what it says it is. Some fault servers send a FIN and call it a reset; client
//! libraries treat the two differently, so a verdict needs the real thing.

mod seen;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use self::seen::{Expects, Seen, ask};
use super::{Backend, Entrance, Handled, Received, Router, WireServer, Wiring};
use crate::cloud::certificates::{Authority, CertificateFlaw};
use crate::fault::{Fault, FaultBook, FaultPhase, FaultPlan, FaultService, FaultWhat, FaultWhen, Millionths};
use crate::journal::{Facts, Journal, Operation, Service};

/// What one fault kind turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The fault, as in a plan's line, and `plain` or `tls`.
    pub kind: String,
    /// Whether it was what it says.
    pub proved: bool,
    /// What a raw client saw.
    pub observed: String,
}

/// The host of the proving service.
const HOST: &str = "localhost";

/// The body that the proving service answers with.
const BODY: &str = r#"{"proof":"0123456789"}"#;

/// Bytes after which a body is cut.
const CUT: u64 = 7;

/// Bytes a second of a slow body; it takes 44 ms.
const SLOW: u64 = 500;

/// Bytes of a large header or body.
const LARGE: u64 = 70_000;

/// Seconds by which a clock is ahead.
const SKEW: i64 = 3600;

/// The lateness that is asked of a delay.
const DELAY: Duration = Duration::from_millis(30);

/// Injects every fault kind into loopback exchanges, plain and over TLS, and looks at the bytes. Takes well under a second.
pub async fn prove() -> Vec<Proof> {
    let mut proofs = Vec::new();
    let authority = match Authority::new() {
        Ok(authority) => Arc::new(authority),
        Err(error) => return vec![Proof { kind: "set-up".to_owned(), proved: false, observed: error.to_string() }],
    };
    for tls in [false, true] {
        match Bench::set_up(tls.then(|| Arc::clone(&authority))) {
            Ok(bench) => {
                for what in kinds() {
                    proofs.push(bench.prove(what).await);
                }
                for what in [FaultWhat::Refuse, FaultWhat::Reset, FaultWhat::Close, FaultWhat::Stall] {
                    proofs.push(bench.prove_connection(what).await);
                }
                if let Some(connector) = &bench.connector {
                    for flaw in [CertificateFlaw::Expired, CertificateFlaw::WrongHost, CertificateFlaw::UnknownAuthority] {
                        proofs.push(bench.prove_certificate(connector, flaw).await);
                    }
                }
                bench.server.stop().await;
            }
            Err(observed) => proofs.push(Proof { kind: "set-up".to_owned(), proved: false, observed }),
        }
    }
    proofs
}

/// The faults that act on bytes; a disturbed task or token is the service's matter.
fn kinds() -> [FaultWhat; 22] {
    [
        FaultWhat::Status { status: 503, headers: [("retry-after".to_owned(), "1".to_owned())].into(), body: None },
        FaultWhat::Delay { milliseconds: 30 },
        FaultWhat::DelayBetween { least_milliseconds: 30, most_milliseconds: 40 },
        FaultWhat::DelayLognormal { median_milliseconds: 30, sigma: Millionths::new(0) },
        FaultWhat::Stall,
        FaultWhat::Close,
        FaultWhat::Reset,
        FaultWhat::HalfOpen,
        FaultWhat::ResetMidBody { after: CUT },
        FaultWhat::CutBody { after: CUT },
        FaultWhat::SlowBody { bytes_per_second: SLOW },
        FaultWhat::MalformedChunk,
        FaultWhat::WrongLength { by: 5 },
        FaultWhat::WrongLength { by: -5 },
        FaultWhat::Duplicate,
        FaultWhat::Informational { status: 103 },
        FaultWhat::OversizeHeader { bytes: LARGE },
        FaultWhat::OversizeBody { bytes: LARGE },
        FaultWhat::Skew { seconds: SKEW },
        FaultWhat::InvalidJson,
        FaultWhat::WrongContentType,
        FaultWhat::GatewayHtml { status: 502 },
    ]
}

/// A listener, and how to reach it.
struct Bench {
    server: WireServer,
    faults: Arc<FaultBook>,
    connector: Option<TlsConnector>,
}

impl Bench {
    fn set_up(authority: Option<Arc<Authority>>) -> Result<Self, String> {
        let connector = authority.as_deref().map(connector).transpose().map_err(|error| error.to_string())?;
        let faults = Arc::new(FaultBook::new());
        let wiring = Wiring::new(Journal::new(Arc::default()), Arc::clone(&faults));
        let entrance = authority.map_or(Entrance::Plain, Entrance::Tls);
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let router = Router::to(Arc::new(ProvingService));
        let server =
            WireServer::start(&tokio::runtime::Handle::current(), address, entrance, router, &wiring).map_err(|error| error.to_string())?;
        Ok(Self { server, faults, connector })
    }

    async fn prove(&self, what: FaultWhat) -> Proof {
        let kind = format!("{what} ({})", if self.connector.is_some() { "tls" } else { "plain" });
        let fault = Fault {
            service: FaultService::SecretsManager,
            operation: Operation::Get,
            when: FaultWhen::Every,
            phase: FaultPhase::AfterCommit,
            what: what.clone(),
        };
        self.faults.set(FaultPlan::of(fault));
        let expects = if what == FaultWhat::Stall { Expects::Nothing } else { Expects::End };
        match self.observe(expects).await {
            Ok(seen) => Proof { kind, proved: seen.is(&what), observed: seen.in_words() },
            Err(error) => Proof { kind, proved: false, observed: format!("cannot ask our own listener: {error}") },
        }
    }

    /// Acts on a connection before any request, and before TLS.
    async fn prove_connection(&self, what: FaultWhat) -> Proof {
        let kind = format!("connect {what} ({})", if self.connector.is_some() { "tls" } else { "plain" });
        let expects = if what == FaultWhat::Stall { Expects::Nothing } else { Expects::End };
        let plan = FaultPlan::of(Fault {
            service: FaultService::SecretsManager,
            operation: Operation::Connect,
            when: FaultWhen::Every,
            phase: FaultPhase::BeforeCommit,
            what: what.clone(),
        });
        self.server.follow(&plan);
        self.faults.set(plan);
        let seen = match TcpStream::connect(self.server.address()).await {
            Ok(stream) => ask(stream, expects).await,
            Err(error) => Err(error),
        };
        self.faults.clear();
        self.server.follow(&FaultPlan::default());
        match seen {
            Ok(seen) => Proof { kind, proved: seen.is(&what), observed: seen.in_words() },
            Err(error) => {
                let proved = what == FaultWhat::Refuse && error.kind() == io::ErrorKind::ConnectionRefused;
                Proof { kind, proved, observed: error.to_string() }
            }
        }
    }

    /// Tells whether a careful client refuses the host's certificate, and for the right reason.
    async fn prove_certificate(&self, connector: &TlsConnector, flaw: CertificateFlaw) -> Proof {
        let what = FaultWhat::Certificate { flaw };
        let kind = format!("{what} (tls)");
        let fault = Fault {
            service: FaultService::SecretsManager,
            operation: Operation::Handshake,
            when: FaultWhen::Every,
            phase: FaultPhase::BeforeCommit,
            what,
        };
        self.faults.set(FaultPlan::of(fault));
        let Err(refused) = self.connect(connector).await else {
            return Proof { kind, proved: false, observed: "the certificate was accepted".to_owned() };
        };
        let cause = refused.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
        let proved = match cause {
            Some(rustls::Error::InvalidCertificate(cause)) => match flaw {
                CertificateFlaw::Expired => matches!(cause, CertificateError::Expired | CertificateError::ExpiredContext { .. }),
                CertificateFlaw::WrongHost => {
                    matches!(cause, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
                }
                CertificateFlaw::UnknownAuthority => *cause == CertificateError::UnknownIssuer,
            },
            _ => false,
        };
        Proof { kind, proved, observed: refused.to_string() }
    }

    async fn connect(&self, connector: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.server.address()).await?;
        connector.connect(ServerName::try_from(HOST).map_err(io::Error::other)?, tcp).await
    }

    /// Sends one request and keeps all that comes back until the end of the connection.
    async fn observe(&self, expects: Expects) -> io::Result<Seen> {
        match &self.connector {
            None => ask(TcpStream::connect(self.server.address()).await?, expects).await,
            Some(connector) => ask(self.connect(connector).await?, expects).await,
        }
    }
}

fn connector(authority: &Authority) -> Result<TlsConnector, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der())?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// A service that always answers the same.
struct ProvingService;

impl ProvingService {
    fn answer(status: StatusCode) -> Handled {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        Handled { status, headers, body: Bytes::from_static(BODY.as_bytes()), applied: true, facts: Facts::default() }
    }
}

impl Backend for ProvingService {
    fn service(&self) -> Service {
        Service::SecretsManager
    }

    fn operation(&self, _request: &Received) -> Operation {
        Operation::Get
    }

    fn handle(&self, _request: &Received) -> Handled {
        Self::answer(StatusCode::OK)
    }

    fn refuse(&self, _request: &Received, status: StatusCode) -> Handled {
        Self::answer(status)
    }
}
