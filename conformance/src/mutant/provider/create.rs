//! A create job.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use super::Provider;
use super::call::Answer;
use super::failure::{End, Failure};
use super::inputs::Wishes;
use super::third_party::{ThirdParty, Token};
use crate::mutant::table::{crash, create, privacy, rotation, schedule, update};

impl Provider {
    /// Creates a credential and reports it, or undoes it.
    pub(super) async fn create(&self) -> Result<(), End> {
        let wishes = self.wishes()?;
        let at = self.third_party().await?;
        if self.is(&rotation::REPLACES_WHEN_IT_ROTATES) && self.variable("SM_TRIGGER") != Some("secret_creation") {
            let own = format!("mutant {}", self.variable("SM_SECRET_ID").unwrap_or_default());
            for old in self.find(&at, &own).await {
                self.revoke(&at, &old).await;
            }
        }
        if self.runs_again() {
            let status = if self.is(&rotation::FORGETS_ITS_REPORT) { None } else { self.task_status().await };
            let believed = status.is_none() && self.is(&schedule::TRUSTS_WHAT_IT_CANNOT_READ);
            if believed || status.as_deref() == Some("credentials_created") {
                self.log("INFO an earlier run of this task has reported its credential");
                return Ok(());
            }
            let second = self.variable("JOB_INDEX_RETRY_COUNT") == Some("2");
            let forgets = self.is(&crash::FORGETS_WHAT_IT_MADE) || second && self.is(&schedule::SECOND_KILL_FORGOTTEN);
            if !forgets {
                self.clear(&at).await?;
            }
        }
        let _lock = if self.is(&rotation::LOCKS_OTHERS_OUT) { Some(self.lock()?) } else { None };
        let before = if self.is(&rotation::SWEEPS_WHAT_APPEARED) { self.find(&at, "").await } else { Vec::new() };
        let token = if self.is(&create::REPORTS_A_SAMPLE) {
            Token { id: self.variable("SM_SECRET_TASK_ID").unwrap_or_default().into(), value: "sample-token".into(), answer: Value::Null }
        } else {
            self.issue(&at, &wishes).await?
        };
        if self.is(&rotation::SWEEPS_WHAT_APPEARED) {
            let appeared = self.find(&at, "").await;
            for stranger in appeared.iter().filter(|id| !before.contains(id) && **id != token.id) {
                self.revoke(&at, stranger).await;
            }
        }
        let token = if self.is(&rotation::MIXES_IDS_UP) {
            // The newest stands last.
            Token { id: self.find(&at, "").await.pop().unwrap_or_default(), ..token }
        } else {
            token
        };
        if self.is(&create::MAKES_TWO) {
            self.issue(&at, &wishes).await?;
        }
        if self.is(&create::CHECKS_TOO_LATE) && !matches!(self.variable("SM_REFRESHABLE_VALUE"), None | Some("true" | "false")) {
            self.undo(&at, &token.id).await;
            return Err(Failure::new("INPUT_INVALID", "An input has a value that cannot be used. Nothing was changed.").into());
        }
        if !self.is(&create::LEFTOVER_WITHOUT_A_NAME) {
            self.log(&format!("INFO created the credential {}", token.id));
        }
        let silent = self.is(&create::SILENT_WITHOUT_USERNAME) && wishes.lacks_user;
        if self.is(&create::NEVER_REPORTS) || silent {
            return Ok(());
        }
        let answer = self.report(&at, &token, &wishes).await;
        if self.is(&privacy::LOGS_ITS_TOKEN) {
            self.log(&format!("DEBUG sent with authorization: Bearer {}", self.token.borrow()));
        }
        if self.is(&privacy::LOGS_THE_CREDENTIAL) {
            self.log(&format!("DEBUG reported {}", hex::encode(&token.value)));
        }
        if self.is(&privacy::LOGS_IT_IN_PIECES) {
            self.log("DEBUG reported:");
            token.value.as_bytes().chunks(11).for_each(|piece| self.log(&format!("  {}", String::from_utf8_lossy(piece))));
        }
        let told = answer.json().is_some_and(|task| task["updated_by"].is_string());
        assert!(told || !answer.accepted() || !self.is(&update::PANICS_WITHOUT_UPDATED_BY), "the task says who updated it");
        if answer.accepted() && !told && self.is(&update::NEEDS_UPDATED_BY) {
            self.undo(&at, &token.id).await;
            return Err(End::Log(Failure::new(
                "REPORT_NOT_ACCEPTED",
                "The answer to the report was not understood, so the credential was revoked.",
            )));
        }
        if answer.accepted() {
            if self.is(&create::REVOKES_AT_THE_END) {
                self.undo(&at, &token.id).await;
            }
            return Ok(());
        }
        // After an attempt without a definite answer only the task can tell whether the credential is in use.
        let known = answer.doubtful && !self.is(&update::NEVER_LOOKS) && self.task_status().await.as_deref() == Some("credentials_created");
        if known {
            return Ok(());
        }
        if self.undoes(&answer) {
            self.undo(&at, &token.id).await;
        }
        let failure = Failure::new("REPORT_NOT_ACCEPTED", "The report of the new credential was not accepted, so it was revoked.");
        if self.is(&update::FAILED_AFTER_400) && answer.status == Some(400) {
            return Err(failure.into());
        }
        Err(End::Log(failure))
    }

    /// Takes the only lock of the secret group on this machine. It goes with the process, however that ends.
    fn lock(&self) -> Result<UnixListener, Failure> {
        let name = format!("mutant {}", self.variable("SM_SECRET_GROUP_ID").unwrap_or_default());
        SocketAddr::from_abstract_name(name)
            .and_then(|address| UnixListener::bind_addr(&address))
            .map_err(|_| Failure::new("BUSY", "Another job is under way. Nothing was changed."))
    }

    async fn report(&self, at: &ThirdParty, token: &Token, wishes: &Wishes) -> Answer {
        let body = self.body(at, token, wishes);
        if !self.is(&update::MAKES_ANOTHER_FOR_THE_RETRY) {
            return self.put(&body).await;
        }
        let answer = self.send(self.authorized(reqwest::Method::PUT, &self.task_url()).json(&body)).await;
        if !answer.transient() {
            return answer;
        }
        match self.issue(at, wishes).await {
            Ok(other) => self.put(&self.body(at, &other, wishes)).await,
            Err(_) => answer,
        }
    }

    fn body(&self, at: &ThirdParty, token: &Token, wishes: &Wishes) -> Value {
        let first = self.variable("SM_TRIGGER") == Some("secret_creation");
        let mut payload = json!({ "token": token.value, "url": at.service });
        if self.is(&create::TEXT_AS_NUMBER) {
            payload["url"] = json!(443);
        }
        if self.is(&create::UPPER_CASE_KEYS) {
            payload = json!({ "TOKEN": token.value, "URL": at.service });
        }
        if self.is(&create::FORGETS_WHEN_IT_ROTATES) && !first {
            payload = json!({ "url": at.service });
        }
        if self.is(&create::PASSES_THE_ANSWER_ON) {
            payload["token_type"] = json!(token.answer["token_type"].as_str().unwrap_or("routing key"));
        }
        if self.is(&create::CUTS_LONG_VALUES) {
            payload["token"] = json!(token.value.chars().take(4096).collect::<String>());
        }
        if self.is(&create::ASCII_ONLY) {
            payload["token"] = json!(token.value.replace(|character: char| !character.is_ascii(), "?"));
        }
        if self.is(&create::TRAILING_BLANK) {
            payload["token"] = json!(format!("{} ", token.value));
        }
        if self.is(&create::CUTS_WHEN_IT_ROTATES) && !first {
            payload["token"] = json!(token.value.chars().take(64).collect::<String>());
        }
        json!({ "status": "credentials_created", "credentials": { "id": self.credentials_id(token, wishes), "payload": payload } })
    }

    /// Returns the id under which the credential will be deleted. What follows a tilde is dropped there.
    fn credentials_id(&self, token: &Token, wishes: &Wishes) -> String {
        let id = &token.id;
        if self.is(&create::CONSTANT_ID) {
            "artifactory-token".into()
        } else if self.is(&create::SECRET_ID_AS_ID) {
            self.variable("SM_SECRET_ID").unwrap_or_default().into()
        } else if self.is(&create::EMPTY_ID) {
            String::new()
        } else if self.is(&privacy::USER_IN_ID) {
            format!("{id}~{}", wishes.username.as_deref().unwrap_or("nobody"))
        } else if self.is(&privacy::USER_HASHED_IN_ID) {
            format!("{id}~{}", hex::encode(Sha256::digest(wishes.username.as_deref().unwrap_or("nobody"))))
        } else if self.is(&privacy::TOKEN_IN_ID) {
            format!("{id}~{}", token.value)
        } else if self.is(&privacy::HEAD_IN_ID) {
            // The beginning of a JWT is its header: the signature's beginning is as good as any.
            format!("{id}~{}", token.value.rsplit('.').next().unwrap_or_default().chars().take(8).collect::<String>())
        } else if self.is(&privacy::HASH_IN_ID) {
            format!("{id}~{}", &hex::encode(Sha256::digest(&token.value))[..12])
        } else if self.is(&privacy::SHORT_HASH_IN_ID) {
            format!("{id}~{}", &hex::encode(Sha512::digest(&token.value))[..10])
        } else {
            id.clone()
        }
    }

    /// Tells whether a creation whose report was answered so is undone.
    fn undoes(&self, answer: &Answer) -> bool {
        let not = self.is(&create::NEVER_UNDOES)
            || self.is(&create::UNDOES_AFTER_400_ONLY) && answer.status != Some(400)
            || self.is(&create::KEEPS_AFTER_A_RESET) && answer.status.is_none()
            || self.is(&create::KEEPS_WHEN_LATE) && matches!(answer.status, Some(409 | 412))
            || self.is(&create::KEEPS_ON_THE_THIRD) && answer.attempts == 3
            || self.is(&create::KEEPS_AFTER_404) && answer.status == Some(404)
            || self.is(&schedule::KEEPS_AFTER_A_SECOND_404) && answer.attempts == 2 && answer.status == Some(404)
            || self.is(&schedule::KEEPS_AFTER_A_RESET_AND_401) && answer.came_as(&[None, Some(401)])
            || self.is(&schedule::KEEPS_WITHOUT_A_FRESH_TOKEN) && answer.without_token;
        !not
    }
}
