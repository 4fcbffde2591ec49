//! Job runs: a provider, run as Code Engine would run it, as a command of this machine or as a [`container`].
//!
//! [`ProcessLauncher`] starts one supervisor process per job; the supervisor ([`supervise`]) starts the job, bounds its output and
//! its time, and leaves no process behind, whatever the job did and however hallmark itself ended. [`JobEnvironment`] makes the
//! variables that the job sees; [`retain`] keeps or removes the log of a finished run as `CE_REMOVE_COMPLETED_JOBS` says.

mod clearance;
mod completed;
pub mod container;
mod conversation;
mod environment;
mod error;
mod launcher;
mod line;
mod network;
mod process_table;
mod protocol;
mod retention;
mod spec;
mod stray;
mod supervisor;

pub use completed::{CompletedJobs, CompletedJobsError};
pub use environment::{CodeEngineProject, JobEnvironment, SANE_PATH};
pub use error::LaunchError;
pub use launcher::{ProcessLauncher, StartPermit, SupervisorCommand};
pub use line::is_cut;
pub use network::{NetworkVariables, TrustVariables};
pub use retention::{RetentionError, retain};
pub use spec::{JobRun, JobSpec, OutputBound};
pub use supervisor::supervise;
