//! What the third party does.

use std::collections::BTreeMap;

use cucumber::given;
use hallmark_harness::cloud::third_party::IssuedForm;
use hallmark_harness::fault::{Fault, FaultPhase, FaultWhat};

use super::super::world::{ProviderWorld, StepTrouble};
use super::{answer, broken, called, calls, unapplied};

fn fault(which: &str, what: &str, does: FaultWhat) -> Fault {
    let (service, operation) = called(what);
    unapplied(service, operation, calls(which), does)
}

#[given(
    regex = r"^the third party answers (every|the first) (creation|revocation) with (\d{3})(?: and (an HTML page|an empty object|broken JSON|its own body))?$"
)]
async fn answers(world: &mut ProviderWorld, which: String, what: String, status: u16, body: String) -> Result<(), StepTrouble> {
    let body = (!body.is_empty()).then_some(body.as_str());
    world.add_third_party_faults(vec![fault(&which, &what, answer(status, body))]).await
}

#[given(regex = r"^the third party (resets|closes) (every|the first) (creation|revocation)$")]
async fn breaks(world: &mut ProviderWorld, how: String, which: String, what: String) -> Result<(), StepTrouble> {
    world.add_third_party_faults(vec![fault(&which, &what, broken(&how))]).await
}

#[given(regex = r"^the third party applies the first creation and (loses its answer|cuts its answer|answers (?:500|502|504))$")]
async fn loses(world: &mut ProviderWorld, how: String) -> Result<(), StepTrouble> {
    let what = match how.as_str() {
        "loses its answer" => FaultWhat::Reset,
        "cuts its answer" => FaultWhat::CutBody { after: 20 },
        status => answer(status.trim_start_matches("answers ").parse().unwrap_or(504), None),
    };
    world.add_fault(Fault { phase: FaultPhase::AfterCommit, ..fault("the first", "creation", what) }).await
}

#[given(regex = r"^the third party answers every (creation|revocation) with 403 and repeats what it was logged in with$")]
async fn repeats(world: &mut ProviderWorld, what: String) -> Result<(), StepTrouble> {
    let message = "{message} The token {login} lacks the right for this.";
    let refusal = FaultWhat::Status { status: 403, headers: BTreeMap::new(), body: Some(message.to_owned()) };
    world.add_fault(fault("every", &what, refusal)).await
}

#[given(regex = r"^the third party issues secrets (with letters beyond ASCII|with quotes and signs of shells|of 100000 characters)$")]
async fn issues(world: &mut ProviderWorld, form: String) -> Result<(), StepTrouble> {
    let form = match form.as_str() {
        "with letters beyond ASCII" => IssuedForm::Unicode,
        "of 100000 characters" => IssuedForm::Long,
        _ => IssuedForm::Quotes,
    };
    let done = world.stage()?.turn_knobs(|knobs| knobs.issued_secrets = form).await;
    world.attempt(done)
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
