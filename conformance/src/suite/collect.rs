//! What the scenarios came to, gathered while they are played.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::results::Excerpt;
use crate::verdict::Judgement;
use crate::warning::Warning;

/// What one scenario came to.
#[derive(Debug, Clone, Default)]
pub struct ScenarioOutcome {
    /// What every oracle said.
    pub judgements: Vec<Judgement>,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
    /// Our own trouble.
    pub trouble: Vec<String>,
    /// Events that judgements other than passes point to.
    pub excerpts: Vec<Excerpt>,
    /// Job runs.
    pub jobs: u32,
    /// Time in which a job ran.
    pub job_time: Duration,
    /// Time from set-up to judgement.
    pub time: Duration,
}

/// The outcomes by scenario id, and trouble that belongs to no scenario.
pub type Gathered = (BTreeMap<String, ScenarioOutcome>, Vec<String>);

/// Gathers outcomes by scenario id.
#[derive(Debug, Default)]
pub struct Collector {
    outcomes: Mutex<BTreeMap<String, ScenarioOutcome>>,
    trouble: Mutex<Vec<String>>,
}

impl Collector {
    /// Adds the outcome of a scenario.
    pub fn add(&self, id: &str, outcome: ScenarioOutcome) {
        self.outcomes().insert(id.to_owned(), outcome);
    }

    /// Adds trouble that belongs to no scenario.
    pub fn trouble(&self, what: String) {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// Returns the outcomes so far, and the trouble that belongs to no scenario.
    pub fn gathered(&self) -> Gathered {
        (self.outcomes().clone(), self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn outcomes(&self) -> MutexGuard<'_, BTreeMap<String, ScenarioOutcome>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
