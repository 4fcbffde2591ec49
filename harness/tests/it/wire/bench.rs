//! A listener with a small service behind it, and a client that sees raw bytes.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hallmark_harness::cloud::certificates::Authority;
use hallmark_harness::cloud::wire::{Backend, Disturbance, Entrance, Handled, Received, Router, WireServer, Wiring};
use hallmark_harness::fault::FaultBook;
use hallmark_harness::journal::{Event, EventKind, Exchange, Facts, Journal, Operation, Service};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_rustls::TlsConnector;

/// The host that the router of [`Bench`] knows.
pub(super) const HOST: &str = "iam.cloud.example";

/// Counts what it applied; a PUT or POST changes its state.
#[derive(Debug, Default)]
pub(super) struct Counter {
    pub(super) log: Mutex<Vec<String>>,
}

impl Counter {
    fn note(&self, what: String) -> usize {
        let mut log = self.log.lock().expect("no test panics while it logs");
        log.push(what);
        log.len()
    }

    pub(super) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.lock().expect("no test panics while it logs"))
    }
}

fn answer(status: StatusCode, body: String, applied: bool, identity: &str) -> Handled {
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    Handled { status, headers, body: Bytes::from(body), applied, facts: Facts { identity: Some(identity.to_owned()), ..Facts::default() } }
}

impl Backend for Counter {
    fn service(&self) -> Service {
        Service::SecretsManager
    }

    fn operation(&self, request: &Received) -> Operation {
        match (request.method.as_str(), request.path.as_str()) {
            ("PUT", "/task") => Operation::UpdateTask,
            ("GET", "/task") => Operation::GetTask,
            _ => Operation::Other,
        }
    }

    fn handle(&self, request: &Received) -> Handled {
        assert_ne!(request.path, "/panic", "a service that panics");
        self.note(format!("handle {} {} {}", request.method, request.path, request.body.len()));
        answer(StatusCode::OK, r#"{"done":"0123456789"}"#.to_owned(), request.method == Method::PUT, "handled")
    }

    fn refuse(&self, _request: &Received, status: StatusCode) -> Handled {
        answer(status, format!(r#"{{"error":{}}}"#, status.as_u16()), false, "refused")
    }

    fn disturb(&self, _request: &Received, what: Disturbance) {
        self.note(format!("{what:?}"));
    }
}

/// One listener, its service and its journal.
pub(super) struct Bench {
    pub(super) server: WireServer,
    pub(super) journal: Arc<Journal>,
    pub(super) faults: Arc<FaultBook>,
    pub(super) service: Arc<Counter>,
    pub(super) authority: Arc<Authority>,
    pub(super) wiring: Arc<Wiring>,
    connector: Option<TlsConnector>,
}

impl Bench {
    pub(super) fn plain() -> Self {
        Self::start(|_| Entrance::Plain)
    }

    pub(super) fn tls() -> Self {
        Self::start(Entrance::Tls)
    }

    pub(super) fn proxy() -> Self {
        Self::start(Entrance::Proxy)
    }

    /// A listener behind which one service is alone.
    pub(super) fn alone(tls: bool) -> Self {
        let entrance = move |authority| if tls { Entrance::Tls(authority) } else { Entrance::Plain };
        Self::with(entrance, Router::to)
    }

    fn start(entrance: impl Fn(Arc<Authority>) -> Entrance) -> Self {
        let proxy = matches!(entrance(Arc::new(Authority::new().expect("an authority can be made"))), Entrance::Proxy(_));
        let router = move |service: Arc<dyn Backend>| {
            let router = Router::new().route(HOST, "", Arc::clone(&service));
            if proxy { router } else { router.or(service) }
        };
        Self::with(entrance, router)
    }

    fn with(entrance: impl Fn(Arc<Authority>) -> Entrance, router: impl Fn(Arc<dyn Backend>) -> Router) -> Self {
        let authority = Arc::new(Authority::new().expect("an authority can be made"));
        let journal = Journal::new(Arc::default());
        let faults = Arc::new(FaultBook::new());
        let service = Arc::new(Counter::default());
        let entrance = entrance(Arc::clone(&authority));
        let connector = matches!(entrance, Entrance::Tls(_)).then(|| connector(&authority));
        let router = router(Arc::clone(&service) as Arc<dyn Backend>);
        let wiring = Wiring::new(Arc::clone(&journal), Arc::clone(&faults));
        let server = WireServer::start(&Handle::current(), SocketAddr::from(([127, 0, 0, 1], 0)), entrance, router, &wiring)
            .expect("a free port exists");
        Self { server, journal, faults, service, authority, wiring, connector }
    }

    /// Sets a plan from its line.
    pub(super) fn spoil(&self, line: &str) {
        self.faults.set(line.parse().expect("the test's plan is well-formed"));
    }

    pub(super) async fn connect(&self) -> Client {
        let tcp = TcpStream::connect(self.server.address()).await.expect("our listener listens");
        match &self.connector {
            None => Client::over(tcp),
            Some(connector) => {
                let name = ServerName::try_from(HOST).expect("a host name");
                Client::over(connector.connect(name, tcp).await.expect("our certificate is trusted"))
            }
        }
    }

    pub(super) fn events(&self) -> Vec<Arc<Event>> {
        self.journal.all()
    }

    /// Returns the exchanges so far, when no request is in flight any more.
    pub(super) async fn exchanges(&self) -> Vec<Exchange> {
        self.server.quiesce().await;
        exchanges(&self.journal)
    }

    /// Stops the listener and returns the exchanges.
    pub(super) async fn stop(self) -> Vec<Exchange> {
        self.server.stop().await;
        exchanges(&self.journal)
    }
}

fn exchanges(journal: &Journal) -> Vec<Exchange> {
    let events = journal.all();
    let exchanges = events.iter().filter_map(|event| match &event.kind {
        EventKind::Exchange(exchange) => Some((event.at, exchange)),
        _ => None,
    });
    exchanges
        .map(|(at, exchange)| {
            let times = [exchange.accepted_at, exchange.head_at, exchange.body_at, at];
            assert!(times.is_sorted(), "times out of order: {times:?}");
            (**exchange).clone()
        })
        .collect()
}

/// Trusts the authority.
pub(super) fn connector(authority: &Authority) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).expect("the authority is a certificate");
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Fin,
    Reset,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A client that hides nothing.
pub(super) struct Client {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
}

impl Client {
    pub(super) fn over(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self { stream: Box::new(stream), read: Vec::new() }
    }

    pub(super) async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.expect("the listener reads");
        self.stream.flush().await.expect("the listener reads");
    }

    pub(super) async fn finish_sending(&mut self) {
        self.stream.shutdown().await.expect("the connection is open");
    }

    /// Reads one whole answer by its content-length: head in lower case, and body.
    pub(super) async fn answer(&mut self) -> (String, String) {
        loop {
            if let Some((head, length, body_at)) = self.head()
                && self.read.len() >= body_at + length
            {
                let answer: Vec<u8> = self.read.drain(..body_at + length).collect();
                return (head, String::from_utf8_lossy(&answer[body_at..]).into_owned());
            }
            let read = self.stream.read_buf(&mut self.read).await.expect("an answer comes");
            assert_ne!(read, 0, "the connection ended within an answer: {}", String::from_utf8_lossy(&self.read));
        }
    }

    fn head(&self) -> Option<(String, usize, usize)> {
        let body_at = self.read.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&self.read[..body_at]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |text| text.parse().expect("a length"));
        Some((head, length, body_at))
    }

    /// Reads until all of `bytes` has come.
    pub(super) async fn read_some(&mut self, bytes: &mut [u8]) {
        self.stream.read_exact(bytes).await.expect("an answer comes");
    }

    /// Reads to the connection's end: all bytes, and how it ended.
    pub(super) async fn rest(mut self) -> (String, End) {
        self.until_end().await
    }

    /// As [`Self::rest`], and keeps its own side open.
    pub(super) async fn until_end(&mut self) -> (String, End) {
        let end = match self.stream.read_to_end(&mut self.read).await {
            Ok(_) => End::Fin,
            // TLS says so when a FIN comes without its own farewell.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => End::Fin,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => End::Reset,
            Err(error) => panic!("an end that is neither FIN nor RST: {error}"),
        };
        (String::from_utf8_lossy(&self.read).into_owned(), end)
    }
}

/// A request with a body.
pub(super) fn put(body: &str) -> String {
    format!("PUT /task HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A request without a body.
pub(super) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\n\r\n")
}
