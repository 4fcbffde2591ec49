//! Trouble of a stage: always ours, never the provider's.

use crate::admin::{AdminError, AdminListenError};
use crate::job::LaunchError;

/// Why a stage could not do what the scenario asked.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The admin API failed.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// The admin API could not be opened.
    #[error(transparent)]
    Listen(#[from] AdminListenError),
    /// The Docker Engine could not do its part.
    #[error(transparent)]
    Docker(#[from] crate::docker::DockerError),
    /// A job could not be run, for a reason of ours.
    #[error("running the job {job}: {source}")]
    Launch {
        /// Which job.
        job: String,
        /// Why.
        source: LaunchError,
    },
    /// A step needs a secret that no step created.
    #[error("the scenario asks for its secret before it created one; put \"Given a secret was created\" first")]
    NoSecret,
    /// A step asks of a process what only a container can give.
    #[error("the scenario asks for a container, and the jobs are processes; tag its rule's catalog entry with applies = \"image\"")]
    OnlyContainers,
    /// No token could be made.
    #[error("making the admin API's token: the system's source of randomness failed; check /dev/urandom")]
    Randomness,
}
