//! What was there before, and what the job is given.

use cucumber::given;
use hallmark_harness::stage::Demand;

use hallmark_harness::fault::{FaultService, FaultWhat, FaultWhen};

use super::super::world::{PREPARATION, ProviderWorld, StepTrouble};
use super::{called, unapplied};

#[given(regex = r"^(?:a|another) secret was created$")]
async fn secret_was_created(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    world.note(PREPARATION).await?;
    world.create().await?;
    world.note("").await
}

#[given("ten secrets were created at once")]
async fn ten_were_created(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    world.note(PREPARATION).await?;
    world.create_at_once().await?;
    world.note("").await
}

#[given(regex = r"^the (creations|revocations|updates) of jobs that run at once meet$")]
async fn meet(world: &mut ProviderWorld, calls: String) -> Result<(), StepTrouble> {
    let (service, operation) = called(&calls);
    let meet = unapplied(service, operation, FaultWhen::Every, FaultWhat::Gather);
    if meet.service == FaultService::ThirdParty { world.add_third_party_faults(vec![meet]).await } else { world.add_fault(meet).await }
}

#[given("only the required inputs are set")]
fn only_required(world: &mut ProviderWorld) {
    world.only_required = true;
}

#[given("the manifest plants personal values in its free-text inputs")]
fn planted(_world: &mut ProviderWorld) {
    // The plan leaves the scenario out for a manifest that plants none.
}

#[given("the jobs run with the least rights")]
fn least_rights(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.demand(Demand::LeastRights);
    world.attempt(done)
}

#[given("what the jobs write is measured")]
fn measured(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.demand(Demand::Measure);
    world.attempt(done)
}

#[given(regex = r"^the variable (SM_[A-Z_]+) is (\S+)$")]
async fn variable(world: &mut ProviderWorld, name: String, value: String) -> Result<(), StepTrouble> {
    let value = match value.as_str() {
        "absent" => None,
        "empty" => Some(""),
        value => Some(value),
    };
    let done = world.stage()?.set_variable(&name, value).await;
    world.attempt(done)
}
