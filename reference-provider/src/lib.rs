//! A credentials provider for IBM Cloud Secrets Manager, written to be copied.
//!
//! Secrets Manager starts it as a Code Engine job with one task: create a credential at a third-party system, or delete
//! one. The job does that, reports to the task, and ends. To support another system, describe it in `system`.
//!
//! | module | what it knows |
//! |---|---|
//! | `lifecycle` | what is done in which order, and what is undone: start reading here |
//! | `config` | the variables that the job is given |
//! | `third_party` | asking the third-party system without ever leaving a second credential |
//! | `system` | what each system's API looks like |
//! | `secrets_manager` | reading the login secret, updating the task |
//! | `iam` | the access token |
//! | `http` | one call, what its failure means, and the loop around it |
//! | `retry` | how long to wait, and when to stop |
//! | `error` | the failures that a person is told about, each with its code |
//! | `log` | one line per record |

mod config;
mod error;
mod http;
mod iam;
mod lifecycle;
mod log;
mod retry;
mod secrets_manager;
mod system;
mod third_party;

pub use config::Environment;

/// How a job ended; `main` turns it into the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task was done and Secrets Manager knows it.
    Succeeded,
    /// The task was not done; the log says why, and so does the task where Secrets Manager took the report.
    Failed,
}

/// Runs one job to its end, within its retry budget and a few short requests, and hands each log record to `write_line`.
pub async fn run(environment: &Environment, write_line: &dyn Fn(&str)) -> Outcome {
    let log = log::Log::new(environment, write_line);
    lifecycle::run(environment, &log).await.unwrap_or_else(|error| {
        log.error(&format!("nothing could be reported: {error:#}"));
        Outcome::Failed
    })
}
