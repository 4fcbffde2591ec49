//! The lifecycle of a credential: the flow chart of Secrets Manager as code.
//!
//! The main type here is [`Run`]. The order of the calls is chosen so that a job which is killed at any point and started
//! again with the same task leaves one credential or none: token, login secret, what an earlier run left, creation or
//! revocation, report, and the undo if the report was refused.

use tokio::time::Instant;

use crate::Outcome;
use crate::config::{Action, Job};
use crate::error::{Failure, chain};
use crate::http::Http;
use crate::log::Log;
use crate::retry::{Backoff, Phase};
use crate::secrets_manager::{SecretsManager, TaskStatus, TaskUpdate};
use crate::third_party::ThirdParty;

/// One run of the job.
pub(crate) struct Run<'a> {
    pub(crate) http: &'a Http,
    pub(crate) log: &'a Log<'a>,
    pub(crate) secrets_manager: SecretsManager<'a>,
}

impl Run<'_> {
    /// Does the job, or reports why it cannot be done.
    pub(crate) async fn perform(mut self, job: Result<Job, Failure>) -> Outcome {
        let result = match job {
            Ok(job) => self.act(job).await,
            Err(failure) => Err(failure),
        };
        let Err(failure) = result else {
            return Outcome::Succeeded;
        };
        let log = self.log;
        log.error(&format!("{}: {}", failure.code(), chain(&failure)));
        self.report_failure(&failure).await;
        Outcome::Failed
    }

    async fn act(&mut self, job: Job) -> Result<(), Failure> {
        let login = self.secrets_manager.login_secret(&job.login_secret_id).await?;
        let third_party =
            ThirdParty { http: self.http, log: self.log, system: job.target.log_in(login), task_id: self.secrets_manager.task_id() };
        match job.action {
            Action::Create => self.create(&third_party).await,
            Action::Delete { credentials_id } => self.delete(&third_party, &credentials_id).await,
        }
    }

    async fn create(&mut self, third_party: &ThirdParty<'_>) -> Result<(), Failure> {
        if self.is_done_by_an_earlier_run(third_party).await? {
            return Ok(());
        }
        let log = self.log;
        let credential = third_party.create().await?;
        log.info(&format!("created the credential {}", credential.id));
        let update = TaskUpdate::CredentialsCreated(&credential);
        let deadline = self.http.end_of(Phase::Report);
        let Err(cause) = self.secrets_manager.update_task(&update, deadline).await else {
            log.info("reported the credential");
            return Ok(());
        };
        log.error(&format!("the report was not accepted: {cause}"));
        // A refusal after an attempt without a definite answer has two meanings: "I have it already" and "I never got it,
        // and now it is too late". In the first the credential is live and must stay, in the second it must go, and only
        // the task itself can tell. Where it cannot be read the flow chart decides, which says undo.
        if cause.ambiguous && self.read_task().await == Some(TaskStatus::CredentialsCreated) {
            return Ok(());
        }
        if let Err(cause) = third_party.revoke(&credential.id, Phase::Undo).await {
            return Err(Failure::UndoFailed(credential.id, cause));
        }
        Err(match cause.status {
            Some(400 | 404) => Failure::TaskClosed,
            _ => Failure::ReportNotAccepted(cause),
        })
    }

    /// Deals with what an earlier run of the same job left: Code Engine starts a job again that was killed or failed.
    ///
    /// Returns true if that run did the whole task. A new credential is never created beside an old one of the task.
    async fn is_done_by_an_earlier_run(&mut self, third_party: &ThirdParty<'_>) -> Result<bool, Failure> {
        let leftovers = third_party.find(Phase::Prepare).await.map_err(Failure::creation)?;
        if leftovers.is_empty() {
            return Ok(false);
        }
        self.log.info("an earlier run left a credential");
        let status = self.read_task().await;
        if status == Some(TaskStatus::CredentialsCreated) {
            return Ok(true);
        }
        third_party.clear(None, Phase::Clear).await?;
        match status {
            None | Some(TaskStatus::Queued | TaskStatus::Processing) => Ok(false),
            Some(_) => Err(Failure::TaskClosed),
        }
    }

    async fn delete(&mut self, third_party: &ThirdParty<'_>, id: &str) -> Result<(), Failure> {
        third_party.revoke(id, Phase::Delete).await.map_err(Failure::deletion)?;
        let update = TaskUpdate::CredentialsDeleted;
        let deadline = self.http.end_of(Phase::Report);
        let Err(cause) = self.secrets_manager.update_task(&update, deadline).await else {
            self.log.info("reported the deletion");
            return Ok(());
        };
        // Here a plain 400 is worth a look as well: an earlier run may have reported the very same.
        let is_worth_a_look = cause.ambiguous || cause.status == Some(400);
        if is_worth_a_look && self.read_task().await == Some(TaskStatus::CredentialsDeleted) {
            return Ok(());
        }
        Err(Failure::DeletionNotReported(cause))
    }

    /// Reads the task and logs what it says; nothing if it cannot be read.
    async fn read_task(&mut self) -> Option<TaskStatus> {
        let status = self.secrets_manager.task_status().await;
        match &status {
            Ok(status) => self.log.info(&format!("the task says {status:?}")),
            Err(error) => self.log.error(&format!(
                "the task cannot be read ({error}): a credential that was reported for it, if any, is taken for not reported"
            )),
        }
        status.ok()
    }

    async fn report_failure(&mut self, failure: &Failure) {
        let end = self.http.end_of(Phase::Undo);
        let deadline = match failure {
            // The task takes nothing more, or "failed" is not the truth: the credential is gone, or may live on.
            Failure::TaskClosed | Failure::UndoFailed(..) | Failure::DeletionNotReported(_) => {
                return;
            }
            // Secrets Manager has had its chance: one more attempt, after the pause that it asked for.
            Failure::ReportNotAccepted(cause) => {
                if !Backoff::new(self.http.limits, end).wait(cause.retry_after).await {
                    return;
                }
                Instant::now()
            }
            _ => end,
        };
        let update = TaskUpdate::Failed(failure);
        match self.secrets_manager.update_task(&update, deadline).await {
            Ok(()) => self.log.info("reported the failure"),
            Err(error) => self.log.error(&format!("the failure could not be reported: {error}")),
        }
    }
}
