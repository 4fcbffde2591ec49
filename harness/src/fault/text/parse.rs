//! Reads a fault plan from its line.

use std::collections::BTreeMap;
use std::str::FromStr;

use http::{HeaderName, HeaderValue, header};

use super::cursor::{Cursor, is_word_byte};
use super::{DNS_FAILURES, FLAWS, FaultParseError, OPERATIONS, PHASES, SERVICES};
use crate::fault::{Fault, FaultPhase, FaultPlan, FaultWhat, FaultWhen, Millionths};

/// What a fault can do, for error messages.
const WHATS: &str = "what happens (status(..), delay(..), stall, close, reset, half_open, reset_mid_body(..), cut_body(..), slow_body(..), \
                     malformed_chunk, wrong_length(..), duplicate, informational(..), oversize_header(..), oversize_body(..), invalid_json, \
                     wrong_content_type, skew(..), rate_limit(..), gateway_html(..), bandwidth(..), refuse, cancel_task, expire_task, \
                     expire_token, kill_job, kill_job_after_reply, gather, certificate(..), dns(..))";

/// Largest part of an answer that a fault makes: it is held in memory.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Farthest that a clock is off, in seconds; the date stays one that HTTP can write.
const FARTHEST: u64 = 1_000_000_000;

impl FromStr for FaultPlan {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, FaultParseError> {
        let mut cursor = Cursor::new(text);
        let mut plan = Self::default();
        if matches!(text.trim(), "" | "none") {
            return Ok(plan);
        }
        if cursor.take_word("seed") {
            cursor.expect(':', "`:` and the seed")?;
            plan.seed = cursor.number(0..=u64::MAX, "a seed")?;
            if cursor.at_end() {
                return Ok(plan);
            }
            cursor.expect(';', "`;` and a fault, or the end of the line")?;
        }
        loop {
            plan.faults.push(fault(&mut cursor)?);
            if cursor.at_end() {
                return Ok(plan);
            }
            cursor.expect(';', "`;` and another fault, or the end of the line")?;
        }
    }
}

impl FromStr for Fault {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, FaultParseError> {
        let mut cursor = Cursor::new(text);
        let fault = fault(&mut cursor)?;
        if cursor.at_end() { Ok(fault) } else { Err(cursor.error("the end of the line after one fault")) }
    }
}

fn fault(cursor: &mut Cursor<'_>) -> Result<Fault, FaultParseError> {
    let service = cursor.word(SERVICES, "a service")?;
    cursor.expect('.', "`.` and an operation")?;
    let operation = cursor.word(OPERATIONS, "an operation")?;
    cursor.expect('@', "`@` and the calls that are meant")?;
    let when = when(cursor)?;
    cursor.skip_spaces();
    let start = cursor.mark();
    let word = cursor.run(is_word_byte);
    let phase = PHASES.iter().find(|(candidate, _)| *candidate == word);
    let what = if phase.is_some() {
        cursor.skip_spaces();
        let start = cursor.mark();
        let word = cursor.run(is_word_byte);
        what(cursor, start, word)?
    } else {
        what(cursor, start, word)?
    };
    Ok(Fault { service, operation, when, phase: phase.map_or(FaultPhase::BeforeCommit, |(_, phase)| *phase), what })
}

fn when(cursor: &mut Cursor<'_>) -> Result<FaultWhen, FaultParseError> {
    const WORDS: &[(&str, &str)] =
        &[("nth", "nth"), ("first", "first"), ("from", "from"), ("every", "every"), ("chance", "chance"), ("window", "window")];
    let word = cursor.word(WORDS, "the calls that are meant")?;
    Ok(match word {
        "every" => FaultWhen::Every,
        "chance" => {
            cursor.expect(':', "`:` and a probability")?;
            FaultWhen::Chance(
                cursor.millionths(1..=Millionths::ONE.get(), "a probability above 0 and at most 1, with at most six decimals")?,
            )
        }
        "window" => window(cursor)?,
        counted => {
            cursor.expect(':', "`:` and a call number")?;
            let count = cursor.number(1..=u64::from(u32::MAX), "a call number")?;
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            match counted {
                "nth" => FaultWhen::Nth(count),
                "first" => FaultWhen::First(count),
                _ => FaultWhen::From(count),
            }
        }
    })
}

/// Reads what follows `window`.
fn window(cursor: &mut Cursor<'_>) -> Result<FaultWhen, FaultParseError> {
    const SHAPE: &str = "a time and `..`, as in `window:500ms..1500ms` or `window:500ms..`";
    cursor.expect(':', "`:` and a time")?;
    let from_milliseconds = milliseconds(cursor, "window:500ms..1500ms")?;
    cursor.expect('.', SHAPE)?;
    cursor.expect('.', SHAPE)?;
    let end = cursor.mark();
    let to_milliseconds = if cursor.at_digit() { Some(milliseconds(cursor, "window:500ms..1500ms")?) } else { None };
    if to_milliseconds.is_some_and(|to| to <= from_milliseconds) {
        return Err(cursor.error_at(end, "an end after the beginning"));
    }
    Ok(FaultWhen::Window { from_milliseconds, to_milliseconds })
}

/// Reads a number of milliseconds and their unit.
fn milliseconds(cursor: &mut Cursor<'_>, example: &str) -> Result<u64, FaultParseError> {
    let milliseconds = cursor.number(0..=u64::MAX, "milliseconds")?;
    unit(cursor, "ms", example)?;
    Ok(milliseconds)
}

/// Reads the unit of a number.
fn unit(cursor: &mut Cursor<'_>, unit: &str, example: &str) -> Result<(), FaultParseError> {
    let start = cursor.mark();
    if cursor.run(is_word_byte) == unit { Ok(()) } else { Err(cursor.error_at(start, &format!("`{unit}`, as in `{example}`"))) }
}

fn what(cursor: &mut Cursor<'_>, start: usize, word: &str) -> Result<FaultWhat, FaultParseError> {
    Ok(match word {
        "stall" => FaultWhat::Stall,
        "close" => FaultWhat::Close,
        "reset" => FaultWhat::Reset,
        "invalid_json" => FaultWhat::InvalidJson,
        "wrong_content_type" => FaultWhat::WrongContentType,
        "refuse" => FaultWhat::Refuse,
        "cancel_task" => FaultWhat::CancelTask,
        "expire_task" => FaultWhat::ExpireTask,
        "kill_job" => FaultWhat::KillJob,
        "kill_job_after_reply" => FaultWhat::KillJobAfterReply,
        "gather" => FaultWhat::Gather,
        "reset_mid_body" => FaultWhat::ResetMidBody { after: within(cursor, body_bytes)? },
        "cut_body" => FaultWhat::CutBody { after: within(cursor, body_bytes)? },
        "half_open" => FaultWhat::HalfOpen,
        "malformed_chunk" => FaultWhat::MalformedChunk,
        "duplicate" => FaultWhat::Duplicate,
        "expire_token" => FaultWhat::ExpireToken,
        "delay" => within(cursor, delay)?,
        "slow_body" => {
            let bytes_per_second = within(cursor, |cursor| cursor.number(1..=u64::MAX, "bytes a second"))?;
            FaultWhat::SlowBody { bytes_per_second }
        }
        "wrong_length" => {
            let by = within(cursor, |cursor| signed(cursor, LARGEST, "a number of bytes, as in `wrong_length(+5)`,"))?;
            FaultWhat::WrongLength { by }
        }
        "informational" => FaultWhat::Informational { status: within(cursor, informational)? },
        "oversize_header" => FaultWhat::OversizeHeader { bytes: within(cursor, |cursor| cursor.number(1..=LARGEST, "a number of bytes"))? },
        "oversize_body" => FaultWhat::OversizeBody { bytes: within(cursor, |cursor| cursor.number(1..=LARGEST, "a number of bytes"))? },
        "skew" => FaultWhat::Skew {
            seconds: within(cursor, |cursor| {
                let seconds = signed(cursor, FARTHEST, "a number of seconds, as in `skew(+3600s)`,")?;
                unit(cursor, "s", "skew(+3600s)").map(|()| seconds)
            })?,
        },
        "rate_limit" => within(cursor, rate_limit)?,
        "bandwidth" => {
            let bytes_per_second = within(cursor, |cursor| cursor.number(1..=u64::MAX, "bytes a second"))?;
            FaultWhat::Bandwidth { bytes_per_second }
        }
        "dns" => FaultWhat::Dns { failure: within(cursor, |cursor| cursor.word(DNS_FAILURES, "what the name server does"))? },
        "gateway_html" => FaultWhat::GatewayHtml { status: within(cursor, status)? },
        "certificate" => {
            FaultWhat::Certificate { flaw: within(cursor, |cursor| cursor.word(FLAWS, "what is wrong with the certificate"))? }
        }
        "status" => within(cursor, answer)?,
        _ => return Err(cursor.error_at(start, WHATS)),
    })
}

/// Reads the inside of `status(..)`.
fn answer(cursor: &mut Cursor<'_>) -> Result<FaultWhat, FaultParseError> {
    let status = status(cursor)?;
    let mut headers = BTreeMap::new();
    let mut body = None;
    while cursor.take(',') {
        cursor.skip_spaces();
        let start = cursor.mark();
        let name = cursor.run(|byte| byte.is_ascii_graphic() && !matches!(byte, b':' | b'=' | b',' | b'(' | b')' | b'"'));
        if name == "body" && cursor.take('=') {
            body = Some(cursor.value("a body")?);
            break;
        }
        let Ok(parsed) = HeaderName::from_bytes(name.as_bytes()) else {
            return Err(cursor.error_at(start, "a header name, or `body=\"...\"` as the last part"));
        };
        if matches!(parsed, header::CONTENT_LENGTH | header::TRANSFER_ENCODING) {
            return Err(cursor.error_at(start, "a header other than content-length and transfer-encoding, which the wire sets"));
        }
        cursor.expect(':', "`:` and a header value")?;
        cursor.skip_spaces();
        let start = cursor.mark();
        let value = cursor.value("a header value")?;
        if HeaderValue::from_bytes(value.as_bytes()).is_err() {
            return Err(cursor.error_at(start, "a header value without control characters"));
        }
        if headers.insert(name.to_owned(), value).is_some() {
            return Err(cursor.error_at(start, "each header once"));
        }
    }
    Ok(FaultWhat::Status { status, headers, body })
}

fn status(cursor: &mut Cursor<'_>) -> Result<u16, FaultParseError> {
    let status = cursor.number(200..=999, "an HTTP status")?;
    Ok(u16::try_from(status).unwrap_or(u16::MAX))
}

fn body_bytes(cursor: &mut Cursor<'_>) -> Result<u64, FaultParseError> {
    cursor.number(0..=u64::MAX, "a number of body bytes")
}

/// Reads the inside of `delay(..)`.
fn delay(cursor: &mut Cursor<'_>) -> Result<FaultWhat, FaultParseError> {
    if cursor.take_word("lognormal") {
        let median_milliseconds = milliseconds(cursor, "delay(lognormal 200ms 0.8)")?;
        let sigma = cursor.millionths(0..=u32::MAX, "the standard deviation of the logarithm, as in `delay(lognormal 200ms 0.8)`")?;
        return Ok(FaultWhat::DelayLognormal { median_milliseconds, sigma });
    }
    let least_milliseconds = milliseconds(cursor, "delay(1500ms)")?;
    if !cursor.take('.') {
        return Ok(FaultWhat::Delay { milliseconds: least_milliseconds });
    }
    cursor.expect('.', "`..`, as in `delay(10ms..500ms)`")?;
    let end = cursor.mark();
    let most_milliseconds = milliseconds(cursor, "delay(10ms..500ms)")?;
    if most_milliseconds < least_milliseconds {
        return Err(cursor.error_at(end, "a longest delay that is not below the shortest"));
    }
    Ok(FaultWhat::DelayBetween { least_milliseconds, most_milliseconds })
}

/// Reads the inside of `rate_limit(..)`.
fn rate_limit(cursor: &mut Cursor<'_>) -> Result<FaultWhat, FaultParseError> {
    let calls = cursor.number(0..=u64::from(u32::MAX), "a number of calls")?;
    cursor.expect(',', "`,` and the length of a window, as in `rate_limit(5, 10s)`")?;
    let window_seconds = cursor.number(1..=FARTHEST, "the seconds of a window")?;
    unit(cursor, "s", "rate_limit(5, 10s)")?;
    Ok(FaultWhat::RateLimit { calls: u32::try_from(calls).unwrap_or(u32::MAX), window_seconds })
}

/// Reads the status of an informational answer.
fn informational(cursor: &mut Cursor<'_>) -> Result<u16, FaultParseError> {
    /// It would end HTTP on the connection.
    const SWITCHING_PROTOCOLS: u64 = 101;
    let start = cursor.mark();
    match cursor.number(100..=199, "the status of an informational answer")? {
        SWITCHING_PROTOCOLS => Err(cursor.error_at(start, "the status of an informational answer other than 101")),
        status => Ok(u16::try_from(status).unwrap_or(u16::MAX)),
    }
}

/// Reads a sign and a number from 1 to `most`.
fn signed(cursor: &mut Cursor<'_>, most: u64, what: &str) -> Result<i64, FaultParseError> {
    let negative = cursor.take('-');
    if !negative {
        cursor.expect('+', &format!("{what} with its sign"))?;
    }
    let number = cursor.number(1..=most, what)?;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    Ok(if negative { -number } else { number })
}

/// Reads the inside of parentheses, and both of them.
fn within<T>(cursor: &mut Cursor<'_>, inside: impl FnOnce(&mut Cursor<'_>) -> Result<T, FaultParseError>) -> Result<T, FaultParseError> {
    open(cursor)?;
    let inside = inside(cursor)?;
    close(cursor)?;
    Ok(inside)
}

fn open(cursor: &mut Cursor<'_>) -> Result<(), FaultParseError> {
    cursor.expect('(', "`(`")
}

fn close(cursor: &mut Cursor<'_>) -> Result<(), FaultParseError> {
    cursor.expect(')', "`)`")
}
