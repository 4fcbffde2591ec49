//! `hallmark explain`.

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::Stop;
use super::output::print;
use crate::catalog::Catalog;
use crate::exit_code;

/// What `hallmark explain` takes.
#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// The rule's id, e.g. CRE-007.
    rule: String,
}

/// Prints everything about a rule.
pub(super) fn explain(arguments: &ExplainArguments) -> Result<u8, Stop> {
    let catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let text = crate::explain::explain(&catalog, &arguments.rule).map_err(|error| Stop::NothingSelected(anyhow!(error)))?;
    print(&text)?;
    Ok(exit_code::CONFORMANT)
}
