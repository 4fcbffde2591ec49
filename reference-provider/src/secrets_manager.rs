//! Secrets Manager: the login secret is read there, and the task is updated.

use reqwest::Method;
use reqwest::header::ACCEPT;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::config::{Connection, address};
use crate::error::Failure;
use crate::http::{Accept, CallError, Http};
use crate::iam::{IamError, fetch_token};
use crate::retry::Phase;
use crate::system::Credential;

/// What is reported to the task; each is final.
pub(crate) enum TaskUpdate<'a> {
    CredentialsCreated(&'a Credential),
    CredentialsDeleted,
    Failed(&'a Failure),
}

impl TaskUpdate<'_> {
    fn body(&self) -> Value {
        match self {
            Self::CredentialsCreated(credential) => json!({
                "status": "credentials_created",
                "credentials": {
                    "id": credential.id,
                    "payload": {
                        "token": credential.token.expose_secret(),
                        "url": credential.url,
                    },
                },
            }),
            Self::CredentialsDeleted => json!({ "status": "credentials_deleted" }),
            Self::Failed(failure) => json!({
                "status": "failed",
                "errors": [{ "code": failure.code(), "description": failure.to_string() }],
            }),
        }
    }
}

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
    http: &'a Http,
    connection: &'a Connection,
    token: SecretString,
    renewed: bool,
}

impl<'a> SecretsManager<'a> {
    /// Fetches the token that serves the whole job.
    pub(crate) async fn sign_in(http: &'a Http, connection: &'a Connection) -> Result<Self, IamError> {
        let token = fetch_token(http, connection, http.end_of(Phase::Prepare)).await?;
        Ok(Self { http, connection, token, renewed: false })
    }

    /// Returns the id of the job's task.
    pub(crate) fn task_id(&self) -> &'a str {
        &self.connection.task_id
    }

    /// Reads the secret with which the third-party system is logged in to.
    pub(crate) async fn login_secret(&mut self, id: &str) -> Result<SecretString, Failure> {
        let deadline = self.http.end_of(Phase::Prepare);
        let answer = self.call(Method::GET, &[id], None, Accept::Json, deadline).await;
        let answer = answer.map_err(Failure::LoginSecretUnreadable)?;
        read_login_secret(answer.expose_secret()).ok_or(Failure::LoginSecretUnusable)
    }

    /// Updates the task. Any 2xx is success: what the body holds changes nothing about what Secrets Manager has done.
    pub(crate) async fn update_task(&mut self, update: &TaskUpdate<'_>, deadline: Instant) -> Result<(), CallError> {
        let (path, body) = (self.task_path(), update.body());
        self.call(Method::PUT, &path, Some(&body), Accept::AnyBody, deadline).await?;
        Ok(())
    }

    /// Reads the task, which takes the `SecretsReader` role: `SecretTaskUpdater` alone may not.
    pub(crate) async fn task_status(&mut self) -> Result<TaskStatus, CallError> {
        #[derive(Deserialize)]
        struct Task {
            status: TaskStatus,
        }
        let deadline = self.http.end_of(Phase::Ask);
        let body = match self.call(Method::GET, &self.task_path(), None, Accept::Json, deadline).await {
            Err(error) if error.status == Some(404) => return Ok(TaskStatus::Gone),
            answer => answer?,
        };
        let task: Task = serde_json::from_str(body.expose_secret()).map_err(|_| CallError::unusable(200))?;
        Ok(task.status)
    }

    fn task_path(&self) -> [&'a str; 3] {
        [&self.connection.secret_id, "tasks", &self.connection.task_id]
    }

    /// Calls Secrets Manager; a 401 gets a fresh token, once per job.
    async fn call(
        &mut self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        accept: Accept,
        deadline: Instant,
    ) -> Result<SecretString, CallError> {
        let secrets = address(&self.connection.instance_url, &["api", "v2", "secrets"]);
        let url = address(&secrets, path);
        let client = &self.http.client;
        let mut ambiguous = false;
        loop {
            let mut request = client.request(method.clone(), url.clone());
            request = request.bearer_auth(self.token.expose_secret()).header(ACCEPT, "application/json");
            if let Some(body) = body {
                request = request.json(body);
            }
            let mut error = match self.http.call(&request, accept, deadline).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            ambiguous |= error.ambiguous;
            error.ambiguous = ambiguous;
            if error.status != Some(401) || self.renewed {
                return Err(error);
            }
            self.renewed = true;
            match fetch_token(self.http, self.connection, deadline).await {
                Ok(token) => self.token = token,
                Err(_) => return Err(error),
            }
        }
    }
}

/// Takes the one value out of a secret that can be a token, if it fits on a header's line.
fn read_login_secret(body: &str) -> Option<SecretString> {
    #[derive(Deserialize)]
    #[serde(tag = "secret_type", rename_all = "snake_case")]
    enum Secret {
        Arbitrary { payload: String },
        UsernamePassword { password: String },
        IamCredentials { api_key: String },
    }
    let secret = match serde_json::from_str(body).ok()? {
        Secret::Arbitrary { payload } => payload,
        Secret::UsernamePassword { password } => password,
        Secret::IamCredentials { api_key } => api_key,
    };
    // A pasted value often ends in a line break; anything else that is not visible ASCII was never a token.
    let token = secret.trim();
    let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    is_token.then(|| SecretString::from(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_secret_is_one_line_of_a_known_type() {
        let read = |body: Value| read_login_secret(&body.to_string()).map(|token| token.expose_secret().to_owned());
        let arbitrary = |payload: Value| json!({"secret_type": "arbitrary", "payload": payload});
        assert_eq!(read(arbitrary("abc".into())).as_deref(), Some("abc"));
        assert_eq!(read(arbitrary("abc\n".into())).as_deref(), Some("abc"));
        assert_eq!(read(json!({"secret_type": "username_password", "username": "u", "password": "p"})).as_deref(), Some("p"));
        assert_eq!(read(json!({"secret_type": "iam_credentials", "api_key": "k"})).as_deref(), Some("k"));
        for unusable in [
            arbitrary("".into()),
            arbitrary("two\nlines".into()),
            arbitrary("caf\u{e9}".into()),
            arbitrary(json!(7)),
            json!({"secret_type": "arbitrary"}),
            json!({"secret_type": "kv", "data": {"token": "abc"}}),
            json!({"payload": "abc"}),
            json!([]),
        ] {
            assert_eq!(read(unusable.clone()), None, "{unusable}");
        }
    }

    #[test]
    fn a_failed_update_has_one_error_with_code_and_description() {
        let body = TaskUpdate::Failed(&Failure::UnknownAction).body();
        assert_eq!(body["status"], "failed");
        assert_eq!(body["errors"][0]["code"], "UNKNOWN_ACTION");
        assert!(body["errors"][0]["description"].is_string());
    }
}
