//! `results.ndjson`: the one file from which every report is rendered. One JSON object a line, told apart by `record`.

mod record;

pub use record::{Excerpt, Mode, Record, RuleRecord, RunRecord, ScenarioRecord, Shown, SummaryRecord, TimingRecord};
