//! A credentials provider for IBM Cloud Secrets Manager, written to be copied.
//!
//! Secrets Manager starts it as a Code Engine job with one task: create a credential at a third-party system, or delete
//! one. The job does that, reports to the task, and ends. Start reading at `lifecycle`; to support another system,
//! implement `system::System`.

mod config;
mod error;
mod http;
mod iam;
mod lifecycle;
mod retry;
mod secrets_manager;
mod system;

use std::process::ExitCode;

pub use config::Environment;
use config::variable;

/// Runs one job to its end, within its retry budget and a few short requests; hands each line of its log to `write_line`.
pub async fn run(environment: &Environment, write_line: &dyn Fn(&str)) -> ExitCode {
    let task = variable(environment, "SM_SECRET_TASK_ID").unwrap_or("unknown");
    // Only the two known actions are repeated: what else stands there is somebody's mistake and could be a secret.
    let is_known = |action: &&str| matches!(*action, "create_credentials" | "delete_credentials");
    let action = variable(environment, "SM_ACTION").filter(is_known).unwrap_or("unknown");
    let log = |record: &str| {
        let time = humantime::format_rfc3339_millis(std::time::SystemTime::now());
        // A line break in a value would forge a second record.
        write_line(&format!("{time} [{task}]:[{action}] {record}").replace(char::is_control, " "));
    };
    let Err(failure) = lifecycle::run(environment, &log).await else { return ExitCode::SUCCESS };
    log(&format!("ERROR: {failure:#}"));
    ExitCode::FAILURE
}

#[cfg(test)]
#[path = "../tests/unit/mod.rs"]
mod tests;
