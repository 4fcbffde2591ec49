//! Secrets Manager's side of the lifecycle on a virtual clock: secrets, versions, tasks, time-outs and daily delete retries.
//!
//! The main type is [`Engine`]: a state machine without input and output. The cloud's Secrets Manager calls it for each
//! request, the admin API for each thing that a scenario wants to happen.

mod clock;
mod job;
mod knobs;
mod lifecycle;
mod schedule;
mod secret;
mod task;
mod update;

#[cfg(test)]
mod model;

pub use clock::Clock;
pub use job::{JobRequest, JobStopped, Overrides, TokenFile};
pub use knobs::{IdenticalUpdate, Knobs};
pub use lifecycle::{Engine, EngineError, NewSecret};
pub use schedule::{DAY, RETRIES};
pub use secret::{CustomSecret, SecretState, Version, VersionState};
pub use task::Task;
pub(crate) use task::rfc3339;
pub use update::UpdateRefused;
