//! The command line: parses, calls, turns trouble into exit codes. Data goes to stdout, talk to stderr.

mod arena;
mod bench;
mod certify;
mod chaos;
mod cloud;
mod contained;
mod doctor;
mod explain;
mod folder;
mod image;
mod init;
mod judge;
mod keeping;
mod lint;
mod list;
mod machinery;
mod merge;
mod mutant_images;
mod output;
mod recorded;
mod replay;
mod run;
mod schedules;
mod schema;
mod selection;
mod selftest;
mod selftest_chaos;
mod serve;
mod setting;
mod steps;

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use anyhow::anyhow;
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
    /// Judges again what an earlier run recorded; nothing is run.
    Judge(judge::JudgeArguments),
    /// Puts the parts of a run that was split with --partition together.
    Merge(merge::MergeArguments),
    /// Searches for the fault schedule that breaks a provider, and makes it small.
    Chaos(chaos::ChaosArguments),
    /// Plays a fault schedule again and tells what happened.
    Replay(replay::ReplayArguments),
    /// Lists the rules.
    List(list::ListArguments),
    /// Tells everything about one rule.
    Explain(explain::ExplainArguments),
    /// Shows the steps that scenarios of your own can be written with.
    Steps(steps::StepsArguments),
    /// Writes a first manifest for a provider of which only the job_config.json is there.
    Init(init::InitArguments),
    /// Finds what is wrong with a job_config.json, without running anything.
    Lint(lint::LintArguments),
    /// Serves the fake cloud alone, to try a provider by hand or to script against.
    Serve(serve::ServeArguments),
    /// Makes the image in which the fake cloud runs beside a provider's containers.
    #[command(subcommand)]
    Image(image::ImageCommand),
    /// Prints the schema of a file, or the description of the admin API.
    Schema(schema::SchemaArguments),
    /// Measures a provider, which is not judged by it.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
    /// Checks that this machine can run the suite.
    Doctor,
    /// Proves that hallmark finds what it must: tries wrong providers, each of which breaks known rules.
    Selftest(selftest::SelftestArguments),
    /// Runs one job of a wrong provider. Started by hallmark itself.
    #[command(hide = true)]
    Mutant(selftest::MutantArguments),
    /// Serves the fake cloud inside a container. Started by hallmark itself.
    #[command(hide = true)]
    Cloud,
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
        Command::Cloud => finish(unbroken(cloud::cloud)),
        Command::Image(command) => finish(unbroken(|| image::image(&command))),
        Command::Mutant(arguments) => selftest::run_mutant(&arguments),
        Command::Selftest(arguments) => finish(unbroken(|| selftest::selftest(&arguments))),
        Command::Run(arguments) => finish(unbroken(|| run::run(&arguments))),
        Command::Judge(arguments) => finish(unbroken(|| judge::judge(&arguments))),
        Command::Merge(arguments) => finish(unbroken(|| merge::merge(&arguments))),
        Command::Chaos(arguments) => finish(unbroken(|| chaos::chaos(&arguments))),
        Command::Replay(arguments) => finish(unbroken(|| replay::replay(&arguments))),
        Command::Steps(arguments) => finish(unbroken(|| steps::steps(&arguments))),
        Command::List(arguments) => finish(unbroken(|| list::list(&arguments))),
        Command::Explain(arguments) => finish(unbroken(|| explain::explain(&arguments))),
        Command::Init(arguments) => finish(unbroken(|| init::init(&arguments))),
        Command::Lint(arguments) => finish(unbroken(|| lint::lint(&arguments))),
        Command::Serve(arguments) => finish(unbroken(|| serve::serve(&arguments))),
        Command::Schema(arguments) => finish(unbroken(|| schema::schema(&arguments))),
        Command::Bench(command) => finish(unbroken(|| bench::bench(&command))),
        Command::Doctor => finish(unbroken(doctor::doctor)),
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

/// Makes trouble of a panic: it is hallmark's, and must not pass for a verdict or for no exit code of ours.
fn unbroken(command: impl FnOnce() -> Result<u8, Stop>) -> Result<u8, Stop> {
    std::panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        Err(Stop::Trouble(anyhow!("this is a defect of hallmark, or the machine lacks something (see above); please report it")))
    })
}

fn finish(result: Result<u8, Stop>) -> ExitCode {
    let (code, why) = match result {
        Ok(code) => return ExitCode::from(code),
        Err(Stop::Usage(error)) => (exit_code::USAGE, format!("hallmark: {error:#}")),
        Err(Stop::Diagnostic(diagnostic)) => (exit_code::USAGE, format!("{:?}", miette::Report::new_boxed(diagnostic))),
        Err(Stop::NothingSelected(error)) => (exit_code::NOTHING_SELECTED, format!("hallmark: {error:#}")),
        Err(Stop::Trouble(error)) => (exit_code::INCONCLUSIVE, format!("hallmark: {error:#}")),
    };
    tell(&why);
    ExitCode::from(code)
}

/// Tells the caller on stderr. Where nobody can be told, the exit code still says it; eprintln! would panic.
fn tell(what: &str) {
    writeln!(std::io::stderr(), "{what}").ok();
}
