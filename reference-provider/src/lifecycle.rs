//! The lifecycle of a credential: the flow chart of Secrets Manager as code.
//!
//! The order of the calls is chosen so that a job which is killed at any point and started again with the same task leaves
//! one credential or none: token, login secret, what an earlier run left, creation or revocation, report, and the undo if
//! the report was refused.

use std::error::Error;

use secrecy::ExposeSecret;
use serde_json::json;

use crate::Outcome;
use crate::config::{Action, Connection, Environment, Job, read_budget};
use crate::error::Failure;
use crate::http::Http;
use crate::log::Log;
use crate::retry::Phase;
use crate::secrets_manager::{SecretsManager, TaskStatus};
use crate::third_party::ThirdParty;

/// Does the job, or reports why it cannot be done; an error means that nothing could be reported.
pub(crate) async fn run(environment: &Environment, log: &Log<'_>) -> anyhow::Result<Outcome> {
    let connection = Connection::read(environment)?;
    let given = read_budget(environment);
    let budget = given.as_ref().copied().or_else(|_| read_budget(&Environment::new()))?;
    let http = Http::new(budget, log)?;
    // The token comes first: without it nothing could be reported, so nothing may be created.
    let mut secrets_manager = SecretsManager::sign_in(&http, &connection).await?;
    let result = match given.and_then(|_| Job::read(environment)) {
        Ok(job) => act(&mut secrets_manager, &connection, &job).await,
        Err(failure) => Err(failure),
    };
    let Err(failure) = result else { return Ok(Outcome::Succeeded) };
    let cause = failure.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    log.error(&format!("{failure}{cause}"));
    report_failure(&mut secrets_manager, &failure).await;
    Ok(Outcome::Failed)
}

async fn act(secrets_manager: &mut SecretsManager<'_>, connection: &Connection, job: &Job) -> Result<(), Failure> {
    let login = secrets_manager.login_secret(&job.login_secret_id).await?;
    let task_id = connection.task_id.as_str();
    let third_party = ThirdParty { http: secrets_manager.http, system: (job.system)(job, &login, task_id), task_id };
    match &job.action {
        Action::Create => create(secrets_manager, &third_party).await,
        Action::Delete { credentials_id } => delete(secrets_manager, &third_party, credentials_id).await,
    }
}

async fn create(secrets_manager: &mut SecretsManager<'_>, third_party: &ThirdParty<'_>) -> Result<(), Failure> {
    if is_done_by_an_earlier_run(secrets_manager, third_party).await? {
        return Ok(());
    }
    let log = third_party.http.log;
    let credential = third_party.create().await?;
    log.info(&format!("created the credential {}", credential.id));
    let payload = json!({ "token": credential.token.expose_secret(), "url": credential.url });
    let update = json!({ "status": "credentials_created", "credentials": { "id": credential.id, "payload": payload } });
    let Err(cause) = secrets_manager.update_task(Phase::Report, &update).await else {
        log.info("reported the credential");
        return Ok(());
    };
    log.error(&format!("the report was not accepted: {cause}"));
    // A refusal after an attempt without a definite answer has two meanings: "I have it already" and "I never got it, and
    // now it is too late". In the first the credential is live and must stay, in the second it must go, and only the task
    // itself can tell. Where it cannot be read the flow chart decides, which says undo.
    if cause.is_in_doubt() && secrets_manager.task_status().await == Some(TaskStatus::CredentialsCreated) {
        return Ok(());
    }
    if let Err(cause) = third_party.revoke(&credential.id, Phase::Undo).await {
        return Err(Failure::UndoFailed(credential.id, cause));
    }
    let is_closed = matches!(cause.status(), Some(400 | 404));
    Err(if is_closed { Failure::TaskClosed } else { Failure::ReportNotAccepted(cause) })
}

/// Deals with what an earlier run of the same job left: Code Engine starts a job again that was killed or failed.
///
/// Returns true if that run did the whole task. A new credential is never created beside an old one of the task.
async fn is_done_by_an_earlier_run(secrets_manager: &mut SecretsManager<'_>, third_party: &ThirdParty<'_>) -> Result<bool, Failure> {
    if third_party.find(Phase::Prepare).await.map_err(Failure::creation)?.is_empty() {
        return Ok(false);
    }
    third_party.http.log.info("an earlier run left a credential");
    let status = secrets_manager.task_status().await;
    if status == Some(TaskStatus::CredentialsCreated) {
        return Ok(true);
    }
    third_party.clear(None, Phase::Clear).await.map_err(|cause| third_party.leftover(cause))?;
    match status {
        None | Some(TaskStatus::Queued | TaskStatus::Processing) => Ok(false),
        Some(_) => Err(Failure::TaskClosed),
    }
}

async fn delete(secrets_manager: &mut SecretsManager<'_>, third_party: &ThirdParty<'_>, id: &str) -> Result<(), Failure> {
    third_party.revoke(id, Phase::Delete).await.map_err(Failure::deletion)?;
    let update = json!({ "status": "credentials_deleted" });
    let Err(cause) = secrets_manager.update_task(Phase::Report, &update).await else {
        third_party.http.log.info("reported the deletion");
        return Ok(());
    };
    // Here a plain 400 is worth a look as well: an earlier run may have reported the very same.
    let is_worth_a_look = cause.is_in_doubt() || cause.status() == Some(400);
    if is_worth_a_look && secrets_manager.task_status().await == Some(TaskStatus::CredentialsDeleted) {
        return Ok(());
    }
    Err(Failure::DeletionNotReported(cause))
}

async fn report_failure(secrets_manager: &mut SecretsManager<'_>, failure: &Failure) {
    let http = secrets_manager.http;
    let phase = match failure {
        // The task takes nothing more, or "failed" is not the truth: the credential is gone, or may live on.
        Failure::TaskClosed | Failure::UndoFailed(..) | Failure::DeletionNotReported(_) => return,
        // Secrets Manager has had its chance: one more attempt, after the pause that it asked for.
        Failure::ReportNotAccepted(cause) if http.budget.wait(Phase::Undo, 1, cause.retry_after()).await => Phase::Once,
        Failure::ReportNotAccepted(_) => return,
        _ => Phase::Undo,
    };
    match secrets_manager.update_task(phase, &failure.report()).await {
        Ok(()) => http.log.info("reported the failure"),
        Err(error) => http.log.error(&format!("the failure could not be reported: {error}")),
    }
}
