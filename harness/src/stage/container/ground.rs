//! A stage's ground in container mode: a cloud's container, and the provider's image.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::cloud::CloudContainer;
use super::pool::ContainerStages;
use crate::admin::AdminClient;
use crate::docker::{ImageFacts, SubjectImage};
use crate::engine::JobRequest;
use crate::job::container::{ContainerJob, Rights, Trust};
use crate::job::{CodeEngineProject, CompletedJobs, JobEnvironment, OutputBound};
use crate::stage::live::{Demand, Ground, LiveStage, Ran};
use crate::stage::{StageAddresses, StageError};

/// Bytes kept of one line of output, as in process mode.
const LINE_BOUND: usize = 64 * 1024;

/// A live stage with the cloud in a container.
pub type ContainerStage = LiveStage<ContainerGround>;

/// The provider as a job definition with an image.
#[derive(Debug, Clone)]
pub struct ImageProvider {
    /// The image.
    pub image: SubjectImage,
    /// What it says about itself.
    pub facts: ImageFacts,
    /// What its containers get to trust the run's certificate authority.
    pub trust: Trust,
    /// The job definition's own variables.
    pub own: BTreeMap<String, String>,
    /// The format texts of its inputs and outputs, as Secrets Manager reads them from the job definition.
    pub declared: Vec<(String, String)>,
    /// What `CE_REMOVE_COMPLETED_JOBS` says.
    pub completed: CompletedJobs,
    /// How long a job may run at most.
    pub limit: Duration,
    /// Time between the stop signal and SIGKILL.
    pub grace: Duration,
}

/// A cloud's container, jobs as containers on its network.
pub struct ContainerGround {
    stages: ContainerStages,
    cloud: CloudContainer,
    provider: ImageProvider,
    rights: Rights,
    measured: bool,
}

/// Who a job with the least rights is where its image declares root: `nobody` of images without any user.
const NOBODY: &str = "65532:65532";

impl ContainerGround {
    pub(super) fn new(stages: ContainerStages, cloud: CloudContainer, provider: ImageProvider) -> Self {
        Self { stages, cloud, provider, rights: Rights::Usual, measured: false }
    }

    /// Returns the job run that Code Engine would start.
    fn job(&self, request: &JobRequest) -> ContainerJob {
        let environment = JobEnvironment {
            secrets_manager: request.variables.clone(),
            declared: self.provider.declared.clone(),
            own: self.provider.own.clone(),
            network: None,
            trust: self.provider.trust.variables.clone(),
            in_image: true,
            removal: self.provider.completed,
            project: CodeEngineProject::default(),
            retry_limit: request.job.run,
        };
        ContainerJob {
            job: request.job.clone(),
            image: self.provider.image.clone(),
            environment: environment.variables(&request.job),
            token_file: request.token_file.clone(),
            network: self.cloud.network.name.clone(),
            resolver: self.cloud.resolver.clone(),
            files: self.provider.trust.files.clone(),
            rights: self.rights.clone(),
            measured: self.measured,
            limit: self.provider.limit,
            grace: self.provider.grace,
            line_bound: LINE_BOUND,
            output_bound: OutputBound::default(),
        }
    }
}

impl Ground for ContainerGround {
    async fn run_job(
        &self,
        request: &JobRequest,
        client: &AdminClient,
        _addresses: &StageAddresses,
        kill: impl Future<Output = ()> + Send,
    ) -> Result<Ran, StageError> {
        let failed = |source| StageError::Launch { job: request.job.to_string(), source };
        let asked = Instant::now();
        let ready = self.stages.launcher().ready(self.job(request)).await.map_err(failed)?;
        // Making a container ready is part of its turn.
        let queued = asked.elapsed();
        client.job_started(&request.job).await?;
        let started = Instant::now();
        let run = ready.run(kill).await.map_err(failed)?;
        Ok(Ran { run, time: started.elapsed(), queued })
    }

    fn demand(&mut self, demand: Demand) -> Result<(), StageError> {
        match demand {
            Demand::LeastRights => self.rights = Rights::Least { user: self.provider.facts.declares_root().then(|| NOBODY.to_owned()) },
            Demand::Measure => self.measured = true,
        }
        Ok(())
    }

    async fn close(self, sound: bool) {
        if sound {
            self.stages.give_back(self.cloud);
        } else {
            self.cloud.remove().await;
        }
    }
}
