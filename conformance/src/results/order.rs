//! The order of records in a file, the same for writer and reader.

use std::collections::HashSet;

use super::record::Record;

/// Follows a file and tells which record may come next.
#[derive(Debug, Default)]
pub(super) struct Order {
    begun: bool,
    timed: bool,
    ended: bool,
    scenarios: HashSet<String>,
    rules: HashSet<String>,
}

impl Order {
    /// Takes the next record, or says why it cannot stand here.
    pub(super) fn accept(&mut self, record: &Record) -> Result<(), String> {
        self.check(record)?;
        self.note(record);
        Ok(())
    }

    /// Says why a record cannot come next, if it cannot.
    pub(super) fn check(&self, record: &Record) -> Result<(), String> {
        if self.ended {
            return Err("a record follows the summary".to_owned());
        }
        if !self.begun && !matches!(record, Record::Run(_)) {
            return Err("the first record is not `run`".to_owned());
        }
        match record {
            Record::Run(_) if self.begun => Err("there is a second `run` record".to_owned()),
            Record::Scenario(scenario) if self.scenarios.contains(&scenario.id) => {
                Err(format!("the scenario {} comes a second time", scenario.id))
            }
            Record::Rule(rule) if self.rules.contains(rule.id.as_str()) => Err(format!("the rule {} comes a second time", rule.id)),
            Record::Timing(_) if self.timed => Err("there is a second `timing` record".to_owned()),
            _ => Ok(()),
        }
    }

    /// Follows a record that is in the file.
    pub(super) fn note(&mut self, record: &Record) {
        match record {
            Record::Run(_) => self.begun = true,
            Record::Scenario(scenario) => drop(self.scenarios.insert(scenario.id.clone())),
            Record::Rule(rule) => drop(self.rules.insert(rule.id.to_string())),
            Record::Timing(_) => self.timed = true,
            Record::Summary(_) => self.ended = true,
        }
    }
}
