//! `hallmark list`.

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::Stop;
use super::output::print;
use crate::catalog::{Catalog, Profile};
use crate::exit_code;
use crate::explain::PAGE;

/// What `hallmark list` takes.
#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Only the rules that this profile counts.
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// For people, one JSON document, or a page with everything about each rule.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people, by chapter.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// A page with everything about each rule, as `features/RULES.md`.
    Markdown,
}

/// Prints the rules.
pub(super) fn list(arguments: &ListArguments) -> Result<u8, Stop> {
    let catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let text = match arguments.format {
        Format::Human => crate::list::human(&catalog, arguments.profile, PAGE),
        Format::Json => crate::list::json(&catalog, arguments.profile).context("writing the rules as JSON")?,
        Format::Markdown => crate::list::markdown(&catalog, arguments.profile),
    };
    print(&text)?;
    Ok(exit_code::CONFORMANT)
}
