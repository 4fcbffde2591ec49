//! Bodies of the admin API that are not already words of the harness.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::{SecretId, SecretTask, TaskId, Trigger};
use crate::journal::{Event, JobOutcome, JobRef, LogStream};
use crate::stage::{Alteration, ParameterSource, Snapshot};

/// Answer of `GET /admin/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// `hallmark`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether the cloud was set up.
    pub set_up: bool,
}

/// Why an order was refused: the body of every answer from 400 on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What was attempted, what is wrong with it, and what to do next.
    pub error: String,
}

/// Creates a custom-credentials secret; the engine then asks for a create job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateSecret {
    /// Its name; default a new one.
    pub name: Option<String>,
    /// Input values instead of those of the set-up.
    pub parameters: Option<BTreeMap<String, ParameterSource>>,
    /// Seconds for which a version lives.
    pub ttl_seconds: Option<u64>,
    /// Seconds between automatic rotations.
    pub rotation_seconds: Option<u64>,
}

/// Rotates a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotate {
    /// Whether a person or the interval asks.
    pub trigger: Trigger,
}

/// Deletes the data of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteVersionData {
    /// `current`, `previous` or a version id.
    pub version: String,
}

/// Changes the secrets that inputs name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterSecrets {
    /// How.
    pub alteration: Alteration,
}

/// Tasks that an order made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskIds {
    /// Their ids.
    pub tasks: Vec<TaskId>,
}

/// Every task, in the order of their making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskList {
    /// The tasks as `GET /api/v2/secrets/{secret_id}/tasks` shows them.
    pub tasks: Vec<SecretTask>,
}

/// Seconds by which the virtual clock goes ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockAdvanced {
    /// Seconds asked for; in the answer, those left because a job is asked for before the end.
    pub seconds: u64,
    /// And so many nanoseconds: what is due a moment after the last whole second is still due that day.
    #[serde(default)]
    pub nanoseconds: u32,
}

impl From<Duration> for ClockAdvanced {
    fn from(time: Duration) -> Self {
        Self { seconds: time.as_secs(), nanoseconds: time.subsec_nanos() }
    }
}

impl From<ClockAdvanced> for Duration {
    fn from(time: ClockAdvanced) -> Self {
        // Whatever somebody sends: nanoseconds beyond a second are carried, and what is too long is as long as there is.
        Self::from_secs(time.seconds).saturating_add(Self::from_nanos(u64::from(time.nanoseconds)))
    }
}

/// One line of a job's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogLine {
    /// Which stream.
    pub stream: LogStream,
    /// The line.
    pub line: String,
}

/// Tells the engine that a job run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobFinished {
    /// Task and run.
    pub job: JobRef,
    /// How.
    pub outcome: JobOutcome,
    /// Its output. Redacted before it is kept.
    #[serde(default)]
    pub lines: Vec<LogLine>,
}

/// Whether a job run that ended had reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobStoppedReport {
    /// Whether its task is final.
    pub reported: bool,
}

/// A page of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JournalPage {
    /// Events in order.
    pub events: Vec<Event>,
    /// The `from` of the next page.
    pub next: u64,
}

/// A note for the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteText {
    /// In a few words.
    pub text: String,
}

/// What happens to IAM tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Tokens {
    /// Every token issued so far expires now.
    Expire,
    /// The provider's access key is revoked: no token is issued for it any more.
    RevokeAccessKey,
}

/// A credential that the scenario put at a third party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeedCredential {
    /// Its id there.
    pub credential: String,
}

/// The world as it is, and what the set-up named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshotted {
    /// The world.
    pub snapshot: Snapshot,
    /// Ids of the secrets that inputs name.
    pub named_secrets: Vec<SecretId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_time_is_lost() {
        for time in [Duration::ZERO, Duration::from_millis(60_410), Duration::from_nanos(1), Duration::MAX] {
            assert_eq!(Duration::from(ClockAdvanced::from(time)), time);
        }
        let carried: ClockAdvanced = serde_json::from_str(r#"{"seconds": 1, "nanoseconds": 3000000000}"#).unwrap();
        assert_eq!(Duration::from(carried), Duration::from_secs(4));
    }
}
