//! IAM and Secrets Manager, as the provider uses them.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::call::Answer;
use super::failure::Failure;
use super::{Provider, pause};
use crate::mutant::table::{action, create, delete, error, network, privacy, privilege, retry, schedule, update};

const TOKENS: &str = "https://iam.cloud.ibm.com/identity/token";

/// How often a token and the login secret are asked for.
const PREPARATION: u32 = 3;

/// How often a report is tried.
const REPORT: u32 = 5;

impl Provider {
    /// Fetches the IAM token: without it nothing can be reported, so nothing may be created.
    pub(super) async fn sign_in(&self) -> Result<(), Failure> {
        let form = self.identity();
        let attempts = if self.is(&retry::ASKS_FOR_ITS_TOKEN_ONCE) { 1 } else { PREPARATION };
        let mut answer = self.patiently(attempts, async |_| self.client.post(TOKENS).form(&form)).await;
        if answer.status.is_none() && self.is(&network::GOES_IN_THE_CLEAR) {
            answer = self.send(self.client.post(TOKENS.replace("https", "http")).form(&form)).await;
        }
        for _ in 0..if self.is(&retry::INSISTS_ON_ITS_KEY) { 9 } else { 0 } {
            if answer.status == Some(400) {
                answer = self.send(self.client.post(TOKENS).form(&form)).await;
            }
        }
        if !answer.accepted() && self.is(&update::HANGS_WITHOUT_A_TOKEN) {
            pause(Duration::MAX).await;
        }
        let body = answer.json();
        let token = body.as_ref().and_then(|body| body["access_token"].as_str());
        assert!(token.is_some() || !answer.accepted() || !self.is(&error::PANICS_WITHOUT_A_TOKEN), "IAM answers with a token");
        let token = token.ok_or_else(|| Failure::new("NO_TOKEN", &format!("IAM gave no token: {}.", answer.in_words())))?;
        token.clone_into(&mut self.token.borrow_mut());
        Ok(())
    }

    /// Returns what proves who the job is: its API key, or a trusted profile and the token that the platform gave it.
    fn identity(&self) -> Vec<(&'static str, String)> {
        let grant = |name: &str| ("grant_type", format!("urn:ibm:params:oauth:grant-type:{name}"));
        let variable = |name| self.variable(name).unwrap_or_default().to_owned();
        let token = self.variable("CR_TOKEN_FILE").and_then(|file| std::fs::read_to_string(file).ok());
        match (self.variable("SM_ACCESS_APIKEY"), token) {
            (None, Some(token)) => vec![grant("cr-token"), ("cr_token", token), ("profile_id", variable("TRUSTED_PROFILE_ID"))],
            (key, _) => vec![grant("apikey"), ("apikey", key.unwrap_or_default().to_owned())],
        }
    }

    /// Reads the login secret.
    pub(super) async fn login(&self) -> Result<String, Failure> {
        let id = self.required("SM_LOGIN_SECRET_ID_VALUE")?;
        if self.is(&privilege::READS_ITS_SECRET) {
            let own = format!("{}/{}", self.secrets_url(), self.variable("SM_SECRET_ID").unwrap_or_default());
            self.send(self.authorized(Method::GET, &own)).await;
        }
        if self.is(&privilege::READS_CONFIGURATIONS) {
            let instance = self.variable("SM_INSTANCE_URL").unwrap_or_default();
            self.send(self.authorized(Method::GET, &format!("{instance}/api/v2/configurations"))).await;
        }
        let url = format!("{}/{id}", self.secrets_url());
        let answer = self.patiently(PREPARATION, async |_| self.authorized(Method::GET, &url)).await;
        let Some(secret) = answer.json() else {
            return Err(Failure::new(
                "LOGIN_SECRET_UNREADABLE",
                "The login secret could not be read. Does it exist, and may the provider read it?",
            ));
        };
        let kind = secret["secret_type"].as_str().unwrap_or_default();
        assert!(kind == "arbitrary" || !self.is(&error::PANICS_ON_ANOTHER_TYPE), "the login secret is arbitrary");
        let value = secret["payload"].as_str().unwrap_or_default();
        let usable = kind == "arbitrary" && !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic());
        if usable {
            return Ok(value.to_owned());
        }
        let mut failure = Failure::new("LOGIN_SECRET_UNUSABLE", "The login secret has the wrong type, or what it holds is not one token.");
        if self.is(&privacy::QUOTES_THE_LOGIN) {
            let quoted: String = value.chars().filter(|character| !character.is_control()).collect();
            failure.description = format!("The login secret cannot be used: {quoted}.");
        }
        if self.is(&privacy::QUOTES_A_PART) {
            let longest = value.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default();
            let part: String =
                longest.chars().filter(|character| !character.is_control()).rev().take(16).collect::<Vec<_>>().into_iter().rev().collect();
            failure.description = format!("The login secret that ends with {part} cannot be used.");
        }
        if self.is(&privacy::QUOTES_THE_LOGIN_ENCODED) {
            failure.description = format!("The login secret cannot be used (reference {}).", encoded(value));
        }
        Err(failure)
    }

    /// Reports with one update, tried again while it may help.
    pub(super) async fn put(&self, body: &Value) -> Answer {
        if self.is(&privilege::SIGNS_IN_AGAIN) {
            self.sign_in().await.ok();
        }
        let answer = self
            .patiently(if self.is(&retry::RETRIES_FOR_EVER) { u32::MAX } else { REPORT }, async |attempt| self.update(body, attempt))
            .await;
        let answer = self.renewed(body, answer).await;
        let again = answer.status == Some(400) && self.is(&update::ONCE_MORE_AFTER_400)
            || answer.status == Some(400) && answer.attempts > 1 && self.is(&update::ONCE_MORE_AFTER_400_LATER)
            || answer.status == Some(404) && self.is(&update::ONCE_MORE_AFTER_404);
        let answer = if again {
            let second = self.send(self.update(body, 0)).await;
            Answer { doubtful: answer.doubtful || second.doubtful, ..second }
        } else {
            answer
        };
        if self.is(&schedule::QUOTES_ITS_TOKEN_LATE) && matches!(answer.statuses.as_slice(), [Some(500..), None, ..]) {
            self.log(&format!("DEBUG tried with the bearer {}", self.token.borrow()));
        }
        if answer.accepted() {
            self.log(&format!("INFO reported {}", body["status"].as_str().unwrap_or_default()));
            if self.is(&update::FAILED_AFTER_SUCCESS) && body["status"] != "failed" {
                let failure = Failure::new("CLEANUP_FAILED", "The connection could not be closed.");
                self.send(self.update(&failure.body(), 0)).await;
            }
        } else {
            self.log(&format!("ERROR the report was not accepted: {}", answer.in_words()));
        }
        answer
    }

    /// Sends an update again with a fresh token where the old one was refused.
    async fn renewed(&self, body: &Value, mut answer: Answer) -> Answer {
        let renewals = if self.is(&update::KEEPS_ITS_TOKEN) {
            0
        } else if self.is(&update::RENEWS_AGAIN_AND_AGAIN) {
            3
        } else {
            1
        };
        for _ in 0..renewals {
            let old = self.token.borrow().clone();
            if answer.status != Some(401) || self.is(&schedule::KEEPS_AFTER_A_RESET_AND_401) && answer.came_as(&[None, Some(401)]) {
                break;
            }
            if self.sign_in().await.is_err() {
                answer.without_token = true;
                break;
            }
            if self.is(&update::FORGETS_ITS_FRESH_TOKEN) {
                self.token.replace(old);
            }
            let first = answer.statuses.clone();
            answer = Answer { doubtful: answer.doubtful, ..self.patiently(REPORT, async |attempt| self.update(body, attempt)).await };
            answer.statuses.splice(0..0, first);
        }
        answer
    }

    fn update(&self, body: &Value, attempt: u32) -> RequestBuilder {
        let creates = body["status"] == "credentials_created";
        let method = if self.is(&update::POSTS) { Method::POST } else { Method::PUT };
        let url = if self.is(&create::REPORTS_TO_ANOTHER_TASK) && creates { format!("{}0", self.task_url()) } else { self.task_url() };
        let mut body = body.clone();
        if self.is(&update::COUNTS_DOWN) && creates {
            body["credentials"]["payload"]["url"] = json!(format!("https://events.example.com/{}", 3600 - attempt));
        }
        let request = self.authorized(method, &url);
        if self.is(&update::SENDS_PLAIN_TEXT) {
            request.header("content-type", "text/plain").body(body.to_string())
        } else {
            request.json(&body)
        }
    }

    /// Tells whether a call is to be tried again after this answer.
    pub(super) fn again(&self, answer: &Answer, before: u32) -> bool {
        let never = self.is(&retry::NEVER_RETRIES)
            || self.is(&retry::TAKES_429_AS_FINAL) && answer.status == Some(429)
            || self.is(&retry::TAKES_A_RESET_AS_FINAL) && answer.status.is_none();
        let twice = self.is(&update::RETRIES_A_404) && answer.status == Some(404) && before < 3;
        twice || answer.transient() && !answer.silent && !never
    }

    /// Reports a failure.
    pub(super) async fn report_failure(&self, failure: &Failure) {
        let mut failure = failure.clone();
        let deletes = self.variable("SM_ACTION") == Some("delete_credentials");
        let refused = failure.code == "CREATE_REFUSED";
        let silent = self.is(&create::REFUSED_IN_SILENCE) && refused
            || self.is(&delete::REFUSED_IN_SILENCE) && failure.code == "DELETE_REFUSED"
            || self.is(&delete::NO_ID_IN_SILENCE) && failure.code == "NO_CREDENTIALS_ID"
            || self.is(&action::UNKNOWN_IN_SILENCE) && failure.code == "UNKNOWN_ACTION"
            || self.is(&create::LOGIN_IN_SILENCE) && failure.code == "LOGIN_SECRET_UNREADABLE";
        if silent {
            return;
        }
        if self.is(&error::ONE_CODE_FOR_ALL) {
            failure.code = "ERR10001".into();
        }
        if self.is(&error::CODE_BY_TASK) {
            let task = self.variable("SM_SECRET_TASK_ID").unwrap_or_default();
            failure.code = format!("{}_{}", failure.code, task.chars().rev().take(4).collect::<String>());
        }
        if self.is(&error::STATUS_AS_CODE) && refused {
            failure.code = "HTTP_403".into();
        }
        if self.is(&error::SENTENCE_AS_CODE) && deletes {
            failure.code = format!("{} by the third party", failure.code);
        }
        if self.is(&error::BREAKS_LINES) && refused {
            failure.description = failure.description.replace(". ", ".\n");
        }
        if self.is(&error::TALKS_ON) {
            failure.description = failure.description.repeat(20);
        }
        let mut body = failure.body();
        if self.is(&error::NO_ERRORS) {
            body["errors"] = json!([]);
        }
        if self.is(&error::ELEVEN_ERRORS) {
            body["errors"] = json!(vec![body["errors"][0].clone(); 11]);
        }
        if self.is(&error::DELETION_WITHOUT_WORDS) && deletes {
            body["errors"][0]["description"] = json!(" ");
        }
        self.put(&body).await;
    }

    /// Returns the task's status; none where it cannot be read.
    pub(super) async fn task_status(&self) -> Option<String> {
        let task = self.read(PREPARATION, async |_| self.authorized(Method::GET, &self.task_url())).await;
        task?["status"].as_str().map(str::to_owned)
    }

    /// Returns how many tasks of the secret ended with this status.
    pub(super) async fn tasks_that_ended(&self, status: &str) -> usize {
        let url = format!("{}/{}/tasks", self.secrets_url(), self.variable("SM_SECRET_ID").unwrap_or_default());
        let tasks = self.send(self.authorized(Method::GET, &url)).await.json();
        let tasks = tasks.as_ref().and_then(|tasks| tasks["tasks"].as_array());
        tasks.map_or(0, |tasks| tasks.iter().filter(|task| task["type"] == "delete_credentials" && task["status"] == status).count())
    }

    pub(super) fn authorized(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url).bearer_auth(self.token.borrow())
    }

    fn secrets_url(&self) -> String {
        format!("{}/api/v2/secrets", self.variable("SM_INSTANCE_URL").unwrap_or_default().trim_end_matches('/'))
    }

    pub(super) fn task_url(&self) -> String {
        let of = |name| self.variable(name).unwrap_or_default();
        format!("{}/{}/tasks/{}", self.secrets_url(), of("SM_SECRET_ID"), of("SM_SECRET_TASK_ID"))
    }
}

/// Returns the base64 of a text, without padding.
fn encoded(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.as_bytes()
        .chunks(3)
        .flat_map(|bytes| {
            let word = bytes.iter().enumerate().fold(0_usize, |word, (index, byte)| word | usize::from(*byte) << (16 - 8 * index));
            (0..=bytes.len()).map(move |index| char::from(ALPHABET[word >> (18 - 6 * index) & 63]))
        })
        .collect()
}
