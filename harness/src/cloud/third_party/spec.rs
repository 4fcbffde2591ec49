//! The data that describes a third party. The main type is [`ThirdPartySpec`]; the module's own page shows the format at work.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Generator;

/// A third party's REST API: how to log in, what a credential is, what can be asked and how refusals look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThirdPartySpec {
    /// Real host names (lower case, no port) under which an unmodified provider looks for the API; empty when the provider is
    /// told the address by an input.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What every path begins with, e.g. `/artifactory`, so that a third party can share a host with another service. Empty or a
    /// slash and text, without a slash at the end. The operations' paths stand behind it.
    #[serde(default)]
    pub path_prefix: String,
    /// How a caller proves who it is.
    pub login: LoginSpec,
    /// What a credential is made of.
    pub credential: CredentialSpec,
    /// What can be asked. `create` and `revoke` are required, once each at least.
    pub operations: Vec<OperationSpec>,
    /// How a refusal looks.
    pub errors: ErrorSpec,
    /// Which status answers which kind of bad request.
    #[serde(default)]
    pub refusals: RefusalStatuses,
}

/// How a caller proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginSpec {
    /// The request header that carries the login secret.
    #[serde(default = "LoginSpec::authorization")]
    pub header: String,
    /// A text template of the header's value with `login`, e.g. `Bearer {{ login }}`. A first word before a space is an
    /// authentication scheme and compared without regard to case.
    pub format: String,
    /// How the login secret is made.
    pub generator: Generator,
}

impl LoginSpec {
    fn authorization() -> String {
        "authorization".to_owned()
    }
}

/// What a credential is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CredentialSpec {
    /// How its id is made. The id is not secret.
    pub id: Generator,
    /// How its secret is made.
    pub secret: Generator,
    /// Further secrets that are issued with it, by the name under which templates see them in `credential`.
    #[serde(default)]
    pub further_secrets: BTreeMap<String, Generator>,
    /// Text templates whose results are kept with the credential, by the name under which later templates see them in
    /// `credential`. They see `request`, `path`, `now`, `third_party` and `credential` with `id` and the secrets. A field that
    /// renders to nothing is not kept.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// A create request's body as a client would send it. Credentials that a scenario seeds are made from it, and validation
    /// tries every template on it.
    #[serde(default)]
    pub example_request: Value,
}

/// One kind of request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OperationSpec {
    /// What it does.
    pub operation: OperationKind,
    /// HTTP method in upper case.
    pub method: String,
    /// Path behind the prefix. `{id}` is the credential's id; any other `{name}` takes any one segment, which templates see as
    /// `path.name`: a credential made under one value is not found under another. A trailing slash is accepted in requests.
    pub path: String,
    /// What a JSON body must hold. Each entry that fails adds to `error.details` of the answer.
    #[serde(default)]
    pub checks: Vec<CheckSpec>,
    /// List only: query parameters that choose among the credentials.
    #[serde(default)]
    pub filters: Vec<FilterSpec>,
    /// Status of success.
    pub status: u16,
    /// Status where the credential does not exist or was revoked (revoke and get; default 404). A status below 400 has no body.
    #[serde(default = "OperationSpec::not_found")]
    pub missing: u16,
    /// Extra headers of success.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON template of the body of success; without it the body is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

impl OperationSpec {
    fn not_found() -> u16 {
        404
    }
}

/// What an operation does to the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Issues a credential.
    Create,
    /// Revokes the credential `{id}`.
    Revoke,
    /// Lists the credentials that are alive.
    List,
    /// Reads the credential `{id}`.
    Get,
}

impl OperationKind {
    /// Tells whether its path names one credential.
    pub fn names_credential(self) -> bool {
        matches!(self, Self::Revoke | Self::Get)
    }

    /// Returns the word of the data format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Revoke => "revoke",
            Self::List => "list",
            Self::Get => "get",
        }
    }
}

/// One demand on a JSON body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// JSON pointer (RFC 6901), e.g. `/integration/label`; empty for the whole body.
    pub pointer: String,
    /// The JSON type that a value there must have.
    #[serde(rename = "type")]
    pub json_type: JsonType,
    /// Whether there must be a value; null counts as none.
    #[serde(default = "CheckSpec::required")]
    pub required: bool,
    /// The least number that is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// What the real API says where the check fails; a sentence of ours otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl CheckSpec {
    fn required() -> bool {
        true
    }
}

/// The types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JsonType {
    /// Text.
    String,
    /// Text with at least one character that is not white space.
    NonEmptyString,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// true or false.
    Boolean,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// A query parameter that chooses among the credentials of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterSpec {
    /// Name of the query parameter.
    pub query: String,
    /// The field of the credential that must equal it.
    pub field: String,
    /// Whether a `*` at the end of the parameter stands for any text. Elsewhere it is a star.
    #[serde(default)]
    pub wildcard: bool,
}

/// How a refusal looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorSpec {
    /// A JSON template of every error's body with `error` {`status`, `code`, `message`, `details`: a list of texts}.
    pub body: String,
    /// Code and message of the statuses that the API's documents name.
    #[serde(default)]
    pub statuses: Vec<ErrorStatus>,
    /// Code and message of every other status.
    pub generic: ErrorEntry,
}

/// Code and message of one status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorStatus {
    /// HTTP status.
    pub status: u16,
    /// The application's code.
    pub code: ErrorCode,
    /// Message: a text template with `status` and `reason` (the status's phrase).
    pub message: String,
    /// Extra headers, only those that the real API documents.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// Code and message of the statuses that have no entry of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorEntry {
    /// The application's code.
    pub code: ErrorCode,
    /// Message: a text template with `status` and `reason` (the status's phrase).
    pub message: String,
}

/// An application's error code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ErrorCode {
    /// A number, e.g. 2100.
    Number(i64),
    /// A text template with `status` and `reason`, e.g. `NOT_FOUND`.
    Text(String),
}

/// Which status answers which kind of bad request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RefusalStatuses {
    /// No login secret, an unknown one or a revoked one.
    pub login: u16,
    /// No operation has the path.
    pub unknown_path: u16,
    /// An operation has the path, but not with this method; among them DELETE on the collection.
    pub wrong_method: u16,
    /// The body is not called JSON by its content type.
    pub wrong_content_type: u16,
    /// The body is not JSON.
    pub malformed_body: u16,
    /// A check failed.
    pub failed_check: u16,
}

impl Default for RefusalStatuses {
    fn default() -> Self {
        Self { login: 401, unknown_path: 404, wrong_method: 405, wrong_content_type: 415, malformed_body: 400, failed_check: 400 }
    }
}
