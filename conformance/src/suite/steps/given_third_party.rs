//! What the third party does.

use cucumber::given;
use hallmark_harness::fault::{Fault, FaultService, FaultWhat};
use hallmark_harness::journal::Operation;

use super::super::world::{ProviderWorld, StepTrouble};
use super::{answer, broken, calls, unapplied};

fn operation(word: &str) -> Operation {
    if word == "creation" { Operation::Create } else { Operation::Revoke }
}

fn fault(which: &str, what: &str, does: FaultWhat) -> Fault {
    unapplied(FaultService::ThirdParty, operation(what), calls(which), does)
}

#[given(
    regex = r"^the third party answers (every|the first) (creation|revocation) with (\d{3})(?: and (an HTML page|an empty object|broken JSON|its own body))?$"
)]
async fn answers(world: &mut ProviderWorld, which: String, what: String, status: u16, body: String) -> Result<(), StepTrouble> {
    let body = (!body.is_empty()).then_some(body.as_str());
    world.add_fault(fault(&which, &what, answer(status, body))).await
}

#[given(regex = r"^the third party (resets|closes) (every|the first) (creation|revocation)$")]
async fn breaks(world: &mut ProviderWorld, how: String, which: String, what: String) -> Result<(), StepTrouble> {
    world.add_fault(fault(&which, &what, broken(&how))).await
}

#[given("the third party redirects every revocation to a login page")]
async fn redirects(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let headers = [("location".to_owned(), "/login".to_owned())].into();
    let redirect = FaultWhat::Status { status: 302, headers, body: Some(String::new()) };
    world.add_fault(fault("every", "revocation", redirect)).await
}

#[given("somebody revoked its credential at the third party")]
async fn revoked_before(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.revoke_silently().await;
    world.attempt(done)
}
