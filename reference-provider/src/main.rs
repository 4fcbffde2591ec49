//! The job: one process, one task, exit 0 when the task was done and 1 when it was not.

use std::io::{Result, Write};
use std::process::ExitCode;

use reference_provider::Environment;

fn main() -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Names or values that are not UTF-8 cannot be ours: Code Engine's API takes text only.
    let variables = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let environment: Environment = variables.collect();
    // An undo does not stop because nobody listens.
    let write_line = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    let outcome = runtime.block_on(reference_provider::run(&environment, &write_line));
    // A name resolution that hangs must not keep the finished job alive.
    runtime.shutdown_background();
    Ok(outcome)
}
