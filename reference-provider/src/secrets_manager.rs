//! Secrets Manager: the login secret is read there, and the task is read and updated.

use anyhow::Result as AnyResult;
use reqwest::Method;
use reqwest::header::ACCEPT;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::config::{Connection, address};
use crate::error::Failure;
use crate::http::{CallError, Http, json};
use crate::iam::fetch_token;
use crate::retry::Phase;

/// What a task says about itself when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskStatus {
    Queued,
    Processing,
    CredentialsCreated,
    CredentialsDeleted,
    Failed,
    /// It was cancelled: there is no such task any more.
    Gone,
}

/// Secrets Manager, as the job's own identity sees it.
pub(crate) struct SecretsManager<'a> {
    pub(crate) http: &'a Http<'a>,
    connection: &'a Connection,
    token: SecretString,
    is_renewed: bool,
}

impl<'a> SecretsManager<'a> {
    /// Fetches the token that serves the whole job.
    pub(crate) async fn sign_in(http: &'a Http<'a>, connection: &'a Connection) -> AnyResult<Self> {
        let token = fetch_token(http, connection, Phase::Prepare).await?;
        Ok(Self { http, connection, token, is_renewed: false })
    }

    /// Reads the secret with which the third-party system is logged in to.
    pub(crate) async fn login_secret(&mut self, id: &str) -> Result<SecretString, Failure> {
        let answer = self.call(Phase::Prepare, Method::GET, &[id], None, json).await;
        read_login_secret(&answer.map_err(Failure::LoginSecretUnreadable)?).ok_or(Failure::LoginSecretUnusable)
    }

    /// Updates the task. Any 2xx is success: what the body holds changes nothing about what Secrets Manager has done.
    pub(crate) async fn update_task(&mut self, phase: Phase, update: &Value) -> Result<(), CallError> {
        self.call(phase, Method::PUT, &self.task_path(), Some(update), |_| Some(())).await
    }

    /// Reads the task, which takes the `SecretsReader` role: `SecretTaskUpdater` alone may not, and then it returns nothing.
    pub(crate) async fn task_status(&mut self) -> Option<TaskStatus> {
        let read = |body: Option<&str>| TaskStatus::deserialize(&json(body)?["status"]).ok();
        let status = match self.call(Phase::Ask, Method::GET, &self.task_path(), None, read).await {
            Err(error) if error.status() == Some(404) => Ok(TaskStatus::Gone),
            status => status,
        };
        match &status {
            Ok(status) => self.http.log.info(&format!("the task says {status:?}")),
            Err(error) => self.http.log.error(&format!("the task cannot be read, a report without an answer counts as lost: {error}")),
        }
        status.ok()
    }

    fn task_path(&self) -> [&'a str; 3] {
        [&self.connection.secret_id, "tasks", &self.connection.task_id]
    }

    /// Calls Secrets Manager; a 401 gets a fresh token, once per job.
    async fn call<T>(
        &mut self,
        phase: Phase,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        read: impl Fn(Option<&str>) -> Option<T>,
    ) -> Result<T, CallError> {
        let (http, connection) = (self.http, self.connection);
        let secrets = address(&connection.instance_url, &["api", "v2", "secrets"]);
        let url = address(&secrets, path);
        let send = async |token: &SecretString| {
            let request = http.client.request(method.clone(), url.clone()).header(ACCEPT, "application/json");
            let request = request.bearer_auth(token.expose_secret());
            let request = if let Some(body) = body { request.json(body) } else { request };
            http.send(phase, request, &read).await
        };
        let attempt = async || {
            let answer = send(&self.token).await;
            let is_expired = answer.as_ref().is_err_and(|error| error.status() == Some(401));
            if !is_expired || self.is_renewed {
                return answer;
            }
            self.is_renewed = true;
            let Ok(token) = fetch_token(http, connection, phase).await else { return answer };
            self.token = token;
            send(&self.token).await
        };
        http.retry(phase, attempt).await
    }
}

/// Takes the one value out of a secret that can be a token, if it fits on a header's line.
fn read_login_secret(secret: &Value) -> Option<SecretString> {
    let field = match secret["secret_type"].as_str()? {
        "arbitrary" => "payload",
        "username_password" => "password",
        "iam_credentials" => "api_key",
        _ => return None,
    };
    // A pasted value often ends in a line break; anything else that is not visible ASCII was never a token.
    let token = secret[field].as_str()?.trim();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_token.then(|| token.into())
}

#[cfg(test)]
#[path = "../tests/unit/secrets_manager.rs"]
mod tests;
