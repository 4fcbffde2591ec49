//! `results.ndjson`: the one file from which every report is rendered. One JSON object a line, told apart by `record`.
//!
//! [`Writer`] writes it while the suite runs, [`Results`] reads it, [`conclude`] draws the run's verdict from its rules.

mod conclusion;
mod error;
mod order;
mod read;
mod record;
#[cfg(test)]
pub(crate) mod sample;
mod schema;
mod write;

pub use conclusion::{Circumstances, Conclusion, SCHEDULES, conclude};
pub use error::ResultsError;
pub use read::Results;
pub use record::{
    BareTimingRecord, ContainerTimingRecord, DetectionRecord, Excerpt, ImageRecord, Mode, OwnFeaturesRecord, Record, RecordedRecord,
    RuleRecord, RunRecord, ScenarioRecord, ScheduleFinding, SchedulesRecord, SelectionRecord, Shown, SummaryRecord, TimingRecord,
};
pub use schema::schema;
pub use write::Writer;

/// Version of the format that this build writes and reads. It grows with every change that an older reader would get wrong.
pub const FORMAT: u32 = 1;

/// Name of the file within the run's output directory.
pub const FILE_NAME: &str = "results.ndjson";
