//! The lifecycle of a credential: the flow chart of Secrets Manager as code.
//!
//! The main type here is [`Run`]. The order of the calls is chosen so that a job which is killed at any point and started
//! again with the same task leaves one credential or none:
//! token, login secret, what an earlier run left, creation or revocation, report, and the undo if the report was refused.

use tokio::time::Instant;

use crate::Outcome;
use crate::config::{Action, Job};
use crate::error::{Failure, chain};
use crate::http::{CallError, Http};
use crate::log::Log;
use crate::retry::Backoff;
use crate::secrets_manager::{SecretsManager, TaskStatus, TaskUpdate};
use crate::third_party::ThirdParty;

/// Eighths of the budget after which everything before the report gives up.
pub(crate) const PREPARED: u32 = 4;
/// Eighths of the budget after which reporting gives up; the rest is the reserve for the undo.
const REPORTED: u32 = 6;
/// Eighths of the budget after which the task is no longer asked what became of a report.
const CERTAIN: u32 = 7;
/// Eighths of the budget after which everything gives up.
const END: u32 = 8;

/// One run of the job.
pub(crate) struct Run<'a> {
    http: &'a Http,
    log: &'a Log<'a>,
    secrets_manager: SecretsManager<'a>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(
        http: &'a Http,
        log: &'a Log<'a>,
        secrets_manager: SecretsManager<'a>,
    ) -> Self {
        Self {
            http,
            log,
            secrets_manager,
        }
    }

    /// Does the job, or reports why it cannot be done.
    pub(crate) async fn perform(mut self, job: Result<Job, Failure>) -> Outcome {
        let result = match job {
            Ok(job) => self.act(job).await,
            Err(failure) => Err(failure),
        };
        let Err(failure) = result else {
            return Outcome::Succeeded;
        };
        self.log
            .error(&format!("{}: {}", failure.code(), chain(&failure)));
        self.report_failure(&failure).await;
        Outcome::Failed
    }

    async fn act(&mut self, job: Job) -> Result<(), Failure> {
        let login = self
            .secrets_manager
            .login_secret(&job.login_secret_id, self.http.after_eighths(PREPARED))
            .await?;
        let third_party = ThirdParty {
            http: self.http,
            log: self.log,
            system: job.target.log_in(login),
            task_id: self.secrets_manager.task_id(),
        };
        match job.action {
            Action::Create => self.create(&third_party).await,
            Action::Delete { credentials_id } => self.delete(&third_party, &credentials_id).await,
        }
    }

    async fn create(&mut self, third_party: &ThirdParty<'_>) -> Result<(), Failure> {
        if self.is_done_by_an_earlier_run(third_party).await? {
            return Ok(());
        }
        let (prepared, reported) = (
            self.http.after_eighths(PREPARED),
            self.http.after_eighths(REPORTED),
        );
        let credential = third_party.create(prepared, reported).await?;
        self.log
            .info(&format!("created the credential {}", credential.id));

        let update = TaskUpdate::CredentialsCreated(&credential);
        let Err(cause) = self.secrets_manager.update_task(&update, reported).await else {
            self.log.info("reported the credential");
            return Ok(());
        };
        self.log
            .error(&format!("the report was not accepted: {cause}"));
        if cause.ambiguous && self.is_reported().await {
            return Ok(());
        }
        let end = self.http.after_eighths(END);
        if let Err(cause) = third_party.revoke(&credential.id, end).await {
            let credentials_id = credential.id;
            return Err(Failure::UndoFailed {
                credentials_id,
                cause,
            });
        }
        Err(match cause.status {
            Some(400 | 404) => Failure::TaskClosed,
            _ => Failure::ReportNotAccepted(cause),
        })
    }

    /// Deals with what an earlier run of the same job left: Code Engine starts a job again that was killed or failed.
    ///
    /// Returns true if that run did the whole task. A new credential is never created beside an old one of the task.
    async fn is_done_by_an_earlier_run(
        &mut self,
        third_party: &ThirdParty<'_>,
    ) -> Result<bool, Failure> {
        let deadline = self.http.after_eighths(PREPARED);
        let system = third_party.system.name();
        let leftovers = third_party.find(deadline).await.map_err(|cause| {
            if cause.is_refusal() {
                Failure::CreateRefused { system, cause }
            } else {
                Failure::CreateUnavailable { system, cause }
            }
        })?;
        if leftovers.is_empty() {
            return Ok(false);
        }
        let status = self.read_task("an earlier run left a credential").await;
        if status == Some(TaskStatus::CredentialsCreated) {
            return Ok(true);
        }
        for id in leftovers {
            if let Err(cause) = third_party.revoke(&id, deadline).await {
                let task_id = self.secrets_manager.task_id().to_owned();
                return Err(Failure::LeftoverRemains {
                    system,
                    task_id,
                    cause,
                });
            }
        }
        match status {
            None | Some(TaskStatus::Queued | TaskStatus::Processing) => Ok(false),
            Some(_) => Err(Failure::TaskClosed),
        }
    }

    /// Returns whether a report without a definite answer was taken after all.
    ///
    /// A refusal after such a report has two meanings: "I have it already" and "I never got it, and now it is too late".
    /// In the first the credential is live and must stay, in the second it must go, and only the task itself can tell.
    /// Where it cannot be read the flow chart decides, which says undo.
    async fn is_reported(&mut self) -> bool {
        let status = self
            .read_task("an earlier attempt of the report may have been taken")
            .await;
        status == Some(TaskStatus::CredentialsCreated)
    }

    /// Reads the task and logs what it says; nothing if it cannot be read.
    async fn read_task(&mut self, why: &str) -> Option<TaskStatus> {
        let deadline = self.http.after_eighths(CERTAIN);
        match self.secrets_manager.task_status(deadline).await {
            Ok(status) => {
                self.log.info(&format!("{why}; the task says {status:?}"));
                Some(status)
            }
            Err(error) => {
                self.log.error(&format!(
                    "{why}, but the task cannot be read ({error}), so the credential is revoked, live or not"
                ));
                None
            }
        }
    }

    async fn delete(&mut self, third_party: &ThirdParty<'_>, id: &str) -> Result<(), Failure> {
        // Secrets Manager tries a failed deletion again every day, so there is no point in insisting today.
        let deadline = Instant::now() + self.http.limits.budget / 4;
        let system = third_party.system.name();
        third_party.revoke(id, deadline).await.map_err(|cause| {
            if cause.is_refusal() {
                Failure::DeleteRefused { system, cause }
            } else {
                Failure::DeleteUnavailable { system, cause }
            }
        })?;
        let deadline = self.http.after_eighths(CERTAIN);
        let update = TaskUpdate::CredentialsDeleted;
        let Err(cause) = self.secrets_manager.update_task(&update, deadline).await else {
            self.log.info("reported the deletion");
            return Ok(());
        };
        // Here a refusal needs no earlier ambiguous attempt: a run that was started again has nothing to lose by looking.
        if self.is_deletion_reported(&cause).await {
            return Ok(());
        }
        Err(Failure::DeletionNotReported(cause))
    }

    async fn is_deletion_reported(&mut self, cause: &CallError) -> bool {
        if !cause.ambiguous && cause.status != Some(400) {
            return false;
        }
        let deadline = self.http.after_eighths(END);
        let status = self.secrets_manager.task_status(deadline).await;
        self.log.info(&format!(
            "the report was not accepted: {cause}; the task says {status:?}"
        ));
        status.is_ok_and(|status| status == TaskStatus::CredentialsDeleted)
    }

    async fn report_failure(&mut self, failure: &Failure) {
        let end = self.http.after_eighths(END);
        let deadline = match failure {
            // The task takes nothing more, or the truth is not "failed": the credential is gone, or may live on.
            Failure::TaskClosed | Failure::UndoFailed { .. } | Failure::DeletionNotReported(_) => {
                return;
            }
            // Secrets Manager has had its chance: one more attempt, after the pause that it asked for.
            Failure::ReportNotAccepted(cause) => {
                if !Backoff::new(self.http.limits, end)
                    .wait(cause.retry_after)
                    .await
                {
                    return;
                }
                Instant::now()
            }
            _ => end,
        };
        let update = TaskUpdate::Failed(failure);
        match self.secrets_manager.update_task(&update, deadline).await {
            Ok(()) => self.log.info("reported the failure"),
            Err(error) => self
                .log
                .error(&format!("the failure could not be reported: {error}")),
        }
    }
}
