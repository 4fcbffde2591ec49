//! `PagerDuty`: routing keys of an event orchestration, <https://developer.pagerduty.com/api-reference/>.

use reqwest::Url;
use serde_json::{Value, json};

use super::System;
use crate::config::{ADDRESS, Environment, ID, address, read};
use crate::error::Failure;

pub(super) struct PagerDuty {
    integrations: Url,
}

impl PagerDuty {
    pub(super) fn read(environment: &Environment) -> Result<Self, Failure> {
        let url = read(environment, "SM_URL_VALUE", "", &ADDRESS)?;
        let orchestration_id = read(environment, "SM_SCOPE_VALUE", "", &ID)?;
        Ok(Self { integrations: address(&url, &["event_orchestrations", &orchestration_id, "integrations"]) })
    }
}

impl System for PagerDuty {
    fn credentials(&self) -> Url {
        self.integrations.clone()
    }

    fn authorization(&self, login: &str) -> String {
        format!("Token token={login}")
    }

    fn creation(&self, task_id: &str) -> Value {
        json!({ "integration": { "label": task_id } })
    }

    fn created<'a>(&self, answer: &'a Value) -> Option<(&'a str, &'a str)> {
        let integration = &answer["integration"];
        Some((integration["id"].as_str()?, integration["parameters"]["routing_key"].as_str()?))
    }

    fn listed<'a>(&self, answer: &'a Value) -> Option<Vec<(&'a str, &'a str)>> {
        let integrations = answer["integrations"].as_array()?.iter();
        Some(integrations.filter_map(|one| Some((one["id"].as_str()?, one["label"].as_str()?))).collect())
    }

    fn service(&self) -> String {
        let region = if self.integrations.host_str() == Some("api.eu.pagerduty.com") { "eu." } else { "" };
        format!("https://events.{region}pagerduty.com/v2/enqueue")
    }
}
