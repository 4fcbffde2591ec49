//! One connection from its first byte to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::admission;
use super::answer::Answer;
use super::control::{SocketEnd, Step};
use super::line::{Line, Target};
use super::record::unreadable;
use super::relay::relay;
use super::server::Entrance;
use super::service::{Severed, respond};
use super::stream::WatchedStream;
use super::tls::{self, Named};
use super::transport::{Rewound, Transport};
use crate::journal::EventKind;

/// First byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Bytes of an unreadable request that are thrown away so that its sender gets to read the answer.
const LINGER_BOUND: u64 = 256 * 1024;

/// Serves an accepted connection until it ends.
pub(super) async fn serve(entrance: Arc<Entrance>, line: Arc<Line>, tcp: TcpStream) {
    tcp.set_nodelay(true).ok();
    let whole = |tcp| Rewound::new(Bytes::new(), tcp);
    if !admission::to_only(&line).await.apply(&tcp).await {
        return;
    }
    match &*entrance {
        Entrance::Relay(upstream) => relay(upstream, &line, tcp).await,
        Entrance::Plain => drop(speak_http(Arc::clone(&line), Transport::Plain(whole(tcp))).await),
        Entrance::Tls(authority) => {
            if let Some(stream) = tls::accept(authority, Named::ByClient, &line, whole(tcp)).await {
                drop(speak_http(Arc::clone(&line), Transport::Tls(Box::new(stream))).await);
            }
        }
        Entrance::Proxy(authority) => {
            let Some((target, stream)) = speak_http(Arc::clone(&line), Transport::Plain(whole(tcp))).await else { return };
            // Some clients tunnel plain HTTP too.
            let Ok(Some(first)) = stream.first_byte().await else {
                let reason = "the tunnel ended before a handshake began".to_owned();
                line.journal().append(EventKind::TlsAborted { host: target.host, reason, fault: None });
                return;
            };
            let tls = first == TLS_HANDSHAKE;
            let inside = line.inside_tunnel(target.clone(), tls);
            let transport = if tls {
                let accepted = tls::accept(authority, Named::As(&target), &inside, stream).await;
                let Some(stream) = accepted else { return };
                Transport::Tls(Box::new(stream))
            } else {
                Transport::Plain(stream)
            };
            drop(speak_http(inside, transport).await);
        }
    }
}

/// Serves HTTP until the connection ends, or returns the socket of a tunnel that was granted.
async fn speak_http(line: Arc<Line>, transport: Transport) -> Option<(Target, Rewound)> {
    let stream = WatchedStream::new(transport, Arc::clone(&line));
    let service = {
        let line = Arc::clone(&line);
        move |request| {
            line.control.begin();
            let head_at = line.journal().now();
            let answer: AnswerFuture = Box::pin(respond(Arc::clone(&line), head_at, request));
            answer
        }
    };
    let connection = http1::Builder::new().half_close(false).serve_connection(TokioIo::new(stream), hyper::service::service_fn(service));
    let mut served = Served { connection: Some(connection), line: Arc::clone(&line) };
    let outcome = std::future::poll_fn(|context| served.poll(context)).await;
    let (transport, leftover) = served.end()?;
    line.conclude();
    let between_requests = line.control.step() == Step::Idle;
    match outcome {
        Ok(()) => {
            if let Some(target) = line.control.take_tunnel() {
                return transport.rewind(leftover).map(|stream| (target, stream));
            }
        }
        Err(error) if between_requests && (error.is_parse() || !leftover.is_empty()) => {
            let exchange = unreadable(&line, &leftover, line.control.unasked_status());
            line.journal().append(EventKind::Exchange(Box::new(exchange)));
        }
        Err(_) => {}
    }
    if line.tls && !line.control.was_asked() && leftover.is_empty() {
        // Some clients look at the certificate only after the handshake.
        let host = match &transport {
            Transport::Tls(stream) => stream.get_ref().1.server_name().map(str::to_owned),
            Transport::Plain(_) => None,
        };
        let host = line.tunnelled.as_ref().map(|target| target.host.clone()).or(host).unwrap_or_default();
        let reason = "the handshake was complete and the peer left without a request".to_owned();
        line.journal().append(EventKind::TlsAborted { host, reason, fault: line.handshake_fault.get().cloned() });
    }
    end_socket(&line, transport).await;
    None
}

async fn end_socket(line: &Line, mut transport: Transport) {
    match line.control.socket_end() {
        SocketEnd::Orderly => {
            transport.shutdown().await.ok();
            // Closing with bytes unread would reset the connection and take the answer with it.
            if line.control.unasked_status().is_some() {
                tokio::io::copy(&mut (&mut transport).take(LINGER_BOUND), &mut tokio::io::sink()).await.ok();
            }
        }
        by_fault => admission::end(transport.tcp(), by_fault).await,
    }
}

type AnswerFuture = Pin<Box<dyn Future<Output = Result<hyper::Response<Answer>, Severed>> + Send>>;

/// A connection with the HTTP library. Dropped before its end (the listener stops, or a task panicked), it still journals the
/// request under way, and before the socket closes.
struct Served<S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = Answer>,
{
    connection: Option<http1::Connection<TokioIo<WatchedStream>, S>>,
    line: Arc<Line>,
}

impl<S> Served<S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = Answer> + Unpin,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    S::Future: Unpin,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.connection.as_mut().map_or(Poll::Ready(Ok(())), |connection| connection.poll_without_shutdown(context))
    }
}

impl<S> Served<S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = Answer>,
{
    /// Takes the socket back, with bytes that were read and not understood. A request under way is dropped, which journals it.
    fn end(&mut self) -> Option<(Transport, Bytes)> {
        let http1::Parts { io, read_buf, .. } = self.connection.take()?.into_parts();
        Some((io.into_inner().into_transport(), read_buf))
    }
}

impl<S> Drop for Served<S>
where
    S: hyper::service::HttpService<hyper::body::Incoming, ResBody = Answer>,
{
    fn drop(&mut self) {
        if self.connection.is_some() {
            self.line.control.set_stopped();
            let socket = self.end();
            self.line.conclude();
            drop(socket);
        }
    }
}
