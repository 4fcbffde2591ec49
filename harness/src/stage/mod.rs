//! A stage: one fake cloud plus one launcher, used by one scenario.
//!
//! The main type is [`Stage`]. A live one makes things happen; a recorded one does nothing, so that the same scenario can be
//! judged again from what was recorded.

mod recording;
mod setup;

pub use recording::{FORMAT, RecordedTask, RecordedVersion, Recording, RecordingError, RecordingHeader, Snapshot};
pub use setup::{
    AccountSetup, Alteration, CanaryKind, ParameterSource, SecretSetup, SecretSource, StageAddresses, StageSetup, ThirdPartySetup,
};
