//! What no public document settles: each choice of the fake, with its default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud::third_party::IssuedForm;
use crate::contract::Trigger;

/// The fake's choices where the documentation is silent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent choice of the service")]
pub struct Knobs {
    /// Status that answers an update of a final task. Default 400: the job documentation calls 400 the answer that is not
    /// retried; 409 and 412 are the alternatives.
    pub final_task_status: u16,
    /// Whether an update that repeats what was already accepted is accepted again. Default: refused, as the task page says
    /// that a final task takes no further update; the API handbook would say 2xx.
    pub identical_update: IdenticalUpdate,
    /// Status that answers an update of a cancelled task. Default 404: it was deleted.
    pub cancelled_task_status: u16,
    /// Whether the keys and types of a payload are held against the declared outputs when an update arrives. Default false.
    pub validate_payload: bool,
    /// Trigger of the delete tasks that a secret's deletion makes. Default `secret_version_data_deletion`.
    pub deletion_trigger: Trigger,
    /// Whether each daily delete retry is a task of its own. Default true: a failed task is final, and a task's id names its
    /// job run, which can exist once.
    pub new_task_per_retry: bool,
    /// Whether a task that is still queued takes an update. Default true.
    pub update_while_queued: bool,
    /// Whether a secret whose first creation failed is deactivated (default) or stays before its activation.
    pub failed_creation_deactivates: bool,
    /// Whether the list of tasks begins with the newest. Default true.
    pub newest_task_first: bool,
    /// Seconds for which an IAM token lasts. Default 3600, the service's own.
    pub token_lifetime_seconds: u64,
    /// Form of the secrets that third parties issue. Default: as each is described.
    pub issued_secrets: IssuedForm,
}

/// How an update that repeats an accepted one is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdenticalUpdate {
    /// As any update of a final task.
    Refused,
    /// 200 with the task as it is.
    Accepted,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            final_task_status: 400,
            identical_update: IdenticalUpdate::Refused,
            cancelled_task_status: 404,
            validate_payload: false,
            deletion_trigger: Trigger::SecretVersionDataDeletion,
            new_task_per_retry: true,
            update_while_queued: true,
            failed_creation_deactivates: true,
            newest_task_first: true,
            token_lifetime_seconds: 3600,
            issued_secrets: IssuedForm::Usual,
        }
    }
}
