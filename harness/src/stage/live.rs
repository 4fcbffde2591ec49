//! A live stage: what a scenario orders goes to the fake cloud's admin API, and what the engine asks for is run.
//!
//! Where the cloud and the jobs are is the [`Ground`]'s matter; everything else is the same on every ground.

use std::time::{Duration, Instant};

use super::crash::{self, KillMoment};
use super::{Alteration, Played, Recording, RecordingHeader, StageAddresses, StageError, StageSetup, connection_table};
use crate::admin::{AdminClient, CreateSecret, JobFinished, LogLine, Tokens};
use crate::contract::{SecretId, TaskId, Trigger};
use crate::engine::{DAY, JobRequest, Knobs, Overrides, RETRIES};
use crate::fault::FaultPlan;
use crate::job::JobRun;
use crate::journal::JobRef;

/// The action of a delete job.
const DELETION: &str = "delete_credentials";

/// A job run that ended, and how long it ran.
pub struct Ran {
    /// What it left.
    pub run: JobRun,
    /// From its admission to its end.
    pub time: Duration,
    /// How long it waited for its turn to start.
    pub queued: Duration,
}

/// A job run that is over.
struct Attempt {
    time: Duration,
    queued: Duration,
    end: Result<End, StageError>,
}

/// How a job run ended.
struct End {
    killed: bool,
    /// Whether its task had its report.
    reported: bool,
}

/// What a scenario may demand for its jobs where they are containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// They run with the least rights.
    LeastRights,
    /// What they write is measured.
    Measure,
}

/// Where a stage's cloud is and its jobs run.
pub trait Ground: Send + Sync {
    /// Runs a job to its end, and kills it when `kill` resolves. The admin API is told of its start once it may start: the task timeout does not run while it queues.
    fn run_job(
        &self,
        request: &JobRequest,
        client: &AdminClient,
        addresses: &StageAddresses,
        kill: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<Ran, StageError>> + Send;

    /// Gives later jobs what a scenario demands; only containers can.
    fn demand(&mut self, demand: Demand) -> Result<(), StageError> {
        let _ = demand;
        Err(StageError::OnlyContainers)
    }

    /// Ends it, or gives it back; `sound` tells whether everything on it went as it should.
    fn close(self, sound: bool) -> impl Future<Output = ()> + Send;
}

/// A live stage on some ground.
pub struct LiveStage<G> {
    ground: G,
    header: RecordingHeader,
    client: AdminClient,
    addresses: StageAddresses,
    secrets: Vec<SecretId>,
    last_deletion: Option<TaskId>,
    last_job: Option<(JobRef, Option<String>)>,
    overrides: Overrides,
    jobs: u32,
    job_time: Duration,
    queued: Duration,
    sound: bool,
    /// Packets that the kernel had dropped at set-up.
    dropped_before: u64,
    /// Whether the fault plan has jobs killed.
    kills: bool,
    setup: StageSetup,
}

impl<G: Ground> LiveStage<G> {
    /// Sets the cloud behind `client` up, with fresh ids and keys.
    pub(super) async fn set_up(ground: G, client: AdminClient, setup: StageSetup, header: RecordingHeader) -> Result<Self, StageError> {
        connection_table::until_room().await;
        let dropped_before = connection_table::dropped();
        let addresses = match client.set_up(&setup).await {
            Ok(addresses) => addresses,
            Err(error) => {
                ground.close(false).await;
                return Err(error.into());
            }
        };
        Ok(Self {
            ground,
            header,
            client,
            addresses,
            secrets: Vec::new(),
            last_deletion: None,
            last_job: None,
            overrides: Overrides::default(),
            jobs: 0,
            job_time: Duration::ZERO,
            queued: Duration::ZERO,
            sound: true,
            dropped_before,
            kills: false,
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

    /// Gives later jobs what a scenario demands.
    pub fn demand(&mut self, demand: Demand) -> Result<(), StageError> {
        self.ground.demand(demand)
    }

    /// Replaces the fault plan.
    pub async fn set_faults(&mut self, plan: FaultPlan) -> Result<(), StageError> {
        self.kills = plan.faults.iter().any(|fault| fault.what.kills());
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

    /// Creates several secrets and runs the jobs that the engine asks for at the same time.
    pub async fn create_secrets_at_once(&mut self, count: u32) -> Result<(), StageError> {
        for _ in 0..count {
            self.secrets.push(self.client.create_secret(&CreateSecret::default()).await?);
        }
        self.run_jobs_at_once().await
    }

    /// Deletes all of the scenario's secrets and runs the jobs that the engine asks for at the same time.
    pub async fn delete_secrets_at_once(&mut self) -> Result<(), StageError> {
        for secret in &self.secrets {
            self.client.delete_secret(secret).await?;
        }
        self.run_jobs_at_once().await
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
        let Some((job, _)) = self.last_job.clone() else { return Ok(()) };
        self.client.rerun(&job.task).await?;
        self.run_jobs().await
    }

    /// Runs a job like the last one for each call that the last one made, and has each killed at its call and run again.
    pub async fn kill_at_each_call(&mut self, moment: KillMoment) -> Result<(), StageError> {
        let Some((model, action)) = self.last_job.clone() else { return Ok(()) };
        let deletes = action.as_deref() == Some(DELETION);
        for kill in crash::kills(&self.client.journal().await?, &model, moment) {
            self.note(&format!("{}{kill}", crash::KILL_NOTE)).await?;
            if deletes {
                self.create_secret(&CreateSecret::default()).await?;
            }
            self.set_faults(FaultPlan::of(kill)).await?;
            if !deletes {
                self.create_secret(&CreateSecret::default()).await?;
            } else if let Some(secret) = self.secrets.last().cloned() {
                self.client.delete_secret(&secret).await?;
                self.run_jobs().await?;
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
            let before = self.jobs;
            self.run_jobs().await?;
            // What is due already takes nothing of the day. Where nothing ran either, there is nothing more to come.
            if rest >= left && self.jobs == before {
                break;
            }
            left = rest.min(left);
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

    /// Runs every job that the engine asks for by now, all at the same time.
    async fn run_jobs_at_once(&mut self) -> Result<(), StageError> {
        let mut requests = Vec::new();
        while let Some(request) = self.client.claim().await? {
            requests.push(request);
        }
        let played = futures::future::join_all(requests.iter().map(|request| self.play(request))).await;
        // They ran side by side: together they took as long as the longest.
        let before = self.job_time;
        let longest = played.iter().map(|played| played.time).max().unwrap_or_default();
        for (request, played) in requests.iter().zip(played) {
            self.settle(request, played).await?;
        }
        self.job_time = before + longest;
        Ok(())
    }

    async fn run_job(&mut self, request: JobRequest) -> Result<(), StageError> {
        let played = self.play(&request).await;
        self.settle(&request, played).await
    }

    /// Runs a job to its end and tells the cloud of it.
    async fn play(&self, request: &JobRequest) -> Attempt {
        let started = Instant::now();
        let ran = async {
            let kill = async {
                // Listening costs a connection.
                if self.kills { self.client.kill_asked(&request.job).await } else { std::future::pending().await }
            };
            self.ground.run_job(request, &self.client, &self.addresses, kill).await
        };
        let Ran { run, time, queued } = match ran.await {
            Ok(ran) => ran,
            Err(error) => return Attempt { time: started.elapsed(), queued: Duration::ZERO, end: Err(error) },
        };
        let lines = run.lines.into_iter().map(|(stream, line)| LogLine { stream, line }).collect();
        let killed = run.outcome.killed;
        let told = self.client.job_ended(&JobFinished { job: request.job.clone(), outcome: run.outcome, lines }).await;
        Attempt { time, queued, end: told.map(|stopped| End { killed, reported: stopped.reported }).map_err(StageError::from) }
    }

    /// Does what follows a job's end.
    async fn settle(&mut self, request: &JobRequest, played: Attempt) -> Result<(), StageError> {
        self.jobs += 1;
        self.job_time += played.time;
        self.queued += played.queued;
        let End { killed, reported } = played.end.inspect_err(|_| self.sound = false)?;
        self.last_job = Some((request.job.clone(), request.variables.get("SM_ACTION").cloned()));
        if killed {
            // As Code Engine does with a run that did not end well.
            self.client.rerun(&request.job.task).await?;
        } else if !reported {
            // Nobody is left to report: the task would time out, and the clock need not wait for it.
            self.client.expire(&request.job.task).await?;
        }
        Ok(())
    }

    fn first_secret(&self) -> Result<SecretId, StageError> {
        self.secrets.first().cloned().ok_or(StageError::NoSecret)
    }

    /// Returns what happened. The world stays as it is.
    pub async fn record(&mut self) -> Result<Recording, StageError> {
        let found = self.client.snapshot().await?;
        let events = self.client.journal().await?;
        let mut header = self.header.clone();
        header.named_secrets = found.named_secrets;
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let (job_nanoseconds, queued_nanoseconds) = (nanoseconds(self.job_time), nanoseconds(self.queued));
        let dropped_packets = connection_table::dropped().saturating_sub(self.dropped_before);
        let played = Played { jobs: self.jobs, job_nanoseconds, queued_nanoseconds, dropped_packets, ..Played::default() };
        Ok(Recording { header, events, snapshot: found.snapshot, played })
    }

    /// Ends the stage.
    pub async fn close(self) {
        self.ground.close(self.sound).await;
    }
}
