//! The launcher: starts one supervisor per job and listens to it.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::conversation::Conversation;
use super::{JobRun, JobSpec, LaunchError};

/// How hallmark re-executes itself as a supervisor: a command that does nothing but call [`supervise`](super::supervise).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupervisorCommand {
    /// The executable; `/proc/self/exe` outlives a replaced file.
    pub program: PathBuf,
    /// The hidden subcommand.
    pub arguments: Vec<String>,
}

/// Runs jobs as processes of this machine. Clones share the limit on starts.
#[derive(Debug, Clone)]
pub struct ProcessLauncher {
    supervisor: SupervisorCommand,
    starts: Arc<Semaphore>,
}

/// The right to be a job that is starting. Dropping it admits the next.
#[derive(Debug)]
pub struct StartPermit {
    /// Only held.
    _permit: Option<OwnedSemaphorePermit>,
}

impl ProcessLauncher {
    /// Returns a launcher that lets at most `starts` jobs start at once, and at least one. A runtime that starts needs a core; one that waits for an
    /// answer needs none.
    pub fn new(supervisor: SupervisorCommand, starts: usize) -> Self {
        Self { supervisor, starts: Arc::new(Semaphore::new(starts.clamp(1, Semaphore::MAX_PERMITS))) }
    }

    /// Returns twice the number of cores: the usual number of starts.
    pub fn usual_starts() -> usize {
        2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    /// Waits until a job may start.
    pub async fn admit(&self) -> StartPermit {
        // The semaphore is never closed.
        StartPermit { _permit: Arc::clone(&self.starts).acquire_owned().await.ok() }
    }

    /// Waits until the job may start and runs it; see [`Self::run_admitted`].
    pub async fn run(&self, spec: JobSpec, contacted: impl Future<Output = ()>) -> Result<JobRun, LaunchError> {
        let permit = self.admit().await;
        self.run_admitted(permit, spec, contacted, std::future::pending()).await
    }

    /// Runs a job to its end. The permit is given back when `contacted` resolves (the job made its first request, so it has started) or when the job
    /// ends; pass [`std::future::pending`] to hold it throughout. Between admission and this call is the moment to note that the job starts.
    ///
    /// When `kill` resolves, the job is killed at once, as a machine that fails would end it; pass [`std::future::pending`] for none.
    ///
    /// When the future is dropped, the job and everything that it started are killed, shortly after and without anybody waiting for it.
    pub async fn run_admitted(
        &self,
        permit: StartPermit,
        spec: JobSpec,
        contacted: impl Future<Output = ()>,
        kill: impl Future<Output = ()>,
    ) -> Result<JobRun, LaunchError> {
        let conversation = self.converse(&spec, kill);
        tokio::pin!(conversation, contacted);
        tokio::select! {
            run = &mut conversation => return run,
            () = &mut contacted => drop(permit),
        }
        conversation.await
    }

    async fn converse(&self, spec: &JobSpec, kill: impl Future<Output = ()>) -> Result<JobRun, LaunchError> {
        let description = serde_json::to_vec(spec).map_err(|source| LaunchError::Description { job: spec.job.clone(), source })?;
        let supervisor = self.start_supervisor(spec)?;
        Conversation::new(spec, supervisor).until_end(description, kill).await
    }

    fn start_supervisor(&self, spec: &JobSpec) -> Result<Child, LaunchError> {
        // In its own group a Ctrl-C at the terminal does not reach it: it ends when we let go of its pipe, after it has cleared up. For the same reason
        // it is not killed on drop.
        Command::new(&self.supervisor.program)
            .args(&self.supervisor.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(false)
            .spawn()
            .map_err(|source| LaunchError::Supervisor { job: spec.job.clone(), program: self.supervisor.program.clone(), source })
    }
}
