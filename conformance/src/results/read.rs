//! Reading the file.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::order::Order;
use super::record::{Record, RuleRecord, RunRecord, ScenarioRecord, SummaryRecord, TimingRecord};
use super::{FORMAT, ResultsError};

/// A results file in memory: all that any report needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    run: RunRecord,
    scenarios: Vec<ScenarioRecord>,
    rules: Vec<RuleRecord>,
    timing: Option<TimingRecord>,
    summary: Option<SummaryRecord>,
}

impl Results {
    /// Reads a file. It refuses other formats, damaged lines and misplaced records.
    ///
    /// A file without a summary is of a run that was cut, and is read as far as it goes: its last line may be torn.
    pub fn read(path: &Path) -> Result<Self, ResultsError> {
        let file = File::open(path).map_err(|source| ResultsError::Read { path: path.to_owned(), source })?;
        Self::parse(path, BufReader::new(file))
    }

    /// Takes records that are in memory already, under the same conditions as a file's.
    pub fn from_records(records: impl IntoIterator<Item = Record>) -> Result<Self, ResultsError> {
        let mut collected = Collected::new(Path::new("the records in memory"));
        for (number, record) in (1..).zip(records) {
            collected.add(number, record)?;
        }
        collected.into_results()
    }

    pub(super) fn parse(path: &Path, mut reader: impl BufRead) -> Result<Self, ResultsError> {
        let mut collected = Collected::new(path);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            reader.read_until(b'\n', &mut line).map_err(|source| ResultsError::Read { path: path.to_owned(), source })?;
            if line.is_empty() {
                break;
            }
            if number == 1 {
                check_format(path, &line)?;
            }
            match serde_json::from_slice(&line) {
                Ok(record) => collected.add(number, record)?,
                // The run was killed while it wrote this line.
                Err(_) if !line.ends_with(b"\n") && collected.summary.is_none() => break,
                Err(source) => return Err(ResultsError::Line { path: path.to_owned(), line: number, source }),
            }
        }
        collected.into_results()
    }

    /// Returns what was judged, and by what.
    pub fn run(&self) -> &RunRecord {
        &self.run
    }

    /// Returns the scenarios in the order in which they ended.
    pub fn scenarios(&self) -> &[ScenarioRecord] {
        &self.scenarios
    }

    /// Returns the scenario with this id.
    pub fn scenario(&self, id: &str) -> Option<&ScenarioRecord> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }

    /// Returns the rules in the catalog's order. None of them when the run was cut before it could judge.
    pub fn rules(&self) -> &[RuleRecord] {
        &self.rules
    }

    /// Returns where the time went; none when the run was cut.
    pub fn timing(&self) -> Option<&TimingRecord> {
        self.timing.as_ref()
    }

    /// Returns the end; none when the run was cut.
    pub fn summary(&self) -> Option<&SummaryRecord> {
        self.summary.as_ref()
    }
}

/// Refuses other formats before anything else is looked at, because their records may differ in any way.
fn check_format(path: &Path, line: &[u8]) -> Result<(), ResultsError> {
    let not_results = || ResultsError::NotResults { path: path.to_owned() };
    let value: Value = serde_json::from_slice(line).map_err(|_| not_results())?;
    let found = value.get("format").and_then(Value::as_u64).filter(|_| value.get("record").and_then(Value::as_str) == Some("run"));
    let found = found.ok_or_else(not_results)?;
    let hallmark = value.get("hallmark").and_then(Value::as_str).unwrap_or("of an unknown version").to_owned();
    match found.cmp(&u64::from(FORMAT)) {
        std::cmp::Ordering::Less => Err(ResultsError::OldFormat { path: path.to_owned(), found, hallmark }),
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Greater => Err(ResultsError::NewFormat { path: path.to_owned(), found, hallmark }),
    }
}

/// Records read so far.
struct Collected {
    path: PathBuf,
    order: Order,
    run: Option<RunRecord>,
    scenarios: Vec<ScenarioRecord>,
    rules: Vec<RuleRecord>,
    timing: Option<TimingRecord>,
    summary: Option<SummaryRecord>,
}

impl Collected {
    fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            order: Order::default(),
            run: None,
            scenarios: Vec::new(),
            rules: Vec::new(),
            timing: None,
            summary: None,
        }
    }

    fn add(&mut self, line: u64, record: Record) -> Result<(), ResultsError> {
        self.order.accept(&record).map_err(|reason| ResultsError::Order { path: self.path.clone(), line, reason })?;
        match record {
            Record::Run(run) => self.run = Some(*run),
            Record::Scenario(scenario) => self.scenarios.push(scenario),
            Record::Rule(rule) => self.rules.push(rule),
            Record::Timing(timing) => self.timing = Some(timing),
            Record::Summary(summary) => self.summary = Some(summary),
        }
        Ok(())
    }

    fn into_results(self) -> Result<Results, ResultsError> {
        let Some(run) = self.run else { return Err(ResultsError::NotResults { path: self.path }) };
        Ok(Results { run, scenarios: self.scenarios, rules: self.rules, timing: self.timing, summary: self.summary })
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn text(records: &[Record]) -> String {
        records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n").collect()
    }

    fn parse(text: &str) -> Result<Results, ResultsError> {
        Results::parse(Path::new("out/results.ndjson"), text.as_bytes())
    }

    fn refused(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn a_file_without_a_summary_is_readable() {
        let mut records = sample::failing();
        records.truncate(3);
        let results = parse(&text(&records)).unwrap();
        assert_eq!((results.scenarios().len(), results.rules().len()), (2, 0));
        assert!(results.summary().is_none() && results.timing().is_none());
    }

    #[test]
    fn a_torn_last_line_is_left_out() {
        let whole = text(&sample::failing()[..3]);
        for cut in 1..50 {
            let results = parse(&whole[..whole.len() - 1 - cut]).unwrap();
            assert_eq!(results.scenarios().len(), 1, "cut {cut} bytes");
        }
        assert_eq!(parse(whole.trim_end()).unwrap().scenarios().len(), 2, "only the line's end is missing");
    }

    #[test]
    fn a_damaged_line_within_the_file_is_refused() {
        let whole = text(&sample::failing());
        let damaged = whole.replacen("\"verdict\":\"fail\"", "\"verdict\":\"maybe\"", 1);
        let message = refused(&damaged);
        assert!(message.contains("out/results.ndjson is damaged: line 3 "), "{message}");
        assert!(refused(&(whole + "{")).contains("is damaged"), "what follows a summary is not the torn line of a cut run");
    }

    #[test]
    fn other_formats_are_refused_with_the_version_that_reads_them() {
        let whole = text(&sample::failing());
        let old = refused(&whole.replacen("\"format\":1", "\"format\":0", 1));
        assert!(old.contains("old format 0") && old.contains("hallmark 0.1.0 that wrote it"), "{old}");
        let new = refused(&whole.replacen("\"format\":1", "\"format\":2,\"hallmark\":\"9.9.9\",\"was\":1", 1).replacen(
            "\"hallmark\":\"0.1.0\",",
            "",
            1,
        ));
        assert!(new.contains("format 2, newer") && new.contains("hallmark 9.9.9 or later"), "{new}");
    }

    #[test]
    fn what_is_no_results_file_is_refused() {
        for text in ["", "\n", "{}\n", "[1]\n", "hello\n", "{\"record\":\"scenario\",\"format\":1}\n"] {
            assert!(refused(text).contains("is not a results file"), "{text:?}");
        }
        let message = Results::read(Path::new("/nowhere/results.ndjson")).unwrap_err().to_string();
        assert!(message.contains("/nowhere/results.ndjson"), "{message}");
    }

    #[test]
    fn misplaced_records_are_refused() {
        let records = sample::failing();
        let with = |extra: &Record, at: usize| {
            let mut records = records.clone();
            records.insert(at, extra.clone());
            refused(&text(&records))
        };
        assert!(with(&records[0], 1).contains("second `run`"));
        assert!(with(&records[1], 2).contains("comes a second time"));
        assert!(with(records.last().unwrap(), 1).contains("follows the summary"));
        assert!(refused(&text(&records[1..])).contains("is not a results file"));
    }
}
