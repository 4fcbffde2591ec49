//! The folder that an earlier run wrote to.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use super::Stop;
use crate::catalog::Catalog;
use crate::results::{FILE_NAME, Results, RunRecord};
use crate::suite::{Features, RecordedPlan, Recordings};

/// Name of the folder of recordings within a run's folder.
pub(super) const RECORDINGS: &str = "recordings";

/// Reads the plan of the run that wrote to `folder`, and finds its recordings. The folder of the recordings itself will do.
pub(super) fn read_plan(folder: &Path) -> Result<(RecordedPlan, Recordings), Stop> {
    let inner = folder.join(RECORDINGS);
    let recordings = if inner.is_dir() { inner } else { folder.to_owned() };
    let plan = RecordedPlan::read(&recordings).map_err(|error| Stop::Usage(anyhow!(error)))?;
    let ids = plan.run_ids.clone();
    Ok((plan, Recordings::of_runs(recordings, ids)))
}

/// Tells whether a run was judged by the rules and features of this hallmark.
pub(super) fn has_same_rules(run: &RunRecord, features: &Features) -> bool {
    run.catalog_digest == Catalog::digest() && run.features_digest == features.digest()
}

/// Reads the results of the run that wrote to `folder`.
pub(super) fn read_results(folder: &Path) -> Result<Results, Stop> {
    let path = if folder.is_dir() { folder.join(FILE_NAME) } else { PathBuf::from(folder) };
    Results::read(&path).map_err(|error| Stop::Usage(anyhow!(error)))
}
