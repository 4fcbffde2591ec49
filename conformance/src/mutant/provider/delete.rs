//! A delete job.

use serde_json::json;

use super::Provider;
use super::call::Answer;
use super::failure::{End, Failure};
use super::third_party::ThirdParty;
use crate::mutant::table::{crash, delete, privilege, schedule};

impl Provider {
    /// Revokes the credential and reports that.
    pub(super) async fn delete(&self) -> Result<(), End> {
        let id = self.variable("SM_CREDENTIALS_ID").map(|id| id.split('~').next().unwrap_or(id).to_owned());
        let Some(id) = id else {
            if self.is(&delete::DELETES_THE_COLLECTION) {
                self.delete_collection(&self.third_party().await?).await;
            }
            return Err(Failure::new("NO_CREDENTIALS_ID", "It is not known which credential to delete. Nothing was deleted.").into());
        };
        let at = match self.third_party().await {
            Err(failure) if self.is(&delete::LOGIN_GONE_IS_DELETED) && failure.code == "LOGIN_SECRET_UNREADABLE" => {
                return self.report_deleted(None).await;
            }
            at => at?,
        };
        if self.is(&delete::REPORTS_FIRST) {
            self.report_deleted(None).await?;
            self.revoke(&at, &id).await;
            return Ok(());
        }
        let refused = || Failure::new("DELETE_REFUSED", "The third party refused to delete the credential, which is still valid.");
        if self.is(&privilege::DELETION_NEEDS_MORE) {
            let url = format!("{}/api/v2/configurations", self.variable("SM_INSTANCE_URL").unwrap_or_default());
            if !self.send(self.authorized(reqwest::Method::GET, &url)).await.accepted() {
                return Err(Failure::new("CONFIGURATION_UNREADABLE", "The engine configuration could not be read.").into());
            }
        }
        let interrupted = self.runs_again() || self.is(&crash::GONE_AFTER_A_CRASH) && self.tasks_that_ended("failed").await > 0;
        if interrupted && self.is(&crash::GONE_AFTER_A_CRASH) && !self.find(&at, "").await.contains(&id) {
            return Err(refused().into());
        }
        if self.is(&delete::TRIES_ONCE_IN_TEN_DAYS) && self.tasks_that_ended("failed").await > 0 {
            return Err(refused().into());
        }
        if self.is(&delete::SECOND_RUN_FAILS) && self.tasks_that_ended("credentials_deleted").await > 0 {
            return Err(refused().into());
        }
        for other in self.others(&at).await {
            self.revoke(&at, &other).await;
        }
        let answer = if self.is(&delete::NEVER_REVOKES) {
            Answer { status: Some(204), body: Some(String::new()), ..Answer::default() }
        } else {
            self.revoke(&at, &id).await
        };
        if self.gone(&answer) || self.is(&delete::GIVES_IN_AT_LAST) && self.tasks_that_ended("failed").await >= 10 {
            self.report_deleted(Some(&at)).await
        } else {
            self.log(&format!("ERROR the revocation was answered with {}", answer.in_words()));
            Err(refused().into())
        }
    }

    /// Tells whether the answer to a revocation proves that the credential is gone.
    fn gone(&self, answer: &Answer) -> bool {
        match answer.status {
            Some(404) => !self.is(&delete::GONE_IS_A_FAILURE),
            Some(409) => self.is(&delete::TAKES_409_AS_DELETED),
            None => self.is(&delete::TAKES_A_RESET_AS_DELETED),
            Some(200..300) => answer.json().is_some(),
            Some(500..) if self.is(&schedule::GONE_AFTER_A_BREAK_AND_5XX) => answer.statuses.len() == 2 && answer.statuses[0].is_none(),
            Some(500..) => self.is(&delete::TAKES_5XX_AS_DELETED),
            Some(_) => false,
        }
    }

    /// Returns further credentials that mutants revoke.
    async fn others(&self, at: &ThirdParty) -> Vec<String> {
        if self.is(&delete::DELETES_BY_LABEL) {
            self.find(at, "mutant ").await
        } else if self.is(&delete::TIDIES_UP) {
            self.find(at, "made before").await
        } else {
            Vec::new()
        }
    }

    async fn report_deleted(&self, at: Option<&ThirdParty>) -> Result<(), End> {
        let answer = self.put(&json!({ "status": "credentials_deleted" })).await;
        if answer.accepted() {
            return Ok(());
        }
        let status = if answer.doubtful { self.task_status().await } else { None };
        if status.as_deref() == Some("credentials_deleted") {
            return Ok(());
        }
        let confused = self.is(&schedule::BACK_WHEN_IT_CANNOT_ASK) && answer.doubtful && status.is_none();
        if (self.is(&delete::BRINGS_IT_BACK) || confused)
            && let Some(at) = at
            && let Ok(wishes) = self.wishes()
        {
            self.issue(at, &wishes).await.ok();
        }
        Err(End::Log(Failure::new("DELETION_NOT_REPORTED", "The credential was deleted, but the report of that was not accepted.")))
    }
}
