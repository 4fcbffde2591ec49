//! The third-party systems, each as one implementation of [`System`].
//!
//! A system only says what to ask and where in the answers things stand. When to ask, how often, and what to undo is the
//! same for all of them and stands elsewhere, so a new system is about fifty lines without a single `await`.

mod artifactory;
mod pagerduty;

use reqwest::{Client, RequestBuilder, Url};
use secrecy::SecretString;
use serde_json::Value;

use crate::config::is_path_segment;
use artifactory::Artifactory;
pub(crate) use artifactory::ArtifactoryInputs;
pub use pagerduty::PAGERDUTY_URL;
use pagerduty::PagerDuty;

/// A credential that a system issued.
pub(crate) struct Credential {
    /// The system's own id for it: not secret, and enough to revoke it.
    pub(crate) id: String,
    /// The secret itself.
    pub(crate) token: SecretString,
    /// The address of the service that the token is for.
    pub(crate) url: String,
}

impl Credential {
    /// Takes the parts out of an answer; nothing if one is missing, empty or unusable.
    fn new(id: &Value, token: &Value, url: &str) -> Option<Self> {
        let id = id.as_str().filter(|id| is_path_segment(id))?.to_owned();
        let token = token.as_str().filter(|token| !token.is_empty())?.into();
        let url = url.to_owned();
        Some(Self { id, token, url })
    }
}

/// Where things stand in a system's list of credentials.
pub(crate) struct Listing {
    /// The key of the array.
    pub(crate) credentials: &'static str,
    /// The key of a credential's id.
    pub(crate) id: &'static str,
    /// The key of the field that carries the task id.
    pub(crate) task_id: &'static str,
}

/// The API of a third-party system.
///
/// What it creates must carry the task id in a field that can be listed: that is how a creation whose answer was lost is
/// found again.
pub(crate) trait System {
    /// Returns the request that creates a credential which carries the task id.
    fn create(&self, client: &Client, task_id: &str) -> RequestBuilder;

    /// Reads the answer to a creation.
    fn read_created(&self, answer: &Value) -> Option<Credential>;

    /// Returns the request that lists credentials, at least those which carry the task id.
    fn find(&self, client: &Client, task_id: &str) -> RequestBuilder;

    /// Returns how the answer to `find` is read.
    fn listing(&self) -> Listing;

    /// Returns the request that revokes a credential.
    fn revoke(&self, client: &Client, credentials_id: &str) -> RequestBuilder;
}

/// The system that the inputs choose, before its login secret is known.
pub(crate) enum Target {
    Artifactory(ArtifactoryInputs),
    PagerDuty { url: Url, orchestration_id: String },
}

impl Target {
    /// Returns the system, logged in.
    pub(crate) fn log_in(self, login: SecretString) -> Box<dyn System> {
        match self {
            Self::Artifactory(inputs) => Box::new(Artifactory { inputs, login }),
            Self::PagerDuty { url, orchestration_id } => Box::new(PagerDuty::new(&url, &orchestration_id, login)),
        }
    }
}
