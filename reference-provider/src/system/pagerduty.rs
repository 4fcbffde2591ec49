//! PagerDuty: routing keys, each the integration of an Event Orchestration.
//!
//! <https://developer.pagerduty.com/api-reference/> (Event Orchestrations, integrations)

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Credential, Listing, System};
use crate::config::address;

/// The one host of PagerDuty's REST API.
pub const PAGERDUTY_URL: &str = "https://api.pagerduty.com";

/// Where events are sent with a routing key.
const EVENTS_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// An Event Orchestration's integrations, with a login.
pub(crate) struct PagerDuty {
    integrations: Url,
    login: SecretString,
}

impl PagerDuty {
    pub(crate) fn new(url: &Url, orchestration_id: &str, login: SecretString) -> Self {
        let path = ["event_orchestrations", orchestration_id, "integrations"];
        Self { integrations: address(url, &path), login }
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
    fn create(&self, client: &Client, task_id: &str) -> RequestBuilder {
        self.log_in(client.post(self.integrations.clone())).json(&json!({ "integration": { "label": task_id } }))
    }

    fn read_created(&self, answer: &Value) -> Option<Credential> {
        let integration = &answer["integration"];
        let token = &integration["parameters"]["routing_key"];
        Credential::new(&integration["id"], token, EVENTS_URL)
    }

    fn find(&self, client: &Client, _task_id: &str) -> RequestBuilder {
        self.log_in(client.get(self.integrations.clone()))
    }

    fn listing(&self) -> Listing {
        Listing { credentials: "integrations", id: "id", task_id: "label" }
    }

    fn revoke(&self, client: &Client, credentials_id: &str) -> RequestBuilder {
        self.log_in(client.delete(address(&self.integrations, &[credentials_id])))
    }
}
