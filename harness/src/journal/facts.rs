//! What a service understood of a request.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::{SecretId, TaskError};

/// What a service understood of a request; facts, no judgement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Facts {
    /// The bearer of the request as the service knows it: `task-updater+secrets-reader` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Why authentication or authorisation refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// The secret named by the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretId>,
    /// The task named by the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The third party's credential that the request made or named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// The update that a PUT of a task carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<UpdateFacts>,
}

impl Facts {
    /// Tells whether nothing was understood.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a service refused the bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No or an unreadable Authorization header.
    MissingToken,
    /// A token that IAM never issued, or that expired.
    BadToken,
    /// The identity lacks the role for the operation.
    Role,
    /// The secret is in another secret group.
    Scope,
    /// The third party does not know the login secret.
    Login,
}

/// A task update as Secrets Manager read it. Values of outputs never stand here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UpdateFacts {
    /// The `status` field, when it is text.
    pub status: Option<String>,
    /// `credentials.id`, redacted, when it is text.
    pub credentials_id: Option<String>,
    /// How `credentials.id` is made from a secret, when it is (a prefix, a hash, an encoding).
    pub credentials_id_derivations: Vec<Derivation>,
    /// The payload's values in order.
    pub payload: Vec<PayloadFact>,
    /// The errors, redacted.
    pub errors: Vec<TaskError>,
    /// Secrets in fields that are not for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misplaced: Vec<Misplaced>,
    /// Each way in which the request breaks the API's shape; empty for a valid update.
    pub violations: Vec<String>,
    /// Digest of the raw body, keyed by the stage, so that two bodies can be compared without being kept.
    pub body_digest: String,
}

/// A relation between a credentials id and a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Derivation {
    /// Name of the secret, e.g. `credential_secret/c1` or `output/token`.
    pub secret: String,
    /// The relation in words: `its first 12 characters`, `a prefix of its SHA-256 in hex`.
    pub relation: String,
}

/// A secret in a field of an update that is not for it: neither id nor error, which have facts of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Misplaced {
    /// The field, e.g. `credentials.payload.url`.
    pub place: String,
    /// The secret's mark.
    pub mark: String,
}

/// One value of a reported payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PayloadFact {
    /// The key as sent.
    pub name: String,
    /// The JSON type: `string`, `integer`, `number`, `boolean`, `null`, `array`, `object`.
    pub json_type: String,
    /// Characters of a string; 0 for others.
    pub length: u64,
    /// Ids of the third party's credentials whose `equals` template renders to exactly this value.
    pub equals: Vec<String>,
    /// Whether the manifest maps this output to what was issued.
    pub mapped: bool,
}
