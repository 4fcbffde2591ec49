//! The clouds of a run: taken by one scenario at a time, given back, and all removed at the end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use secrecy::SecretString;

use super::cloud::{CloudContainer, CloudPlan};
use super::ground::{ContainerGround, ContainerStage, ImageProvider};
use super::image::CloudImage;
use crate::admin::AdminClient;
use crate::cloud::certificates::Authority;
use crate::docker::{DockerError, Holding, bridge};
use crate::job::container::{ContainerLauncher, ContainerTimes};
use crate::stage::{RecordingHeader, StageError, StageSetup};

/// The stages of one run in container mode. Clones are the same.
#[derive(Clone)]
pub struct ContainerStages {
    shared: Arc<Shared>,
}

struct Shared {
    plan: CloudPlan,
    launcher: ContainerLauncher,
    idle: Mutex<Vec<CloudContainer>>,
}

impl ContainerStages {
    /// Makes what all stages share. At most `starts` containers start at once. `client` holds the connections to admin APIs; `token` is the run's.
    pub async fn begin(
        holding: Holding,
        image: &CloudImage,
        authority: Arc<Authority>,
        client: AdminClient,
        token: SecretString,
        runtime: tokio::runtime::Handle,
        starts: usize,
    ) -> Result<Self, DockerError> {
        let bridge = bridge(&holding).await?;
        let launcher = ContainerLauncher::new(holding.clone(), starts);
        let plan = CloudPlan { holding, image: image.id.clone(), bridge, authority, token, client, runtime };
        Ok(Self { shared: Arc::new(Shared { plan, launcher, idle: Mutex::default() }) })
    }

    /// Returns what the run has on the engine.
    pub fn holding(&self) -> &Holding {
        &self.shared.plan.holding
    }

    /// Opens a stage: a cloud with fresh ids and keys.
    pub async fn open(&self, provider: ImageProvider, setup: StageSetup, header: RecordingHeader) -> Result<ContainerStage, StageError> {
        let idle = self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let stopwatch = self.shared.launcher.stopwatch();
        let cloud = match idle {
            Some(cloud) => cloud,
            None => {
                let _starting = self.shared.launcher.admit().await?;
                let admitted = Instant::now();
                let cloud = CloudContainer::start(&self.shared.plan).await?;
                stopwatch.count(|times| &mut times.clouds);
                stopwatch.add(admitted, |times| &mut times.clouds_started);
                cloud
            }
        };
        let client = cloud.client.clone();
        let begun = Instant::now();
        let stage = ContainerStage::set_up(ContainerGround::new(self.clone(), cloud, provider), client, setup, header).await;
        stopwatch.add(begun, |times| &mut times.set_up);
        stage
    }

    /// Returns where the time went so far.
    pub fn times(&self) -> ContainerTimes {
        self.shared.launcher.stopwatch().times()
    }

    pub(super) fn launcher(&self) -> &ContainerLauncher {
        &self.shared.launcher
    }

    pub(super) fn give_back(&self, cloud: CloudContainer) {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(cloud);
    }

    /// Removes everything that the run has on the engine; returns what could not be removed.
    pub async fn end(&self) -> Vec<String> {
        self.shared.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.shared.plan.holding.clear().await
    }
}
