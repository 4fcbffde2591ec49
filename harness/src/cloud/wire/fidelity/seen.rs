//! What a raw client sees of one exchange, and whether that is what a fault says.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::{BODY, CUT, DELAY, LARGE, SKEW, SLOW};
use crate::fault::FaultWhat;

/// How long a stalled connection is watched, and an answer awaited.
const WATCHED: Duration = Duration::from_millis(50);
const AWAITED: Duration = Duration::from_secs(10);

/// How far a date that HTTP tells may be from where it is expected: it is cut to whole seconds, and the machine may be slow.
const DATE_ERROR: Duration = Duration::from_mins(1);

/// What a client waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expects {
    /// The end of the connection.
    End,
    /// That nothing comes for a while.
    Nothing,
}

/// Sends one request and keeps all that comes back until the end of the connection.
pub(super) async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin, expects: Expects) -> io::Result<Seen> {
    let started = Instant::now();
    let mut bytes = Vec::new();
    let patience = if expects == Expects::Nothing { WATCHED } else { AWAITED };
    let exchange = async {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        stream.flush().await?;
        stream.read_to_end(&mut bytes).await
    };
    let end = match timeout(patience, exchange).await {
        Err(_elapsed) => End::Open,
        Ok(Ok(_)) => End::Fin,
        // Over TLS: a FIN below the TLS connection, without its own farewell.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => End::Fin,
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset => End::Reset,
        Ok(Err(error)) => End::Other(error.to_string()),
    };
    let after = started.elapsed();
    Ok(Seen { bytes, end, after, listens: listens(&mut stream).await })
}

/// Tells whether the other side still takes bytes: one that is gone answers the first with a reset, and a second cannot be sent.
async fn listens(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> bool {
    for _ in 0..2 {
        if stream.write_all(b"\r\n").await.is_err() || stream.flush().await.is_err() {
            return false;
        }
    }
    true
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Open,
    Fin,
    Reset,
    Other(String),
}

/// What a raw client saw.
pub(super) struct Seen {
    bytes: Vec<u8>,
    end: End,
    after: Duration,
    listens: bool,
}

/// One answer as it was read.
struct Answer<'a> {
    head: String,
    body: &'a [u8],
}

impl<'a> Answer<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let at = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        Some(Self { head: String::from_utf8_lossy(&bytes[..at + 4]).to_ascii_lowercase(), body: &bytes[at + 4..] })
    }

    fn status(&self, status: u16) -> bool {
        self.head.starts_with(&format!("http/1.1 {status} "))
    }

    fn header(&self, line: &str) -> bool {
        self.head.contains(&format!("\r\n{line}\r\n"))
    }

    fn length(&self, length: usize) -> bool {
        self.header(&format!("content-length: {length}"))
    }

    fn json(&self) -> bool {
        serde_json::from_slice::<serde_json::Value>(self.body).is_ok()
    }

    /// Tells whether it is the proving service's, with a length that is so far from its body's.
    fn good(&self, off: isize) -> bool {
        self.status(200) && self.body == BODY.as_bytes() && self.length(BODY.len().saturating_add_signed(off))
    }

    /// Returns by how many seconds its date is ahead of now.
    fn ahead(&self) -> Option<i64> {
        let date = self.head.lines().find_map(|line| line.strip_prefix("date: "))?;
        // The head was put in lower case, which such dates are not.
        let date = date.split(' ').map(capitalised).collect::<Vec<_>>().join(" ").replace("Gmt", "GMT");
        let date = httpdate::parse_http_date(&date).ok()?;
        let seconds = |time: Result<Duration, std::time::SystemTimeError>| time.ok().and_then(|time| i64::try_from(time.as_secs()).ok());
        let now = SystemTime::now();
        seconds(date.duration_since(now)).or_else(|| seconds(now.duration_since(date)).map(|behind| -behind))
    }
}

fn capitalised(word: &str) -> String {
    let mut symbols = word.chars();
    symbols.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(symbols).collect()
}

impl Seen {
    /// Tells whether it is what a fault says.
    pub(super) fn is(&self, what: &FaultWhat) -> bool {
        let nothing = |end: End| self.bytes.is_empty() && self.end == end;
        match what {
            FaultWhat::Stall => return nothing(End::Open),
            FaultWhat::Close => return nothing(End::Fin),
            FaultWhat::HalfOpen => return nothing(End::Fin) && self.listens,
            FaultWhat::Reset => return nothing(End::Reset),
            _ => {}
        }
        let Some(answer) = Answer::read(&self.bytes) else { return false };
        match what {
            FaultWhat::ResetMidBody { .. } => self.cut(&answer, &End::Reset),
            FaultWhat::CutBody { .. } => self.cut(&answer, &End::Fin),
            _ => self.end == End::Fin && self.answered(&answer, what),
        }
    }

    /// Tells whether an answer, after which the connection was closed, is what a fault says.
    fn answered(&self, answer: &Answer<'_>, what: &FaultWhat) -> bool {
        let whole = answer.length(answer.body.len());
        match what {
            FaultWhat::Status { status, .. } => answer.status(*status) && answer.header("retry-after: 1") && whole,
            FaultWhat::Delay { .. } | FaultWhat::DelayBetween { .. } | FaultWhat::DelayLognormal { .. } => {
                answer.good(0) && self.after >= DELAY
            }
            FaultWhat::SlowBody { .. } => answer.good(0) && self.after >= Duration::from_millis(BODY.len() as u64 * 1000 / SLOW),
            FaultWhat::MalformedChunk => {
                let half = BODY.len().div_ceil(2);
                let expected = format!("{half:x}\r\n{}\r\nnot-a-size\r\n", &BODY[..half]);
                answer.header("transfer-encoding: chunked") && !answer.head.contains("content-length") && answer.body == expected.as_bytes()
            }
            FaultWhat::WrongLength { by } => isize::try_from(*by).is_ok_and(|by| answer.good(by)),
            FaultWhat::Duplicate => {
                let (first, second) = self.bytes.split_at(self.bytes.len() / 2);
                first == second && Answer::read(first).is_some_and(|answer| answer.good(0))
            }
            FaultWhat::Informational { status } => answer.status(*status) && Answer::read(answer.body).is_some_and(|answer| answer.good(0)),
            FaultWhat::OversizeHeader { .. } => {
                let length = usize::try_from(LARGE).unwrap_or(usize::MAX);
                answer.good(0) && answer.header(&format!("x-padding: {}", "a".repeat(length)))
            }
            FaultWhat::OversizeBody { .. } => whole && answer.json() && answer.body.len() as u64 == LARGE,
            FaultWhat::Skew { .. } => answer.good(0) && answer.ahead().is_some_and(|ahead| ahead.abs_diff(SKEW) < DATE_ERROR.as_secs()),
            FaultWhat::InvalidJson => {
                whole && !answer.json() && answer.body.len() == BODY.len() && answer.header("content-type: application/json")
            }
            FaultWhat::WrongContentType => whole && answer.json() && answer.header("content-type: text/html"),
            FaultWhat::GatewayHtml { status } => {
                answer.status(*status) && whole && answer.header("content-type: text/html") && answer.body.starts_with(b"<html>")
            }
            _ => false,
        }
    }

    fn cut(&self, answer: &Answer<'_>, end: &End) -> bool {
        let first = BODY.as_bytes().get(..usize::try_from(CUT).unwrap_or(usize::MAX));
        Some(answer.body) == first && answer.length(BODY.len()) && self.end == *end
    }

    /// Says what was seen.
    pub(super) fn in_words(&self) -> String {
        let answer = match Answer::read(&self.bytes) {
            None if self.bytes.is_empty() => "no byte of an answer".to_owned(),
            None => format!("{} bytes without a whole head", self.bytes.len()),
            Some(Answer { head, body }) => {
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
