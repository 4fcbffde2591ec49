//! The body of an answer, which tells the connection when all of it, or all that may leave, was handed over.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};

use super::control::Step;
use super::line::Line;

/// A body of known length that may end early.
pub(in crate::cloud) struct Answer {
    line: Arc<Line>,
    data: Option<Bytes>,
    /// Bytes that the head promises and that never come.
    withheld: u64,
    cut: bool,
}

impl Answer {
    /// Makes a response whose body leaves whole.
    pub(in crate::cloud) fn whole(line: &Arc<Line>, status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Self> {
        let answer = Self { line: Arc::clone(line), data: Some(body).filter(|body| !body.is_empty()), withheld: 0, cut: false };
        respond(status, headers, answer)
    }

    /// Makes a response whose head promises all of `body` and of which only the first `after` bytes leave.
    pub(super) fn cut(line: &Arc<Line>, status: StatusCode, headers: HeaderMap, body: &Bytes, after: usize) -> Response<Self> {
        let data = body.slice(..after);
        let withheld = (body.len() - after) as u64;
        let answer = Self { line: Arc::clone(line), data: Some(data).filter(|data| !data.is_empty()), withheld, cut: true };
        respond(status, headers, answer)
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

    fn poll_frame(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.data.take() {
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
