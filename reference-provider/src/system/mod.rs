//! The third-party systems, each as one implementation of [`System`].
//!
//! A system only says what to ask and how to read the answers. When to ask, how often, and what to undo is the same for
//! all of them and stands elsewhere, so a new system is about sixty lines without a single `await`.

mod artifactory;
mod pagerduty;

use reqwest::{Client, RequestBuilder, Url};
use secrecy::SecretString;

use artifactory::Artifactory;
pub(crate) use artifactory::ArtifactoryInputs;
pub use pagerduty::PAGERDUTY_URL;
use pagerduty::PagerDuty;

/// A credential that a system issued.
#[derive(Debug)]
pub(crate) struct Credential {
    /// The system's own id for it: not secret, and enough to revoke it.
    pub(crate) id: String,
    /// The secret itself.
    pub(crate) token: SecretString,
    /// The address of the service that the token is for.
    pub(crate) url: String,
}

/// The API of a third-party system.
///
/// What it creates must carry the task id in a field that can be listed: that is how a creation whose answer was lost is
/// found again.
pub(crate) trait System {
    /// Returns the name to use in messages.
    fn name(&self) -> &'static str;

    /// Returns the request that creates a credential which carries the task id.
    fn create(&self, client: &Client, task_id: &str) -> RequestBuilder;

    /// Reads the answer to a creation; nothing if it lacks the id or the token.
    fn read_created(&self, body: &str) -> Option<Credential>;

    /// Returns the request that lists credentials, at least those which carry the task id.
    fn find(&self, client: &Client, task_id: &str) -> RequestBuilder;

    /// Reads the ids of exactly those that carry the task id; nothing if the answer is not a list.
    fn read_found(&self, body: &str, task_id: &str) -> Option<Vec<String>>;

    /// Returns the request that revokes a credential.
    fn revoke(&self, client: &Client, credentials_id: &str) -> RequestBuilder;
}

/// The system that the inputs choose, before its login secret is known.
#[derive(Debug)]
pub(crate) enum Target {
    Artifactory(ArtifactoryInputs),
    PagerDuty { url: Url, orchestration_id: String },
}

impl Target {
    /// Returns the system, logged in.
    pub(crate) fn log_in(self, login: SecretString) -> Box<dyn System> {
        match self {
            Self::Artifactory(inputs) => Box::new(Artifactory { inputs, login }),
            Self::PagerDuty {
                url,
                orchestration_id,
            } => Box::new(PagerDuty::new(&url, &orchestration_id, login)),
        }
    }
}
