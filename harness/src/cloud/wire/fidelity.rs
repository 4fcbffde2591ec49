//! Proves on loopback that each fault is on the wire what it says it is. Some fault servers send a FIN and call it a reset; client
//! libraries treat the two differently, so a verdict needs the real thing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Backend, Entrance, Handled, Received, Router, WireServer, Wiring};
use crate::cloud::certificates::{Authority, CertificateFlaw};
use crate::fault::{Fault, FaultBook, FaultPhase, FaultPlan, FaultService, FaultWhat, FaultWhen};
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

/// How long a stalled connection is watched, and an answer awaited.
const WATCHED: Duration = Duration::from_millis(50);
const AWAITED: Duration = Duration::from_secs(10);

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

/// The faults that act on bytes; a disturbed task is the service's matter.
fn kinds() -> [FaultWhat; 10] {
    [
        FaultWhat::Status { status: 503, headers: [("retry-after".to_owned(), "1".to_owned())].into(), body: None },
        FaultWhat::Delay { milliseconds: 30 },
        FaultWhat::Stall,
        FaultWhat::Close,
        FaultWhat::Reset,
        FaultWhat::ResetMidBody { after: CUT },
        FaultWhat::CutBody { after: CUT },
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
        let router = Router::new().route(HOST, "", Arc::new(ProvingService));
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
        self.faults.set(FaultPlan { faults: vec![fault] });
        match self.observe(what == FaultWhat::Stall).await {
            Ok(seen) => Proof { kind, proved: seen.is(&what), observed: seen.in_words() },
            Err(error) => Proof { kind, proved: false, observed: format!("cannot ask our own listener: {error}") },
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
        self.faults.set(FaultPlan { faults: vec![fault] });
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
    async fn observe(&self, stalls: bool) -> io::Result<Seen> {
        match &self.connector {
            None => ask(TcpStream::connect(self.server.address()).await?, stalls).await,
            Some(connector) => ask(self.connect(connector).await?, stalls).await,
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

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, stalls: bool) -> io::Result<Seen> {
    let started = std::time::Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    stream.flush().await?;
    let mut bytes = Vec::new();
    let patience = if stalls { WATCHED } else { AWAITED };
    let end = match tokio::time::timeout(patience, stream.read_to_end(&mut bytes)).await {
        Err(_elapsed) => End::Open,
        Ok(Ok(_)) => End::Fin,
        // Over TLS: a FIN below the TLS connection, without its own farewell.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => End::Fin,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => End::Reset,
        Ok(Err(error)) => End::Other(error.to_string()),
    };
    Ok(Seen { bytes, end, after: started.elapsed() })
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Open,
    Fin,
    Reset,
    Other(String),
}

/// What a raw client saw.
struct Seen {
    bytes: Vec<u8>,
    end: End,
    after: Duration,
}

impl Seen {
    fn head_and_body(&self) -> Option<(String, &[u8])> {
        let at = self.bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        Some((String::from_utf8_lossy(&self.bytes[..at + 4]).to_ascii_lowercase(), &self.bytes[at + 4..]))
    }

    fn header(&self, line: &str) -> bool {
        self.head_and_body().is_some_and(|(head, _)| head.contains(&format!("\r\n{line}\r\n")))
    }

    fn status(&self, status: u16) -> bool {
        self.bytes.starts_with(format!("HTTP/1.1 {status} ").as_bytes())
    }

    /// Tells whether the answer is whole: as many bytes of body as the head says, then FIN.
    fn whole(&self) -> bool {
        let Some((_, body)) = self.head_and_body() else { return false };
        self.header(&format!("content-length: {}", body.len())) && self.end == End::Fin
    }

    fn cut(&self, end: &End) -> bool {
        let first = BODY.as_bytes().get(..usize::try_from(CUT).unwrap_or(usize::MAX));
        self.head_and_body().is_some_and(|(_, body)| Some(body) == first)
            && self.header(&format!("content-length: {}", BODY.len()))
            && self.end == *end
    }

    fn is(&self, what: &FaultWhat) -> bool {
        let body = self.head_and_body().map(|(_, body)| body).unwrap_or_default();
        let json = serde_json::from_slice::<serde_json::Value>(body).is_ok();
        match what {
            FaultWhat::Status { status, .. } => self.status(*status) && self.header("retry-after: 1") && self.whole(),
            FaultWhat::Delay { .. } => self.status(200) && self.whole() && self.after >= DELAY,
            FaultWhat::Stall => self.bytes.is_empty() && self.end == End::Open,
            FaultWhat::Close => self.bytes.is_empty() && self.end == End::Fin,
            FaultWhat::Reset => self.bytes.is_empty() && self.end == End::Reset,
            FaultWhat::ResetMidBody { .. } => self.cut(&End::Reset),
            FaultWhat::CutBody { .. } => self.cut(&End::Fin),
            FaultWhat::InvalidJson => self.whole() && !json && body.len() == BODY.len() && self.header("content-type: application/json"),
            FaultWhat::WrongContentType => self.whole() && json && self.header("content-type: text/html"),
            FaultWhat::GatewayHtml { status } => {
                self.status(*status) && self.whole() && self.header("content-type: text/html") && body.starts_with(b"<html>")
            }
            FaultWhat::Bandwidth { .. }
            | FaultWhat::Refuse
            | FaultWhat::CancelTask
            | FaultWhat::ExpireTask
            | FaultWhat::KillJob
            | FaultWhat::KillJobAfterReply
            | FaultWhat::Gather
            | FaultWhat::Certificate { .. } => false,
        }
    }

    fn in_words(&self) -> String {
        let answer = match self.head_and_body() {
            None if self.bytes.is_empty() => "no byte of an answer".to_owned(),
            None => format!("{} bytes without a whole head", self.bytes.len()),
            Some((head, body)) => {
                let length = head.lines().find(|line| line.starts_with("content-length")).unwrap_or("no content-length");
                format!("`{}`, {length}, {} bytes of body", head.lines().next().unwrap_or_default(), body.len())
            }
        };
        let end = match &self.end {
            End::Open => "the connection stayed open".to_owned(),
            End::Fin => "FIN".to_owned(),
            End::Reset => "RST (ECONNRESET)".to_owned(),
            End::Other(error) => error.clone(),
        };
        format!("{answer}; {end} after {} ms", self.after.as_millis())
    }
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
