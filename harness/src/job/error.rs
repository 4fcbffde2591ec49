//! Our own trouble with running a job: the scenario is inconclusive and the provider is not blamed.

use std::io;
use std::path::PathBuf;

use crate::journal::JobRef;

/// Why a job run says nothing about the provider. What is the provider's matter stands in the run's outcome instead.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The supervisor did not start.
    #[error("job {job} was not started: cannot run the supervisor {}; check that the hallmark executable was not moved or replaced", program.display())]
    Supervisor {
        /// The job.
        job: JobRef,
        /// The supervisor's executable.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The job cannot be described to the supervisor.
    #[error("job {job} was not started: its description is not valid Unicode text; use paths that are")]
    Description {
        /// The job.
        job: JobRef,
        /// What does not serialise.
        source: serde_json::Error,
    },
    /// The supervisor could not do its part.
    #[error("job {job} was not run: {what}")]
    Refused {
        /// The job.
        job: JobRef,
        /// What was attempted, on what, and what to do.
        what: String,
    },
    /// The supervisor ended or fell silent without telling how the job ended. A job that kills its parent causes this.
    #[error("lost the supervisor of job {job}: {what}; if this repeats, the job itself may signal its parent process")]
    SupervisorLost {
        /// The job.
        job: JobRef,
        /// What is known.
        what: String,
    },
    /// The Docker Engine failed.
    #[error("job {job} was not run: {source}")]
    Engine {
        /// The job.
        job: JobRef,
        /// What it could not do.
        source: Box<crate::docker::DockerError>,
    },
    /// Processes of the job live on.
    #[error("job {job} left {count} processes that cannot be killed; end them by hand, they may disturb the runs that follow")]
    Survivors {
        /// The job.
        job: JobRef,
        /// How many.
        count: usize,
    },
}
