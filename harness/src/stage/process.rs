//! The live stage: the fake cloud in this process on loopback ports, jobs as processes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::live::{Ground, LiveStage, Ran};
use super::{RecordingHeader, StageAddresses, StageError, StageSetup};
use crate::admin::{AdminClient, AdminServer};
use crate::cloud::certificates::Authority;
use crate::cloud::iam::TokenSigner;
use crate::cloud::{Cloud, random_token};
use crate::engine::JobRequest;
use crate::job::{CodeEngineProject, CompletedJobs, JobEnvironment, JobSpec, NetworkVariables, ProcessLauncher};
use crate::journal::EventKind;

/// What all stages of a run share.
#[derive(Clone)]
pub struct Resources {
    /// The run's certificate authority.
    pub authority: Arc<Authority>,
    /// Signs IAM tokens.
    pub signer: Arc<TokenSigner>,
    /// Runs the fake clouds, on threads of its own.
    pub runtime: tokio::runtime::Handle,
    /// Starts jobs.
    pub launcher: Arc<ProcessLauncher>,
    /// Holds the connections to admin APIs.
    pub client: AdminClient,
    /// The authority's certificate as a file, for providers' CA variables.
    pub authority_file: PathBuf,
}

/// The provider as a job definition.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Executable.
    pub program: PathBuf,
    /// Arguments.
    pub arguments: Vec<String>,
    /// The job definition's own variables.
    pub own: BTreeMap<String, String>,
    /// The format texts of its inputs and outputs, as Secrets Manager reads them from the job definition.
    pub declared: Vec<(String, String)>,
    /// What `CE_REMOVE_COMPLETED_JOBS` says.
    pub completed: CompletedJobs,
    /// How long a job may run at most.
    pub limit: Duration,
    /// Time between TERM and KILL.
    pub grace: Duration,
}

impl Provider {
    /// Returns the job run that Code Engine would start for `request`, on a network that leads to `addresses`.
    pub fn job_spec(&self, request: &JobRequest, addresses: &StageAddresses, authority_file: &Path) -> JobSpec {
        let environment = JobEnvironment {
            secrets_manager: request.variables.clone(),
            declared: self.declared.clone(),
            own: self.own.clone(),
            network: Some(NetworkVariables::new(&addresses.proxy_url, authority_file.to_string_lossy())),
            trust: BTreeMap::new(),
            in_image: false,
            removal: self.completed,
            project: CodeEngineProject::default(),
            retry_limit: request.job.run,
        };
        JobSpec {
            arguments: self.arguments.clone(),
            environment: environment.variables(&request.job),
            token_file: request.token_file.clone(),
            limit: self.limit,
            grace: self.grace,
            ..JobSpec::new(request.job.clone(), &self.program)
        }
    }
}

/// A live stage with the cloud in this process.
pub type ProcessStage = LiveStage<ProcessGround>;

/// The cloud in this process, jobs as processes.
pub struct ProcessGround {
    resources: Resources,
    provider: Provider,
    cloud: Arc<Cloud>,
    server: AdminServer,
}

impl ProcessStage {
    /// Opens a stage: a fresh cloud on fresh ports with fresh ids and keys.
    pub async fn open(resources: Resources, provider: Provider, setup: StageSetup, header: RecordingHeader) -> Result<Self, StageError> {
        let cloud = Cloud::new(resources.authority.clone(), resources.signer.clone(), resources.runtime.clone());
        let token: SecretString = random_token().ok_or(StageError::Randomness)?;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = AdminServer::open(cloud.clone(), token.clone(), loopback, &resources.runtime).await?;
        let client = resources.client.at(&format!("http://{}", server.address()), token);
        Self::set_up(ProcessGround { resources, provider, cloud, server }, client, setup, header).await
    }
}

impl Ground for ProcessGround {
    async fn run_job(
        &self,
        request: &JobRequest,
        client: &AdminClient,
        addresses: &StageAddresses,
        kill: impl Future<Output = ()> + Send,
    ) -> Result<Ran, StageError> {
        let spec = self.provider.job_spec(request, addresses, &self.resources.authority_file);
        let asked = Instant::now();
        let permit = self.resources.launcher.admit().await;
        let queued = asked.elapsed();
        client.job_started(&request.job).await?;
        let started = Instant::now();
        let run = self.resources.launcher.run_admitted(permit, spec, self.contact(), kill).await;
        let run = run.map_err(|source| StageError::Launch { job: request.job.to_string(), source })?;
        Ok(Ran { run, time: started.elapsed(), queued })
    }

    async fn close(self, _sound: bool) {
        self.cloud.tear_down().await;
        self.server.close().await;
    }
}

impl ProcessGround {
    /// Resolves when the job made its first request: it has started, and the next job may.
    fn contact(&self) -> impl Future<Output = ()> + Send + 'static {
        let journal = self.cloud.journal().ok();
        let from = journal.as_ref().map_or(0, |journal| journal.len());
        async move {
            let Some(journal) = journal else { return };
            let mut seen = from;
            loop {
                journal.grown_beyond(seen).await;
                let events = journal.read(seen, usize::MAX);
                seen += events.len() as u64;
                if events.iter().any(|event| matches!(event.kind, EventKind::Exchange(_))) {
                    return;
                }
            }
        }
    }
}
