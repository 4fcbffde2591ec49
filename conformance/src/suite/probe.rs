//! The trust probe: whether the provider trusts the run's certificate authority at all, before anything is judged.

use hallmark_harness::admin::CreateSecret;
use hallmark_harness::journal::EventKind;
use hallmark_harness::stage::{ContainerStages, ImageProvider, Recording};

use super::play::{SuiteError, scenario_seed};
use super::setup::{header, stage_setup};
use crate::manifest::{Manifest, Variant};

/// Id under which the probe's seed is drawn.
const PROBE: &str = "trust probe";

/// What a provider that trusts nobody here did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distrust {
    /// The host whose certificate it refused first.
    pub host: String,
    /// What the TLS library said.
    pub reason: String,
}

/// Runs one creation and tells whether the provider refused the fake cloud's certificate before it made any request.
pub async fn probe_trust(
    stages: &ContainerStages,
    provider: &ImageProvider,
    manifest: &Manifest,
    variant: &Variant,
    seed: u64,
) -> Result<Option<Distrust>, SuiteError> {
    let setup = stage_setup(manifest, variant, scenario_seed(seed, PROBE))?;
    let header = header(PROBE, manifest, variant, &setup, Some(&provider.facts));
    let mut stage = stages.open(provider.clone(), setup, header).await?;
    let recording = match stage.create_secret(&CreateSecret::default()).await {
        Ok(()) => stage.record().await,
        Err(error) => Err(error),
    };
    stage.close().await;
    Ok(distrust(&recording?))
}

/// A provider that made no request for another reason is for the rules to judge.
fn distrust(recording: &Recording) -> Option<Distrust> {
    if recording.events.iter().any(|event| matches!(event.kind, EventKind::Exchange(_))) {
        return None;
    }
    recording.events.iter().find_map(|event| match &event.kind {
        EventKind::TlsAborted { host, reason, .. } => Some(Distrust { host: host.clone(), reason: reason.clone() }),
        _ => None,
    })
}
