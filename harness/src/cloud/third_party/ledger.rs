//! What really exists at the third party. The main type is [`LedgerEntry`].

use std::collections::BTreeMap;

use minijinja::Value;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::journal::JobRef;
use crate::redaction::Redactor;

/// One credential of a third party, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// Name of the third party.
    pub third_party: String,
    /// The credential's id there.
    pub credential: String,
    /// Job run in which it was issued; none when no job ran, e.g. when the scenario seeded it.
    pub issued_in: Option<JobRef>,
    /// Job run in which it was revoked; none while it lives and when it was taken away outside job runs.
    pub revoked_in: Option<JobRef>,
    /// Whether it can be used now.
    pub alive: bool,
    /// Whether the scenario put it there.
    pub seeded: bool,
    /// The kept fields (label, description and the like), redacted.
    pub fields: BTreeMap<String, String>,
}

/// One credential with all that templates may see of it.
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) secret: SecretString,
    pub(super) further_secrets: BTreeMap<String, SecretString>,
    pub(super) fields: BTreeMap<String, String>,
    /// The path's parameters under which it was made; empty for a seeded one, which is found under every value.
    pub(super) scope: BTreeMap<String, String>,
    /// The create request's JSON.
    pub(super) request: serde_json::Value,
    /// Wall clock, seconds since 1970.
    pub(super) issued_at: u64,
    pub(super) issued_in: Option<JobRef>,
    pub(super) revoked_in: Option<JobRef>,
    pub(super) alive: bool,
    pub(super) seeded: bool,
}

impl Credential {
    /// Tells whether it is visible under the path's parameters.
    pub(super) fn within(&self, path: &BTreeMap<String, String>) -> bool {
        self.scope.iter().all(|(name, value)| path.get(name).is_none_or(|asked| asked == value))
    }

    /// Returns a text that templates see as `credential.NAME`; none where it has no such text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let own = || match name {
            "id" => Some(self.id.as_str()),
            "secret" => Some(self.secret.expose_secret()),
            _ => None,
        };
        let further = || self.further_secrets.get(name).map(SecretString::expose_secret);
        // What is kept of a request hides what has the same name, as below.
        self.fields.get(name).map(String::as_str).or_else(further).or_else(own)
    }

    /// Returns what templates see as `credential`.
    pub(super) fn context(&self) -> Value {
        let own = [
            ("id".to_owned(), Value::from(self.id.clone())),
            ("secret".to_owned(), Value::from(self.secret.expose_secret())),
            ("issued_at".to_owned(), Value::from(self.issued_at)),
        ];
        let secrets = self.further_secrets.iter().map(|(name, secret)| (name.clone(), Value::from(secret.expose_secret())));
        let fields = self.fields.iter().map(|(name, text)| (name.clone(), Value::from(text.clone())));
        own.into_iter().chain(secrets).chain(fields).collect()
    }

    /// Returns the ledger's line.
    pub(super) fn entry(&self, third_party: &str, redactor: &Redactor) -> LedgerEntry {
        LedgerEntry {
            third_party: third_party.to_owned(),
            credential: self.id.clone(),
            issued_in: self.issued_in.clone(),
            revoked_in: self.revoked_in.clone(),
            alive: self.alive,
            seeded: self.seeded,
            fields: self.fields.iter().map(|(name, text)| (name.clone(), redactor.redact(text))).collect(),
        }
    }
}
