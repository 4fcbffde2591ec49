//! The third-party systems, each described by one function: what to ask, and where in the answers things stand.

use reqwest::Url;
use serde_json::{Value, json};

use crate::config::{ADDRESS, BOOLEAN, Environment, ID, SECONDS, TEXT, address, read, variable};
use crate::error::Failure;

/// A system whose credentials are a collection: POST creates one, GET lists them, DELETE below it revokes one.
///
/// A credential must carry the task id in a field that is listed: so a creation whose answer was lost is found again.
pub(crate) struct System {
    /// The address of the collection.
    pub(crate) credentials: Url,
    /// The same, narrowed to the task id where the system can.
    pub(crate) list: Url,
    /// What stands before the login secret in the `Authorization` header.
    pub(crate) scheme: &'static str,
    /// What a creation sends.
    pub(crate) creation: Value,
    /// In the answer to a creation: the pointers to the id and the token.
    pub(crate) created: [&'static str; 2],
    /// In the list: the pointer to the array, and the keys of a credential's id and task id.
    pub(crate) listed: [&'static str; 3],
    /// The address of the service that a token is for.
    pub(crate) service: String,
}

/// Describes the system that the inputs name.
pub(crate) fn describe(environment: &Environment, task_id: &str) -> Result<System, Failure> {
    match variable(environment, "SM_SYSTEM_VALUE") {
        Some("artifactory") => artifactory(environment, task_id),
        Some("pagerduty") => pagerduty(environment, task_id),
        _ => Err(Failure::InputInvalid("SM_SYSTEM_VALUE", "artifactory or pagerduty")),
    }
}

/// Artifactory: scoped access tokens, <https://jfrog.com/help/r/jfrog-rest-apis/access-tokens>.
fn artifactory(environment: &Environment, task_id: &str) -> Result<System, Failure> {
    let url = read(environment, "SM_URL_VALUE", "", &ADDRESS)?;
    let mut creation = json!({
        "scope": read(environment, "SM_SCOPE_VALUE", "", &TEXT)?,
        "expires_in": read(environment, "SM_EXPIRES_IN_VALUE", "7776000", &SECONDS)?,
        "refreshable": read(environment, "SM_REFRESHABLE_VALUE", "false", &BOOLEAN)?,
        "description": task_id,
        "include_reference_token": false,
    });
    if let Some(username) = variable(environment, "SM_USERNAME_VALUE") {
        creation["username"] = json!(username);
    }
    let credentials = address(&url, &["access", "api", "v1", "tokens"]);
    let mut list = credentials.clone();
    list.query_pairs_mut().append_pair("description", task_id);
    Ok(System {
        credentials,
        list,
        scheme: "Bearer ",
        creation,
        created: ["/token_id", "/access_token"],
        listed: ["/tokens", "token_id", "description"],
        // As people write it: the parser appends a slash to a bare host.
        service: url.as_str().trim_end_matches('/').to_owned(),
    })
}

/// `PagerDuty`: routing keys of an event orchestration, <https://developer.pagerduty.com/api-reference/>.
fn pagerduty(environment: &Environment, task_id: &str) -> Result<System, Failure> {
    let url = read(environment, "SM_URL_VALUE", "", &ADDRESS)?;
    let region = if url.host_str() == Some("api.eu.pagerduty.com") { "eu." } else { "" };
    let orchestration_id = read(environment, "SM_SCOPE_VALUE", "", &ID)?;
    let credentials = address(&url, &["event_orchestrations", &orchestration_id, "integrations"]);
    Ok(System {
        list: credentials.clone(),
        credentials,
        scheme: "Token token=",
        creation: json!({ "integration": { "label": task_id } }),
        created: ["/integration/id", "/integration/parameters/routing_key"],
        listed: ["/integrations", "id", "label"],
        service: format!("https://events.{region}pagerduty.com/v2/enqueue"),
    })
}
