//! The third-party system as the lifecycle uses it: calls with retries that leave no second credential behind.

use secrecy::ExposeSecret;
use serde_json::Value;

use crate::config::is_path_segment;
use crate::error::{Failure, chain};
use crate::http::{Accept, CallError, Http};
use crate::log::Log;
use crate::retry::{Backoff, Phase};
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
    /// for and revoked before the next, and so it is when this gives up.
    pub(crate) async fn create(&self) -> Result<Credential, Failure> {
        let request = self.system.create(&self.http.client, self.task_id);
        let mut backoff = Backoff::new(self.http.limits, self.http.end_of(Phase::Prepare));
        let mut ambiguous = false;
        loop {
            let timeout = backoff.request_timeout();
            let cause = match self.http.send(&request, Accept::WholeBody, timeout).await {
                Ok(body) => {
                    // An answer that came whole but says nothing useful will not get better by asking again.
                    let answer = serde_json::from_str(body.expose_secret()).unwrap_or_default();
                    let Some(credential) = self.system.read_created(&answer) else {
                        self.clear(None, Phase::Clear).await?;
                        return Err(Failure::CreateUnusable);
                    };
                    // What a lost request created only after it was searched for. The new credential is good either way.
                    if ambiguous && let Err(failure) = self.clear(Some(&credential.id), Phase::Clear).await {
                        self.log.error(&chain(&failure));
                    }
                    return Ok(credential);
                }
                Err(cause) => cause,
            };
            self.log.info(&format!("a creation failed: {cause}"));
            ambiguous |= cause.ambiguous;
            // The wait comes before the search, so that a request which is still at work there can finish.
            let again = cause.transient && backoff.wait(cause.retry_after).await;
            if ambiguous {
                self.clear(None, if again { Phase::Prepare } else { Phase::Clear }).await?;
            }
            if !again {
                return Err(Failure::creation(cause));
            }
        }
    }

    /// Returns the ids of the credentials that carry the task id.
    pub(crate) async fn find(&self, phase: Phase) -> Result<Vec<String>, CallError> {
        let request = self.system.find(&self.http.client, self.task_id);
        let deadline = self.http.end_of(phase);
        let body = self.http.call(&request, Accept::WholeBody, deadline).await?;
        let answer: Value = serde_json::from_str(body.expose_secret()).unwrap_or_default();
        let listing = self.system.listing();
        let credentials = answer[listing.credentials].as_array();
        let credentials = credentials.ok_or_else(|| CallError::unusable(200))?;
        // The server's filter may be wider than asked; revoking a stranger's credential is the one thing never to do.
        let own = |one: &&Value| one[listing.task_id].as_str() == Some(self.task_id);
        let ids = credentials.iter().filter(own).filter_map(|one| one[listing.id].as_str());
        Ok(ids.filter(|id| is_path_segment(id)).map(str::to_owned).collect())
    }

    /// Revokes a credential; one that is gone already is as good as revoked.
    ///
    /// A 2xx with a page of some gateway proves nothing, so it is asked again: the 404 that follows a real success does.
    pub(crate) async fn revoke(&self, id: &str, phase: Phase) -> Result<(), CallError> {
        let log = self.log;
        let request = self.system.revoke(&self.http.client, id);
        match self.http.call(&request, Accept::Json, self.http.end_of(phase)).await {
            Ok(_) => log.info(&format!("revoked the credential {id}")),
            Err(error) if matches!(error.status, Some(404 | 410)) => {
                log.info(&format!("the credential {id} is gone already"));
            }
            Err(error) => {
                log.error(&format!("the credential {id} could not be revoked and may live on: {error}"));
                return Err(error);
            }
        }
        Ok(())
    }

    /// Revokes what carries the task id, except the one to keep.
    pub(crate) async fn clear(&self, keep: Option<&str>, phase: Phase) -> Result<(), Failure> {
        let remains = |cause| Failure::LeftoverRemains(self.task_id.to_owned(), cause);
        for id in self.find(phase).await.map_err(remains)? {
            if Some(id.as_str()) != keep {
                self.revoke(&id, phase).await.map_err(remains)?;
            }
        }
        Ok(())
    }
}
