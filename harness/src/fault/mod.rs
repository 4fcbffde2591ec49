//! Faults: what the fake cloud does wrong, where, when, and whether the request had taken effect by then.
//!
//! The main type is [`FaultPlan`]. It is data: it travels over the admin API as JSON, prints as one line and parses from it.
//! [`FaultBook`] counts the calls of a stage and says which fault acts.
//!
//! # The one line
//!
//! Faults are joined by `; `, an empty plan is `none`:
//!
//! ```text
//! plan    = "none" / fault *( ";" fault )
//! fault   = service "." operation "@" when [ phase ] what
//! service = "secrets_manager" / "iam" / "third_party"
//! when    = "nth:" n / "first:" n / "from:" n / "every"             n counts from 1
//! phase   = "before_commit" / "after_commit"                        before_commit when left out
//! what    = "status(" code *( "," header ":" value ) [ "," "body" "=" value ] ")"
//!         / "delay(" n "ms)" / "stall" / "close" / "reset" / "reset_mid_body(" n ")" / "cut_body(" n ")"
//!         / "bandwidth(" n ")" / "refuse"                            of connect only
//!         / "invalid_json" / "wrong_content_type" / "gateway_html(" code ")" / "cancel_task" / "expire_task"
//!         / "kill_job" / "kill_job_after_reply"                      the latter in either phase after the commit
//!         / "gather"                                                until every job that is under way makes such a call, 1.5 s at most
//!         / "certificate(" ( "expired" / "wrong_host" / "unknown_authority" ) ")"
//! value   = a JSON string, or a bare word without spaces and any of , ; ( ) "
//! ```
//!
//! A TLS handshake is the operation `handshake` of the service whose host it is for; `certificate(..)` acts there and nowhere else.
//!
//! In an answer's header `date+3s` is the HTTP date three seconds from then on; in its body `{login}` is what
//! the request proved itself with, and what follows `{message}` at its beginning is the message of the service's own error.
//!
//! `connect` is a connection to a third party behind the TCP proxy. It takes delay, stall, close, reset, bandwidth, gather and the kills, and `cut_body` and
//! `reset_mid_body`, which count the bytes that go to the job; none of them has a phase. `refuse` has the service itself refuse what it is asked.
//!
//! For example `secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1); iam.token@nth:1 before_commit reset`.

mod book;
mod text;

pub use book::FaultBook;
pub use text::FaultParseError;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud::certificates::CertificateFlaw;
use crate::journal::Operation;

/// An ordered list of faults; the first that matches a call acts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// The faults in order of precedence.
    pub faults: Vec<Fault>,
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which service.
    pub service: FaultService,
    /// Which operation of it.
    pub operation: Operation,
    /// Which calls of that operation.
    pub when: FaultWhen,
    /// Before or after the service did what was asked.
    #[serde(default)]
    pub phase: FaultPhase,
    /// What happens.
    pub what: FaultWhat,
}

impl Fault {
    /// Tells whether its service has its operation, and where it disturbs a task, whether the operation names one.
    pub fn can_act(&self) -> bool {
        let on_task = matches!(self.operation, Operation::GetTask | Operation::UpdateTask | Operation::DeleteTask);
        let there = match self.service {
            FaultService::SecretsManager => on_task || matches!(self.operation, Operation::ListTasks | Operation::GetSecret),
            FaultService::Iam => self.operation == Operation::Token,
            FaultService::ThirdParty if self.operation == Operation::Connect => return self.can_act_on_connection(),
            FaultService::ThirdParty => {
                matches!(self.operation, Operation::Create | Operation::Revoke | Operation::List | Operation::Get)
            }
        };
        match self.what {
            FaultWhat::Certificate { .. } => self.operation == Operation::Handshake,
            _ if self.operation == Operation::Handshake => false,
            FaultWhat::CancelTask | FaultWhat::ExpireTask => there && on_task,
            FaultWhat::Bandwidth { .. } | FaultWhat::Refuse => false,
            _ => there || self.operation == Operation::Other,
        }
    }

    /// A stream of bytes has no status and no commit.
    fn can_act_on_connection(&self) -> bool {
        match self.what {
            FaultWhat::KillJobAfterReply => true,
            FaultWhat::Refuse => self.phase == FaultPhase::BeforeCommit && self.when == FaultWhen::Every,
            FaultWhat::Delay { .. }
            | FaultWhat::Stall
            | FaultWhat::Close
            | FaultWhat::Reset
            | FaultWhat::CutBody { .. }
            | FaultWhat::ResetMidBody { .. }
            | FaultWhat::Bandwidth { .. }
            | FaultWhat::Gather
            | FaultWhat::KillJob => self.phase == FaultPhase::BeforeCommit,
            FaultWhat::Status { .. }
            | FaultWhat::InvalidJson
            | FaultWhat::WrongContentType
            | FaultWhat::GatewayHtml { .. }
            | FaultWhat::Certificate { .. }
            | FaultWhat::CancelTask
            | FaultWhat::ExpireTask => false,
        }
    }
}

/// The service that a fault addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultService {
    /// Secrets Manager.
    SecretsManager,
    /// IAM.
    Iam,
    /// Every third party.
    ThirdParty,
}

/// Which calls, counted from 1 per service and operation since the plan was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultWhen {
    /// Only call n.
    Nth(u32),
    /// Calls 1 to n.
    First(u32),
    /// Call n and all later ones.
    From(u32),
    /// Every call.
    Every,
}

/// Whether the service did what was asked before the fault acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultPhase {
    /// The request has no effect.
    #[default]
    BeforeCommit,
    /// The request took effect; only its acknowledgement suffers.
    AfterCommit,
}

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
    /// No answer ever; the connection stays open until the peer leaves.
    Stall,
    /// FIN without an answer.
    Close,
    /// RST without an answer.
    Reset,
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
    /// The bytes of a connection pass no faster than this, each way.
    Bandwidth {
        /// Bytes a second.
        bytes_per_second: u64,
    },
    /// The service behind the TCP proxy is made to refuse what it is asked, by its `refuse` command, until the plan is replaced.
    Refuse,
    /// The task that the request names is cancelled just before the service sees the request.
    CancelTask,
    /// The task that the request names times out just before the service sees the request.
    ExpireTask,
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

impl FaultWhat {
    /// Tells whether it has the job killed.
    pub fn kills(&self) -> bool {
        matches!(self, Self::KillJob | Self::KillJobAfterReply)
    }
}
