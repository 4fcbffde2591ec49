//! The words of the Secrets Manager contract: ids, actions, triggers, tasks and secrets as they stand on the wire.
//!
//! Nothing here does input or output, so the models can be tested on it directly.

mod ids;
mod secret;
mod task;

pub use ids::{IdSource, SecretId, TaskId, VersionId};
pub use secret::{OutputSpec, SecretType, ValueType};
pub use task::{Action, SecretTask, TaskError, TaskStatus, TaskUpdate, Trigger};
