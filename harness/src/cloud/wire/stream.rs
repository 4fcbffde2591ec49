//! The stream that the HTTP library reads and writes, watched for the moments that matter.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::control::Step;
use super::line::Line;
use super::transport::Transport;

/// A transport that journals when an answer has left, cuts it where a fault says, and notices a peer that leaves.
pub(super) struct WatchedStream {
    transport: Transport,
    line: Arc<Line>,
    /// The end of the peer's bytes, held back for one turn.
    held_back: Option<io::Result<()>>,
}

impl WatchedStream {
    pub(super) fn new(transport: Transport, line: Arc<Line>) -> Self {
        Self { transport, line, held_back: None }
    }

    pub(super) fn into_transport(self) -> Transport {
        self.transport
    }

    fn watch_write(&self, bytes: &[u8]) {
        // What leaves between requests is the HTTP library's own answer to something unreadable.
        if self.line.control.step() == Step::Idle
            && let Some(status) = bytes.strip_prefix(b"HTTP/1.1 ").or_else(|| bytes.strip_prefix(b"HTTP/1.0 "))
            && let Some(status) = status.get(..3).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        {
            self.line.control.set_unasked_status(status);
        }
    }
}

impl AsyncRead for WatchedStream {
    /// A whole request is handled even if its sender left right after it, as a real service does: the end of the peer's bytes
    /// reaches the HTTP library one turn later than the bytes, since it drops the request under way when it sees the end.
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(outcome) = self.held_back.take() {
            return Poll::Ready(outcome);
        }
        let before = buffer.filled().len();
        let outcome = ready!(Pin::new(&mut self.transport).poll_read(context, buffer));
        let left = outcome.is_err() || (buffer.filled().len() == before && buffer.remaining() > 0);
        if left && self.line.control.step() != Step::Idle {
            self.line.control.set_peer_left();
            self.held_back = Some(outcome);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(outcome)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.watch_write(bytes);
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(first) = slices.first() {
            self.watch_write(first);
        }
        Pin::new(&mut self.transport).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    /// The HTTP library flushes after it has written all that it holds.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.transport).poll_flush(context))?;
        match self.line.control.step() {
            Step::HandedOver => self.line.answer_left(),
            Step::CutHere => return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault cuts the answer here"))),
            Step::Idle | Step::Asked | Step::Answering | Step::Severed => {}
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}
