//! What Secrets Manager and IAM do.

use cucumber::given;
use hallmark_harness::cloud::certificates::CertificateFlaw;
use hallmark_harness::contract::Trigger;
use hallmark_harness::engine::{IdenticalUpdate, Knobs};
use hallmark_harness::fault::{Fault, FaultPhase, FaultService, FaultWhat, FaultWhen};
use hallmark_harness::journal::Operation;
use hallmark_harness::stage::Alteration;

use super::super::world::{ProviderWorld, StepTrouble};
use super::{answer, broken, called, calls, unapplied};
use crate::oracle::ELSEWHERE;

/// Returns the service that a feature names.
fn named(service: &str) -> FaultService {
    match service {
        "IAM" => FaultService::Iam,
        "Secrets Manager" => FaultService::SecretsManager,
        _ => FaultService::ThirdParty,
    }
}

fn update(when: FaultWhen, what: FaultWhat) -> Fault {
    unapplied(FaultService::SecretsManager, Operation::UpdateTask, when, what)
}

#[given(regex = r"^Secrets Manager answers (every|the first) update with (\d{3})$")]
async fn answers(world: &mut ProviderWorld, which: String, status: u16) -> Result<(), StepTrouble> {
    world.add_fault(update(calls(&which), answer(status, None))).await
}

#[given(regex = r"^Secrets Manager answers two updates with 503 and the third with (\d{3})$")]
async fn answers_in_turn(world: &mut ProviderWorld, status: u16) -> Result<(), StepTrouble> {
    world.add_fault(update(FaultWhen::First(2), answer(503, None))).await?;
    world.add_fault(update(FaultWhen::Nth(3), answer(status, None))).await
}

#[given(regex = r"^Secrets Manager (resets|closes) (every|the first) update$")]
async fn breaks(world: &mut ProviderWorld, how: String, which: String) -> Result<(), StepTrouble> {
    world.add_fault(update(calls(&which), broken(&how))).await
}

#[given("Secrets Manager cuts its 503 to the first update")]
async fn cuts(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    // Before the commit a cut acts on the service's own error.
    world.add_fault(update(FaultWhen::First(1), FaultWhat::CutBody { after: 20 })).await
}

#[given("Secrets Manager applies the first update and loses its answer")]
async fn loses(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let lost = update(FaultWhen::First(1), FaultWhat::Reset);
    world.add_fault(Fault { phase: FaultPhase::AfterCommit, ..lost }).await
}

#[given(
    regex = r"^Secrets Manager applies every update and answers 200 with (an empty object|nothing|text|further fields|a task without updated_by)$"
)]
async fn answers_little(world: &mut ProviderWorld, body: String) -> Result<(), StepTrouble> {
    let little = update(FaultWhen::Every, answer(200, Some(&body)));
    world.add_fault(Fault { phase: FaultPhase::AfterCommit, ..little }).await
}

#[given(regex = r"^Secrets Manager answers the first update with (\d{3}) and Retry-After (.+)$")]
async fn asks_to_wait(world: &mut ProviderWorld, status: u16, value: String) -> Result<(), StepTrouble> {
    let value = match value.as_str() {
        "as a date in 3 s" => "date+3s",
        "as a date in the past" => "Sun, 06 Nov 1994 08:49:37 GMT",
        value => value,
    };
    // The wire sets the header `date` only after the journal has the answer, so it is sent along: a date is held against it.
    let headers = [("retry-after".to_owned(), value.to_owned()), ("date".to_owned(), "date+0s".to_owned())].into();
    world.add_fault(update(FaultWhen::First(1), FaultWhat::Status { status, headers, body: None })).await
}

#[given(regex = r"^(?:Secrets Manager|IAM|the third party) never answers an? (update|token request|creation|revocation)$")]
async fn never_answers(world: &mut ProviderWorld, call: String) -> Result<(), StepTrouble> {
    let (service, operation) = called(&call);
    let silent = unapplied(service, operation, FaultWhen::Every, FaultWhat::Stall);
    if silent.service == FaultService::ThirdParty {
        world.add_third_party_faults(vec![silent]).await
    } else {
        world.add_fault(silent).await
    }
}

#[given(regex = r"^IAM (resets|closes) the first token request$")]
async fn iam_breaks(world: &mut ProviderWorld, how: String) -> Result<(), StepTrouble> {
    world.add_fault(unapplied(FaultService::Iam, Operation::Token, FaultWhen::First(1), broken(&how))).await
}

#[given(regex = r"^the task (is cancelled|times out) just before its first update$")]
async fn task_ends_early(world: &mut ProviderWorld, how: String) -> Result<(), StepTrouble> {
    let what = if how == "times out" { FaultWhat::ExpireTask } else { FaultWhat::CancelTask };
    world.add_fault(update(FaultWhen::First(1), what)).await
}

#[given(regex = r"^IAM answers (every|the first) token request with (\d{3})(?: and (an HTML page|an empty object|broken JSON))?$")]
async fn iam_answers(world: &mut ProviderWorld, which: String, status: u16, body: String) -> Result<(), StepTrouble> {
    let body = (!body.is_empty()).then_some(body.as_str());
    world.add_fault(unapplied(FaultService::Iam, Operation::Token, calls(&which), answer(status, body))).await
}

#[given(regex = r"^(?:IAM|Secrets Manager|the third party) redirects every (token request|update|creation) to (another host|plain http)$")]
async fn redirects(world: &mut ProviderWorld, request: String, place: String) -> Result<(), StepTrouble> {
    let (service, operation) = called(&request);
    let scheme = if place == "plain http" { "http" } else { "https" };
    let headers = [("location".to_owned(), format!("{scheme}://{ELSEWHERE}/moved"))].into();
    // 307 asks for the same request, body and all.
    let redirect = FaultWhat::Status { status: 307, headers, body: Some(String::new()) };
    world.add_fault(unapplied(service, operation, FaultWhen::Every, redirect)).await
}

#[given(
    regex = r"^(IAM|Secrets Manager|the third party) shows a certificate that (is of an unknown authority|is expired|is for another host)$"
)]
async fn shows_certificate(world: &mut ProviderWorld, service: String, flaw: String) -> Result<(), StepTrouble> {
    let flaw = match flaw.as_str() {
        "is expired" => CertificateFlaw::Expired,
        "is for another host" => CertificateFlaw::WrongHost,
        _ => CertificateFlaw::UnknownAuthority,
    };
    let what = FaultWhat::Certificate { flaw };
    world.add_fault(unapplied(named(&service), Operation::Handshake, FaultWhen::Every, what)).await
}

#[given("IAM has revoked the access key")]
async fn access_key_revoked(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let done = world.stage()?.revoke_access_key().await;
    world.attempt(done)
}

#[given(regex = r"^the login secret is (missing|forbidden|of another type|malformed)$")]
async fn login_secret(world: &mut ProviderWorld, state: String) -> Result<(), StepTrouble> {
    let alteration = match state.as_str() {
        "missing" => Alteration::Missing,
        "forbidden" => Alteration::Forbidden,
        "malformed" => Alteration::Malformed,
        _ => Alteration::OtherType,
    };
    let done = world.stage()?.alter_secrets(alteration).await;
    world.attempt(done)
}

#[given(regex = r"^the knob (final|cancelled)_task_status is (\d{3})$")]
async fn ended_task_status(world: &mut ProviderWorld, which: String, status: u16) -> Result<(), StepTrouble> {
    let turn = |knobs: &mut Knobs| match which.as_str() {
        "final" => knobs.final_task_status = status,
        _ => knobs.cancelled_task_status = status,
    };
    let done = world.stage()?.turn_knobs(turn).await;
    world.attempt(done)
}

#[given(regex = r"^the knob (validate_payload|new_task_per_retry) is (true|false)$")]
async fn switch(world: &mut ProviderWorld, which: String, on: String) -> Result<(), StepTrouble> {
    let on = on == "true";
    let turn = |knobs: &mut Knobs| match which.as_str() {
        "validate_payload" => knobs.validate_payload = on,
        _ => knobs.new_task_per_retry = on,
    };
    let done = world.stage()?.turn_knobs(turn).await;
    world.attempt(done)
}

#[given(regex = r"^the knob identical_update is (refused|accepted)$")]
async fn identical_update(world: &mut ProviderWorld, word: String) -> Result<(), StepTrouble> {
    let choice = if word == "accepted" { IdenticalUpdate::Accepted } else { IdenticalUpdate::Refused };
    let done = world.stage()?.turn_knobs(|knobs| knobs.identical_update = choice).await;
    world.attempt(done)
}

#[given(
    regex = r"^the knob deletion_trigger is (secret_version_expiration|secret_version_data_deletion|manual_secret_rotation|automatic_secret_rotation)$"
)]
async fn deletion_trigger(world: &mut ProviderWorld, word: String) -> Result<(), StepTrouble> {
    let trigger = match word.as_str() {
        "secret_version_expiration" => Trigger::SecretVersionExpiration,
        "manual_secret_rotation" => Trigger::ManualSecretRotation,
        "automatic_secret_rotation" => Trigger::AutomaticSecretRotation,
        _ => Trigger::SecretVersionDataDeletion,
    };
    let done = world.stage()?.turn_knobs(|knobs| knobs.deletion_trigger = trigger).await;
    world.attempt(done)
}
