//! Reads a fault plan from its line.

use std::collections::BTreeMap;
use std::str::FromStr;

use http::{HeaderName, HeaderValue, header};

use super::cursor::{Cursor, is_word_byte};
use super::{FLAWS, FaultParseError, OPERATIONS, PHASES, SERVICES};
use crate::fault::{Fault, FaultPhase, FaultPlan, FaultWhat, FaultWhen};

/// What a fault can do, for error messages.
const WHATS: &str = "what happens (status(..), delay(..ms), stall, close, reset, reset_mid_body(..), cut_body(..), invalid_json, \
                     wrong_content_type, gateway_html(..), bandwidth(..), refuse, cancel_task, expire_task, kill_job, kill_job_after_reply, \
                     gather, certificate(..))";

impl FromStr for FaultPlan {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, FaultParseError> {
        let mut cursor = Cursor::new(text);
        let mut faults = Vec::new();
        if matches!(text.trim(), "" | "none") {
            return Ok(Self { faults });
        }
        loop {
            faults.push(fault(&mut cursor)?);
            if cursor.at_end() {
                return Ok(Self { faults });
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
    type Counted = fn(u32) -> FaultWhen;
    let table: [(&str, Option<Counted>); 4] =
        [("nth", Some(FaultWhen::Nth)), ("first", Some(FaultWhen::First)), ("from", Some(FaultWhen::From)), ("every", None)];
    let Some(make) = cursor.word(&table, "the calls that are meant")? else { return Ok(FaultWhen::Every) };
    cursor.expect(':', "`:` and a call number")?;
    let count = cursor.number(1..=u64::from(u32::MAX), "a call number")?;
    Ok(make(u32::try_from(count).unwrap_or(u32::MAX)))
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
        "reset_mid_body" => FaultWhat::ResetMidBody { after: bytes(cursor)? },
        "cut_body" => FaultWhat::CutBody { after: bytes(cursor)? },
        "delay" => {
            open(cursor)?;
            let milliseconds = cursor.number(0..=u64::MAX, "milliseconds")?;
            let unit = cursor.mark();
            if cursor.run(is_word_byte) != "ms" {
                return Err(cursor.error_at(unit, "`ms`, as in `delay(1500ms)`"));
            }
            close(cursor)?;
            FaultWhat::Delay { milliseconds }
        }
        "bandwidth" => {
            open(cursor)?;
            let bytes_per_second = cursor.number(1..=u64::MAX, "bytes a second")?;
            close(cursor)?;
            FaultWhat::Bandwidth { bytes_per_second }
        }
        "gateway_html" => {
            open(cursor)?;
            let status = status(cursor)?;
            close(cursor)?;
            FaultWhat::GatewayHtml { status }
        }
        "certificate" => {
            open(cursor)?;
            let flaw = cursor.word(FLAWS, "what is wrong with the certificate")?;
            close(cursor)?;
            FaultWhat::Certificate { flaw }
        }
        "status" => {
            open(cursor)?;
            answer(cursor)?
        }
        _ => return Err(cursor.error_at(start, WHATS)),
    })
}

/// Reads the inside of `status(..)` and its closing parenthesis.
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
    close(cursor)?;
    Ok(FaultWhat::Status { status, headers, body })
}

fn status(cursor: &mut Cursor<'_>) -> Result<u16, FaultParseError> {
    let status = cursor.number(200..=999, "an HTTP status")?;
    Ok(u16::try_from(status).unwrap_or(u16::MAX))
}

fn bytes(cursor: &mut Cursor<'_>) -> Result<u64, FaultParseError> {
    open(cursor)?;
    let after = cursor.number(0..=u64::MAX, "a number of body bytes")?;
    close(cursor)?;
    Ok(after)
}

fn open(cursor: &mut Cursor<'_>) -> Result<(), FaultParseError> {
    cursor.expect('(', "`(`")
}

fn close(cursor: &mut Cursor<'_>) -> Result<(), FaultParseError> {
    cursor.expect(')', "`)`")
}
