//! Types of secrets and of a provider's outputs.

use serde::{Deserialize, Serialize};

/// The secret types that a login secret may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretType {
    /// `payload`: any string.
    Arbitrary,
    /// `data`: a JSON object.
    Kv,
    /// `username` and `password`; what the documentation calls user credentials.
    UsernamePassword,
    /// `api_key`, `api_key_id`, `service_id`.
    IamCredentials,
    /// `credentials`: an object with `apikey` and any extra keys.
    ServiceCredentials,
    /// `credentials_content`: what another credentials provider made.
    CustomCredentials,
}

/// The type words of `job_config.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
    /// The id of another secret.
    SecretId,
    /// One of the listed words.
    Enum(Vec<String>),
}

/// One output that a provider declares (`SMOUT_<NAME>`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputSpec {
    /// Lower-case name: the key in the update's payload.
    pub name: String,
    /// Declared type.
    pub value_type: ValueType,
    /// Whether every creation must report it.
    pub required: bool,
    /// Whether its value may be known to anybody (a host name, a user name, a certificate).
    #[serde(default)]
    pub public: bool,
    /// A template of what the third party issued, e.g. `{{ credential.secret }}`, that the value must equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<String>,
}
