//! Where a scenario plays: a fresh stage for a variant of the provider, with processes or in containers.

use std::time::Duration;

use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::{ContainerStages, ImageProvider, ProcessStage, Provider, Resources, Stage};

use super::play::SuiteError;
use super::setup::{header, stage_setup};
use crate::manifest::{Manifest, Variant};

/// Where the scenarios play.
#[derive(Clone)]
pub enum Staging {
    /// Live, with processes.
    Process {
        /// What all stages share.
        resources: Box<Resources>,
        /// The provider.
        provider: Provider,
    },
    /// Live, with containers.
    Container {
        /// What all stages share.
        stages: ContainerStages,
        /// The provider.
        provider: Box<ImageProvider>,
    },
}

/// What one stage is for.
#[derive(Debug, Clone, Copy)]
pub struct Place<'run> {
    /// The provider's manifest.
    pub manifest: &'run Manifest,
    /// The variant that is played.
    pub variant: &'run Variant,
    /// Id of the scenario.
    pub scenario: &'run str,
    /// Seed of the stage's ids, keys and generated values.
    pub seed: u64,
    /// Whether everything is reached by https, whatever the manifest says.
    pub secure: bool,
}

impl Staging {
    /// Returns what `CE_REMOVE_COMPLETED_JOBS` says.
    pub(super) fn completed(&self) -> CompletedJobs {
        match self {
            Self::Process { provider, .. } => provider.completed,
            Self::Container { provider, .. } => provider.completed,
        }
    }

    /// Has jobs of later stages ended after this time.
    pub(crate) fn limit_jobs(&mut self, limit: Duration) {
        match self {
            Self::Process { provider, .. } => provider.limit = limit,
            Self::Container { provider, .. } => provider.limit = limit,
        }
    }

    /// Opens a fresh stage.
    pub async fn open(&self, place: &Place<'_>) -> Result<Stage, SuiteError> {
        let Place { manifest, variant, scenario, seed, secure } = *place;
        let mut setup = stage_setup(manifest, variant, seed)?;
        setup.secure_loopback |= secure;
        Ok(match self {
            Self::Process { resources, provider } => {
                let header = header(scenario, manifest, variant, &setup, None);
                Stage::Process(Box::new(ProcessStage::open((**resources).clone(), provider.clone(), setup, header).await?))
            }
            Self::Container { stages, provider } => {
                let header = header(scenario, manifest, variant, &setup, Some(&provider.facts));
                Stage::Container(Box::new(stages.open((**provider).clone(), setup, header).await?))
            }
        })
    }
}
