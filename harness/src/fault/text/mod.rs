//! The one line of a fault plan: printed here, read by [`parse`].

mod cursor;
mod parse;

use std::fmt;

use super::{DnsFailure, Fault, FaultPhase, FaultPlan, FaultService, FaultWhat, FaultWhen};
use crate::cloud::certificates::CertificateFlaw;
use crate::journal::Operation;

pub use cursor::FaultParseError;

/// The words of the services, as in JSON.
const SERVICES: &[(&str, FaultService)] =
    &[("secrets_manager", FaultService::SecretsManager), ("iam", FaultService::Iam), ("third_party", FaultService::ThirdParty)];

/// The words of the operations, as in JSON.
const OPERATIONS: &[(&str, Operation)] = &[
    ("token", Operation::Token),
    ("list_tasks", Operation::ListTasks),
    ("get_task", Operation::GetTask),
    ("update_task", Operation::UpdateTask),
    ("delete_task", Operation::DeleteTask),
    ("get_secret", Operation::GetSecret),
    ("create", Operation::Create),
    ("revoke", Operation::Revoke),
    ("list", Operation::List),
    ("get", Operation::Get),
    ("connect", Operation::Connect),
    ("lookup", Operation::Lookup),
    ("other", Operation::Other),
    ("handshake", Operation::Handshake),
];

/// The words of the phases, as in JSON.
const PHASES: &[(&str, FaultPhase)] = &[("before_commit", FaultPhase::BeforeCommit), ("after_commit", FaultPhase::AfterCommit)];

/// The words of what is wrong with a certificate, as in JSON.
const FLAWS: &[(&str, CertificateFlaw)] = &[
    ("expired", CertificateFlaw::Expired),
    ("wrong_host", CertificateFlaw::WrongHost),
    ("unknown_authority", CertificateFlaw::UnknownAuthority),
];

/// The words of what a name server does instead of answering, as in JSON.
const DNS_FAILURES: &[(&str, DnsFailure)] =
    &[("nxdomain", DnsFailure::Nxdomain), ("servfail", DnsFailure::Servfail), ("silence", DnsFailure::Silence)];

/// Returns the word that stands for `value`; each table holds every value (a test walks them).
fn word_of<T: PartialEq>(table: &[(&'static str, T)], value: &T) -> &'static str {
    table.iter().find(|(_, candidate)| candidate == value).map_or("?", |(word, _)| word)
}

/// Tells whether a value needs no quotes.
fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_bare_byte)
}

fn is_bare_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'(' | b')' | b'"')
}

impl FaultPlan {
    /// Checks that every fault can act: statuses from 200 to 999, calls counted from 1, header names and values that HTTP allows.
    ///
    /// A plan that was parsed from its line has passed already; one that came as JSON has not.
    pub fn check(&self) -> Result<(), FaultParseError> {
        self.to_string().parse::<Self>().map(drop)
    }
}

impl fmt::Display for FaultPlan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faults.is_empty() && self.seed == 0 {
            return formatter.write_str("none");
        }
        if self.seed != 0 {
            write!(formatter, "seed:{}", self.seed)?;
        }
        for (index, fault) in self.faults.iter().enumerate() {
            let separator = if index == 0 && self.seed == 0 { "" } else { "; " };
            write!(formatter, "{separator}{fault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = word_of(SERVICES, &self.service);
        let operation = word_of(OPERATIONS, &self.operation);
        let phase = word_of(PHASES, &self.phase);
        write!(formatter, "{service}.{operation}@{} {phase} {}", self.when, self.what)
    }
}

impl fmt::Display for FaultWhen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nth(n) => write!(formatter, "nth:{n}"),
            Self::First(n) => write!(formatter, "first:{n}"),
            Self::From(n) => write!(formatter, "from:{n}"),
            Self::Every => formatter.write_str("every"),
            Self::Chance(probability) => write!(formatter, "chance:{probability}"),
            Self::Window { from_milliseconds, to_milliseconds } => {
                write!(formatter, "window:{from_milliseconds}ms..")?;
                to_milliseconds.map_or(Ok(()), |to| write!(formatter, "{to}ms"))
            }
        }
    }
}

impl fmt::Display for FaultWhat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, headers, body } => {
                write!(formatter, "status({status}")?;
                for (name, value) in headers {
                    write!(formatter, ", {name}: ")?;
                    if is_bare(value) { formatter.write_str(value)? } else { write_quoted(formatter, value)? }
                }
                if let Some(body) = body {
                    formatter.write_str(", body=")?;
                    write_quoted(formatter, body)?;
                }
                formatter.write_str(")")
            }
            Self::Delay { milliseconds } => write!(formatter, "delay({milliseconds}ms)"),
            Self::DelayBetween { least_milliseconds, most_milliseconds } => {
                write!(formatter, "delay({least_milliseconds}ms..{most_milliseconds}ms)")
            }
            Self::DelayLognormal { median_milliseconds, sigma } => write!(formatter, "delay(lognormal {median_milliseconds}ms {sigma})"),
            Self::SlowBody { bytes_per_second } => write!(formatter, "slow_body({bytes_per_second})"),
            Self::MalformedChunk => formatter.write_str("malformed_chunk"),
            Self::WrongLength { by } => write!(formatter, "wrong_length({by:+})"),
            Self::Duplicate => formatter.write_str("duplicate"),
            Self::Informational { status } => write!(formatter, "informational({status})"),
            Self::OversizeHeader { bytes } => write!(formatter, "oversize_header({bytes})"),
            Self::OversizeBody { bytes } => write!(formatter, "oversize_body({bytes})"),
            Self::HalfOpen => formatter.write_str("half_open"),
            Self::Skew { seconds } => write!(formatter, "skew({seconds:+}s)"),
            Self::RateLimit { calls, window_seconds } => write!(formatter, "rate_limit({calls}, {window_seconds}s)"),
            Self::ExpireToken => formatter.write_str("expire_token"),
            Self::Stall => formatter.write_str("stall"),
            Self::Close => formatter.write_str("close"),
            Self::Reset => formatter.write_str("reset"),
            Self::ResetMidBody { after } => write!(formatter, "reset_mid_body({after})"),
            Self::CutBody { after } => write!(formatter, "cut_body({after})"),
            Self::InvalidJson => formatter.write_str("invalid_json"),
            Self::WrongContentType => formatter.write_str("wrong_content_type"),
            Self::GatewayHtml { status } => write!(formatter, "gateway_html({status})"),
            Self::Bandwidth { bytes_per_second } => write!(formatter, "bandwidth({bytes_per_second})"),
            Self::Dns { failure } => write!(formatter, "dns({})", word_of(DNS_FAILURES, failure)),
            Self::Refuse => formatter.write_str("refuse"),
            Self::CancelTask => formatter.write_str("cancel_task"),
            Self::ExpireTask => formatter.write_str("expire_task"),
            Self::KillJob => formatter.write_str("kill_job"),
            Self::KillJobAfterReply => formatter.write_str("kill_job_after_reply"),
            Self::Gather => formatter.write_str("gather"),
            Self::Certificate { flaw } => write!(formatter, "certificate({})", word_of(FLAWS, flaw)),
        }
    }
}

/// Writes `text` as a JSON string, which never holds a line break.
fn write_quoted(formatter: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    formatter.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests;
