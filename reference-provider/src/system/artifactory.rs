//! Artifactory: scoped access tokens, <https://jfrog.com/help/r/jfrog-rest-apis/access-tokens>.

use reqwest::Url;
use serde_json::{Value, json};

use super::System;
use crate::config::{ADDRESS, Environment, TEXT, address, read, variable};
use crate::error::Failure;

pub(super) struct Artifactory {
    url: Url,
    token: Value,
}

impl Artifactory {
    pub(super) fn read(environment: &Environment, (expires_in, refreshable): (i64, bool)) -> Result<Self, Failure> {
        let url = read(environment, "SM_URL_VALUE", "", &ADDRESS)?;
        let mut token = json!({
            "scope": read(environment, "SM_SCOPE_VALUE", "", &TEXT)?,
            "expires_in": expires_in, "refreshable": refreshable,
            "include_reference_token": false,
        });
        if let Some(username) = variable(environment, "SM_USERNAME_VALUE") {
            token["username"] = json!(username);
        }
        Ok(Self { url, token })
    }
}

impl System for Artifactory {
    fn credentials(&self) -> Url {
        address(&self.url, &["access", "api", "v1", "tokens"])
    }

    fn list(&self, task_id: &str) -> Url {
        let mut url = self.credentials();
        url.query_pairs_mut().append_pair("description", task_id);
        url
    }

    fn authorization(&self, login: &str) -> String {
        format!("Bearer {login}")
    }

    fn creation(&self, task_id: &str) -> Value {
        let mut token = self.token.clone();
        token["description"] = json!(task_id);
        token
    }

    fn created<'a>(&self, answer: &'a Value) -> Option<(&'a str, &'a str)> {
        Some((answer["token_id"].as_str()?, answer["access_token"].as_str()?))
    }

    fn listed<'a>(&self, answer: &'a Value) -> Option<Vec<(&'a str, &'a str)>> {
        let tokens = answer["tokens"].as_array()?.iter();
        Some(tokens.filter_map(|token| Some((token["token_id"].as_str()?, token["description"].as_str()?))).collect())
    }

    fn service(&self) -> String {
        // As people write it: the parser appends a slash to a bare host.
        self.url.as_str().trim_end_matches('/').to_owned()
    }
}
