//! The suite: features built in, planned, played on stages and judged.
//!
//! The main types are [`Plan`], what is to be played, and [`Suite`], which plays it.

mod collect;
mod embedded;
mod excerpt;
mod features;
mod partition;
mod plan;
mod play;
mod probe;
mod real;
mod recorded_plan;
mod setup;
mod staging;
mod steps;
mod vocabulary;
mod world;

pub use collect::{Collector, Gathered, ScenarioOutcome};
pub(crate) use embedded::FEATURES;
pub(crate) use excerpt::{last_log_lines, outcome_in_words};
pub use features::{FeatureError, FeatureFile, Features, OWN};
pub use partition::{Partition, PartitionError};
pub use plan::{Inapplicable, PROCESS, Plan, Planned, Selection};
pub use play::{Finished, Recordings, Suite, SuiteError};
pub use probe::{Distrust, probe_trust};
pub use recorded_plan::{RecordedPlan, RecordedPlanError, RecordedScenario, Restored};
pub use setup::stage_setup;
pub use staging::{Place, Staging};
pub use vocabulary::{Step, Vocabulary};
