//! In which form results are printed.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};

use super::Stop;
use crate::exit_code;
use crate::explain::PAGE;
use crate::report::{self, Style};
use crate::results::{Record, Results, RunRecord};

/// How results are printed.
#[derive(Debug, Args)]
pub(super) struct OutputArguments {
    /// Form of the report on stdout.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Shows where the time went.
    #[arg(long)]
    pub(super) timings: bool,
    /// Shows what proved each rule.
    #[arg(long, short)]
    verbose: bool,
    /// Shows no progress.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// Forms of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// JUnit XML, for CI systems.
    Junit,
}

/// Forms of what is no report.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum PlainFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

impl OutputArguments {
    /// Prints the results.
    fn print(&self, results: &Results) -> Result<(), Stop> {
        let text = match self.format {
            Format::Human => report::human(results, self.style()),
            Format::Json => report::json(results),
            Format::Junit => report::junit(results).map_err(|error| Stop::Trouble(anyhow!(error)))?,
        };
        print(&text)
    }

    /// Prints a run's results and returns its exit code.
    pub(super) fn report(&self, results: &Results) -> Result<u8, Stop> {
        self.print(results)?;
        Ok(exit_code(results))
    }

    fn style(&self) -> Style {
        Style { color: colored(), width: columns(), timings: self.timings, verbose: self.verbose }
    }
}

/// Puts the records of a run together.
pub(super) fn results(run: RunRecord, records: Vec<Record>) -> Result<Results, Stop> {
    let records = std::iter::once(Record::Run(Box::new(run))).chain(records);
    Results::from_records(records).map_err(|error| Stop::Trouble(anyhow!(error)))
}

/// Returns the exit code of a run; one without an end says nothing.
pub(super) fn exit_code(results: &Results) -> u8 {
    results.summary().map_or(exit_code::INCONCLUSIVE, |summary| summary.exit_code)
}

/// Prints to stdout. A reader that left early, as `head` does, is no trouble.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("printing the report").map_err(Stop::Trouble),
        _ => Ok(()),
    }
}

/// Returns the columns of what is printed: the terminal's, at most a page's, which it is elsewhere.
pub(super) fn columns() -> usize {
    let terminal = rustix::termios::tcgetwinsize(std::io::stdout()).map(|size| usize::from(size.ws_col));
    terminal.ok().filter(|columns| *columns > 0).map_or(PAGE, |columns| columns.min(PAGE))
}

/// Colour is for terminals, and <https://no-color.org> turns it off.
pub(super) fn colored() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
