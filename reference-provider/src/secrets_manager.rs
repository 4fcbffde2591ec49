//! Secrets Manager: the login secret is read there, and the task is read and updated.

use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::config::{ADDRESS, Environment, ID, address, read};
use crate::error::Failure;
use crate::http::{Answer, Http, Kind, json};
use crate::iam::Iam;
use crate::retry::Phase;

/// Secrets Manager, as the job's own identity sees it.
pub(crate) struct SecretsManager<'a> {
    http: &'a Http<'a>,
    secrets: Url,
    task: Url,
    iam: Iam,
    token: SecretString,
    is_renewed: bool,
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
        Ok(Self { http, secrets, task, iam, token, is_renewed: false })
    }

    /// Reads the secret with which the third-party system is logged in to.
    pub(crate) async fn login_secret(&mut self, id: &str) -> Result<SecretString, Failure> {
        let url = address(&self.secrets, &[id]);
        let secret = self.call(Phase::Prepare, |client| client.get(url.clone()), json).await;
        read_login_secret(&secret.map_err(Failure::LoginSecretUnreadable)?).ok_or(Failure::LoginSecretUnusable)
    }

    /// Updates the task. Any 2xx is success: what the body holds changes nothing about what Secrets Manager has done.
    pub(crate) async fn update_task(&mut self, phase: Phase, update: &Value) -> Answer<()> {
        let url = self.task.clone();
        self.call(phase, |client| client.put(url.clone()).json(update), |_| Some(())).await?;
        self.http.log("INFO: the report was accepted");
        Ok(())
    }

    /// Returns the task's status, "gone" if it was cancelled; nothing if it cannot be read, for `SecretTaskUpdater` may not.
    pub(crate) async fn task_status(&mut self) -> Option<String> {
        let (http, url) = (self.http, self.task.clone());
        match self.call(Phase::Ask, |client| client.get(url.clone()), |body| json(body)?["status"].as_str().map(str::to_owned)).await {
            Ok(status) => Some(status),
            Err(error) if error.kind == Kind::Refused(404) => Some("gone".to_owned()),
            Err(error) => {
                http.log(&format!("ERROR: the task cannot be read, so nothing counts as reported: {error}"));
                None
            }
        }
    }

    /// Calls Secrets Manager; a 401 gets a fresh token, once per job.
    async fn call<T>(
        &mut self,
        phase: Phase,
        request: impl Fn(&Client) -> RequestBuilder,
        read: fn(Option<&str>) -> Option<T>,
    ) -> Answer<T> {
        let http = self.http;
        let attempt = async || {
            let request = request(&http.client).bearer_auth(self.token.expose_secret());
            let mut answer = http.send(phase, request, read).await;
            if let Err(error) = &mut answer
                && error.kind == Kind::Refused(401)
                && !std::mem::replace(&mut self.is_renewed, true)
                && let Ok(token) = self.iam.fetch_token(http, phase).await
            {
                self.token = token;
                error.kind = Kind::Unavailable;
            }
            answer
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
