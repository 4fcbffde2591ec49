//! The launcher: makes a container for a job run, starts it, keeps its limit and removes it.

use std::collections::BTreeMap;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bollard::body_full;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, InspectContainerOptionsBuilder, KillContainerOptionsBuilder, UploadToContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::body::body;
use super::furnishing::{Delivery, Furnishing};
use super::output::{Captures, Source};
use super::times::Stopwatch;
use crate::docker::{DockerError, Holding, Role, SubjectImage};
use crate::engine::TokenFile;
use crate::job::{JobRun, LaunchError, OutputBound};
use crate::journal::{JobOutcome, JobRef};

/// Exit code of a container that SIGKILL ended.
const KILLED: i64 = 137;
/// Where a job finds its compute resource token. Code Engine has a place of its own for it, below /var/run, which in some images is a link.
pub(super) const TOKEN_FILE: &str = "/hallmark-files/compute-resource-token";
/// Longest wait for the rest of the output once the container has ended.
const LAST_OUTPUT: Duration = Duration::from_secs(10);
/// Longest wait for the end of a container that was killed.
const LAST_BREATH: Duration = Duration::from_secs(30);
/// Exit code of a container whose program cannot be executed, and one whose program is not there, as in a shell.
const NOT_STARTED: [i64; 2] = [126, 127];
/// What the engine says of an image that no machine like this one can start: its program is for other machines, or its user is nobody in it.
const UNSTARTABLE: [&str; 3] = ["exec format error", "unable to find user", "unable to find group"];

/// What a job's container may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Rights {
    /// What the engine gives any container.
    #[default]
    Usual,
    /// As little as possible: the root is read-only, but for a temporary folder; there are no capabilities, and none can be won.
    Least {
        /// Who it is instead of the user that the image declares.
        user: Option<String>,
    },
}

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
    /// Files that are put into the container.
    pub files: Furnishing,
    /// What it may do.
    pub rights: Rights,
    /// Whether it is measured how much the job writes, for which the engine looks through the container's files.
    pub measured: bool,
    /// Longest execution; then the container gets its stop signal.
    pub limit: Duration,
    /// Time from the stop signal to SIGKILL.
    pub grace: Duration,
    /// Bytes kept of one line of output.
    pub line_bound: usize,
    /// How much is kept of each stream.
    pub output_bound: OutputBound,
}

impl ContainerJob {
    /// Returns every file that is put into the container.
    pub(super) fn furnishing(&self) -> Furnishing {
        let mut files = self.files.clone();
        if let Some(token) = &self.token_file {
            files.add(Path::new(TOKEN_FILE), token.contents.clone().into_bytes());
        }
        files
    }
}

/// Runs jobs as containers. Clones share the limit on starts.
#[derive(Debug, Clone)]
pub struct ContainerLauncher {
    holding: Holding,
    starts: Arc<Semaphore>,
    stopwatch: Stopwatch,
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
        Self { holding, starts: Arc::new(Semaphore::new(starts.clamp(1, Semaphore::MAX_PERMITS))), stopwatch: Stopwatch::default() }
    }

    /// Returns where the time of its containers goes.
    pub(crate) fn stopwatch(&self) -> &Stopwatch {
        &self.stopwatch
    }

    /// Waits until a container may start. Whoever starts one that is no job's holds this meanwhile.
    pub async fn admit(&self) -> Result<OwnedSemaphorePermit, DockerError> {
        // The semaphore is never closed.
        Arc::clone(&self.starts).acquire_owned().await.map_err(|_| DockerError::Ending)
    }

    /// Makes a job's container and attaches to its output.
    pub async fn ready(&self, job: ContainerJob) -> Result<ReadyJob, LaunchError> {
        let asked = Instant::now();
        let permit = self.admit().await.map_err(|source| engine(&job.job, source))?;
        let admitted = self.stopwatch.add(asked, |times| &mut times.queued);
        let body = body(&job, &self.holding.labels(Role::Files));
        let container = self.holding.create(Role::Job, body).await.map_err(|source| engine(&job.job, source))?;
        let made = self.stopwatch.add(admitted, |times| &mut times.made);
        let furnished = self.furnish(&job, &container).await;
        self.stopwatch.add(made, |times| &mut times.furnished);
        match furnished {
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
        let furnishing = job.furnishing();
        let deliveries = match job.rights {
            Rights::Usual => furnishing.whole()?.into_iter().collect(),
            Rights::Least { .. } => furnishing.by_folder()?,
        };
        for Delivery { folder, archive } in deliveries {
            let options = UploadToContainerOptionsBuilder::default().path(&folder.to_string_lossy()).build();
            let put = docker.upload_to_container(container, Some(options), body_full(archive)).await;
            put.map_err(DockerError::when(format!("put files into {} of a job's container", folder.display())))?;
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
        let stopwatch = self.launcher.stopwatch.clone();
        stopwatch.count(|times| &mut times.jobs);
        let ran = self.started(kill).await;
        let ended = Instant::now();
        let removed = holding.remove(&container).await;
        stopwatch.add(ended, |times| &mut times.removed);
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
        let running = launcher.stopwatch.add(started, |times| &mut times.started);
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
        launcher.stopwatch.add(running, |times| &mut times.ran);
        let ContainerInspectResponse { state, size_rw, .. } = inspected(&launcher.holding, &container, job.measured).await?;
        let state = state.ok_or_else(|| DockerError::Silent { what: format!("the state of the container {container}") })?;
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
            written: size_rw.filter(|_| job.measured).and_then(|size| u64::try_from(size).ok()),
            processor: None,
            peak_memory: None,
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

async fn inspected(holding: &Holding, container: &str, size: bool) -> Result<ContainerInspectResponse, DockerError> {
    let options = InspectContainerOptionsBuilder::default().size(size).build();
    let found = holding.daemon().docker().inspect_container(container, Some(options)).await;
    found.map_err(DockerError::when("look how a job ended"))
}

/// A program that is not there or cannot be executed is the provider's matter; whatever else goes wrong with a start is ours.
async fn unstartable(holding: &Holding, container: &str, error: bollard::errors::Error) -> Result<JobRun, DockerError> {
    let state = inspected(holding, container, false).await?.state;
    let exit_code = state.and_then(|state| state.exit_code).unwrap_or_default();
    let reason = error.to_string();
    if !NOT_STARTED.contains(&exit_code) && !UNSTARTABLE.iter().any(|what| reason.contains(what)) {
        return Err(DockerError::when("start a job's container")(error));
    }
    let outcome = JobOutcome { exit_code: i32::try_from(exit_code).ok(), not_started: Some(reason), ..JobOutcome::default() };
    Ok(JobRun { outcome, lines: Vec::new() })
}

fn engine(job: &JobRef, source: DockerError) -> LaunchError {
    LaunchError::Engine { job: job.clone(), source: Box::new(source) }
}
