//! The third-party systems, each described by one function: what to ask, and where in the answers things stand.

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::config::{Job, address, path_segment};

/// A credential that a system issued.
pub(crate) struct Credential {
    /// The system's own id for it: not secret, and enough to revoke it.
    pub(crate) id: String,
    pub(crate) token: SecretString,
    /// The address of the service that the token is for.
    pub(crate) url: String,
}

/// Describes a system for a job, its login secret and its task id.
pub(crate) type Describe = fn(&Job, &SecretString, &str) -> System;

/// A system whose credentials are a collection: POST creates one, GET lists them, DELETE below it revokes one.
///
/// A credential must carry the task id in a field that is listed: so a creation whose answer was lost is found again.
pub(crate) struct System {
    pub(crate) collection: Url,
    pub(crate) authorization: SecretString,
    /// The query parameter that narrows the list to a task id.
    pub(crate) filter: Option<&'static str>,
    /// What a creation sends.
    pub(crate) creation: Value,
    /// The pointers to the id and the token in the answer to a creation.
    created: [&'static str; 2],
    /// The pointer to the array of the list, and the keys of a credential's id and task id in it.
    listed: [&'static str; 3],
    service_url: String,
}

/// Artifactory: scoped access tokens (<https://jfrog.com/help/r/jfrog-rest-apis/access-tokens>).
pub(crate) fn artifactory(job: &Job, login: &SecretString, task_id: &str) -> System {
    let mut creation = json!({
        "scope": job.scope,
        "expires_in": job.expires_in,
        "refreshable": job.refreshable,
        "description": task_id,
        "include_reference_token": false,
    });
    if let Some(username) = &job.username {
        creation["username"] = json!(username);
    }
    System {
        collection: address(&job.url, &["access", "api", "v1", "tokens"]),
        authorization: format!("Bearer {}", login.expose_secret()).into(),
        filter: Some("description"),
        creation,
        created: ["/token_id", "/access_token"],
        listed: ["/tokens", "token_id", "description"],
        // As people write it: the parser appends a slash to a bare host.
        service_url: job.url.as_str().trim_end_matches('/').to_owned(),
    }
}

/// `PagerDuty`: routing keys of an event orchestration (<https://developer.pagerduty.com/api-reference/>).
pub(crate) fn pagerduty(job: &Job, login: &SecretString, task_id: &str) -> System {
    System {
        collection: address(&job.url, &["event_orchestrations", &job.scope, "integrations"]),
        authorization: format!("Token token={}", login.expose_secret()).into(),
        filter: None,
        creation: json!({ "integration": { "label": task_id } }),
        created: ["/integration/id", "/integration/parameters/routing_key"],
        listed: ["/integrations", "id", "label"],
        service_url: "https://events.pagerduty.com/v2/enqueue".to_owned(),
    }
}

impl System {
    /// Returns the new credential; nothing if a part is missing, empty or unusable.
    pub(crate) fn read_created(&self, answer: &Value) -> Option<Credential> {
        let [id, token] = self.created.map(|pointer| answer.pointer(pointer).and_then(Value::as_str));
        let token = token.filter(|token| !token.is_empty())?;
        Some(Credential { id: path_segment(id?)?, token: token.into(), url: self.service_url.clone() })
    }

    /// Returns the ids of the listed credentials that carry the task id; nothing if the answer is no list.
    pub(crate) fn read_listed(&self, answer: &Value, task_id: &str) -> Option<Vec<String>> {
        let [list, id, mark] = self.listed;
        let credentials = answer.pointer(list)?.as_array()?;
        // The server's filter may be wider than asked; revoking a stranger's credential is the one thing never to do.
        let own = credentials.iter().filter(|credential| credential[mark] == task_id);
        Some(own.filter_map(|credential| path_segment(credential[id].as_str()?)).collect())
    }
}
