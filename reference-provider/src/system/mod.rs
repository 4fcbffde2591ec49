//! The third-party systems: what each is asked, and the calls with retries that leave no second credential behind.

mod artifactory;
mod pagerduty;

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::config::{BOOLEAN, Environment, SECONDS, address, path_segment, read, variable};
use crate::error::Failure;
use crate::http::{Answer, Http, json};
use crate::retry::Phase;

/// A system whose credentials are a collection: POST creates one, GET lists them, DELETE below it revokes one.
///
/// A credential must carry the task id in a field that is listed: so a creation whose answer was lost is found again.
pub(crate) trait System {
    /// The address of the collection.
    fn credentials(&self) -> Url;
    /// The same for the list, narrowed to the task id where the system can.
    fn list(&self, _task_id: &str) -> Url {
        self.credentials()
    }
    /// The `Authorization` header.
    fn authorization(&self, login: &str) -> String;
    /// What a creation sends.
    fn creation(&self, task_id: &str) -> Value;
    /// The id and the token in the answer to a creation.
    fn created<'a>(&self, answer: &'a Value) -> Option<(&'a str, &'a str)>;
    /// The id and the task id of each credential in the list.
    fn listed<'a>(&self, answer: &'a Value) -> Option<Vec<(&'a str, &'a str)>>;
    /// The address of the service that a token is for.
    fn service(&self) -> String;
}

/// Returns the system that the inputs name.
pub(crate) fn choose(environment: &Environment) -> Result<Box<dyn System>, Failure> {
    // Every input is read for every system: one that is wrong is told, also where the system has no use for it.
    let lifetime =
        (read(environment, "SM_EXPIRES_IN_VALUE", "7776000", &SECONDS)?, read(environment, "SM_REFRESHABLE_VALUE", "false", &BOOLEAN)?);
    match variable(environment, "SM_SYSTEM_VALUE") {
        Some("artifactory") => Ok(Box::new(artifactory::Artifactory::read(environment, lifetime)?)),
        Some("pagerduty") => Ok(Box::new(pagerduty::PagerDuty::read(environment)?)),
        _ => Err(Failure::InputInvalid("SM_SYSTEM_VALUE", "artifactory or pagerduty")),
    }
}

/// A system, logged in, and the means to call it.
pub(crate) struct ThirdParty<'a> {
    pub(crate) http: &'a Http<'a>,
    pub(crate) system: Box<dyn System>,
    pub(crate) login: SecretString,
    pub(crate) task_id: String,
}

impl ThirdParty<'_> {
    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        let authorization = self.system.authorization(self.login.expose_secret());
        self.http.client.request(method, url).header(AUTHORIZATION, authorization)
    }

    /// Creates the credential and returns its id, which is no secret, and its token.
    ///
    /// What an attempt without a definite answer may have left is looked for and revoked before the next one, and at the end.
    pub(crate) async fn create(&self) -> Result<(String, SecretString), Failure> {
        let mut is_in_doubt = false;
        let attempt = async || {
            // Only now, after the pause: a request that was still at work there could finish meanwhile.
            if is_in_doubt {
                self.clear(None, Phase::Prepare).await?;
            }
            let request = self.request(Method::POST, self.system.credentials()).json(&self.system.creation(&self.task_id));
            // An answer that came whole but says nothing useful will not get better by asking again.
            let created = self.http.send(Phase::Prepare, request, |body| body.map(|body| self.read_created(body))).await;
            is_in_doubt |= created.as_ref().is_err_and(|error| error.is_in_doubt);
            created
        };
        let created = self.http.retry(Phase::Prepare, attempt).await;
        let keep = created.as_ref().ok().and_then(Option::as_ref).map(|(id, _)| id.as_str());
        let is_clear = !is_in_doubt && !matches!(created, Ok(None));
        let cleared = if is_clear { Ok(()) } else { self.clear(keep, Phase::Clear).await };
        match (created, cleared) {
            // It is good even where an attempt that took effect after the search for it may live on.
            (Ok(Some(credential)), _) => Ok(credential),
            (_, Err(cause)) => Err(Failure::LeftoverRemains(cause)),
            (Ok(None), _) => Err(Failure::CreateUnusable),
            (Err(cause), _) => Err(Failure::creation(cause)),
        }
    }

    /// Returns id and token in the answer to a creation; nothing if a part is missing, empty or unusable.
    fn read_created(&self, body: &str) -> Option<(String, SecretString)> {
        let answer = json(Some(body))?;
        let (id, token) = self.system.created(&answer).filter(|(_, token)| !token.is_empty())?;
        Some((path_segment(id)?, token.into()))
    }

    /// Returns the ids of the credentials that carry the task id.
    pub(crate) async fn find(&self, phase: Phase) -> Answer<Vec<String>> {
        let read = |body: Option<&str>| {
            let answer = json(body)?;
            // The server's filter may be wider than asked; revoking a stranger's credential is the one thing never to do.
            let own = self.system.listed(&answer)?.into_iter().filter(|(_, task_id)| *task_id == self.task_id);
            Some(own.filter_map(|(id, _)| path_segment(id)).collect())
        };
        let attempt = async || self.http.send(phase, self.request(Method::GET, self.system.list(&self.task_id)), read).await;
        self.http.retry(phase, attempt).await
    }

    /// Revokes a credential; one that is gone already is as good as revoked.
    ///
    /// A 2xx with a page of some gateway proves nothing, so it is asked again: the 404 that follows a real success does.
    pub(crate) async fn revoke(&self, id: &str, phase: Phase) -> Answer<()> {
        let url = address(&self.system.credentials(), &[id]);
        let attempt = async || self.http.send(phase, self.request(Method::DELETE, url.clone()), json).await;
        match self.http.retry(phase, attempt).await {
            Err(error) if !matches!(error.refused, Some(404 | 410)) => {
                self.http.log(&format!("ERROR: the credential {id} could not be revoked and may live on: {error}"));
                return Err(error);
            }
            _ => self.http.log(&format!("INFO: the credential {id} is revoked")),
        }
        Ok(())
    }

    /// Revokes what carries the task id, except the one to keep.
    pub(crate) async fn clear(&self, keep: Option<&str>, phase: Phase) -> Answer<()> {
        for id in self.find(phase).await?.iter().filter(|id| Some(id.as_str()) != keep) {
            self.revoke(id, phase).await?;
        }
        Ok(())
    }
}
