//! `hallmark schema`.

use clap::{Args, ValueEnum};
use hallmark_harness::admin::OPENAPI;

use super::Stop;
use super::output::print;
use crate::exit_code;

/// What `hallmark schema` takes.
#[derive(Debug, Args)]
pub(super) struct SchemaArguments {
    /// Of what.
    #[arg(value_enum)]
    of: Described,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Described {
    /// JSON Schema of provider.toml.
    Manifest,
    /// JSON Schema of one line of results.ndjson.
    Results,
    /// JSON Schema of what `hallmark lint --format json` prints.
    Lint,
    /// OpenAPI description of the admin API of `hallmark serve`.
    Openapi,
}

/// Prints a description.
pub(super) fn schema(arguments: &SchemaArguments) -> Result<u8, Stop> {
    let text = match arguments.of {
        Described::Manifest => format!("{:#}\n", crate::manifest::schema()),
        Described::Results => crate::results::schema(),
        Described::Lint => crate::lint::schema(),
        Described::Openapi => OPENAPI.to_owned(),
    };
    print(&text)?;
    Ok(exit_code::CONFORMANT)
}
