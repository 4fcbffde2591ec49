//! The command line: parses, calls, turns trouble into exit codes. Data goes to stdout, talk to stderr.

mod certify;
mod doctor;
mod explain;
mod init;
mod list;
mod machinery;
mod output;
mod run;
mod schema;
mod serve;
mod setting;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit_code;

/// Certifies IBM Cloud Secrets Manager credentials providers before they are deployed.
#[derive(Debug, Parser)]
#[command(name = "hallmark", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Certifies a provider: plays every scenario against it and judges what happened.
    Run(run::RunArguments),
    /// Lists the rules.
    List(list::ListArguments),
    /// Tells everything about one rule.
    Explain(explain::ExplainArguments),
    /// Writes a first manifest for a provider of which only the job_config.json is there.
    Init(init::InitArguments),
    /// Serves the fake cloud alone, to try a provider by hand or to script against.
    Serve(serve::ServeArguments),
    /// Prints the schema of a file, or the description of the admin API.
    Schema(schema::SchemaArguments),
    /// Checks that this machine can run the suite.
    Doctor,
    /// Runs one job and outlives it. Started by hallmark itself.
    #[command(hide = true)]
    Supervise,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command {
        // Before anything else is set up: a supervisor is one job's, and hundreds are started.
        Command::Supervise => hallmark_harness::job::supervise(),
        Command::Run(arguments) => finish(run::run(&arguments)),
        Command::List(arguments) => finish(list::list(&arguments)),
        Command::Explain(arguments) => finish(explain::explain(&arguments)),
        Command::Init(arguments) => finish(init::init(&arguments)),
        Command::Serve(arguments) => finish(serve::serve(&arguments)),
        Command::Schema(arguments) => finish(schema::schema(&arguments)),
        Command::Doctor => finish(doctor::doctor()),
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
enum Stop {
    /// The caller's mistake.
    Usage(anyhow::Error),
    /// A mistake in a file, with its place.
    Diagnostic(Box<dyn miette::Diagnostic + Send + Sync>),
    /// Nothing to do.
    NothingSelected(anyhow::Error),
    /// Our own trouble.
    Trouble(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Trouble(error)
    }
}

#[expect(clippy::print_stderr, reason = "the one place that tells the caller why nothing was done")]
fn finish(result: Result<u8, Stop>) -> ExitCode {
    let code = match result {
        Ok(code) => code,
        Err(Stop::Usage(error)) => {
            eprintln!("hallmark: {error:#}");
            exit_code::USAGE
        }
        Err(Stop::Diagnostic(diagnostic)) => {
            eprintln!("{:?}", miette::Report::new_boxed(diagnostic));
            exit_code::USAGE
        }
        Err(Stop::NothingSelected(error)) => {
            eprintln!("hallmark: {error:#}");
            exit_code::NOTHING_SELECTED
        }
        Err(Stop::Trouble(error)) => {
            eprintln!("hallmark: {error:#}");
            exit_code::INCONCLUSIVE
        }
    };
    ExitCode::from(code)
}
