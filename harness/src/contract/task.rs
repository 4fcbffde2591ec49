//! Secret tasks and their updates, as the Secrets Manager v2 API and its SDKs speak them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{SecretId, TaskId, VersionId};

/// What a task asks the provider to do; the value of `SM_ACTION` and of a task's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create a credential in the outside system.
    CreateCredentials,
    /// Revoke the credential that `SM_CREDENTIALS_ID` names.
    DeleteCredentials,
}

/// Why a task exists; the value of `SM_TRIGGER` and of a task's `trigger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A secret was created.
    SecretCreation,
    /// Somebody asked for a rotation.
    ManualSecretRotation,
    /// The rotation interval elapsed.
    AutomaticSecretRotation,
    /// A version reached the end of its time to live.
    SecretVersionExpiration,
    /// A version's data was deleted.
    SecretVersionDataDeletion,
}

/// Where a task stands. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// Waits for its job run.
    Queued,
    /// Its job run has started.
    Processing,
    /// The provider reported a created credential.
    CredentialsCreated,
    /// The provider reported a deleted credential.
    CredentialsDeleted,
    /// The provider reported a failure, or the task timeout elapsed.
    Failed,
}

impl TaskStatus {
    /// Tells whether the task takes no further update.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Processing)
    }
}

/// Writes the snake-case wire word of a unit enum.
macro_rules! wire_word {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.serialize(formatter)
            }
        }
    )+};
}
wire_word!(Action, Trigger, TaskStatus);

/// One error of a failed task: an application code and a description for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TaskError {
    /// The provider's own code.
    pub code: String,
    /// What happened, in words.
    pub description: String,
}

/// A task as `GET /api/v2/secrets/{secret_id}/tasks/{id}` answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SecretTask {
    /// Task id.
    pub id: TaskId,
    /// IAM id of the creator.
    pub created_by: String,
    /// RFC 3339 with fractions.
    pub creation_date: String,
    /// RFC 3339 with fractions.
    pub last_update_date: String,
    /// IAM id of the last updater.
    pub updated_by: String,
    /// What the task asks for.
    #[serde(rename = "type")]
    pub action: Action,
    /// Where it stands.
    pub status: TaskStatus,
    /// Why it exists.
    pub trigger: Trigger,
    /// The secret it belongs to.
    pub secret_id: SecretId,
    /// The version it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_version_id: Option<VersionId>,
    /// The errors of a failed task.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<TaskError>,
}

/// The body of a task update: one of three prototypes, told apart by `status`.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskUpdate {
    /// `credentials_created`
    Created {
        /// The id under which the provider will later revoke the credential. Metadata: never secret.
        credentials_id: String,
        /// Outputs by lower-case name; string, integer or boolean.
        payload: Map<String, Value>,
    },
    /// `credentials_deleted`
    Deleted,
    /// `failed`
    Failed(Vec<TaskError>),
}

impl TaskUpdate {
    /// Returns the status that the task takes on when the update is accepted.
    pub fn status(&self) -> TaskStatus {
        match self {
            Self::Created { .. } => TaskStatus::CredentialsCreated,
            Self::Deleted => TaskStatus::CredentialsDeleted,
            Self::Failed(_) => TaskStatus::Failed,
        }
    }
}
