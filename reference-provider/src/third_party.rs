//! The third-party system as the lifecycle uses it: calls with retries that leave no second credential behind.

use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::config::is_path_segment;
use crate::error::Failure;
use crate::http::{Accept, CallError, Http};
use crate::log::Log;
use crate::retry::Backoff;
use crate::system::{Credential, System};

/// A system, logged in, and the means to call it.
pub(crate) struct ThirdParty<'a> {
    pub(crate) http: &'a Http,
    pub(crate) log: &'a Log<'a>,
    pub(crate) system: Box<dyn System>,
    pub(crate) task_id: &'a str,
}

impl ThirdParty<'_> {
    /// Creates the credential.
    ///
    /// A creation is not idempotent. So an attempt that may have been carried out (no answer, a cut one, a 5xx) is looked
    /// for and revoked before the next, and so it is when this gives up: `deadline` ends the attempts, `clearing_deadline`
    /// the last clearing.
    pub(crate) async fn create(
        &self,
        deadline: Instant,
        clearing_deadline: Instant,
    ) -> Result<Credential, Failure> {
        let system = self.system.name();
        let request = self.system.create(&self.http.client, self.task_id);
        let mut backoff = Backoff::new(self.http.limits, deadline);
        let mut ambiguous = false;
        loop {
            let timeout = backoff.request_timeout();
            let cause = match self.http.send(&request, Accept::WholeBody, timeout).await {
                Ok(body) => {
                    // An answer that came whole but says nothing useful will not get better by asking again.
                    let Some(credential) = self.system.read_created(body.expose_secret()) else {
                        self.clear(None, clearing_deadline).await?;
                        return Err(Failure::CreateUnusable { system });
                    };
                    if ambiguous {
                        self.clear_late_arrivals(&credential.id, clearing_deadline)
                            .await;
                    }
                    return Ok(credential);
                }
                Err(cause) => cause,
            };
            self.log
                .info(&format!("a creation at {system} failed: {cause}"));
            ambiguous |= cause.ambiguous;
            // The wait comes before the search, so that a request which is still at work there can finish.
            let again = cause.transient && backoff.wait(cause.retry_after).await;
            if ambiguous {
                let deadline = if again { deadline } else { clearing_deadline };
                self.clear(None, deadline).await?;
            }
            if !again {
                return Err(if cause.is_refusal() {
                    Failure::CreateRefused { system, cause }
                } else {
                    Failure::CreateUnavailable { system, cause }
                });
            }
        }
    }

    /// Returns the ids of the credentials that carry the task id.
    pub(crate) async fn find(&self, deadline: Instant) -> Result<Vec<String>, CallError> {
        let request = self.system.find(&self.http.client, self.task_id);
        let body = self
            .http
            .call(&request, Accept::WholeBody, deadline)
            .await?;
        let mut ids = self
            .system
            .read_found(body.expose_secret(), self.task_id)
            .ok_or_else(|| CallError::unusable(200))?;
        ids.retain(|id| is_path_segment(id));
        Ok(ids)
    }

    /// Revokes a credential; one that is gone already is as good as revoked.
    ///
    /// A 2xx with a page of some gateway proves nothing, so it is asked again: the 404 that follows a real success does.
    pub(crate) async fn revoke(&self, id: &str, deadline: Instant) -> Result<(), CallError> {
        let request = self.system.revoke(&self.http.client, id);
        match self.http.call(&request, Accept::Json, deadline).await {
            Ok(_) => self.log.info(&format!("revoked the credential {id}")),
            Err(error) if matches!(error.status, Some(404 | 410)) => {
                self.log
                    .info(&format!("the credential {id} is gone already"));
            }
            Err(error) => {
                self.log.error(&format!(
                    "the credential {id} could not be revoked and may live on: {error}"
                ));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Revokes what carries the task id, except the one to keep.
    async fn clear(&self, keep: Option<&str>, deadline: Instant) -> Result<(), Failure> {
        let remains = |cause| Failure::LeftoverRemains {
            system: self.system.name(),
            task_id: self.task_id.to_owned(),
            cause,
        };
        for id in self.find(deadline).await.map_err(remains)? {
            if Some(id.as_str()) != keep {
                self.revoke(&id, deadline).await.map_err(remains)?;
            }
        }
        Ok(())
    }

    /// Revokes what an earlier attempt created after it was searched for; the new credential is good either way.
    async fn clear_late_arrivals(&self, keep: &str, deadline: Instant) {
        if let Err(failure) = self.clear(Some(keep), deadline).await {
            self.log.error(&crate::error::chain(&failure));
        }
    }
}
