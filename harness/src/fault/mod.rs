//! Faults: what the fake cloud does wrong, where, when, and whether the request had taken effect by then.
//!
//! The main type is [`FaultPlan`]. It is data: it travels over the admin API as JSON, prints as one line and parses from it.
//! [`FaultBook`] counts the calls of a stage and says which fault acts.
//!
//! # The one line
//!
//! Faults are joined by `; `, an empty plan is `none`, and a seed comes first:
//!
//! ```text
//! plan    = "none" / [ "seed:" n ";" ] fault *( ";" fault )         seed 0 when left out
//! fault   = service "." operation "@" when [ phase ] what
//! service = "secrets_manager" / "iam" / "third_party"
//! when    = "nth:" n / "first:" n / "from:" n / "every"             n counts from 1
//!         / "chance:" p                                            0 < p <= 1, at most six decimals
//!         / "window:" n "ms.." [ n "ms" ]                           from then on, and before
//! phase   = "before_commit" / "after_commit"                        before_commit when left out
//! what    = "status(" code *( "," header ":" value ) [ "," "body" "=" value ] ")"
//!         / "delay(" n "ms" [ ".." n "ms" ] ")"                     a time between two is drawn evenly
//!         / "delay(lognormal " n "ms " sigma ")"                    median and sigma; ten minutes at most
//!         / "stall" / "close" / "reset" / "half_open" / "reset_mid_body(" n ")" / "cut_body(" n ")"
//!         / "slow_body(" n ")" / "malformed_chunk" / "wrong_length(" ( "+" / "-" ) n ")" / "duplicate"
//!         / "informational(" code ")"                              100 to 199, and not 101
//!         / "oversize_header(" n ")" / "oversize_body(" n ")"       64 MiB at most
//!         / "skew(" ( "+" / "-" ) n "s)" / "rate_limit(" n "," n "s)"
//!         / "bandwidth(" n ")" / "refuse"                            of connect only
//!         / "dns(" ( "nxdomain" / "servfail" / "silence" ) ")"      of lookup only
//!         / "invalid_json" / "wrong_content_type" / "gateway_html(" code ")" / "cancel_task" / "expire_task" / "expire_token"
//!         / "kill_job" / "kill_job_after_reply"                      the latter in either phase after the commit
//!         / "gather"                                                until every job that is under way makes such a call, 1.5 s at most
//!         / "certificate(" ( "expired" / "wrong_host" / "unknown_authority" ) ")"
//! value   = a JSON string, or a bare word without spaces and any of , ; ( ) "
//! ```
//!
//! # When
//!
//! Calls are counted per service and operation since the plan was set, and the time of a window since the first of them. Whether a `chance:` hits
//! depends on the seed, the fault, the service, the operation and the number of the call: the order in which calls of others arrive changes nothing,
//! nor does another fault in the plan.
//!
//! # All at once
//!
//! All faults that match a call act on it together, in the plan's order: waits (`delay`, `gather`) add up, every disturbance (`cancel_task`,
//! `expire_task`, `expire_token`) happens, and changes of the answer (`invalid_json`, `wrong_content_type`, `slow_body`, `malformed_chunk`,
//! `wrong_length`, `duplicate`, `informational`, `oversize_header`, `oversize_body`, `skew`) stack. Of those that decide how the request ends (all
//! others) the first one does, and the rest of them do not act; a `rate_limit` decides the end of the calls beyond it. First the faults
//! `before_commit` act, then, if one of the acting faults says `after_commit` or none decides the end, the request takes effect, once, and then the
//! others act.
//!
//! # Details
//!
//! `slow_body(20)` lets the body leave at 20 bytes a second, in small pieces. `malformed_chunk` sends half of the body as a good chunk, then a size
//! that is none, and FIN. `wrong_length(+5)` promises five bytes that never come, and ends with FIN; after `wrong_length(-5)` the connection stays,
//! and five surplus bytes come before the next answer, as a whole answer does after `duplicate`. `half_open` sends FIN without an answer and reads
//! on until the peer leaves, where `close` is gone.
//!
//! `skew(-3600s)` has the service's clock run an hour behind for an answer: its Date header, and of a token issued `iat`, `exp` and `expiration`; the
//! token works as long as any. `expire_token` lets the bearer token of a call to Secrets Manager expire just before the service sees it.
//!
//! `rate_limit(5, 10s)` lets the first five calls of each ten seconds pass, counted from the first call, and answers the others 429. The answers hold
//! `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers), `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`,
//! and 429 Retry-After, all in whole seconds. The journal names it as the fault of the calls that it refuses only.
//!
//! A TLS handshake is the operation `handshake` of the service whose host it is for; `certificate(..)` acts there and nowhere else.
//!
//! In an answer's header `date+3s` is the HTTP date three seconds from then on; in its body `{login}` is what
//! the request proved itself with, and what follows `{message}` at its beginning is the message of the service's own error.
//!
//! # Connections and names
//!
//! `connect` is a connection to a service. It takes `delay`, `stall`, `close`, `reset` and, of `every` connection or those of a `window`, `refuse`; they
//! act before any request, as soon as it is known whom the connection is for: when it is accepted, when the proxy is asked for it, when the TLS
//! handshake names the host, or, without TLS at an address that all share, at the head of the first request. None of them has a phase. `refuse` means
//! that nobody listens: the system refuses the connection (ECONNREFUSED), and nobody counts it, so its window is counted from when the plan was set.
//! The proxy answers 502 then, and an address that all share resets.
//!
//! Where a third party is behind the TCP proxy, faults of `third_party.connect` act on such third parties alone. There a connection also takes
//! `bandwidth`, `gather` and the kills, and `cut_body` and `reset_mid_body`, which count the bytes that go to the job; `refuse`, of `every`
//! connection, has the service itself refuse what it is asked.
//!
//! `lookup` is a question for the address of a service's host, where names lead to the cloud (in containers). It takes `dns(..)`: the name does not
//! exist, the name server fails, or there is no answer. Who asks again counts again.
//!
//! For example `secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1); iam.token@nth:1 before_commit reset`.

mod book;
mod draw;
mod limit;
mod placement;
mod text;
mod what;
mod when;

pub use book::{Acting, FaultBook};
pub use limit::Quota;
pub use text::FaultParseError;
pub use what::{DnsFailure, FaultWhat};
pub use when::{FaultWhen, Millionths};

pub(crate) use when::Outage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::journal::{Operation, Service};

/// An ordered list of faults; all that match a call act on it together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// What chances and random delays are drawn from.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seed: u64,
    /// The faults in order of precedence.
    pub faults: Vec<Fault>,
}

impl FaultPlan {
    /// Makes a plan of one fault.
    pub fn of(fault: Fault) -> Self {
        Self { seed: 0, faults: vec![fault] }
    }

    /// Returns when a service refuses connections.
    pub(crate) fn outages(&self, service: &Service) -> Vec<Outage> {
        let refuses =
            |fault: &&Fault| fault.operation == Operation::Connect && fault.what == FaultWhat::Refuse && fault.service.covers(service);
        self.faults.iter().filter(refuses).filter_map(|fault| fault.when.outage()).collect()
    }
}

/// A plan says nothing of the seed that it has when none is given.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(seed: &u64) -> bool {
    *seed == 0
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
    /// Tells whether the request has taken effect when it acts.
    pub(crate) fn commits(&self) -> bool {
        self.phase == FaultPhase::AfterCommit || self.what == FaultWhat::KillJobAfterReply
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
