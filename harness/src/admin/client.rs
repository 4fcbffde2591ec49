//! A client of the admin API: the only way in which a suite drives the fake cloud.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::command::{
    AlterSecrets, ClockAdvanced, CreateSecret, DeleteVersionData, JobFinished, JobStoppedReport, JournalPage, Rotate, Snapshotted, TaskIds,
    Tokens, Welcome,
};
use crate::cloud::third_party::LedgerEntry;
use crate::contract::{SecretId, TaskId, Trigger};
use crate::engine::{JobRequest, Knobs, Overrides};
use crate::fault::FaultPlan;
use crate::journal::{Event, EventKind, JobRef};
use crate::stage::{Alteration, StageAddresses, StageSetup};

/// Drives one fake cloud.
#[derive(Debug, Clone)]
pub struct AdminClient {
    base: String,
    token: SecretString,
    http: reqwest::Client,
}

/// Why an order failed. Always our own trouble, never a provider's.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The API could not be reached or its answer not be read.
    #[error("calling the admin API ({call}): {source}; check that the fake cloud still runs")]
    Transport {
        /// Method and path.
        call: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The API refused.
    #[error("the admin API refused {call} with {status}: {message}")]
    Refused {
        /// Method and path.
        call: String,
        /// Its status.
        status: u16,
        /// Its reason.
        message: String,
    },
    /// No client could be made.
    #[error("making a client for the admin API: {0}; check the system's TLS set-up")]
    Client(reqwest::Error),
}

impl AdminClient {
    /// Makes a client for the API at `base`, e.g. `http://127.0.0.1:4710`.
    pub fn new(base: &str, token: SecretString) -> Result<Self, AdminError> {
        // Never through a proxy: the API is on loopback, and the token must not leave.
        let http = reqwest::Client::builder().no_proxy().build().map_err(AdminError::Client)?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), token, http })
    }

    /// Makes a client for another API with the connections of this one.
    #[must_use]
    pub fn at(&self, base: &str, token: SecretString) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), token, http: self.http.clone() }
    }

    /// Says what is there.
    pub async fn welcome(&self) -> Result<Welcome, AdminError> {
        self.get("").await
    }

    /// Says that whoever drives the cloud is still there.
    pub async fn heartbeat(&self) -> Result<(), AdminError> {
        self.tell(Method::POST, "/heartbeat", &json!({})).await
    }

    /// Sets the cloud up.
    pub async fn set_up(&self, setup: &StageSetup) -> Result<StageAddresses, AdminError> {
        self.order(Method::PUT, "/stage", setup).await
    }

    /// Sets the cloud up as before.
    pub async fn reset(&self) -> Result<StageAddresses, AdminError> {
        self.order(Method::POST, "/reset", &json!({})).await
    }

    /// Returns the knobs.
    pub async fn knobs(&self) -> Result<Knobs, AdminError> {
        self.get("/knobs").await
    }

    /// Replaces the knobs.
    pub async fn set_knobs(&self, knobs: &Knobs) -> Result<(), AdminError> {
        self.tell(Method::PUT, "/knobs", knobs).await
    }

    /// Replaces the fault plan.
    pub async fn set_faults(&self, plan: &FaultPlan) -> Result<(), AdminError> {
        self.tell(Method::PUT, "/faults", plan).await
    }

    /// Changes the variables of the job runs that follow.
    pub async fn set_overrides(&self, overrides: &Overrides) -> Result<(), AdminError> {
        self.tell(Method::PUT, "/overrides", overrides).await
    }

    /// Changes the secrets that inputs name.
    pub async fn alter_secrets(&self, alteration: Alteration) -> Result<(), AdminError> {
        self.tell(Method::PUT, "/secrets", &AlterSecrets { alteration }).await
    }

    /// Expires tokens or revokes the access key.
    pub async fn set_tokens(&self, tokens: Tokens) -> Result<(), AdminError> {
        self.tell(Method::PUT, "/tokens", &tokens).await
    }

    /// Creates a custom-credentials secret.
    pub async fn create_secret(&self, order: &CreateSecret) -> Result<SecretId, AdminError> {
        self.order(Method::POST, "/custom-credentials", order).await
    }

    /// Asks for a new version.
    pub async fn rotate(&self, secret: &SecretId, trigger: Trigger) -> Result<TaskIds, AdminError> {
        self.order(Method::POST, &format!("/custom-credentials/{secret}/rotate"), &Rotate { trigger }).await
    }

    /// Deletes a secret.
    pub async fn delete_secret(&self, secret: &SecretId) -> Result<TaskIds, AdminError> {
        self.order(Method::POST, &format!("/custom-credentials/{secret}/delete"), &json!({})).await
    }

    /// Deletes the data of a version.
    pub async fn delete_version_data(&self, secret: &SecretId, version: &str) -> Result<TaskIds, AdminError> {
        let order = DeleteVersionData { version: version.to_owned() };
        self.order(Method::POST, &format!("/custom-credentials/{secret}/delete-version-data"), &order).await
    }

    /// Cancels a task.
    pub async fn cancel(&self, task: &TaskId) -> Result<(), AdminError> {
        self.tell(Method::POST, &format!("/tasks/{task}/cancel"), &json!({})).await
    }

    /// Moves the clock past a task's time-out.
    pub async fn expire(&self, task: &TaskId) -> Result<(), AdminError> {
        self.tell(Method::POST, &format!("/tasks/{task}/expire"), &json!({})).await
    }

    /// Queues a task's job again.
    pub async fn rerun(&self, task: &TaskId) -> Result<(), AdminError> {
        self.tell(Method::POST, &format!("/tasks/{task}/rerun"), &json!({})).await
    }

    /// Queues a new delete task for the version of an ended one.
    pub async fn repeat_deletion(&self, task: &TaskId) -> Result<TaskIds, AdminError> {
        self.order(Method::POST, &format!("/tasks/{task}/repeat-deletion"), &json!({})).await
    }

    /// Takes the next job run, when there is one.
    pub async fn claim(&self) -> Result<Option<JobRequest>, AdminError> {
        let call = "POST /jobs/claim".to_owned();
        let response = self.send(Method::POST, "/jobs/claim", &json!({})).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        response.json().await.map(Some).map_err(|source| AdminError::Transport { call, source })
    }

    /// Says that a job run has started.
    pub async fn job_started(&self, job: &JobRef) -> Result<(), AdminError> {
        self.tell(Method::POST, "/jobs/started", job).await
    }

    /// Says that a job run has ended.
    pub async fn job_ended(&self, finished: &JobFinished) -> Result<JobStoppedReport, AdminError> {
        self.order(Method::POST, "/jobs/ended", finished).await
    }

    /// Moves the virtual clock ahead; returns what is left when a job is asked for before the end.
    pub async fn advance(&self, by: Duration) -> Result<Duration, AdminError> {
        let left: ClockAdvanced = self.order(Method::POST, "/clock/advance", &ClockAdvanced::from(by)).await?;
        Ok(left.into())
    }

    /// Puts a note into the journal.
    pub async fn note(&self, text: &str) -> Result<(), AdminError> {
        self.tell(Method::POST, "/notes", &json!({ "text": text })).await
    }

    /// Returns every event.
    pub async fn journal(&self) -> Result<Vec<Event>, AdminError> {
        let mut events = Vec::new();
        loop {
            let from = events.last().map_or(0, |event: &Event| event.id + 1);
            let page: JournalPage = self.get(&format!("/journal?from={from}")).await?;
            if page.events.is_empty() {
                return Ok(events);
            }
            events.extend(page.events);
        }
    }

    /// Returns one page of the journal.
    pub async fn journal_page(&self, from: u64) -> Result<JournalPage, AdminError> {
        self.get(&format!("/journal?from={from}")).await
    }

    /// Resolves when a fault asks for the death of a job; never where the cloud cannot be heard any more, which every other call tells.
    pub async fn kill_asked(&self, job: &JobRef) {
        if self.find_kill(job).await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    async fn find_kill(&self, job: &JobRef) -> Option<()> {
        let mut response = self.send(Method::GET, "/journal/stream?from=0", &()).await.ok()?;
        let mut text = Vec::new();
        loop {
            text.extend_from_slice(&response.chunk().await.ok()??);
            let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            let lines: Vec<u8> = text.drain(..whole).collect();
            let events = lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice::<Event>(line).ok());
            if events.into_iter().any(|event| matches!(event.kind, EventKind::KillAsked { job: asked } if asked == *job)) {
                return Some(());
            }
        }
    }

    /// Returns every credential that third parties issued.
    pub async fn ledger(&self) -> Result<Vec<LedgerEntry>, AdminError> {
        self.get("/ledger").await
    }

    /// Returns the world as it is, once no request is in flight.
    pub async fn snapshot(&self) -> Result<Snapshotted, AdminError> {
        self.get("/snapshot").await
    }

    /// Takes a credential away, outside any job.
    pub async fn revoke_silently(&self, third_party: &str, credential: &str) -> Result<(), AdminError> {
        let credential = percent_encoding::utf8_percent_encode(credential, percent_encoding::NON_ALPHANUMERIC);
        self.tell(Method::DELETE, &format!("/third-parties/{third_party}/credentials/{credential}"), &json!({})).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AdminError> {
        self.order(Method::GET, path, &()).await
    }

    async fn order<T: DeserializeOwned>(&self, method: Method, path: &str, body: &impl Serialize) -> Result<T, AdminError> {
        let call = format!("{method} {path}");
        let response = self.send(method, path, body).await?;
        response.json().await.map_err(|source| AdminError::Transport { call, source })
    }

    async fn tell(&self, method: Method, path: &str, body: &impl Serialize) -> Result<(), AdminError> {
        self.send(method, path, body).await.map(drop)
    }

    async fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Result<reqwest::Response, AdminError> {
        let call = format!("{method} {path}");
        let mut request =
            self.http.request(method.clone(), format!("{}/admin/v1{path}", self.base)).bearer_auth(self.token.expose_secret());
        if method != Method::GET {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|source| AdminError::Transport { call: call.clone(), source: source.without_url() })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let text = response.text().await.unwrap_or_default();
        let message = serde_json::from_str::<serde_json::Value>(&text)
            .ok()
            .and_then(|body| body.get("error").and_then(serde_json::Value::as_str).map(str::to_owned))
            .unwrap_or(text);
        Err(AdminError::Refused { call, status: status.as_u16(), message })
    }
}
