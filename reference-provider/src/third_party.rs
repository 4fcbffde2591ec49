//! The third-party system as the lifecycle uses it: calls with retries that leave no second credential behind.

use reqwest::header::{ACCEPT, AUTHORIZATION};
use reqwest::{Method, RequestBuilder, Url};
use secrecy::ExposeSecret;

use crate::config::address;
use crate::error::Failure;
use crate::http::{CallError, Http, json};
use crate::retry::Phase;
use crate::system::{Credential, System};

/// A system, logged in, and the means to call it.
pub(crate) struct ThirdParty<'a> {
    pub(crate) http: &'a Http<'a>,
    pub(crate) system: System,
    pub(crate) task_id: &'a str,
}

impl ThirdParty<'_> {
    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let request = self.http.client.request(method, url).header(ACCEPT, "application/json");
        request.header(AUTHORIZATION, self.system.authorization.expose_secret())
    }

    /// Creates the credential. An attempt that may have taken effect is looked for and revoked before the next, and at the end.
    pub(crate) async fn create(&self) -> Result<Credential, Failure> {
        let Self { http, system, .. } = self;
        let mut in_doubt = false;
        let attempts = http.retry(Phase::Prepare, async || {
            // Only now, after the pause: a request that was still at work there could finish meanwhile.
            if in_doubt {
                self.clear(None, Phase::Prepare).await?;
            }
            let request = self.request(Method::POST, system.collection.clone()).json(&system.creation);
            // An answer that came whole but says nothing useful will not get better by asking again.
            let read = |body: Option<&str>| body.map(|body| json(Some(body)).and_then(|answer| system.read_created(&answer)));
            let created = http.send(Phase::Prepare, request, read).await;
            in_doubt |= created.as_ref().is_err_and(CallError::is_in_doubt);
            created
        });
        let failure = match attempts.await {
            Ok(Some(credential)) => {
                // What a lost attempt created after it was searched for. The new credential is good either way.
                if in_doubt && let Err(cause) = self.clear(Some(&credential.id), Phase::Clear).await {
                    http.log.error(&format!("another credential of the task may live on: {cause}"));
                }
                return Ok(credential);
            }
            Ok(None) => Failure::CreateUnusable,
            Err(cause) => Failure::creation(cause),
        };
        if in_doubt || matches!(failure, Failure::CreateUnusable) {
            self.clear(None, Phase::Clear).await.map_err(|cause| self.leftover(cause))?;
        }
        Err(failure)
    }

    /// Returns the ids of the credentials that carry the task id.
    pub(crate) async fn find(&self, phase: Phase) -> Result<Vec<String>, CallError> {
        let mut url = self.system.collection.clone();
        if let Some(filter) = self.system.filter {
            url.query_pairs_mut().append_pair(filter, self.task_id);
        }
        let read = |body: Option<&str>| self.system.read_listed(&json(body)?, self.task_id);
        self.http.retry(phase, async || self.http.send(phase, self.request(Method::GET, url.clone()), read).await).await
    }

    /// Revokes a credential; one that is gone already is as good as revoked.
    ///
    /// A 2xx with a page of some gateway proves nothing, so it is asked again: the 404 that follows a real success does.
    pub(crate) async fn revoke(&self, id: &str, phase: Phase) -> Result<(), CallError> {
        let url = address(&self.system.collection, &[id]);
        let attempt = async || self.http.send(phase, self.request(Method::DELETE, url.clone()), json).await;
        match self.http.retry(phase, attempt).await {
            Err(error) if !matches!(error.status(), Some(404 | 410)) => {
                self.http.log.error(&format!("the credential {id} could not be revoked and may live on: {error}"));
                Err(error)
            }
            _ => {
                self.http.log.info(&format!("the credential {id} is revoked"));
                Ok(())
            }
        }
    }

    /// Revokes what carries the task id, except the one to keep.
    pub(crate) async fn clear(&self, keep: Option<&str>, phase: Phase) -> Result<(), CallError> {
        for id in self.find(phase).await? {
            if Some(id.as_str()) != keep {
                self.revoke(&id, phase).await?;
            }
        }
        Ok(())
    }

    pub(crate) fn leftover(&self, cause: CallError) -> Failure {
        Failure::LeftoverRemains(self.task_id.to_owned(), cause)
    }
}
