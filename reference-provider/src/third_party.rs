//! The third-party system as the lifecycle uses it: calls with retries that leave no second credential behind.

use reqwest::header::AUTHORIZATION;
use reqwest::{Method, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::config::{address, path_segment};
use crate::error::Failure;
use crate::http::{Answer, Http, Kind, json};
use crate::retry::Phase;
use crate::system::System;

/// A credential that a system issued; the id is not secret, and enough to revoke it.
pub(crate) struct Credential {
    pub(crate) id: String,
    pub(crate) token: SecretString,
}

/// A system, logged in, and the means to call it.
pub(crate) struct ThirdParty<'a> {
    pub(crate) http: &'a Http<'a>,
    pub(crate) system: System,
    pub(crate) login: SecretString,
    pub(crate) task_id: String,
}

impl ThirdParty<'_> {
    fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let authorization = format!("{}{}", self.system.scheme, self.login.expose_secret());
        self.http.client.request(method, url.clone()).header(AUTHORIZATION, authorization)
    }

    /// Creates the credential. An attempt that may have taken effect is looked for and revoked before the next, and at the end.
    pub(crate) async fn create(&self) -> Result<Credential, Failure> {
        let mut is_in_doubt = false;
        let attempt = async || {
            // Only now, after the pause: a request that was still at work there could finish meanwhile.
            if is_in_doubt {
                self.clear(None, Phase::Prepare).await?;
            }
            let request = self.request(Method::POST, &self.system.credentials).json(&self.system.creation);
            // An answer that came whole but says nothing useful will not get better by asking again.
            let created = self.http.send(Phase::Prepare, request, |body| body.map(|body| self.read_created(body))).await;
            is_in_doubt |= created.as_ref().is_err_and(|error| error.is_in_doubt);
            created
        };
        let created = self.http.retry(Phase::Prepare, attempt).await;
        let keep = created.as_ref().ok().and_then(Option::as_ref).map(|credential| credential.id.as_str());
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

    /// Returns the credential in the answer to a creation; nothing if a part is missing, empty or unusable.
    fn read_created(&self, body: &str) -> Option<Credential> {
        let answer: Value = serde_json::from_str(body).ok()?;
        let [id, token] = self.system.created.map(|pointer| answer.pointer(pointer).and_then(Value::as_str));
        let token = token.filter(|token| !token.is_empty())?;
        Some(Credential { id: path_segment(id?)?, token: token.into() })
    }

    /// Returns the ids of the credentials that carry the task id.
    pub(crate) async fn find(&self, phase: Phase) -> Answer<Vec<String>> {
        let [list, id, mark] = self.system.listed;
        let read = |body: Option<&str>| {
            let answer = json(body)?;
            // The server's filter may be wider than asked; revoking a stranger's credential is the one thing never to do.
            let own = answer.pointer(list)?.as_array()?.iter().filter(|credential| credential[mark] == self.task_id);
            Some(own.filter_map(|credential| path_segment(credential[id].as_str()?)).collect())
        };
        let attempt = async || self.http.send(phase, self.request(Method::GET, &self.system.list), read).await;
        self.http.retry(phase, attempt).await
    }

    /// Revokes a credential; one that is gone already is as good as revoked.
    ///
    /// A 2xx with a page of some gateway proves nothing, so it is asked again: the 404 that follows a real success does.
    pub(crate) async fn revoke(&self, id: &str, phase: Phase) -> Answer<()> {
        let url = address(&self.system.credentials, &[id]);
        let attempt = async || self.http.send(phase, self.request(Method::DELETE, &url), json).await;
        match self.http.retry(phase, attempt).await {
            Err(error) if !matches!(error.kind, Kind::Refused(404 | 410)) => {
                self.http.log(&format!("ERROR: the credential {id} could not be revoked and may live on: {error}"));
                return Err(error);
            }
            _ => self.http.log(&format!("INFO: the credential {id} is revoked")),
        }
        Ok(())
    }

    /// Revokes what carries the task id, except the one to keep.
    pub(crate) async fn clear(&self, keep: Option<&str>, phase: Phase) -> Answer<()> {
        for id in self.find(phase).await? {
            if Some(id.as_str()) != keep {
                self.revoke(&id, phase).await?;
            }
        }
        Ok(())
    }
}
