//! The third parties: Artifactory's access tokens and PagerDuty's routing keys.

use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::call::Answer;
use super::failure::Failure;
use super::inputs::{System, Wishes};
use super::{Provider, pause};
use crate::mutant::table::{create, delete, error, privacy, privilege, retry, schedule, update};

/// How often a revocation is tried.
const REVOCATION: u32 = 2;

/// How often a creation is tried.
const CREATION: u32 = 3;

/// How often the list of credentials is asked for.
const LIST: u32 = 3;

/// How often an undo is tried: more depends on it.
const UNDO: u32 = 4;

/// A third party, logged in.
pub(super) struct ThirdParty {
    /// Where its credentials are.
    pub(super) credentials: String,
    /// What the credentials are for.
    pub(super) service: String,
    system: System,
    authorization: String,
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
    /// Returns the third party; everything that is needed for that is checked.
    pub(super) async fn third_party(&self) -> Result<ThirdParty, Failure> {
        let system = self.system()?;
        let url = self.required("SM_URL_VALUE")?;
        let url = url.trim_end_matches('/');
        let login = self.login().await?;
        Ok(match system {
            System::Artifactory => ThirdParty {
                credentials: format!("{url}/access/api/v1/tokens"),
                service: url.to_owned(),
                system,
                authorization: format!("Bearer {login}"),
            },
            System::PagerDuty => ThirdParty {
                credentials: format!("{url}/event_orchestrations/{}/integrations", self.scope()?),
                service: "https://events.pagerduty.com/v2/enqueue".into(),
                system,
                authorization: format!("Token token={login}"),
            },
        })
    }

    fn call(&self, method: Method, at: &ThirdParty, path: &str) -> RequestBuilder {
        let request =
            self.third_party_client.request(method, format!("{}{path}", at.credentials)).header("authorization", &at.authorization);
        if self.is(&privilege::KEY_FOR_EVERYBODY) {
            return request.header("x-api-key", self.variable("SM_ACCESS_APIKEY").unwrap_or_default());
        }
        if self.is(&privilege::TOKEN_FOR_EVERYBODY) {
            return request.header("x-iam-token", self.token.borrow().as_str());
        }
        request
    }

    /// What every token of the provider carries.
    pub(super) fn mark(&self) -> String {
        format!("mutant {} {}", self.variable("SM_SECRET_ID").unwrap_or_default(), self.variable("SM_SECRET_TASK_ID").unwrap_or_default())
    }

    /// Creates a token, tried again while it may help. What an attempt without a definite answer may have left is revoked before the next one.
    pub(super) async fn issue(&self, at: &ThirdParty, wishes: &Wishes) -> Result<Token, Failure> {
        let attempts = if self.is(&retry::CREATES_ONCE) { 1 } else { CREATION };
        let mut before = 0;
        loop {
            let answer = self.send(self.creation(at, wishes)).await;
            before += 1;
            let lost = answer.doubtful && (answer.body.is_none() || !answer.accepted());
            // A credential may stand behind an answer that cannot be read.
            let unread = lost || answer.accepted() && answer.json().is_none();
            let blind = self.is(&retry::CREATES_BLINDLY) || before > 1 && self.is(&schedule::LOOKS_ONCE);
            if unread && !blind {
                match self.clear(at).await {
                    Err(_) if self.is(&schedule::CREATES_BESIDE_WHAT_IT_CANNOT_SEE) => {}
                    cleared => cleared?,
                }
            }
            let again = answer.transient() && !answer.silent || lost && answer.accepted();
            let insists = self.is(&retry::INSISTS_AFTER_403) && answer.status == Some(403);
            if before >= attempts || !again && !insists {
                return self.made(&answer).await;
            }
            pause(answer.wish.unwrap_or(Duration::from_millis(100))).await;
        }
    }

    fn creation(&self, at: &ThirdParty, wishes: &Wishes) -> RequestBuilder {
        let body = match at.system {
            System::Artifactory => {
                let mut body = json!({
                    "scope": wishes.scope, "expires_in": wishes.expires_in, "refreshable": wishes.refreshable, "description": self.mark(),
                });
                if let Some(username) = &wishes.username {
                    body["username"] = json!(username);
                }
                body
            }
            System::PagerDuty => json!({ "integration": { "label": self.mark() } }),
        };
        let query = if self.is(&privacy::LOGIN_IN_THE_ADDRESS) {
            format!("?access_token={}", at.authorization.rsplit(' ').next().unwrap_or_default())
        } else if self.is(&privacy::USER_IN_THE_ADDRESS) {
            format!("?requested_by={}", wishes.username.as_deref().unwrap_or("nobody"))
        } else {
            String::new()
        };
        self.call(Method::POST, at, &query).json(&body)
    }

    /// Reads the answer to a creation.
    async fn made(&self, answer: &Answer) -> Result<Token, Failure> {
        if answer.status.is_none_or(|status| status >= 500) && self.is(&update::WAITS_FOR_RECOVERY) {
            pause(Duration::MAX).await;
        }
        if !answer.accepted() {
            if answer.status == Some(409) && self.is(&create::TAKES_409_AS_MADE) {
                return Ok(Token { id: self.mark(), value: "already-there".into(), answer: Value::Null });
            }
            return Err(self.refused(answer));
        }
        let unusable = || Failure::new("ANSWER_UNUSABLE", "The answer of the third party held no usable credential. Nothing was kept.");
        let read = answer.json();
        assert!(read.is_some() || !self.is(&error::PANICS_ON_A_PAGE), "the third party answers with JSON");
        if self.is(&error::KILLED_BY_A_PAGE) && read.is_none() {
            std::process::abort();
        }
        let believes = self.is(&create::BELIEVES_200);
        let system = self.system()?;
        let answer = if believes { read.unwrap_or_default() } else { read.ok_or_else(unusable)? };
        let (id, value) = match system {
            System::Artifactory => (&answer["token_id"], &answer["access_token"]),
            System::PagerDuty => (&answer["integration"]["id"], &answer["integration"]["parameters"]["routing_key"]),
        };
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        if believes {
            let (id, value) = (text(id).unwrap_or_else(|| "id".into()), text(value).unwrap_or_else(|| "token".into()));
            return Ok(Token { id, value, answer });
        }
        let (id, value) = (text(id).ok_or_else(unusable)?, text(value).ok_or_else(unusable)?);
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
        if self.is(&privacy::QUOTES_THE_REFUSAL) {
            let said = serde_json::from_str::<Value>(&body).unwrap_or_default()["errors"][0]["message"].as_str().unwrap_or("no").to_owned();
            failure.description = format!("The third party refused: {}.", said.chars().take(500).collect::<String>());
        }
        if self.is(&privacy::ECHOES_THE_USER) {
            let user = self.variable("SM_USERNAME_VALUE").unwrap_or("nobody");
            failure.description = format!("The third party refused to create a credential for {user}.");
        }
        if self.is(&privacy::ECHOES_THE_USER_ENCODED) {
            let user = self.variable("SM_USERNAME_VALUE").unwrap_or("nobody");
            let user = user.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02x}"));
            failure.description = format!("The third party refused a credential (user={user}).");
        }
        if self.is(&privacy::QUOTES_ITS_TOKEN) {
            failure.description = format!("The request with the token {} was refused.", self.token.borrow());
        }
        failure
    }

    /// Revokes a token in a delete job.
    pub(super) async fn revoke(&self, at: &ThirdParty, id: &str) -> Answer {
        let attempts = if self.is(&retry::REVOKES_ONCE) { 1 } else { REVOCATION };
        self.patiently(attempts, async |_| self.call(Method::DELETE, at, &format!("/{id}"))).await
    }

    /// Revokes what this job made, again and again if it must; returns whether it is gone.
    pub(super) async fn undo(&self, at: &ThirdParty, id: &str) -> bool {
        let attempts = if self.is(&create::UNDOES_ONCE) { 1 } else { UNDO };
        let answer = self.patiently(attempts, async |_| self.call(Method::DELETE, at, &format!("/{id}"))).await;
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

    /// Revokes what other attempts of this task have left. Where that cannot be seen, nothing more may be made.
    pub(super) async fn clear(&self, at: &ThirdParty) -> Result<(), Failure> {
        let listed = self.read(LIST, async |_| self.call(Method::GET, at, "")).await;
        let remains = || Failure::new("LEFTOVER_REMAINS", "A credential of a failed attempt may live on, marked with the id of the task.");
        let listed = listed.ok_or_else(remains)?;
        for left in listed_in(at, &listed, &self.mark()) {
            if !self.undo(at, &left).await {
                return Err(remains());
            }
        }
        Ok(())
    }

    /// Returns the ids of the credentials whose description begins with this, as far as they can be seen.
    pub(super) async fn find(&self, at: &ThirdParty, prefix: &str) -> Vec<String> {
        let listed = self.send(self.call(Method::GET, at, "")).await.json().unwrap_or_default();
        listed_in(at, &listed, prefix)
    }

    /// Deletes what the address of an empty id names.
    pub(super) async fn delete_collection(&self, at: &ThirdParty) {
        debug_assert!(self.is(&delete::DELETES_THE_COLLECTION));
        self.send(self.call(Method::DELETE, at, "/")).await;
    }
}

/// Returns the ids of the listed credentials whose description begins with this.
fn listed_in(at: &ThirdParty, listed: &Value, prefix: &str) -> Vec<String> {
    let (list, description, id) = match at.system {
        System::Artifactory => ("tokens", "description", "token_id"),
        System::PagerDuty => ("integrations", "label", "id"),
    };
    let listed = listed[list].as_array().cloned().unwrap_or_default();
    let own = listed.iter().filter(|one| one[description].as_str().unwrap_or_default().starts_with(prefix));
    own.filter_map(|one| one[id].as_str().map(str::to_owned)).collect()
}
