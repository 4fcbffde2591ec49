//! `hallmark lint`.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};

use super::Stop;
use super::output::{colored, columns, print};
use crate::lint::{Lint, human, sarif};

/// What `hallmark lint` takes.
#[derive(Debug, Args)]
pub(super) struct LintArguments {
    /// The job_config.json.
    #[arg(value_name = "JOB_CONFIG")]
    file: PathBuf,
    /// For people, one JSON document, or SARIF for code scanning.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Ends with 1 for warnings too, not only for errors.
    #[arg(long, value_enum)]
    deny: Option<Denied>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people, with the places.
    #[default]
    Human,
    /// One JSON document; `hallmark schema lint` describes it.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Denied {
    /// Everything that is not a note.
    Warnings,
}

/// Prints what is wrong with a job_config.json; returns the exit code.
pub(super) fn lint(arguments: &LintArguments) -> Result<u8, Stop> {
    let path = arguments.file.display().to_string();
    let bytes = std::fs::read(&arguments.file)
        .map_err(|error| Stop::Usage(anyhow!("reading {path}: {error}; give the path of a provider's job_config.json")))?;
    let lint = Lint::new(&path, &bytes);
    let text = match arguments.format {
        Format::Human => human(&lint, columns(), colored()),
        Format::Json => serde_json::to_string_pretty(&lint.report()).context("writing the findings as JSON")? + "\n",
        Format::Sarif => sarif(&lint),
    };
    print(&text)?;
    Ok(lint.exit_code(arguments.deny.is_some()))
}
