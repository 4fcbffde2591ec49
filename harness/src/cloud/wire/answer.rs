//! The body of an answer, which tells the connection when all of it, or all that may leave, was handed over.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::control::Step;
use super::line::Line;

/// A body of known length that may end early.
pub(in crate::cloud) struct Answer {
    line: Arc<Line>,
    data: Option<Bytes>,
    /// Bytes that the head promises and that never come.
    withheld: u64,
    cut: bool,
    pace: Option<Pace>,
}

/// The slowness of a body.
struct Pace {
    bytes_per_second: u64,
    /// When the next piece may leave.
    pause: Option<Pin<Box<Sleep>>>,
}

/// Pieces a second in which a slow body leaves, as far as that takes whole bytes.
const PIECES: u64 = 20;

impl Answer {
    /// Makes a response whose body leaves whole.
    pub(in crate::cloud) fn whole(line: &Arc<Line>, status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Self> {
        let answer = Self { line: Arc::clone(line), data: Some(body).filter(|body| !body.is_empty()), withheld: 0, cut: false, pace: None };
        respond(status, headers, answer)
    }

    /// Makes a response whose head promises all of `body` and of which only the first `after` bytes leave.
    pub(super) fn cut(line: &Arc<Line>, status: StatusCode, headers: HeaderMap, body: &Bytes, after: usize) -> Response<Self> {
        let data = body.slice(..after);
        let withheld = (body.len() - after) as u64;
        let answer = Self { line: Arc::clone(line), data: Some(data).filter(|data| !data.is_empty()), withheld, cut: true, pace: None };
        respond(status, headers, answer)
    }

    /// Lets the body leave no faster than this, in small pieces, each after the time that it takes.
    pub(super) fn slow_down(&mut self, bytes_per_second: u64) {
        self.pace = Some(Pace { bytes_per_second: bytes_per_second.max(1), pause: None });
    }
}

impl Pace {
    /// Waits for the next piece of a body, and takes it.
    #[expect(clippy::disallowed_methods, reason = "slowness is what this fault is")]
    fn poll_piece(&mut self, context: &mut Context<'_>, data: &mut Option<Bytes>) -> Poll<Option<Bytes>> {
        let Some(left) = data else { return Poll::Ready(None) };
        let portion = usize::try_from((self.bytes_per_second / PIECES).max(1)).unwrap_or(usize::MAX).min(left.len());
        let time = Duration::from_nanos((portion as u64).saturating_mul(1_000_000_000) / self.bytes_per_second);
        ready!(self.pause.get_or_insert_with(|| Box::pin(sleep(time))).as_mut().poll(context));
        self.pause = None;
        let piece = left.split_to(portion);
        if left.is_empty() {
            *data = None;
        }
        Poll::Ready(Some(piece))
    }
}

fn respond(status: StatusCode, headers: HeaderMap, answer: Answer) -> Response<Answer> {
    let mut response = Response::new(answer);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Self { data, pace, .. } = &mut *self;
        let piece = match pace {
            Some(pace) => ready!(pace.poll_piece(context, data)),
            None => data.take(),
        };
        match piece {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None if self.cut => {
                // The HTTP library flushes what it has right after this; there the connection ends, so nobody needs to wake us.
                self.line.control.set_step(Step::CutHere);
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64) + self.withheld)
    }
}

impl Drop for Answer {
    /// The library drops a body when it wants no more of it: all is handed over, or the connection is gone.
    fn drop(&mut self) {
        self.line.control.set_step(if self.cut { Step::CutHere } else { Step::HandedOver });
    }
}
