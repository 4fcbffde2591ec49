//! The suite: features built in, planned, played on stages and judged.
//!
//! The main types are [`Plan`], what is to be played, and [`Suite`], which plays it.

mod collect;
mod embedded;
mod excerpt;
mod plan;
mod play;
mod probe;
mod real;
mod setup;
mod steps;
mod world;

pub use collect::{Collector, ScenarioOutcome};
pub use embedded::{FEATURES, features_digest};
pub use plan::{Inapplicable, PROCESS, Plan, PlanError, Planned, Selection};
pub use play::{Finished, Recordings, Staging, Suite, SuiteError};
pub use probe::{Distrust, probe_trust};
pub use setup::stage_setup;
