//! Keeping results while they come in.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;

use crate::results::{Record, ResultsError, RunRecord, ScenarioRecord, Writer};

/// The results of a run that goes on. Each scenario is in the file as soon as it ends, so that a run that is killed leaves what it found.
pub(super) struct Keeping {
    writer: Writer,
    scenarios: Vec<ScenarioRecord>,
    written: BTreeSet<String>,
}

impl Keeping {
    /// Begins the file under `out`.
    pub(super) fn begin(out: &Path, run: &RunRecord) -> Result<Self, ResultsError> {
        let mut writer = Writer::create(out)?;
        writer.write(&Record::Run(Box::new(run.clone())))?;
        Ok(Self { writer, scenarios: Vec::new(), written: BTreeSet::new() })
    }

    /// Keeps a scenario that ended. What cannot be written now is tried again, and told, at the end.
    pub(super) fn scenario(&mut self, scenario: ScenarioRecord) {
        if self.writer.write(&Record::Scenario(scenario.clone())).is_ok() {
            self.written.insert(scenario.id.clone());
        }
        self.scenarios.push(scenario);
    }

    /// Returns the scenarios in the order in which they ended.
    pub(super) fn scenarios(&self) -> &[ScenarioRecord] {
        &self.scenarios
    }

    /// Writes the records that are not in the file yet; what could be written stays.
    pub(super) fn save(&mut self, records: &[Record]) -> anyhow::Result<()> {
        let missing = |record: &&Record| !matches!(record, Record::Scenario(scenario) if self.written.contains(&scenario.id));
        for record in records.iter().filter(missing) {
            self.writer.write(record).context("keeping the results")?;
        }
        self.writer.finish().context("keeping the results")
    }
}
