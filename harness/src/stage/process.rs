//! The live stage: the fake cloud in this process on loopback ports, jobs as processes.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::crash::{self, KillMoment};
use super::{Alteration, Recording, RecordingHeader, StageAddresses, StageError, StageSetup};
use crate::admin::{AdminClient, AdminServer, CreateSecret, JobFinished, LogLine, Tokens};
use crate::cloud::certificates::Authority;
use crate::cloud::iam::TokenSigner;
use crate::cloud::{Cloud, random_token};
use crate::contract::{SecretId, TaskId, Trigger};
use crate::engine::{DAY, JobRequest, Knobs, Overrides, RETRIES};
use crate::fault::FaultPlan;
use crate::job::{CodeEngineProject, CompletedJobs, JobEnvironment, JobSpec, NetworkVariables, ProcessLauncher};
use crate::journal::{Event, EventKind, JobRef};

/// The action of a delete job.
const DELETION: &str = "delete_credentials";

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
            removal: self.completed,
            project: CodeEngineProject::default(),
            retry_limit: 0,
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

/// A live stage.
pub struct ProcessStage {
    resources: Resources,
    provider: Provider,
    header: RecordingHeader,
    cloud: Arc<Cloud>,
    server: AdminServer,
    client: AdminClient,
    addresses: StageAddresses,
    secrets: Vec<SecretId>,
    last_deletion: Option<TaskId>,
    last_job: Option<JobRef>,
    last_action: Option<String>,
    overrides: Overrides,
    trouble: Vec<String>,
    jobs: u32,
    job_time: Duration,
    setup: StageSetup,
}

impl ProcessStage {
    /// Opens a stage: a fresh cloud on fresh ports with fresh ids and keys.
    pub async fn open(resources: Resources, provider: Provider, setup: StageSetup, header: RecordingHeader) -> Result<Self, StageError> {
        let cloud = Cloud::new(resources.authority.clone(), resources.signer.clone(), resources.runtime.clone());
        let token: SecretString = random_token().ok_or(StageError::Randomness)?;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = AdminServer::open(cloud.clone(), token.clone(), loopback, &resources.runtime).await?;
        let client = resources.client.at(&format!("http://{}", server.address()), token);
        let addresses = client.set_up(&setup).await?;
        Ok(Self {
            resources,
            provider,
            header,
            cloud,
            server,
            client,
            addresses,
            secrets: Vec::new(),
            last_deletion: None,
            last_job: None,
            last_action: None,
            overrides: Overrides::default(),
            trouble: Vec::new(),
            jobs: 0,
            job_time: Duration::ZERO,
            setup,
        })
    }

    /// Returns the set-up, e.g. to build other input values from.
    pub fn setup(&self) -> &StageSetup {
        &self.setup
    }

    /// Returns the admin API.
    pub fn client(&self) -> &AdminClient {
        &self.client
    }

    /// Returns how many jobs ran, and for how long in all.
    pub fn jobs(&self) -> (u32, Duration) {
        (self.jobs, self.job_time)
    }

    /// Replaces the fault plan.
    pub async fn set_faults(&mut self, plan: FaultPlan) -> Result<(), StageError> {
        Ok(self.client.set_faults(&plan).await?)
    }

    /// Changes the knobs.
    pub async fn turn_knobs(&mut self, turn: impl FnOnce(&mut Knobs)) -> Result<(), StageError> {
        let mut knobs = self.client.knobs().await?;
        turn(&mut knobs);
        Ok(self.client.set_knobs(&knobs).await?)
    }

    /// Gives a variable of later job runs another value, or leaves it out.
    pub async fn set_variable(&mut self, name: &str, value: Option<&str>) -> Result<(), StageError> {
        match value {
            Some(value) => {
                self.overrides.set.insert(name.to_owned(), value.to_owned());
            }
            None => {
                self.overrides.unset.insert(name.to_owned());
            }
        }
        Ok(self.client.set_overrides(&self.overrides).await?)
    }

    /// Ends all changes of variables.
    pub async fn reset_variables(&mut self) -> Result<(), StageError> {
        self.overrides = Overrides::default();
        Ok(self.client.set_overrides(&self.overrides).await?)
    }

    /// Changes the secrets that inputs name.
    pub async fn alter_secrets(&mut self, alteration: Alteration) -> Result<(), StageError> {
        Ok(self.client.alter_secrets(alteration).await?)
    }

    /// Revokes the provider's access key.
    pub async fn revoke_access_key(&mut self) -> Result<(), StageError> {
        Ok(self.client.set_tokens(Tokens::RevokeAccessKey).await?)
    }

    /// Creates a secret and runs what the engine asks for.
    pub async fn create_secret(&mut self, order: &CreateSecret) -> Result<(), StageError> {
        let secret = self.client.create_secret(order).await?;
        self.secrets.push(secret);
        self.run_jobs().await
    }

    /// Rotates the scenario's secret.
    pub async fn rotate_secret(&mut self, trigger: Trigger) -> Result<(), StageError> {
        let secret = self.first_secret()?;
        self.client.rotate(&secret, trigger).await?;
        self.run_jobs().await
    }

    /// Deletes the scenario's secret.
    pub async fn delete_secret(&mut self) -> Result<(), StageError> {
        let secret = self.first_secret()?;
        let tasks = self.client.delete_secret(&secret).await?;
        self.last_deletion = tasks.tasks.last().cloned();
        self.run_jobs().await
    }

    /// Asks for the last deletion once more.
    pub async fn repeat_deletion(&mut self) -> Result<(), StageError> {
        // Without a deletion there is nothing to repeat; the oracle then finds one run only.
        let Some(task) = self.last_deletion.clone() else { return Ok(()) };
        self.client.repeat_deletion(&task).await?;
        self.run_jobs().await
    }

    /// Runs the last job once more, with the same task.
    pub async fn run_again(&mut self) -> Result<(), StageError> {
        let Some(job) = self.last_job.clone() else { return Ok(()) };
        self.client.rerun(&job.task).await?;
        self.run_jobs().await
    }

    /// Runs a job like the last one for each call that the last one made, and has each killed at its call and run again.
    pub async fn kill_at_each_call(&mut self, moment: KillMoment) -> Result<(), StageError> {
        let Some(model) = self.last_job.clone() else { return Ok(()) };
        let deletes = self.last_action.as_deref() == Some(DELETION);
        for kill in crash::kills(&self.client.journal().await?, &model, moment) {
            self.client.note(&format!("killed at {kill}")).await?;
            if deletes {
                self.create_secret(&CreateSecret::default()).await?;
            }
            self.set_faults(FaultPlan { faults: vec![kill] }).await?;
            if deletes {
                if let Some(secret) = self.secrets.last().cloned() {
                    self.client.delete_secret(&secret).await?;
                    self.run_jobs().await?;
                }
            } else {
                self.create_secret(&CreateSecret::default()).await?;
            }
            self.set_faults(FaultPlan::default()).await?;
        }
        self.note("").await?;
        // What a rerun could not delete is tried again on the next day.
        self.pass_day().await
    }

    /// Lets a day pass, and runs what the engine asks for in it.
    pub async fn pass_day(&mut self) -> Result<(), StageError> {
        let mut left = DAY;
        while !left.is_zero() {
            let rest = self.client.advance(left).await?;
            self.run_jobs().await?;
            // A job takes real time, which the engine's clock has gone ahead meanwhile: what is left only ever shrinks.
            if rest >= left {
                break;
            }
            left = rest;
        }
        Ok(())
    }

    /// Lets all ten days of retries pass.
    pub async fn pass_all_days(&mut self) -> Result<(), StageError> {
        for _ in 0..RETRIES {
            self.pass_day().await?;
        }
        Ok(())
    }

    /// Takes away every credential that jobs made, outside any job.
    pub async fn revoke_silently(&mut self) -> Result<(), StageError> {
        for entry in self.client.ledger().await?.into_iter().filter(|entry| entry.alive && !entry.seeded) {
            self.client.revoke_silently(&entry.third_party, &entry.credential).await?;
        }
        Ok(())
    }

    /// Notes what comes next.
    pub async fn note(&mut self, text: &str) -> Result<(), StageError> {
        Ok(self.client.note(text).await?)
    }

    /// Runs every job that the engine asks for, one after another.
    pub async fn run_jobs(&mut self) -> Result<(), StageError> {
        while let Some(request) = self.client.claim().await? {
            self.run_job(request).await?;
        }
        Ok(())
    }

    async fn run_job(&mut self, request: JobRequest) -> Result<(), StageError> {
        let job = request.job.clone();
        let spec = self.provider.job_spec(&request, &self.addresses, &self.resources.authority_file);
        // The start is noted once the job may start: the task timeout does not run while it queues for a core.
        let permit = self.resources.launcher.admit().await;
        self.client.job_started(&job).await?;
        let started = Instant::now();
        let ran = self.resources.launcher.run_admitted(permit, spec, self.contact(), self.kill_asked(&job)).await;
        self.job_time += started.elapsed();
        self.jobs += 1;
        self.last_job = Some(job.clone());
        self.last_action = request.variables.get("SM_ACTION").cloned();
        let run = ran.map_err(|source| StageError::Launch { job: job.to_string(), source })?;
        let lines = run.lines.into_iter().map(|(stream, line)| LogLine { stream, line }).collect();
        let killed = run.outcome.killed;
        let stopped = self.client.job_ended(&JobFinished { job: job.clone(), outcome: run.outcome, lines }).await?;
        if killed {
            // As Code Engine does with a run that did not end well.
            self.client.rerun(&job.task).await?;
        } else if !stopped.reported {
            // Nobody is left to report: the task would time out, and the clock need not wait for it.
            self.client.expire(&job.task).await?;
        }
        Ok(())
    }

    /// Resolves when a fault asks for the job's death.
    fn kill_asked(&self, job: &JobRef) -> impl Future<Output = ()> + Send + 'static {
        let job = job.clone();
        self.happened(move |event| matches!(event, EventKind::KillAsked { job: asked } if *asked == job))
    }

    /// Resolves when the job made its first request: it has started, and the next job may.
    fn contact(&self) -> impl Future<Output = ()> + Send + 'static {
        self.happened(|event| matches!(event, EventKind::Exchange(_)))
    }

    /// Resolves when the journal has, from now on, an event that `matching` finds; never where there is no journal.
    fn happened(&self, matching: impl Fn(&EventKind) -> bool + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        let journal = self.cloud.journal().ok();
        let from = journal.as_ref().map_or(0, |journal| journal.len());
        async move {
            let Some(journal) = journal else { return std::future::pending().await };
            let mut seen = from;
            loop {
                journal.grown_beyond(seen).await;
                let events = journal.read(seen, usize::MAX);
                seen += events.len() as u64;
                if events.iter().any(|event| matching(&event.kind)) {
                    return;
                }
            }
        }
    }

    fn first_secret(&self) -> Result<SecretId, StageError> {
        self.secrets.first().cloned().ok_or(StageError::NoSecret)
    }

    /// Returns what happened. The world stays as it is.
    pub async fn record(&mut self) -> Result<Recording, StageError> {
        let found = self.client.snapshot().await?;
        let mut events = self.client.journal().await?;
        for what in self.trouble.drain(..) {
            let id = events.last().map_or(0, |event: &Event| event.id + 1);
            events.push(Event { id, at: 0, kind: EventKind::EngineTrouble { what } });
        }
        let mut header = self.header.clone();
        header.named_secrets = found.named_secrets;
        Ok(Recording { header, events, snapshot: found.snapshot })
    }

    /// Ends the stage: closes its sockets.
    pub async fn close(self) {
        self.cloud.tear_down().await;
        self.server.close().await;
    }
}
