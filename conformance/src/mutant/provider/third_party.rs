//! Artifactory's access tokens.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::call::Answer;
use super::failure::Failure;
use super::inputs::Wishes;
use super::{Provider, pause};
use crate::mutant::table::{create, delete, error, privacy, privilege, update};

/// How often a revocation is tried.
const REVOCATION: u32 = 2;

/// How often an undo is tried: more depends on it.
const UNDO: u32 = 4;

/// Artifactory, logged in.
pub(super) struct Artifactory {
    pub(super) url: String,
    pub(super) login: String,
}

/// A token that was issued.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) value: String,
    /// The whole answer.
    pub(super) answer: Value,
}

impl Provider {
    /// Returns Artifactory; everything that is needed for that is checked.
    pub(super) async fn artifactory(&self) -> Result<Artifactory, Failure> {
        let url = self.required("SM_URL_VALUE")?;
        Ok(Artifactory { url: format!("{}/access/api/v1/tokens", url.trim_end_matches('/')), login: self.login().await? })
    }

    fn at_artifactory(&self, method: Method, at: &Artifactory, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", at.url)).bearer_auth(&at.login);
        if self.is(&privilege::KEY_FOR_EVERYBODY) {
            return request.header("x-api-key", self.variable("SM_ACCESS_APIKEY").unwrap_or_default());
        }
        if self.is(&privilege::TOKEN_FOR_EVERYBODY) {
            return request.header("x-iam-token", self.token.borrow().as_str());
        }
        request
    }

    /// What every token of the provider carries.
    fn mark(&self) -> String {
        format!("mutant {} {}", self.variable("SM_SECRET_ID").unwrap_or_default(), self.variable("SM_SECRET_TASK_ID").unwrap_or_default())
    }

    /// Creates a token. A creation is not tried again: its answer may be lost although it took effect.
    pub(super) async fn issue(&self, at: &Artifactory, wishes: &Wishes) -> Result<Token, Failure> {
        let mut body = json!({
            "scope": wishes.scope, "expires_in": wishes.expires_in, "refreshable": wishes.refreshable, "description": self.mark(),
        });
        if let Some(username) = &wishes.username {
            body["username"] = json!(username);
        }
        let answer = self.send(self.at_artifactory(Method::POST, at, "").json(&body)).await;
        if answer.status.is_none_or(|status| status >= 500) && self.is(&update::WAITS_FOR_RECOVERY) {
            pause(Duration::MAX).await;
        }
        if !answer.accepted() {
            if answer.status == Some(409) && self.is(&create::TAKES_409_AS_MADE) {
                return Ok(Token { id: self.mark(), value: "already-there".into(), answer: Value::Null });
            }
            return Err(self.refused(&answer));
        }
        let unusable = || Failure::new("ANSWER_UNUSABLE", "The answer of the third party held no usable credential. Nothing was kept.");
        let read = answer.json();
        assert!(read.is_some() || !self.is(&error::PANICS_ON_A_PAGE), "the third party answers with JSON");
        if self.is(&error::KILLED_BY_A_PAGE) && read.is_none() {
            std::process::abort();
        }
        if self.is(&create::BELIEVES_200) {
            let answer = read.unwrap_or_default();
            let text = |field: &str| answer[field].as_str().unwrap_or(field).to_owned();
            return Ok(Token { id: text("token_id"), value: text("access_token"), answer: answer.clone() });
        }
        let answer = read.ok_or_else(unusable)?;
        let text = |field: &str| answer[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (id, value) = (text("token_id").ok_or_else(unusable)?, text("access_token").ok_or_else(unusable)?);
        Ok(Token { id, value, answer })
    }

    fn refused(&self, answer: &Answer) -> Failure {
        let mut failure = Failure::new("CREATE_REFUSED", "The third party refused to create a credential. Check the inputs and the login.");
        let body = answer.body.clone().unwrap_or_default();
        if self.is(&error::PASSES_THE_ANSWER_ON) {
            failure.description = format!("The third party said {} {body}", answer.in_words());
        }
        if self.is(&error::SHOWS_ITS_STACK) {
            failure.description = format!("{} goroutine 1 at main.go:42", failure.description);
        }
        if self.is(&privacy::QUOTES_ITS_TOKEN) {
            failure.description = format!("The request with the token {} was refused.", self.token.borrow());
        }
        failure
    }

    /// Revokes a token in a delete job.
    pub(super) async fn revoke(&self, at: &Artifactory, id: &str) -> Answer {
        self.patiently(REVOCATION, async |_| self.at_artifactory(Method::DELETE, at, &format!("/{id}"))).await
    }

    /// Revokes what this job made, again and again if it must; returns whether it is gone.
    pub(super) async fn undo(&self, at: &Artifactory, id: &str) -> bool {
        let attempts = if self.is(&create::UNDOES_ONCE) { 1 } else { UNDO };
        let answer = self.patiently(attempts, async |_| self.at_artifactory(Method::DELETE, at, &format!("/{id}"))).await;
        let gone = answer.accepted() || answer.status == Some(404);
        if gone {
            self.log("INFO the credential was revoked again");
        } else if self.is(&create::LEFTOVER_WITHOUT_A_NAME) {
            self.log("ERROR the credential could not be revoked and may live on");
        } else {
            self.log(&format!("ERROR the credential {id} could not be revoked and may live on"));
        }
        gone
    }

    /// Returns the ids of the tokens whose description begins with this.
    pub(super) async fn find(&self, at: &Artifactory, prefix: &str) -> Vec<String> {
        let listed = self.send(self.at_artifactory(Method::GET, at, "")).await.json().unwrap_or_default();
        let tokens = listed["tokens"].as_array().cloned().unwrap_or_default();
        let own = tokens.iter().filter(|token| token["description"].as_str().unwrap_or_default().starts_with(prefix));
        own.filter_map(|token| token["token_id"].as_str().map(str::to_owned)).collect()
    }

    /// Deletes what the address of an empty id names.
    pub(super) async fn delete_collection(&self, at: &Artifactory) {
        debug_assert!(self.is(&delete::DELETES_THE_COLLECTION));
        self.send(self.at_artifactory(Method::DELETE, at, "/")).await;
    }
}
