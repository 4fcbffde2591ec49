//! What faults change about the bytes of an answer after the HTTP library has written them: what it would rightly never write itself.

use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use http::StatusCode;
use memchr::memmem;
use tokio::io::AsyncWrite;

use super::transport::Transport;

/// Ends a head.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// Stands where the size of a chunk should.
const NO_SIZE: &[u8] = b"not-a-size\r\n";

/// Where the first digit of the status stands in `HTTP/1.1 200 OK`.
const STATUS_AT: usize = 9;

/// How the bytes of an answer differ from what the HTTP library writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Alteration {
    /// Statuses of informational answers that come first.
    pub(super) informational: Vec<u16>,
    /// What is added to the length that the head tells.
    pub(super) length: i64,
    /// The length of the one good chunk before one that is none.
    pub(super) chunk: Option<usize>,
    /// How often the whole answer leaves once more.
    pub(super) copies: usize,
}

impl Alteration {
    /// Tells whether there is any.
    pub(super) fn is_any(&self) -> bool {
        *self != Self::default()
    }

    /// Tells whether the answer can only end with its connection.
    pub(super) fn ends_connection(&self) -> bool {
        self.chunk.is_some() || self.length > 0
    }
}

/// An answer that is being rewritten on its way.
#[derive(Debug)]
pub(super) struct Rewriting {
    alteration: Alteration,
    /// What has come of the head; none once it is whole.
    head: Option<BytesMut>,
    /// Bytes of the body that have come.
    body: usize,
    /// Bytes that are to leave.
    outgoing: BytesMut,
    /// The final answer as it left, for its copies.
    kept: BytesMut,
    finished: bool,
}

impl Rewriting {
    pub(super) fn new(alteration: Alteration) -> Self {
        Self { alteration, head: Some(BytesMut::new()), body: 0, outgoing: BytesMut::new(), kept: BytesMut::new(), finished: false }
    }

    /// Takes bytes as the HTTP library writes them.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        let Some(head) = &mut self.head else { return self.pass(bytes) };
        head.extend_from_slice(bytes);
        while let Some(end) = memmem::find(head, END_OF_HEAD) {
            let whole = head.split_to(end + END_OF_HEAD.len());
            if whole.get(STATUS_AT) == Some(&b'1') {
                // The library's own go-ahead to a client that asked for one.
                self.outgoing.extend_from_slice(&whole);
                continue;
            }
            let rest = std::mem::take(head);
            self.head = None;
            for status in &self.alteration.informational {
                let reason = StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Informational");
                self.outgoing.extend_from_slice(format!("HTTP/1.1 {status} {reason}\r\n\r\n").as_bytes());
            }
            self.send(self.rewritten(&whole).as_bytes());
            return self.pass(&rest);
        }
    }

    /// Adds what comes after all that the HTTP library writes. A second call adds nothing.
    pub(super) fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        if self.alteration.chunk.is_some() {
            if self.body > 0 {
                self.send(b"\r\n");
            }
            self.send(NO_SIZE);
        }
        for _ in 0..self.alteration.copies {
            self.outgoing.extend_from_slice(&self.kept);
        }
    }

    /// Writes what is to leave.
    pub(super) fn poll_drain(&mut self, context: &mut Context<'_>, transport: &mut Transport) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            match ready!(Pin::new(&mut *transport).poll_write(context, &self.outgoing))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.outgoing.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Lets bytes of the body pass.
    fn pass(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if let Some(chunk) = self.alteration.chunk
            && !bytes.is_empty()
        {
            if self.body == 0 {
                self.send(format!("{chunk:x}\r\n").as_bytes());
            }
            bytes = &bytes[..bytes.len().min(chunk.saturating_sub(self.body))];
        }
        self.body += bytes.len();
        self.send(bytes);
    }

    fn send(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
        if self.alteration.copies > 0 {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// Returns the head with the length that faults want it to tell.
    fn rewritten(&self, head: &[u8]) -> String {
        const LENGTH: &str = "content-length";
        // HTTP allows more than ASCII in a value, and the library was given none.
        let text = String::from_utf8_lossy(head);
        let Alteration { length: difference, chunk, .. } = self.alteration;
        let changed = difference != 0 || chunk.is_some();
        let is_length = |line: &str| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(LENGTH));
        let told = text.split("\r\n").find(|line| is_length(line)).and_then(|line| line.split_once(':'));
        let told: u64 = told.and_then(|(_, length)| length.trim().parse().ok()).unwrap_or(0);
        let mut rewritten = String::with_capacity(text.len() + 32);
        for line in text.trim_end_matches("\r\n").split("\r\n").filter(|line| !(changed && is_length(line))) {
            write!(rewritten, "{line}\r\n").ok();
        }
        if chunk.is_some() {
            rewritten.push_str("transfer-encoding: chunked\r\n");
        } else if changed {
            write!(rewritten, "{LENGTH}: {}\r\n", told.saturating_add_signed(difference)).ok();
        }
        rewritten.push_str("\r\n");
        rewritten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nx: y\r\n\r\n";

    /// Returns what leaves of an answer, however its bytes come.
    fn left(alteration: &Alteration, answer: &str) -> String {
        let piecewise = |size: usize| {
            let mut rewriting = Rewriting::new(alteration.clone());
            answer.as_bytes().chunks(size).for_each(|bytes| rewriting.take(bytes));
            rewriting.finish();
            rewriting.finish();
            String::from_utf8(rewriting.outgoing.to_vec()).unwrap()
        };
        let whole = piecewise(answer.len());
        for size in 1..answer.len() {
            assert_eq!(piecewise(size), whole, "in pieces of {size}");
        }
        whole
    }

    #[test]
    fn each_alteration_changes_the_bytes_that_it_names_and_no_others() {
        let answer = format!("{HEAD}abcdef");
        let none = Alteration::default();
        assert!(!none.is_any());
        assert_eq!(left(&none, &answer), answer);
        let longer = Alteration { length: 3, ..Alteration::default() };
        assert_eq!(left(&longer, &answer), "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 9\r\n\r\nabcdef");
        let shorter = Alteration { length: -9, ..Alteration::default() };
        assert_eq!(left(&shorter, &answer), "HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 0\r\n\r\nabcdef");
        let chunked = Alteration { chunk: Some(3), ..Alteration::default() };
        let expected = "HTTP/1.1 200 OK\r\nx: y\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nnot-a-size\r\n";
        assert_eq!(left(&chunked, &answer), expected);
        let informed = Alteration { informational: vec![103, 150], copies: 1, ..Alteration::default() };
        let expected = format!("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 150 Informational\r\n\r\n{answer}{answer}");
        assert_eq!(left(&informed, &answer), expected);
    }

    #[test]
    fn a_go_ahead_before_the_answer_stays_and_a_body_may_be_missing() {
        let go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";
        let chunked = Alteration { chunk: Some(0), ..Alteration::default() };
        let expected = format!("{go_ahead}HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\nnot-a-size\r\n");
        assert_eq!(left(&chunked, &format!("{go_ahead}HTTP/1.1 204 No Content\r\n\r\n")), expected);
        let longer = Alteration { length: 3, ..Alteration::default() };
        assert_eq!(left(&longer, "HTTP/1.1 204 No Content\r\n\r\n"), "HTTP/1.1 204 No Content\r\ncontent-length: 3\r\n\r\n");
    }
}
