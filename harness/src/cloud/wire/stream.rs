//! The stream that the HTTP library reads and writes, watched for the moments that matter.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::control::Step;
use super::line::Line;
use super::rewriting::Rewriting;
use super::transport::Transport;

/// A transport that journals when an answer has left, cuts it where a fault says, and notices a peer that leaves.
pub(super) struct WatchedStream {
    transport: Transport,
    line: Arc<Line>,
    /// The end of the peer's bytes, held back for one turn.
    held_back: Option<io::Result<()>>,
    /// The answer on its way, where faults change its bytes.
    rewriting: Option<Box<Rewriting>>,
}

impl WatchedStream {
    pub(super) fn new(transport: Transport, line: Arc<Line>) -> Self {
        Self { transport, line, held_back: None, rewriting: None }
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

    /// Returns the rewriting of the answer that is being written, where faults want one.
    fn rewriting(&mut self) -> Option<&mut Rewriting> {
        if let Some(alteration) = self.line.control.take_alteration() {
            self.rewriting = Some(Box::new(Rewriting::new(alteration)));
        }
        self.rewriting.as_deref_mut()
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
        if let Some(rewriting) = self.rewriting() {
            rewriting.take(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.transport).poll_write(context, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(first) = slices.first() {
            self.watch_write(first);
        }
        if let Some(rewriting) = self.rewriting() {
            for bytes in slices {
                rewriting.take(bytes);
            }
            return Poll::Ready(Ok(slices.iter().map(|bytes| bytes.len()).sum()));
        }
        Pin::new(&mut self.transport).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    /// The HTTP library flushes after it has written all that it holds.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let step = self.line.control.step();
        let Self { transport, rewriting, .. } = &mut *self;
        if let Some(rewriting) = rewriting {
            if matches!(step, Step::HandedOver | Step::CutHere) {
                rewriting.finish();
            }
            ready!(rewriting.poll_drain(context, transport))?;
        }
        ready!(Pin::new(transport).poll_flush(context))?;
        match step {
            Step::HandedOver => {
                self.rewriting = None;
                self.line.answer_left();
            }
            Step::CutHere => return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault cuts the answer here"))),
            Step::Idle | Step::Asked | Step::Answering | Step::Severed => {}
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}
