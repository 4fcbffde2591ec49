//! What Secrets Manager does.

use cucumber::when;
use hallmark_harness::contract::{Trigger, ValueType};
use hallmark_harness::fault::{FaultPlan, FaultService, FaultWhen};
use hallmark_harness::journal::Operation;
use hallmark_harness::stage::{Alteration, KillMoment, ParameterSource};

use super::super::world::{PREPARATION, ProviderWorld, StepTrouble};
use super::{answer, unapplied};
use crate::chaos::play;
use crate::chaos::schedule::{Schedule, ScheduleParseError};

#[when(regex = r"^Secrets Manager creates (?:the|another) secret$")]
async fn creates(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    world.create().await
}

#[when(regex = r"^the (?:job configuration is|declared inputs are) read$")]
fn is_read(_world: &mut ProviderWorld) {
    // No job runs for it: the recording has held what is declared since the stage was opened.
}

#[when("Secrets Manager creates ten secrets at once")]
async fn creates_ten(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    world.create_at_once().await
}

#[when("Secrets Manager deletes all secrets at once")]
async fn deletes_all(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.delete_secrets_at_once().await;
    world.attempt(done)
}

#[when("Secrets Manager rotates the secret")]
async fn rotates(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.rotate_secret(Trigger::ManualSecretRotation).await;
    world.attempt(done)
}

#[when("Secrets Manager deletes the secret")]
async fn deletes(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.delete_secret().await;
    world.attempt(done)
}

#[when("Secrets Manager asks for the same deletion once more")]
async fn deletes_again(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.repeat_deletion().await;
    world.attempt(done)
}

#[when("Code Engine runs the last job once more")]
async fn runs_again(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.run_again().await;
    world.attempt(done)
}

#[when(regex = r"^such a job is killed (before|during|after) each of its calls, and run again$")]
async fn is_killed(world: &mut ProviderWorld, moment: String) -> Result<(), StepTrouble> {
    let moment = match moment.as_str() {
        "before" => KillMoment::Before,
        "during" => KillMoment::During,
        _ => KillMoment::After,
    };
    let done = world.stage()?.kill_at_each_call(moment).await;
    world.attempt(done)
}

#[when(regex = r"^the third party recovers on day (\d+)$")]
async fn recovers(world: &mut ProviderWorld, day: u32) -> Result<(), StepTrouble> {
    for today in 1..=day {
        if today == day {
            world.replace_faults(FaultPlan::default()).await?;
        }
        let done = world.stage()?.pass_day().await;
        world.attempt(done)?;
    }
    Ok(())
}

#[when("this fault schedule is played")]
async fn schedule(world: &mut ProviderWorld, #[step] step: &gherkin::Step) -> Result<(), StepTrouble> {
    let line = step.docstring.as_deref().unwrap_or_default().trim();
    let schedule: Schedule = line.parse().map_err(|error: ScheduleParseError| StepTrouble::of(error.to_string()))?;
    let done = play::acts(world.stage()?, &schedule).await;
    world.attempt(done)
}

#[when("ten days pass")]
async fn ten_days(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.pass_all_days().await;
    world.attempt(done)
}

#[when("Secrets Manager creates a secret without each required input in turn")]
async fn without_each(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    for input in world.inputs.clone().into_iter().filter(|input| input.required) {
        world.note(&format!("without {}", input.name)).await?;
        world.create_with(&input.name, None).await?;
    }
    Ok(())
}

#[when("Secrets Manager creates a secret with each integer and boolean input unreadable in turn")]
async fn with_unreadable(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    with_each(world, |value_type| match value_type {
        ValueType::Integer => Some("12x"),
        ValueType::Boolean => Some("maybe"),
        _ => None,
    })
    .await
}

#[when("Secrets Manager creates a secret with each enum input outside its list in turn")]
async fn outside_list(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    with_each(world, |value_type| matches!(value_type, ValueType::Enum(_)).then_some("no-such-word")).await
}

async fn with_each(world: &mut ProviderWorld, wrong: fn(&ValueType) -> Option<&'static str>) -> Result<(), StepTrouble> {
    for input in world.inputs.clone() {
        if let Some(value) = wrong(&input.value_type) {
            world.note(&format!("{} is {value}", input.name)).await?;
            world.create_with(&input.name, Some(ParameterSource::Literal(value.to_owned()))).await?;
        }
    }
    Ok(())
}

#[when("creations are refused twice, a deletion is refused, the login secret is missing and the action is unknown")]
async fn several_causes(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let refused = |operation| unapplied(FaultService::ThirdParty, operation, FaultWhen::Every, answer(403, None));
    world.note(PREPARATION).await?;
    world.create().await?;
    world.add_third_party_faults(vec![refused(Operation::Create), refused(Operation::Revoke)]).await?;
    world.note("cause: create refused").await?;
    world.create().await?;
    world.create().await?;
    world.note("cause: delete refused").await?;
    let deleted = world.stage()?.delete_secret().await;
    world.attempt(deleted)?;
    world.replace_faults(FaultPlan::default()).await?;
    if world.reads_login_secret() {
        world.note("cause: login secret unreadable").await?;
        let altered = world.stage()?.alter_secrets(Alteration::Missing).await;
        world.attempt(altered)?;
        world.create().await?;
        let restored = world.stage()?.alter_secrets(Alteration::Restored).await;
        world.attempt(restored)?;
    }
    world.note("cause: unknown action").await?;
    let set = world.stage()?.set_variable("SM_ACTION", Some("rotate_credentials")).await;
    world.attempt(set)?;
    world.create().await
}
