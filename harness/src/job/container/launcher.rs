//! The launcher: makes a container for a job run, starts it, keeps its limit and removes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::body_full;
use bollard::models::{ContainerCreateBody, ContainerState, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, KillContainerOptionsBuilder, UploadToContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::output::{Captures, Source};
use crate::docker::{Archive, DockerError, Holding, Role, SubjectImage};
use crate::engine::TokenFile;
use crate::job::{JobRun, LaunchError, OutputBound};
use crate::journal::{JobOutcome, JobRef};

/// Half a core, as IBM's deployer gives a provider's job. In billionths of a core.
const CPU: i64 = 500_000_000;
/// One gibibyte, as IBM's deployer gives, and no swap beyond it.
const MEMORY: i64 = 1024 * 1024 * 1024;
/// Processes and threads at most: a runtime needs hundreds, a fork bomb takes the machine.
const PROCESSES: i64 = 2048;
/// Exit code of a container that SIGKILL ended.
const KILLED: i64 = 137;
/// Where a job finds its compute resource token. Code Engine has a place of its own for it, below /var/run, which in some images is a link.
const TOKEN_FILE: &str = "/hallmark-compute-resource-token";
/// Longest wait for the rest of the output once the container has ended.
const LAST_OUTPUT: Duration = Duration::from_secs(10);
/// Longest wait for the end of a container that was killed.
const LAST_BREATH: Duration = Duration::from_secs(30);
/// Exit code of a container whose program cannot be executed, and one whose program is not there, as in a shell.
const NOT_STARTED: [i64; 2] = [126, 127];

/// One job run, described.
#[derive(Debug, Clone)]
pub struct ContainerJob {
    /// Task and run.
    pub job: JobRef,
    /// The provider's image.
    pub image: SubjectImage,
    /// The complete environment beyond the image's own, with secrets in it.
    pub environment: BTreeMap<String, String>,
    /// The compute resource token, for a job that signs in with a trusted profile.
    pub token_file: Option<TokenFile>,
    /// Name of the network.
    pub network: String,
    /// A resolv.conf that names the network's name server, by its path as the engine sees it. The engine's own resolver forwards nothing on a network
    /// without a way out, and would answer for itself.
    pub resolver: String,
    /// Files that are put into the container, as an archive of its root.
    pub files: Option<Bytes>,
    /// Longest execution; then the container gets its stop signal.
    pub limit: Duration,
    /// Time from the stop signal to SIGKILL.
    pub grace: Duration,
    /// Bytes kept of one line of output.
    pub line_bound: usize,
    /// How much is kept of each stream.
    pub output_bound: OutputBound,
}

/// Runs jobs as containers. Clones share the limit on starts.
#[derive(Debug, Clone)]
pub struct ContainerLauncher {
    holding: Holding,
    starts: Arc<Semaphore>,
}

/// A container that is made and waits for its start. It counts as one that starts until it has.
pub struct ReadyJob {
    launcher: ContainerLauncher,
    job: ContainerJob,
    container: String,
    output: Source,
    permit: OwnedSemaphorePermit,
}

impl ContainerLauncher {
    /// Returns a launcher that lets at most `starts` containers start at once, and at least one.
    pub fn new(holding: Holding, starts: usize) -> Self {
        Self { holding, starts: Arc::new(Semaphore::new(starts.clamp(1, Semaphore::MAX_PERMITS))) }
    }

    /// Waits until a container may start. Whoever starts one that is no job's holds this meanwhile.
    pub async fn admit(&self) -> Result<OwnedSemaphorePermit, DockerError> {
        // The semaphore is never closed.
        Arc::clone(&self.starts).acquire_owned().await.map_err(|_| DockerError::Ending)
    }

    /// Makes a job's container and attaches to its output.
    pub async fn ready(&self, job: ContainerJob) -> Result<ReadyJob, LaunchError> {
        let permit = self.admit().await.map_err(|source| engine(&job.job, source))?;
        let container = self.holding.create(Role::Job, body(&job)).await.map_err(|source| engine(&job.job, source))?;
        match self.furnish(&job, &container).await {
            Ok(output) => Ok(ReadyJob { launcher: self.clone(), job, container, output, permit }),
            Err(source) => {
                // The run's end removes what cannot be removed now.
                self.holding.remove(&container).await.ok();
                Err(engine(&job.job, source))
            }
        }
    }

    async fn furnish(&self, job: &ContainerJob, container: &str) -> Result<Source, DockerError> {
        let docker = self.holding.daemon().docker();
        let put = async |archive: Bytes, what: &str| {
            let options = UploadToContainerOptionsBuilder::default().path("/").build();
            let put = docker.upload_to_container(container, Some(options), body_full(archive)).await;
            put.map_err(DockerError::when(format!("put {what} into a job's container")))
        };
        if let Some(files) = &job.files {
            put(files.clone(), "the run's certificate").await?;
        }
        if let Some(token) = &job.token_file {
            let failed = |source| DockerError::Pack { attempted: "packing a job's compute resource token".to_owned(), source };
            let mut archive = Archive::default();
            archive.file(Path::new(TOKEN_FILE), 0o444, token.contents.as_bytes()).map_err(failed)?;
            put(archive.finish().map_err(failed)?, "a compute resource token").await?;
        }
        let options = AttachContainerOptionsBuilder::default().stdout(true).stderr(true).stream(true).build();
        let attached = docker.attach_container(container, Some(options)).await;
        Ok(attached.map_err(DockerError::when("attach to a job's output"))?.output)
    }
}

impl ReadyJob {
    /// Starts the job, runs it to its end and removes its container. When `kill` resolves, the job is killed at once.
    pub async fn run(self, kill: impl Future<Output = ()> + Send) -> Result<JobRun, LaunchError> {
        let (holding, container, job) = (self.launcher.holding.clone(), self.container.clone(), self.job.job.clone());
        let ran = self.started(kill).await;
        let removed = holding.remove(&container).await;
        let run = ran.map_err(|source| engine(&job, source))?;
        removed.map_err(|source| engine(&job, source))?;
        Ok(run)
    }

    async fn started(self, kill: impl Future<Output = ()> + Send) -> Result<JobRun, DockerError> {
        let Self { launcher, job, container, mut output, permit } = self;
        let docker = launcher.holding.daemon().docker();
        let started = Instant::now();
        if let Err(error) = docker.start_container(&container, None).await {
            return unstartable(&launcher.holding, &container, error).await;
        }
        drop(permit);
        let mut captures = Captures::new(job.line_bound, job.output_bound);
        let ending = Ending { holding: &launcher.holding, container: &container, job: &job };
        let mut kill = std::pin::pin!(kill);
        let mut asked = false;
        let awaited = {
            let end = ending.awaited(started, kill.as_mut(), &mut asked);
            tokio::pin!(end);
            tokio::select! {
                ended = &mut end => Some(ended?),
                () = captures.read(&mut output) => None,
            }
        };
        let (timed_out, ended) = match awaited {
            // A job that closed both streams may still run.
            None => ending.awaited(started, kill, &mut asked).await?,
            Some(ended) => {
                // What is still on its way comes at once, and then the end of both streams.
                timeout(LAST_OUTPUT, captures.read(&mut output)).await.ok();
                ended
            }
        };
        let duration = ended.saturating_duration_since(started);
        let state = state(&launcher.holding, &container).await?;
        let kept = captures.finish();
        let exit_code = state.exit_code.and_then(|code| i32::try_from(code).ok());
        let outcome = JobOutcome {
            exit_code,
            // The engine tells a signal as 128 and its number, as Code Engine does; no program can be asked which it was.
            signal: None,
            timed_out,
            killed: asked && state.exit_code == Some(KILLED),
            out_of_memory: state.oom_killed.unwrap_or(false),
            not_started: None,
            left_behind: 0,
            dropped_lines: kept.dropped,
            duration: u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX),
        };
        Ok(JobRun { outcome, lines: kept.lines })
    }
}

/// The end of a container.
struct Ending<'a> {
    holding: &'a Holding,
    container: &'a str,
    job: &'a ContainerJob,
}

impl Ending<'_> {
    /// Waits for the end, and brings it about at the limit, or when `kill` resolves, which `asked` then tells; tells whether the limit was
    /// reached, and when the job ended.
    async fn awaited(
        &self,
        started: Instant,
        kill: Pin<&mut (impl Future<Output = ()> + Send)>,
        asked: &mut bool,
    ) -> Result<(bool, Instant), DockerError> {
        let left = self.job.limit.saturating_sub(started.elapsed());
        let first = async {
            tokio::select! {
                ended = self.end() => return ended.map(Some),
                () = kill, if !*asked => *asked = true,
            }
            self.kill("SIGKILL").await?;
            self.end().await.map(Some)
        };
        let first = timeout(left, first).await.unwrap_or(Ok(None));
        if let Some(ended) = first? {
            return Ok((false, ended));
        }
        self.kill(self.job.image.stop_signal.as_deref().unwrap_or("SIGTERM")).await?;
        if let Ok(ended) = timeout(self.job.grace, self.end()).await {
            return ended.map(|ended| (true, ended));
        }
        self.kill("SIGKILL").await?;
        match timeout(LAST_BREATH, self.end()).await {
            Ok(ended) => ended.map(|ended| (true, ended)),
            Err(_) => Err(DockerError::Silent { what: format!("that the container {} ended after SIGKILL", self.container) }),
        }
    }

    async fn end(&self) -> Result<Instant, DockerError> {
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let mut waiting = std::pin::pin!(self.holding.daemon().docker().wait_container(self.container, Some(options)));
        match waiting.next().await {
            // The library makes an error of every exit code but 0.
            Some(Ok(_) | Err(bollard::errors::Error::DockerContainerWaitError { .. })) => Ok(Instant::now()),
            Some(Err(error)) => Err(DockerError::when("wait for a job's end")(error)),
            None => Err(DockerError::Silent { what: format!("how the container {} ended", self.container) }),
        }
    }

    async fn kill(&self, signal: &str) -> Result<(), DockerError> {
        let options = KillContainerOptionsBuilder::default().signal(signal).build();
        match self.holding.daemon().docker().kill_container(self.container, Some(options)).await {
            Ok(()) => Ok(()),
            // It ended by itself meanwhile.
            Err(error) if matches!(crate::docker::status(&error), Some(404 | 409)) => Ok(()),
            Err(error) => Err(DockerError::when(format!("send {signal} to a job"))(error)),
        }
    }
}

async fn state(holding: &Holding, container: &str) -> Result<ContainerState, DockerError> {
    let found = holding.daemon().docker().inspect_container(container, None).await;
    let found = found.map_err(DockerError::when("look how a job ended"))?;
    found.state.ok_or_else(|| DockerError::Silent { what: format!("the state of the container {container}") })
}

/// A program that is not there or cannot be executed is the provider's matter; whatever else goes wrong with a start is ours.
async fn unstartable(holding: &Holding, container: &str, error: bollard::errors::Error) -> Result<JobRun, DockerError> {
    let exit_code = state(holding, container).await?.exit_code.unwrap_or_default();
    if !NOT_STARTED.contains(&exit_code) {
        return Err(DockerError::when("start a job's container")(error));
    }
    let outcome = JobOutcome {
        exit_code: i32::try_from(exit_code).ok(),
        signal: None,
        timed_out: false,
        killed: false,
        out_of_memory: false,
        not_started: Some(error.to_string()),
        left_behind: 0,
        dropped_lines: 0,
        duration: 0,
    };
    Ok(JobRun { outcome, lines: Vec::new() })
}

fn body(job: &ContainerJob) -> ContainerCreateBody {
    let token = job.token_file.iter().map(|token| format!("{}={TOKEN_FILE}", token.variable));
    let environment = job.environment.iter().map(|(name, value)| format!("{name}={value}")).chain(token).collect();
    ContainerCreateBody {
        image: Some(job.image.id.clone()),
        hostname: job.environment.get("HOSTNAME").filter(|name| name.len() <= 63).cloned(),
        env: Some(environment),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some(job.network.clone()),
            nano_cpus: Some(CPU),
            memory: Some(MEMORY),
            memory_swap: Some(MEMORY),
            pids_limit: Some(PROCESSES),
            binds: Some(vec![format!("{}:/etc/resolv.conf:ro", job.resolver)]),
            // What is read is not kept twice.
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn engine(job: &JobRef, source: DockerError) -> LaunchError {
    LaunchError::Engine { job: job.clone(), source: Box::new(source) }
}
