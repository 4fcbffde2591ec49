//! What must be true of what was recorded: each phrase names an oracle.

use cucumber::then;

use super::super::world::{ProviderWorld, StepTrouble};
use crate::catalog::Level;
use crate::chaos::invariant;
use crate::oracle::{self, Ended, History};
use crate::verdict::Judgement;

/// Has an oracle judge for the rule in whose block the scenario stands.
macro_rules! judged {
    ($($name:ident: $phrase:literal => $oracle:expr;)+) => {$(
        #[then($phrase)]
        async fn $name(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
            // The type tells closures from the functions that need the rule's id.
            const ORACLE: fn(&History<'_>, &str) -> Vec<Judgement> = $oracle;
            let rule = world.rule.clone();
            world.judge(|history| ORACLE(history, rule.as_str())).await
        }
    )+};
}

judged! {
    created_once: "exactly one created credential is accepted for the task" => oracle::created_once;
    required_outputs: "the payload holds every required output with its declared type" => |history, _| oracle::required_outputs(history);
    declared_only: "the payload holds declared outputs only" => |history, _| oracle::no_undeclared_output(history);
    exists: "the reported credential is alive at the third party, value for value" => |history, _| oracle::exists_as_reported(history);
    own_ids: "every creation reported a credentials id of its own" => |history, _| oracle::distinct_ids(history);
    defaults: "the defaults of the optional inputs work" => oracle::created_once;
    failed: "the provider reports the task as failed" => oracle::reported_failed;
    should_fail: "the provider should report the task as failed" => |history, rule| should(oracle::reported_failed(history, rule));
    nothing_new: "nothing new is alive at the third party" => oracle::unreported_gone;
    left_alone: "the third party is left alone" => oracle::changed_nothing;
    should_be_left_alone: "the third party should be left alone" => |history, rule| should(oracle::changed_nothing(history, rule));
    undone: "the created credential is no longer alive at the third party" => |history, _| oracle::undone(history);
    undo_logged: "the undo was tried again and the log names what lives on" => |history, _| oracle::undo_logged(history);
    revoked: "the credential was revoked and then reported deleted" => |history, _| oracle::revoked_then_reported(history);
    reported_deleted: "the credential is reported deleted" => oracle::reported_deleted;
    not_deleted: "the living credential is reported as not deleted" => oracle::failure_reported;
    no_resurrection: "no credential is made in the delete job" => |history, _| oracle::no_resurrection(history);
    without_id: "nothing is deleted and the task gets one final report" => |history, _| oracle::without_credentials_id(history);
    nobody_elses: "no credential of anybody else is touched" => |history, _| oracle::nobody_elses(history);
    deleted_again: "both deletions end the same" => |history, _| oracle::deleted_again(history);
    never_recovers: "all eleven runs reported failed and nothing was ever reported deleted" => |history, _| oracle::never_recovers(history);
    refused_action: "the unrecognised action is reported as failed and changes nothing" => |history, rule| oracle::refused_action(history, rule, Some(Level::Must));
    trigger_creates: "the trigger works for the creation" => oracle::created_once;
    trigger_deletes: "the trigger works for the deletion" => oracle::reported_deleted;
    same_body: "the retried update repeats the same body" => |history, _| oracle::same_body(history);
    taken_for_success: "the 200 is taken for success" => |history, _| oracle::accepted_is_accepted(history);
    fresh_token: "one fresh token is fetched for the update" => |history, _| oracle::fresh_token(history);
    intact: "the mapped outputs are what was issued" => |history, _| oracle::intact(history);
    retry_after: "the Retry-After is respected or does no harm" => |history, _| oracle::retry_after_respected(history);
    backs_off: "the retries back off" => |history, _| oracle::backs_off(history);
    policy: "the retry policy is described" => |history, _| oracle::policy(history);
    token_retried: "the token request is retried and the job succeeds" => |history, _| oracle::token_retried(history);
    unknown_key: "the unknown key is not hammered" => |history, _| oracle::unknown_key(history);
    third_party_retried: "the call is retried and the job succeeds" => |history, _| oracle::third_party_retried(history);
    lost_answer: "no second credential is left behind" => |history, _| oracle::lost_answer(history);
    refusal_accepted: "the refusal is final" => |history, _| oracle::refusal_accepted(history);
    silence_bounded: "the job gives up on the silent call" => |history, _| oracle::silence_bounded(history);
    not_destroyed: "the live credential is not destroyed" => |history, _| oracle::lost_acknowledgement(history);
    retried: "the update is retried and accepted" => |history, _| oracle::retried(history);
    gives_up: "the job gives up before the task timeout" => |history, _| oracle::gives_up(history);
    codes: "the same cause has the same code and different causes have different codes" => |history, _| oracle::codes_by_cause(history);
    roles: "the creation and the deletion worked with the documented roles" => |history, _| oracle::works_with_roles(history);
    one_token: "each job asked for one token per API key" => |history, _| oracle::one_token(history);
    verified: "nothing secret went to whoever showed the certificate" => |history, _| oracle::certificates_verified(history);
    nothing_follows: "no secret followed the redirect" => |history, _| oracle::nothing_follows(history);
    rotated: "both credentials are distinct and were alive together" => |history, _| oracle::rotated(history);
    undisturbed_creations: "each of the jobs created a credential of its own" => |history, _| oracle::undisturbed_creations(history);
    undisturbed_deletions: "each of the jobs deleted its own credential" => |history, _| oracle::undisturbed_deletions(history);
    no_killed_orphan: "no killed creation left an orphan" => |history, _| oracle::killed_creations(history);
    killed_deletions: "every killed deletion was finished" => |history, _| oracle::killed_deletions(history);
    run_again: "exactly the reported credential is alive" => |history, _| oracle::created_again(history);
    platform: "the image is for linux/amd64" => |history, _| oracle::platform(history);
    runs_to_its_end: "every job ran to its end by itself" => |history, _| oracle::runs_to_its_end(history);
    declares_a_user: "the image declares a user that is not root" => |history, _| oracle::declares_a_user(history);
    least_rights: "the creation and the deletion worked" => |history, _| oracle::works_with_least_rights(history);
    size: "every job stayed within the deployer's size" => |history, _| oracle::stays_within_its_size(history);
    tells_nothing: "the image's labels, environment and history hold no secret or personal value" => |history, _| oracle::tells_nothing_secret(history);
    taken_by_both: "generator and deployer both take it" => |history, _| oracle::taken_by_both(history);
    requires_an_output: "at least one output is required" => |history, _| oracle::requires_an_output(history);
    says_one_thing: "nothing in it is ambiguous, reserved, uncompilable or expanded by a shell" => |history, _| oracle::says_one_thing(history);
    asks_for_nothing_secret: "none asks for personal or confidential data as plain text" => |history, _| oracle::asks_for_nothing_secret(history);
}

/// Rules that universal oracles judge over every scenario: the phrase records that the scenario was about one, and the verdict
/// is theirs. Without a judgement of theirs the scenario has not exercised its rule.
macro_rules! universally_judged {
    ($($name:ident: $phrase:literal => $rule:literal;)+) => {$(
        #[then($phrase)]
        async fn $name(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
            world.judge_universally($rule).await
        }
    )+};
}

universally_judged! {
    valid_updates: "every update is valid and names the job's own task" => "UPD-001";
    last_word: "no other status follows an accepted report" => "UPD-004";
    in_time: "the job ended by itself within the task timeout" => "UPD-005";
    complete_errors: "the failure carries complete errors" => "ERR-001";
    application_codes: "every error code is an application code" => "ERR-002";
    readable: "every description is plain text for a person" => "ERR-004";
    logged: "the failure is logged" => "ERR-005";
    exit_status: "the exit status agrees with the outcome" => "ERR-006";
    no_crash: "no job crashed" => "ERR-007";
    nothing_personal: "no personal or confidential value is in the credentials id" => "PRV-001";
    logs_clean: "no secret value is in the logs" => "PRV-003";
    not_echoed: "no personal value is in an error description" => "PRV-005";
    urls_clean: "no secret or personal value is in an address" => "PRV-006";
    not_repeated: "nothing of what the answer repeated is in the description" => "PRV-009";
    nothing_secret: "no secret value is in the metadata" => "PRV-002";
    underived: "no credentials id is derived from a secret" => "PRV-004";
    within_roles: "no operation outside the documented roles was tried" => "LPR-002";
    named_only: "only secrets that inputs name were read" => "LPR-003";
    no_stranger: "no undeclared host was contacted" => "LPR-005";
    keys_at_home: "the access key went to IAM alone and its token to Secrets Manager alone" => "LPR-004";
}

#[then(regex = r"^no update follows the answer (400|404)$")]
async fn final_answer(world: &mut ProviderWorld, status: u16) -> Result<(), StepTrouble> {
    if world.is_own() {
        return world.judge_universally(if status == 400 { "UPD-002" } else { "UPD-003" }).await;
    }
    let rule = world.rule.clone();
    world.judge(|history| oracle::final_answer(history, &rule, status)).await
}

#[then(regex = r"^the job (succeeds|fails)$")]
async fn ends(world: &mut ProviderWorld, how: String) -> Result<(), StepTrouble> {
    let wanted = if how == "succeeds" { Ended::Successfully } else { Ended::AsFailed };
    let judge = if world.is_own() { oracle::ended_so } else { oracle::ended };
    world.judge(|history| judge(history, wanted)).await
}

#[then(regex = r"^all (\d+) failing days were reported and the credential was revoked once$")]
async fn daily_retries(world: &mut ProviderWorld, failing: usize) -> Result<(), StepTrouble> {
    world.judge(|history| oracle::daily_retries(history, failing)).await
}

#[then("no invariant is broken")]
async fn no_invariant_is_broken(world: &mut ProviderWorld) -> Result<(), StepTrouble> {
    let rule = world.rule.clone();
    world.judge(|history| invariant::judged_as(&rule, history.recording)).await
}

/// Says that a part of a must rule only should hold.
fn should(judgements: Vec<Judgement>) -> Vec<Judgement> {
    judgements.into_iter().map(|judgement| judgement.at(Level::Should)).collect()
}
