//! What goes wrong.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Millionths;
use crate::cloud::certificates::CertificateFlaw;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultWhat {
    /// Another answer. Without a body, the service's own error body for that status.
    Status {
        /// HTTP status.
        status: u16,
        /// Extra headers, e.g. `retry-after`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Body in place of the service's own error body.
        #[serde(default)]
        body: Option<String>,
    },
    /// The answer comes late.
    Delay {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// The answer comes late, by a time drawn evenly.
    DelayBetween {
        /// Shortest, in milliseconds.
        least_milliseconds: u64,
        /// Longest, in milliseconds.
        most_milliseconds: u64,
    },
    /// The answer comes late, by a time drawn from a lognormal distribution, ten minutes at most: usually about the median, and now and then far more.
    DelayLognormal {
        /// Median, in milliseconds.
        median_milliseconds: u64,
        /// Standard deviation of the logarithm.
        sigma: Millionths,
    },
    /// No answer ever; the connection stays open until the peer leaves.
    Stall,
    /// FIN without an answer.
    Close,
    /// RST without an answer.
    Reset,
    /// FIN without an answer; what the peer sends is read on until it leaves.
    HalfOpen,
    /// The head and the first bytes of the body, then RST.
    ResetMidBody {
        /// Bytes of the body that are sent (at most one less than there are).
        after: u64,
    },
    /// The head with the full length and the first bytes of the body, then FIN.
    CutBody {
        /// Bytes of the body that are sent (at most one less than there are).
        after: u64,
    },
    /// The body's JSON is broken, its length and content type right.
    InvalidJson,
    /// The right body as `text/html`.
    WrongContentType,
    /// The gateway's HTML page with this status.
    GatewayHtml {
        /// HTTP status.
        status: u16,
    },
    /// The body leaves slowly, in small pieces.
    SlowBody {
        /// Bytes a second.
        bytes_per_second: u64,
    },
    /// A chunked body that holds one good chunk, half of the body, and then something that is no chunk's size; then FIN.
    MalformedChunk,
    /// A Content-Length that differs from the body, which leaves whole. After a length that promises more comes FIN; with one that promises less the
    /// connection stays, and the surplus comes before whatever is answered next.
    WrongLength {
        /// Bytes that the length promises beyond the body; where negative, bytes that it leaves out.
        by: i64,
    },
    /// The whole answer leaves twice, back to back.
    Duplicate,
    /// An informational answer leaves before the final one.
    Informational {
        /// HTTP status, from 100 to 199 and not 101.
        status: u16,
    },
    /// The answer has a further header, `x-padding`, with a value of this length. The journal leaves it out.
    OversizeHeader {
        /// Bytes of the value.
        bytes: u64,
    },
    /// The body is filled up with trailing blanks to this length, if it is shorter. The journal leaves them out.
    OversizeBody {
        /// Bytes of the body.
        bytes: u64,
    },
    /// The service's clock is wrong: the Date header, and what a token issued says of its own time.
    Skew {
        /// Seconds by which the clock is ahead; where negative, behind.
        seconds: i64,
    },
    /// A limit: of each window, the first calls pass and the others get 429. All tell of the limit in their headers.
    RateLimit {
        /// Calls that pass in a window.
        calls: u32,
        /// Length of a window in seconds. The first one begins with the first call.
        window_seconds: u64,
    },
    /// The bytes of a connection pass no faster than this, each way.
    Bandwidth {
        /// Bytes a second.
        bytes_per_second: u64,
    },
    /// Nobody listens where the service should. The service behind a TCP proxy is made to refuse what it is asked instead, by its `refuse` command,
    /// until the plan is replaced.
    Refuse,
    /// The name of the service's host cannot be looked up.
    Dns {
        /// What the name server does instead.
        failure: DnsFailure,
    },
    /// The task that the request names is cancelled just before the service sees the request.
    CancelTask,
    /// The task that the request names times out just before the service sees the request.
    ExpireTask,
    /// The bearer token that the request carries expires just before the service sees the request.
    ExpireToken,
    /// The job is killed at this call and gets no answer; nothing takes effect from then on until it is gone.
    KillJob,
    /// The job is killed once the answer to this call has left; nothing takes effect from then on until it is gone.
    KillJobAfterReply,
    /// The call waits until as many such calls wait as jobs are under way, a second and a half at most; then all take effect at once.
    Gather,
    /// The host shows a certificate that a careful client refuses. Whoever accepts it is served as always.
    Certificate {
        /// What is wrong with it.
        flaw: CertificateFlaw,
    },
}

/// What a name server does instead of telling an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DnsFailure {
    /// It says that there is no such name.
    Nxdomain,
    /// It says that it failed.
    Servfail,
    /// It says nothing.
    Silence,
}

impl FaultWhat {
    /// Tells whether it has the job killed.
    pub fn kills(&self) -> bool {
        matches!(self, Self::KillJob | Self::KillJobAfterReply)
    }

    /// Tells whether it only has a call wait, and leaves the call and its answer as they are.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Delay { .. } | Self::DelayBetween { .. } | Self::DelayLognormal { .. } | Self::Gather)
    }

    /// Tells whether it says how a request or a connection ends. Of several such faults one acts.
    pub(super) fn decides(&self) -> bool {
        match self {
            Self::Status { .. }
            | Self::GatewayHtml { .. }
            | Self::Stall
            | Self::Close
            | Self::Reset
            | Self::HalfOpen
            | Self::RateLimit { .. }
            | Self::ResetMidBody { .. }
            | Self::CutBody { .. }
            | Self::Refuse
            | Self::KillJob
            | Self::KillJobAfterReply
            | Self::Dns { .. }
            | Self::Certificate { .. } => true,
            Self::Delay { .. }
            | Self::DelayBetween { .. }
            | Self::DelayLognormal { .. }
            | Self::Gather
            | Self::SlowBody { .. }
            | Self::MalformedChunk
            | Self::WrongLength { .. }
            | Self::Duplicate
            | Self::Informational { .. }
            | Self::OversizeHeader { .. }
            | Self::OversizeBody { .. }
            | Self::Skew { .. }
            | Self::ExpireToken
            | Self::InvalidJson
            | Self::WrongContentType
            | Self::Bandwidth { .. }
            | Self::CancelTask
            | Self::ExpireTask => false,
        }
    }
}
