//! What the journal holds: exchanges, job events, ledger entries and the engine's own decisions.
//!
//! Every text in here has passed the [`Redactor`](crate::redaction::Redactor): secrets stand as marks, never as themselves.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Facts;
use crate::contract::{SecretId, TaskError, TaskId, TaskStatus, VersionId};

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Position in the journal, from 0, without gaps.
    pub id: u64,
    /// Nanoseconds on the cloud's monotonic clock since the stage was set up (for an exchange: when its answer had left, or could not).
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// Returns when it began, in nanoseconds since the stage was set up. The journal notes an exchange when its answer has left, and by then the job may
    /// have made its next call, and that may have been answered and noted: positions do not tell which came first. An exchange began when its request had
    /// been read, a connection when it was accepted; everything else began when it was noted.
    pub fn began_at(&self) -> u64 {
        match &self.kind {
            EventKind::Exchange(exchange) => exchange.body_at,
            EventKind::Connection(connection) => connection.accepted_at,
            _ => self.at,
        }
    }
}

/// Returns events in the order in which they began.
pub fn in_order(events: &[Event]) -> Vec<&Event> {
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by_key(|event| event.began_at());
    ordered
}

/// The kinds of entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// A request and what became of it.
    Exchange(Box<Exchange>),
    /// A connection to a third party behind the TCP proxy, from its beginning to its end.
    Connection(Box<Connection>),
    /// A TLS handshake that ended before any request, with the host asked for.
    TlsAborted {
        /// Server name indication, or the CONNECT target.
        host: String,
        /// What the TLS library said.
        reason: String,
        /// The fault that acted on the handshake: a certificate that is to be refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// A fault acted on a connection to a service, before any request. Who is refused because nobody listens leaves no trace.
    ConnectionSpoilt {
        /// Job run that was running.
        job: Option<JobRef>,
        /// Whom it was for.
        service: Service,
        /// Host, as far as it was named by then.
        host: String,
        /// Connection number within the stage.
        connection: u64,
        /// The faults that acted, as a plan's line names them.
        fault: String,
    },
    /// The proxy refused a host that nobody declared.
    HostRefused {
        /// Job run that was running.
        job: Option<JobRef>,
        /// Host name as asked for.
        host: String,
        /// Port as asked for.
        port: u16,
    },
    /// A name was looked up at the cloud's name server (containers only).
    NameAsked {
        /// Job run that was running.
        job: Option<JobRef>,
        /// The name, in lower case and without the last dot.
        name: String,
        /// `A`, `AAAA`, ...
        record_type: String,
        /// Whether it is declared; an undeclared one is answered with nothing.
        declared: bool,
        /// The fault that acted, as a plan's line names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// Somebody called the admin API without its token.
    AdminRefused {
        /// Job run that was running.
        job: Option<JobRef>,
        /// Method.
        method: String,
        /// Path.
        path: String,
    },
    /// The engine asks for a job run.
    JobRequested {
        /// Task and run.
        job: JobRef,
        /// The task's action word as given to the job.
        action: Option<String>,
        /// The task's trigger word as given to the job.
        trigger: Option<String>,
        /// Variables of Secrets Manager's that the job is given otherwise, or not at all.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        altered: Vec<String>,
        /// The version that the task is about, which is known also when the task was cancelled meanwhile; none in recordings of older versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<VersionId>,
    },
    /// The launcher started the job.
    JobStarted {
        /// Task and run.
        job: JobRef,
    },
    /// One line of the job's output.
    JobLog {
        /// Task and run.
        job: JobRef,
        /// Which stream.
        stream: LogStream,
        /// The line, redacted, cut at the launcher's bound.
        line: String,
    },
    /// The job ended.
    JobEnded {
        /// Task and run.
        job: JobRef,
        /// How.
        outcome: JobOutcome,
    },
    /// The engine moved a task.
    TaskChanged {
        /// The task.
        task: TaskId,
        /// Its secret.
        secret: SecretId,
        /// New status.
        status: TaskStatus,
        /// By whom or what.
        cause: TaskCause,
        /// Errors of a failed task.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        errors: Vec<TaskError>,
    },
    /// The third party issued a credential.
    CredentialIssued {
        /// Third party.
        third_party: String,
        /// Its id there.
        credential: String,
        /// Job run in which it happened; none when the scenario seeded it.
        job: Option<JobRef>,
    },
    /// The third party revoked a credential.
    CredentialRevoked {
        /// Third party.
        third_party: String,
        /// Its id there.
        credential: String,
        /// Job run in which it happened.
        job: Option<JobRef>,
    },
    /// The virtual clock jumped.
    ClockAdvanced {
        /// Seconds.
        seconds: u64,
    },
    /// A fault asks for the job's death: the launcher is to kill it.
    KillAsked {
        /// The job run.
        job: JobRef,
    },
    /// The scenario set faults.
    FaultsSet {
        /// The plan as its one line.
        plan: String,
    },
    /// The scenario says what it is about to do: shown with what follows.
    Note {
        /// In a few words.
        text: String,
    },
    /// Our own trouble: makes the scenario inconclusive, never the provider fail.
    EngineTrouble {
        /// What was attempted and went wrong.
        what: String,
    },
}

/// A job run: a task and how many runs that task had before.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct JobRef {
    /// The task.
    pub task: TaskId,
    /// 0 for the first run; a Code Engine retry of the same task counts up.
    pub run: u32,
}

impl fmt::Display for JobRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}", self.task, self.run)
    }
}

/// Which stream a log line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How a job run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobOutcome {
    /// Exit code, when it exited.
    pub exit_code: Option<i32>,
    /// Signal, when one ended it.
    pub signal: Option<i32>,
    /// Whether the launcher had to end it at the execution limit.
    pub timed_out: bool,
    /// Whether it was ended for want of memory (containers only).
    #[serde(default)]
    pub out_of_memory: bool,
    /// Whether the job could not be started at all, and why (a missing executable is the provider's matter, exit 127).
    pub not_started: Option<String>,
    /// Whether the launcher killed it because a fault asked for that. A job that had ended by itself by then was not.
    #[serde(default)]
    pub killed: bool,
    /// Bytes that its files took at its end beyond the image's, where that was measured (containers only). What is in volumes and in memory does not
    /// count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<u64>,
    /// Nanoseconds of processor time of all its processes, where that was measured (processes only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<u64>,
    /// Bytes of memory that the largest of its processes held at once, where that was measured (processes only). It is never less than what the
    /// supervisor holds, from which the job is started: some megabytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// Processes that the job left behind and that the supervisor killed.
    pub left_behind: u32,
    /// Lines that the bound made the launcher drop.
    pub dropped_lines: u64,
    /// Wall time in nanoseconds on the launcher's clock.
    pub duration: u64,
}

/// Who or what moved a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskCause {
    /// The engine queued it.
    Queued,
    /// Its job run started.
    JobStarted,
    /// The provider's update.
    Update,
    /// No report before the task timeout.
    Timeout,
    /// Cancelled by DELETE.
    Cancelled,
}

/// The services of the fake cloud.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Secrets Manager.
    SecretsManager,
    /// IAM token service.
    Iam,
    /// A third party, by its name in the manifest.
    ThirdParty(String),
    /// A host that the manifest declares and nobody simulates.
    Declared,
}

/// The operations of the fake cloud's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// IAM: POST /identity/token.
    Token,
    /// Secrets Manager: list the tasks of a secret.
    ListTasks,
    /// Secrets Manager: read one task.
    GetTask,
    /// Secrets Manager: update one task.
    UpdateTask,
    /// Secrets Manager: cancel one task.
    DeleteTask,
    /// Secrets Manager: read a secret with its data.
    GetSecret,
    /// Third party: create a credential.
    Create,
    /// Third party: revoke a credential.
    Revoke,
    /// Third party: list credentials.
    List,
    /// Third party: read one credential.
    Get,
    /// A connection, before any request: third parties behind the TCP proxy have nothing else, of others only faults name it.
    Connect,
    /// Anything else.
    Other,
    /// The TLS handshake for a service's host, before any request: only faults name it.
    Handshake,
    /// A question for the address of a service's host: only faults name it.
    Lookup,
}

/// A request and what became of it. Texts are redacted; sizes and times are of the real bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// Service that was asked.
    pub service: Service,
    /// Operation.
    pub operation: Operation,
    /// The job run that was running; none outside job runs.
    pub job: Option<JobRef>,
    /// Connection number within the stage.
    pub connection: u64,
    /// Whether it came over TLS.
    pub tls: bool,
    /// The Host header, or the CONNECT target.
    pub host: String,
    /// Method.
    pub method: String,
    /// Path with query, redacted.
    pub target: String,
    /// Request headers in order, redacted.
    pub headers: Vec<(String, String)>,
    /// Request body, redacted and cut at the journal's bound.
    pub body: String,
    /// Request body size in bytes.
    pub body_bytes: u64,
    /// Nanoseconds since set-up: connection accepted, head read, body read.
    pub accepted_at: u64,
    /// See [`Self::accepted_at`].
    pub head_at: u64,
    /// See [`Self::accepted_at`].
    pub body_at: u64,
    /// What was answered; none when nothing was sent.
    pub response: Option<ResponseRecord>,
    /// How the answer left.
    pub delivery: Delivery,
    /// Whether the service did what was asked (changed its state), whatever was answered.
    pub applied: bool,
    /// The faults that acted, as a plan's line names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// How many calls of jobs that run at once waited together with it, where a fault had them meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<u64>,
    /// What the service understood.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
}

/// A connection to a third party behind the TCP proxy. Of its bytes only the number is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Connection {
    /// Third party.
    pub third_party: String,
    /// The job run that was running; none outside job runs.
    pub job: Option<JobRef>,
    /// Connection number within the stage.
    pub connection: u64,
    /// Nanoseconds since set-up at which it was accepted.
    pub accepted_at: u64,
    /// Bytes that went to the service.
    pub to_service: u64,
    /// Bytes that went to the job.
    pub to_job: u64,
    /// How it ended.
    pub end: ConnectionEnd,
    /// The faults that acted, as a plan's line names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// How many connections of jobs that run at once waited together with it, where a fault had them meet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<u64>,
}

/// How a connection to a third party behind the TCP proxy ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionEnd {
    /// The job closed it first.
    ByJob,
    /// The service closed it first.
    ByService,
    /// The job reset it, or was killed.
    ResetByJob,
    /// The service reset it.
    ResetByService,
    /// A fault closed it (FIN).
    Closed,
    /// A fault reset it (RST).
    Reset,
    /// A fault held it, without a byte of an answer, until the job left or the stage ended.
    Stalled,
    /// The stage ended first.
    Stopped,
    /// The service could not be reached; to the job it was reset.
    Unreachable,
}

/// An answer as it was meant (a fault may have cut it on the way).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResponseRecord {
    /// Status.
    pub status: u16,
    /// Headers, redacted.
    pub headers: Vec<(String, String)>,
    /// Body, redacted and cut at the journal's bound.
    pub body: String,
}

/// How an answer left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Delivery {
    /// Whole.
    Complete,
    /// The connection was closed (FIN) without an answer.
    Closed,
    /// The connection was reset (RST) without an answer.
    Reset,
    /// The answer was cut after so many bytes of its body, then closed.
    Cut {
        /// Bytes of the body that were sent.
        after: u64,
    },
    /// The answer was cut after so many bytes of its body, then reset.
    ResetMidBody {
        /// Bytes of the body that were sent.
        after: u64,
    },
    /// Never answered; the peer gave up or the stage ended.
    Stalled,
    /// The peer left before the answer.
    PeerGone,
}
