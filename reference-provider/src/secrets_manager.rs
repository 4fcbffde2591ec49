//! Secrets Manager: the login secret is read there, and the task is read and updated.

use reqwest::{RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::config::{ADDRESS, Environment, ID, address, read};
use crate::error::Failure;
use crate::http::{Answer, Http, json};
use crate::iam::Iam;
use crate::retry::Phase;

/// Secrets Manager, as the job's own identity sees it.
pub(crate) struct SecretsManager<'a> {
    http: &'a Http<'a>,
    secrets: Url,
    task: Url,
    /// For the one renewal.
    iam: Option<Iam>,
    token: SecretString,
}

impl<'a> SecretsManager<'a> {
    /// Fetches the token that serves the whole job.
    pub(crate) async fn sign_in(http: &'a Http<'a>, environment: &Environment) -> anyhow::Result<Self> {
        let instance = read(environment, "SM_INSTANCE_URL", "", &ADDRESS)?;
        let secrets = address(&instance, &["api", "v2", "secrets"]);
        let secret_id = read(environment, "SM_SECRET_ID", "", &ID)?;
        let task_id = read(environment, "SM_SECRET_TASK_ID", "", &ID)?;
        let task = address(&secrets, &[&secret_id, "tasks", &task_id]);
        let iam = Iam::read(environment)?;
        let token = iam.fetch_token(http, Phase::Prepare).await?;
        Ok(Self { http, secrets, task, iam: Some(iam), token })
    }

    /// Reads the secret with which the third-party system is logged in to: the one value in it that can be a token.
    pub(crate) async fn login_secret(&mut self, id: &str) -> Result<SecretString, Failure> {
        let (http, url) = (self.http, address(&self.secrets, &[id]));
        let secret = self.call(Phase::Prepare, || http.client.get(url.clone()), json).await.map_err(Failure::LoginSecretUnreadable)?;
        let field = match secret["secret_type"].as_str() {
            Some("arbitrary") => "payload",
            Some("username_password") => "password",
            Some("iam_credentials") => "api_key",
            _ => return Err(Failure::LoginSecretUnusable),
        };
        // A pasted value often ends in a line break; anything else that is not visible ASCII was never a token.
        let token = secret[field].as_str().unwrap_or_default().trim();
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if is_token { Ok(token.into()) } else { Err(Failure::LoginSecretUnusable) }
    }

    /// Updates the task. Any 2xx is success: what the body holds changes nothing about what Secrets Manager has done.
    pub(crate) async fn update_task(&mut self, phase: Phase, update: &Value) -> Answer<()> {
        let (http, url) = (self.http, self.task.clone());
        let answer = self.call(phase, || http.client.put(url.clone()).json(update), |_| Some(())).await;
        answer.inspect_err(|error| http.log(&format!("ERROR: the report was not accepted: {error}")))?;
        http.log("INFO: the report was accepted");
        Ok(())
    }

    /// Returns the task's status, "gone" if it was cancelled; nothing if it cannot be read, for `SecretTaskUpdater` may not.
    pub(crate) async fn task_status(&mut self) -> Option<String> {
        let (http, url) = (self.http, self.task.clone());
        let read = |body: Option<&str>| json(body)?["status"].as_str().map(str::to_owned);
        let status = self.call(Phase::Ask, || http.client.get(url.clone()), read).await;
        if status.as_ref().is_err_and(|error| error.refused == Some(404)) {
            return Some("gone".to_owned());
        }
        status.inspect_err(|error| http.log(&format!("ERROR: the task cannot be read, so nothing counts as reported: {error}"))).ok()
    }

    /// Calls Secrets Manager; a 401 gets a fresh token, once per job.
    async fn call<T>(&mut self, phase: Phase, request: impl Fn() -> RequestBuilder, read: fn(Option<&str>) -> Option<T>) -> Answer<T> {
        let http = self.http;
        let attempt = async || {
            let request = request().bearer_auth(self.token.expose_secret());
            let mut answer = http.send(phase, request, read).await;
            if let Err(error) = &mut answer
                && error.refused == Some(401)
                && let Some(iam) = self.iam.take()
                && let Ok(token) = iam.fetch_token(http, phase).await
            {
                self.token = token;
                error.refused = None;
            }
            answer
        };
        http.retry(phase, attempt).await
    }
}
