//! The job: one process, one task, exit 0 when the task was done and 1 when it was not.
//!
//! Everything worth reading is in the library; this file only gives it the process's environment and standard error.

use std::process::ExitCode;

use anyhow::{Context, Result};
use reference_provider::{Environment, Outcome, PAGERDUTY_URL, log};

fn main() -> ExitCode {
    match start() {
        Ok(Outcome::Succeeded) => ExitCode::SUCCESS,
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) => {
            log::write_line(&format!("ERROR: the job could not start: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("failed to start the runtime")?;
    // Names or values that are not UTF-8 cannot be ours: Code Engine's API takes text only.
    let environment: Environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect();
    let outcome = runtime.block_on(reference_provider::run(&environment, PAGERDUTY_URL, &log::write_line));
    // A name resolution that hangs must not keep the finished job alive.
    runtime.shutdown_background();
    Ok(outcome)
}
