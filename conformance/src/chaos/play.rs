//! Plays a schedule: its acts with their faults, then what shows whether the lifecycle still completes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallmark_harness::admin::CreateSecret;
use hallmark_harness::contract::Trigger;
use hallmark_harness::fault::FaultPlan;
use hallmark_harness::stage::{Recording, Stage, StageError};

use super::schedule::{Deed, Schedule};
use crate::manifest::{Manifest, Variant};
use crate::suite::{Place, Staging, SuiteError};

/// Begins the note of what is done after the last fault.
pub const AFTERMATH: &str = "after the faults";

/// Id under which schedules are played.
const SCENARIO: &str = "chaos";

/// Where schedules play.
#[derive(Clone)]
pub struct Arena {
    manifest: Arc<Manifest>,
    variants: Arc<[Variant]>,
    staging: Staging,
}

/// A schedule that was played.
#[derive(Debug)]
pub struct Played {
    /// What happened.
    pub recording: Recording,
    /// From set-up to the end of the recording.
    pub time: Duration,
}

/// Why a schedule could not be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// The schedule is for a variant that the manifest does not have.
    #[error("the schedule is for the variant {name:?}, and the manifest has {known}; correct `variant=` in the schedule")]
    Variant {
        /// Which one.
        name: String,
        /// Those that it has.
        known: String,
    },
    /// The stage could not be opened.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The stage has trouble.
    #[error(transparent)]
    Stage(#[from] StageError),
}

impl Arena {
    /// Makes an arena for a provider.
    pub fn new(manifest: Arc<Manifest>, staging: Staging) -> Self {
        Self { variants: manifest.variants().into(), manifest, staging }
    }

    /// Returns the names of the manifest's variants, one without a name where it has none.
    pub fn variants(&self) -> Vec<Option<String>> {
        self.variants.iter().map(|variant| variant.name.clone()).collect()
    }

    /// Checks that a schedule can be played here.
    pub fn check(&self, schedule: &Schedule) -> Result<(), PlayError> {
        self.variant(schedule).map(drop)
    }

    /// Plays a schedule on a stage of its own.
    pub async fn play(&self, schedule: &Schedule) -> Result<Played, PlayError> {
        let started = Instant::now();
        let variant = self.variant(schedule)?;
        let place = Place { manifest: &self.manifest, variant, scenario: SCENARIO, seed: schedule.seed, secure: false };
        let mut stage = self.staging.open(&place).await?;
        let recorded = match acts(&mut stage, schedule).await {
            Ok(()) => stage.record().await,
            Err(error) => Err(error),
        };
        stage.close().await;
        Ok(Played { recording: recorded?, time: started.elapsed() })
    }

    fn variant(&self, schedule: &Schedule) -> Result<&Variant, PlayError> {
        // A schedule without a variant is for a provider that has none, or for the first.
        let name = schedule.variant.as_deref();
        Variant::choose(&self.variants, name).map_err(|known| PlayError::Variant { name: name.unwrap_or_default().to_owned(), known })
    }
}

/// Plays the acts, and then without a fault: a rotation and a deletion where the secret is still there, and the day on which failed deletions
/// are tried again.
pub async fn acts(stage: &mut Stage, schedule: &Schedule) -> Result<(), StageError> {
    for act in &schedule.acts {
        stage.note(act.deed.word()).await?;
        stage.set_faults(act.faults.clone()).await?;
        deed(stage, act.deed).await?;
    }
    stage.set_faults(FaultPlan::default()).await?;
    let deleted = schedule.acts.iter().any(|act| act.deed == Deed::Delete);
    let rest: &[Deed] = if deleted { &[Deed::Day] } else { &[Deed::Rotate, Deed::Delete, Deed::Day] };
    for last in rest {
        stage.note(&format!("{AFTERMATH}: {}", last.word())).await?;
        deed(stage, *last).await?;
    }
    Ok(())
}

async fn deed(stage: &mut Stage, deed: Deed) -> Result<(), StageError> {
    match deed {
        Deed::Create => stage.create_secret(&CreateSecret::default()).await,
        Deed::Rotate => stage.rotate_secret(Trigger::ManualSecretRotation).await,
        Deed::Delete => stage.delete_secret().await,
        Deed::Day => stage.pass_day().await,
        Deed::Rerun => stage.run_again().await,
    }
}
