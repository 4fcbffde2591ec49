//! Artifactory: scoped access tokens, revoked by their token id.
//!
//! <https://jfrog.com/help/r/jfrog-rest-apis/access-tokens>

use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{Credential, System};
use crate::config::{address, is_path_segment};

/// What the user of the secret chose.
#[derive(Debug)]
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
        request
            .bearer_auth(self.login.expose_secret())
            .header("Accept", "application/json")
    }
}

impl System for Artifactory {
    fn name(&self) -> &'static str {
        "Artifactory"
    }

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

    fn read_created(&self, body: &str) -> Option<Credential> {
        #[derive(Deserialize)]
        struct Created {
            token_id: String,
            access_token: String,
        }
        let created: Created = serde_json::from_str(body).ok()?;
        let usable = is_path_segment(&created.token_id) && !created.access_token.is_empty();
        usable.then(|| Credential {
            id: created.token_id,
            token: created.access_token.into(),
            url: self.inputs.url.to_string(),
        })
    }

    fn find(&self, client: &Client, task_id: &str) -> RequestBuilder {
        let mut url = self.tokens(&[]);
        url.query_pairs_mut().append_pair("description", task_id);
        self.log_in(client.get(url))
    }

    fn read_found(&self, body: &str, task_id: &str) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        struct Found {
            tokens: Vec<Token>,
        }
        #[derive(Deserialize)]
        struct Token {
            token_id: String,
            description: Option<String>,
        }
        let found: Found = serde_json::from_str(body).ok()?;
        // The server's filter may be wider than asked; revoking a stranger's token is the one thing never to do.
        let own = found
            .tokens
            .into_iter()
            .filter(|token| token.description.as_deref() == Some(task_id));
        Some(own.map(|token| token.token_id).collect())
    }

    fn revoke(&self, client: &Client, credentials_id: &str) -> RequestBuilder {
        self.log_in(client.delete(self.tokens(&[credentials_id])))
    }
}
