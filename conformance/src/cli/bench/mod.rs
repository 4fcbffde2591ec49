//! `hallmark bench`: measures a provider; nothing is judged.

mod arguments;
mod arm;
mod retry;

use clap::Subcommand;

use super::Stop;

/// What is measured.
#[derive(Debug, Subcommand)]
pub(super) enum BenchCommand {
    /// Measures how a provider retries while the cloud fails, and tells its policy.
    Retry(arguments::RetryArguments),
}

/// Measures, reports, and returns the exit code.
pub(super) fn bench(command: &BenchCommand) -> Result<u8, Stop> {
    match command {
        BenchCommand::Retry(arguments) => retry::retry(arguments),
    }
}
