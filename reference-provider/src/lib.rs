//! A credentials provider for IBM Cloud Secrets Manager, written to be copied.
//!
//! Secrets Manager starts it as a Code Engine job with one task: create a credential at a third-party system, or delete
//! one. The job does that, reports to the task, and ends. Start reading at `lifecycle`, which is the flow chart
//! as code; to support another system, implement the trait in `system` and nothing else.
//!
//! | module | what it knows |
//! |---|---|
//! | `config` | the variables that the job is given |
//! | `lifecycle` | what is done in which order, and what is undone |
//! | `third_party` | asking the third-party system without ever leaving a second credential |
//! | `system` | what each system's API looks like |
//! | `secrets_manager` | reading the login secret, updating the task |
//! | `iam` | the access token |
//! | `http` | one call, and what its failure means |
//! | `retry` | how long to wait, and when to stop |
//! | `error` | the failures that a person is told about, each with its code |
//! | [`log`] | lines on standard error |

mod config;
mod error;
mod http;
mod iam;
mod lifecycle;
pub mod log;
mod retry;
mod secrets_manager;
mod system;
mod third_party;

pub use config::Environment;
pub use system::PAGERDUTY_URL;

use config::{Connection, Job, Limits};
use error::Failure;
use http::Http;
use iam::IamError;
use lifecycle::Run;
use log::Log;
use secrets_manager::SecretsManager;

/// How a job ended; `main` turns it into the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task was done and Secrets Manager knows it.
    Succeeded,
    /// The task was not done; the log says why, and so does the task where Secrets Manager took the report.
    Failed,
}

/// Why the job ended before it could tell Secrets Manager anything.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Connection(#[from] Failure),
    #[error(transparent)]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    SignIn(#[from] IamError),
}

/// Runs one job to its end.
///
/// `pagerduty_url` is always [`PAGERDUTY_URL`], except in tests. Each log record is handed to `write_line`.
/// The run ends by itself: no wait and no call outlives the retry budget by more than a few short requests.
pub async fn run(environment: &Environment, pagerduty_url: &str, write_line: &dyn Fn(&str)) -> Outcome {
    let log = Log::new(environment, write_line);
    let started = start(environment, pagerduty_url, &log).await;
    started.unwrap_or_else(|error| {
        log.error(&format!("nothing could be reported: {}", error::chain(&error)));
        Outcome::Failed
    })
}

async fn start(environment: &Environment, pagerduty_url: &str, log: &Log<'_>) -> Result<Outcome, StartError> {
    let limits = Limits::read(environment);
    let connection = Connection::read(environment)?;
    let http = Http::new(limits.as_ref().copied().unwrap_or_default())?;
    // The token comes first: without it nothing could be reported, so nothing may be created.
    let secrets_manager = SecretsManager::sign_in(&http, &connection).await?;
    let job = limits.and_then(|_| Job::read(environment, pagerduty_url));
    Ok(Run { http: &http, log, secrets_manager }.perform(job).await)
}
