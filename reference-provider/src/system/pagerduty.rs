//! PagerDuty: routing keys, each the integration of an Event Orchestration.
//!
//! <https://developer.pagerduty.com/api-reference/> (Event Orchestrations, integrations)

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{Credential, System};
use crate::config::{address, is_path_segment};

/// The one host of PagerDuty's REST API.
pub const PAGERDUTY_URL: &str = "https://api.pagerduty.com";

/// Where events are sent with a routing key.
const EVENTS_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// An Event Orchestration's integrations, with a login.
pub(crate) struct PagerDuty {
    integrations: Url,
    login: SecretString,
}

#[derive(Deserialize)]
struct Integration {
    id: String,
    label: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    routing_key: Option<String>,
}

impl PagerDuty {
    pub(crate) fn new(url: &Url, orchestration_id: &str, login: SecretString) -> Self {
        let path = ["event_orchestrations", orchestration_id, "integrations"];
        Self {
            integrations: address(url, &path),
            login,
        }
    }

    fn log_in(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.header(ACCEPT, "application/json");
        let value = format!("Token token={}", self.login.expose_secret());
        match HeaderValue::from_str(&value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(AUTHORIZATION, value)
            }
            // A login secret is visible ASCII, so this is out of reach; without it PagerDuty answers 401.
            Err(_) => request,
        }
    }
}

impl System for PagerDuty {
    fn name(&self) -> &'static str {
        "PagerDuty"
    }

    fn create(&self, client: &Client, task_id: &str) -> RequestBuilder {
        self.log_in(client.post(self.integrations.clone()))
            .json(&json!({ "integration": { "label": task_id } }))
    }

    fn read_created(&self, body: &str) -> Option<Credential> {
        #[derive(Deserialize)]
        struct Created {
            integration: Integration,
        }
        let Created { integration } = serde_json::from_str(body).ok()?;
        let token = integration.parameters?.routing_key?;
        let usable = is_path_segment(&integration.id) && !token.is_empty();
        usable.then(|| Credential {
            id: integration.id,
            token: token.into(),
            url: EVENTS_URL.to_owned(),
        })
    }

    fn find(&self, client: &Client, _task_id: &str) -> RequestBuilder {
        self.log_in(client.get(self.integrations.clone()))
    }

    fn read_found(&self, body: &str, task_id: &str) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        struct Found {
            integrations: Vec<Integration>,
        }
        let found: Found = serde_json::from_str(body).ok()?;
        let own = found
            .integrations
            .into_iter()
            .filter(|integration| integration.label.as_deref() == Some(task_id));
        Some(own.map(|integration| integration.id).collect())
    }

    fn revoke(&self, client: &Client, credentials_id: &str) -> RequestBuilder {
        self.log_in(client.delete(address(&self.integrations, &[credentials_id])))
    }
}
