//! A stage: one fake cloud plus one launcher, used by one scenario.
//!
//! The main type is [`Stage`]. A live one makes things happen; a recorded one does nothing, so that the same scenario can be
//! judged again from what was recorded.

mod connection_table;
mod container;
mod crash;
mod error;
mod live;
mod process;
mod recording;
mod setup;

use crate::admin::CreateSecret;
use crate::contract::Trigger;
use crate::engine::Knobs;
use crate::fault::FaultPlan;

pub use container::{CloudImage, ContainerGround, ContainerStage, ContainerStages, ImageProvider, InsideError, serve_inside};
pub use crash::{KILL_NOTE, KillMoment};
pub use error::StageError;
pub use live::{Demand, Ground, LiveStage, Ran};
pub use process::{ProcessGround, ProcessStage, Provider, Resources};
pub use recording::{
    Declared, DeclaredInput, FORMAT, Played, RecordedTask, RecordedVersion, Recording, RecordingError, RecordingHeader, Snapshot,
};
pub use setup::{
    AccountSetup, Alteration, CanaryKind, ParameterSource, SecretSetup, SecretSource, StageAddresses, StageSetup, TcpServiceSetup,
    ThirdPartySetup, TrustedProfileSetup,
};

/// Where a scenario plays.
pub enum Stage {
    /// Things happen, with processes of this machine.
    Process(Box<ProcessStage>),
    /// Things happen, in containers.
    Container(Box<ContainerStage>),
    /// Nothing happens any more: what did is in the recording.
    Recorded(Box<RecordedStage>),
}

/// A scenario that has been recorded: its steps do nothing.
pub struct RecordedStage {
    recording: Recording,
    /// Nothing: steps that build input values from it build none.
    setup: StageSetup,
}

impl RecordedStage {
    /// Returns a stage on which this happened.
    pub fn new(recording: Recording) -> Self {
        Self { recording, setup: StageSetup::default() }
    }
}

/// Passes an order to a live stage and does nothing on a recorded one.
macro_rules! orders {
    ($($(#[$meta:meta])* $name:ident($($argument:ident: $type:ty),*);)+) => {
        impl Stage {$(
            $(#[$meta])*
            pub async fn $name(&mut self, $($argument: $type),*) -> Result<(), StageError> {
                match self {
                    Self::Process(stage) => stage.$name($($argument),*).await,
                    Self::Container(stage) => stage.$name($($argument),*).await,
                    Self::Recorded(_) => Ok(()),
                }
            }
        )+}
    };
}

orders! {
    /// Replaces the fault plan.
    set_faults(plan: FaultPlan);
    /// Gives a variable of later job runs another value, or leaves it out.
    set_variable(name: &str, value: Option<&str>);
    /// Ends all changes of variables.
    reset_variables();
    /// Changes the secrets that inputs name.
    alter_secrets(alteration: Alteration);
    /// Revokes the provider's access key.
    revoke_access_key();
    /// Creates a secret and runs what the engine asks for.
    create_secret(order: &CreateSecret);
    /// Creates several secrets, whose jobs run at the same time.
    create_secrets_at_once(count: u32);
    /// Deletes all of the scenario's secrets, whose jobs run at the same time.
    delete_secrets_at_once();
    /// Rotates the scenario's first secret.
    rotate_secret(trigger: Trigger);
    /// Deletes the scenario's first secret.
    delete_secret();
    /// Asks for the last deletion once more.
    repeat_deletion();
    /// Runs the last job once more, with the same task, as Code Engine does with a run that did not end well.
    run_again();
    /// Runs a job like the last one for each call that the last one made, and has each killed at its call and run again.
    kill_at_each_call(moment: KillMoment);
    /// Lets a day pass.
    pass_day();
    /// Lets all days of retries pass.
    pass_all_days();
    /// Takes away every credential that jobs made, outside any job.
    revoke_silently();
    /// Notes what comes next.
    note(text: &str);
}

impl Stage {
    /// Changes the knobs.
    pub async fn turn_knobs(&mut self, turn: impl FnOnce(&mut Knobs)) -> Result<(), StageError> {
        match self {
            Self::Process(stage) => stage.turn_knobs(turn).await,
            Self::Container(stage) => stage.turn_knobs(turn).await,
            Self::Recorded(_) => Ok(()),
        }
    }

    /// Gives later jobs what a scenario demands.
    pub fn demand(&mut self, demand: Demand) -> Result<(), StageError> {
        match self {
            Self::Process(stage) => stage.demand(demand),
            Self::Container(stage) => stage.demand(demand),
            Self::Recorded(_) => Ok(()),
        }
    }

    /// Tells whether it is a recorded one.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Recorded(_))
    }

    /// Returns the set-up, e.g. to build other input values from. A recorded stage has an empty one.
    pub fn setup(&self) -> &StageSetup {
        match self {
            Self::Process(stage) => stage.setup(),
            Self::Container(stage) => stage.setup(),
            Self::Recorded(stage) => &stage.setup,
        }
    }

    /// Returns what happened.
    pub async fn record(&mut self) -> Result<Recording, StageError> {
        match self {
            Self::Process(stage) => stage.record().await,
            Self::Container(stage) => stage.record().await,
            Self::Recorded(stage) => Ok(stage.recording.clone()),
        }
    }

    /// Ends the stage.
    pub async fn close(self) {
        match self {
            Self::Process(stage) => stage.close().await,
            Self::Container(stage) => stage.close().await,
            Self::Recorded(_) => {}
        }
    }
}
