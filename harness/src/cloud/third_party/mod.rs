//! A third party described by data.
//!
//! A [`ThirdParty`] is a REST API that issues, lists and revokes credentials as its [`ThirdPartySpec`] says, and keeps a ledger
//! of them. Artifactory and PagerDuty come as presets ([`ThirdPartySpec::preset`]); any other API is described in a manifest (TOML) or
//! sent to the admin API (JSON) in the same shape.
//!
//! # The format
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = hallmark_harness::cloud::third_party::ThirdPartySpec::from_toml(r#"
//! hosts = ["api.example.com"]          # where an unmodified provider looks for it
//! path_prefix = "/v1"                  # every path below stands behind it
//!
//! [login]                              # how a caller proves who it is
//! format = "Bearer {{ login }}"        # of the header `authorization`, unless `header` names another
//! generator = { kind = "hex", length = 40 }
//!
//! [credential]
//! id = { kind = "uuid" }               # uuid, hex, alphanumeric, upper_alphanumeric, jwt
//! secret = { kind = "alphanumeric", length = 32, prefix = "key_" }
//! example_request = { label = "x" }    # seeded credentials are made from it; validation tries all templates on it
//! [credential.fields]                  # what is kept with it; templates see it as credential.<name>
//! label = "{{ request.body.label }}"
//!
//! [[operations]]
//! operation = "create"                 # create, revoke, list, get
//! method = "POST"
//! path = "/accounts/{account}/keys"    # {account} takes any value, {id} is the credential's id
//! status = 201
//! checks = [{ pointer = "/label", type = "string" }]
//! body = '{"id": {{ credential.id }}, "key": {{ credential.secret }}}'
//!
//! [[operations]]
//! operation = "list"
//! method = "GET"
//! path = "/accounts/{account}/keys"
//! status = 200
//! filters = [{ query = "label", field = "label", wildcard = true }]
//! body = '{"ids": {{ credentials | map(attribute="id") | list }}, "total": {{ credentials | length }}}'
//!
//! [[operations]]
//! operation = "revoke"
//! method = "DELETE"
//! path = "/accounts/{account}/keys/{id}"
//! status = 204
//!
//! [errors]
//! body = '{"code": {{ error.code }}, "message": {{ error.message }}, "details": {{ error.details }}}'
//! generic = { code = "error_{{ status }}", message = "{{ reason }}" }
//! [[errors.statuses]]
//! status = 401
//! code = "unauthorized"
//! message = "Log in first"
//! headers = { www-authenticate = "Bearer" }
//!
//! [refusals]                           # which status answers what; these are the defaults
//! login = 401
//! unknown_path = 404
//! wrong_method = 405                   # among them DELETE on the collection
//! wrong_content_type = 415
//! malformed_body = 400
//! failed_check = 400
//! "#)?;
//! spec.validate()?;
//! # Ok(())
//! # }
//! ```
//!
//! # Templates
//!
//! Templates are [minijinja](https://docs.rs/minijinja) 2. `body` templates make JSON: each `{{ value }}` is written as a JSON literal with its own
//! quotes, so write `{"id": {{ credential.id }}}` and never `"{{ credential.id }}"`; join texts inside the braces
//! (`{{ "user/" ~ credential.name }}`). No value can break the JSON, and a body that is no JSON is found by validation. All other
//! templates make text, in which values stand as they are.
//!
//! | name | is | in |
//! |---|---|---|
//! | `request.body` | the request's JSON | fields, bodies |
//! | `request.query` | query parameters by name, decoded | fields, bodies |
//! | `path` | path parameters by name, decoded | fields, bodies |
//! | `now` | wall clock, seconds since 1970 | fields, bodies |
//! | `third_party` | `name` and `url` | fields, bodies |
//! | `credential` | `id`, `secret`, `issued_at` (seconds since 1970), every further secret and every field | bodies; fields, which see no other field |
//! | `credentials` | those alive that the filters left, in the order of issue | bodies of `list` |
//! | `error` | `status`, `code`, `message`, `details` | `errors.body` |
//! | `status`, `reason` | the number and its phrase | codes and messages of errors |
//! | `login` | the login secret | `login.format` |
//!
//! A name that is not there is nothing: `null` in JSON, no characters in text. Fields are texts; write
//! `{{ credential.expiry | int }}` for a number and `{{ credential.enabled == "true" }}` for a boolean. Integers keep every digit
//! from -2^63 to 2^64 - 1. The filters `safe`, `escape`, `indent` and `format` do not exist here.
//!
//! An output's `equals` template in a manifest is a text template too; what it sees is said at [`ThirdParty::matching`].

mod answer;
mod check;
mod error;
mod form;
mod forward;
mod generator;
mod ledger;
mod preset;
mod route;
mod simulator;
mod spec;
mod template;
#[cfg(test)]
mod tests;
mod validate;

pub use error::SpecError;
pub use form::IssuedForm;
pub use forward::RealService;
pub use generator::{Generator, GeneratorKind};
pub use ledger::LedgerEntry;
pub use simulator::ThirdParty;
pub use spec::{
    CheckSpec, CredentialSpec, ErrorCode, ErrorEntry, ErrorSpec, ErrorStatus, FilterSpec, JsonType, LoginSpec, OperationKind,
    OperationSpec, RefusalStatuses, ThirdPartySpec,
};
pub(super) use template::Renderer;
