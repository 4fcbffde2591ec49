//! The lifecycle of a credential: the flow chart of Secrets Manager as code.
//!
//! The order of the calls is chosen so that a job which is killed at any point and started again with the same task leaves one
//! credential or none: token, login secret, what an earlier run left, creation or revocation, report, undo if that was refused.

use anyhow::Context;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::config::{Environment, ID, path_segment, read, variable};
use crate::error::Failure;
use crate::http::Http;
use crate::retry::{Budget, Phase};
use crate::secrets_manager::SecretsManager;
use crate::system::{ThirdParty, choose};

/// Does the job, or reports to the task why it cannot be done, and returns that.
pub(crate) async fn run(environment: &Environment, log: &dyn Fn(&str)) -> anyhow::Result<()> {
    // A bad setting is reported as a bad input is: `act` looks at it again.
    let budget = Budget::read(environment).or_else(|_| Budget::read(&Environment::new()))?;
    let http = Http::new(budget, log)?;
    // The token comes first: without it nothing could be reported, so nothing may be created.
    let mut secrets_manager = SecretsManager::sign_in(&http, environment).await.context("nothing could be reported")?;
    let Err(failure) = act(&http, &mut secrets_manager, environment).await else { return Ok(()) };
    let phase = match &failure {
        // Secrets Manager has had its chance: one more attempt, after the pause that it asked for.
        Failure::ReportNotAccepted(cause) if http.budget.wait(Phase::Undo, 1, cause.retry_after).await => Phase::Once,
        // Else the task takes nothing more, or "failed" is not the truth: the credential is gone, or may live on.
        Failure::ReportNotAccepted(_) | Failure::TaskClosed | Failure::UndoFailed(_) | Failure::DeletionNotReported(_) => {
            return Err(failure.into());
        }
        _ => Phase::Undo,
    };
    // `update_task` logs how it went, and there is nobody else to tell.
    let _ = secrets_manager.update_task(phase, &failure.report()).await;
    Err(failure.into())
}

async fn act(http: &Http<'_>, secrets_manager: &mut SecretsManager<'_>, environment: &Environment) -> Result<(), Failure> {
    Budget::read(environment)?;
    let credential_id = variable(environment, "SM_CREDENTIALS_ID").and_then(path_segment);
    let to_delete = match variable(environment, "SM_ACTION") {
        Some("create_credentials") => None,
        // Without an id the address of the deletion would be that of the whole collection.
        Some("delete_credentials") => Some(credential_id.ok_or(Failure::CredentialsIdMissing)?),
        _ => return Err(Failure::UnknownAction),
    };
    let task_id = read(environment, "SM_SECRET_TASK_ID", "", &ID)?;
    let login_secret_id = read(environment, "SM_LOGIN_SECRET_ID_VALUE", "", &ID)?;
    let system = choose(environment)?;
    let login = secrets_manager.login_secret(&login_secret_id).await?;
    let third_party = ThirdParty { http, system, login, task_id };
    match to_delete {
        None => create(secrets_manager, &third_party).await,
        Some(id) => delete(secrets_manager, &third_party, &id).await,
    }
}

async fn create(secrets_manager: &mut SecretsManager<'_>, third_party: &ThirdParty<'_>) -> Result<(), Failure> {
    if is_done_by_an_earlier_run(secrets_manager, third_party).await? {
        return Ok(());
    }
    let (id, token) = third_party.create().await?;
    third_party.http.log(&format!("INFO: created the credential {id}"));
    let payload = json!({ "token": token.expose_secret(), "url": third_party.system.service() });
    let update = json!({ "status": "credentials_created", "credentials": { "id": id, "payload": payload } });
    let Err(cause) = secrets_manager.update_task(Phase::Report, &update).await else { return Ok(()) };
    // A refusal after an attempt without a definite answer has two meanings: "I have it already" and "I never got it, and
    // now it is too late". In the first the credential is live and must stay, in the second it must go, and only the task
    // itself can tell. Where it cannot be read the flow chart decides, which says undo.
    if cause.is_in_doubt && secrets_manager.task_status().await.as_deref() == Some("credentials_created") {
        return Ok(());
    }
    third_party.revoke(&id, Phase::Undo).await.map_err(Failure::UndoFailed)?;
    let is_closed = matches!(cause.refused, Some(400 | 404));
    Err(if is_closed { Failure::TaskClosed } else { Failure::ReportNotAccepted(cause) })
}

/// Deals with what an earlier run of the same job left: Code Engine starts a job again that was killed or failed.
///
/// Returns true if that run did the whole task. A new credential is never created beside an old one of the task.
async fn is_done_by_an_earlier_run(secrets_manager: &mut SecretsManager<'_>, third_party: &ThirdParty<'_>) -> Result<bool, Failure> {
    if third_party.find(Phase::Prepare).await.map_err(Failure::creation)?.is_empty() {
        return Ok(false);
    }
    third_party.http.log("INFO: an earlier run left a credential");
    let status = secrets_manager.task_status().await;
    if status.as_deref() == Some("credentials_created") {
        return Ok(true);
    }
    third_party.clear(None, Phase::Clear).await.map_err(Failure::LeftoverRemains)?;
    let is_open = matches!(status.as_deref(), None | Some("queued" | "processing"));
    if is_open { Ok(false) } else { Err(Failure::TaskClosed) }
}

async fn delete(secrets_manager: &mut SecretsManager<'_>, third_party: &ThirdParty<'_>, id: &str) -> Result<(), Failure> {
    third_party.revoke(id, Phase::Delete).await.map_err(Failure::deletion)?;
    let update = json!({ "status": "credentials_deleted" });
    let Err(cause) = secrets_manager.update_task(Phase::Report, &update).await else { return Ok(()) };
    // Here a plain 400 is worth a look as well: an earlier run may have reported the very same.
    let is_worth_a_look = cause.is_in_doubt || cause.refused == Some(400);
    if is_worth_a_look && secrets_manager.task_status().await.as_deref() == Some("credentials_deleted") {
        return Ok(());
    }
    Err(Failure::DeletionNotReported(cause))
}
