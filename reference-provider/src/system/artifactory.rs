//! Artifactory: scoped access tokens, revoked by their token id.
//!
//! <https://jfrog.com/help/r/jfrog-rest-apis/access-tokens>

use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{Credential, Listing, System};
use crate::config::address;

/// What the user of the secret chose.
pub(crate) struct ArtifactoryInputs {
    /// The platform, such as `https://example.jfrog.io`.
    pub(crate) url: Url,
    /// Whose token it is; the login secret's own user if absent.
    pub(crate) username: Option<String>,
    pub(crate) scope: String,
    /// Seconds.
    pub(crate) expires_in: i64,
    pub(crate) refreshable: bool,
}

/// Artifactory with a login.
pub(crate) struct Artifactory {
    pub(crate) inputs: ArtifactoryInputs,
    pub(crate) login: SecretString,
}

impl Artifactory {
    fn tokens(&self, further: &[&str]) -> Url {
        let collection = address(&self.inputs.url, &["access", "api", "v1", "tokens"]);
        address(&collection, further)
    }

    fn log_in(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.login.expose_secret()).header("Accept", "application/json")
    }
}

impl System for Artifactory {
    fn create(&self, client: &Client, task_id: &str) -> RequestBuilder {
        let mut body = json!({
            "scope": self.inputs.scope,
            "expires_in": self.inputs.expires_in,
            "refreshable": self.inputs.refreshable,
            "description": task_id,
            "include_reference_token": false,
        });
        if let Some(username) = &self.inputs.username {
            body["username"] = json!(username);
        }
        self.log_in(client.post(self.tokens(&[]))).json(&body)
    }

    fn read_created(&self, answer: &Value) -> Option<Credential> {
        // As people write it: the parser appends a slash to a bare host.
        let url = self.inputs.url.as_str().trim_end_matches('/');
        Credential::new(&answer["token_id"], &answer["access_token"], url)
    }

    fn find(&self, client: &Client, task_id: &str) -> RequestBuilder {
        let mut url = self.tokens(&[]);
        url.query_pairs_mut().append_pair("description", task_id);
        self.log_in(client.get(url))
    }

    fn listing(&self) -> Listing {
        Listing { credentials: "tokens", id: "token_id", task_id: "description" }
    }

    fn revoke(&self, client: &Client, credentials_id: &str) -> RequestBuilder {
        self.log_in(client.delete(self.tokens(&[credentials_id])))
    }
}
