//! The report for a person at a terminal, who may not have written the provider.
//!
//! What was judged comes first and the conclusion last, where the eye is when the command returns.

mod block;
mod closing;
mod judged;
mod overview;
mod page;
mod sections;
#[cfg(test)]
mod tests;
mod warnings;

use crate::results::Results;
pub(super) use block::file;
use page::Page;

pub(super) use block::failure_text;

/// How the report looks. The caller decides, from `NO_COLOR` and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Adds colour. It carries nothing that the text does not say.
    pub color: bool,
    /// Columns to wrap at; 60 at least. Commands are never wrapped.
    pub width: usize,
    /// Shows where the time went.
    pub timings: bool,
    /// Shows the evidence of what passed, and all evidence of what did not.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { color: false, width: 100, timings: false, verbose: false }
    }
}

/// Renders the report.
pub fn human(results: &Results, style: Style) -> String {
    let mut page = Page::new(style.color, style.width);
    judged::write(&mut page, results);
    overview::write(&mut page, results, style.verbose);
    sections::write(&mut page, results, style.verbose);
    warnings::write(&mut page, results, style.verbose);
    if style.timings {
        closing::timings(&mut page, results);
    }
    closing::conclusion(&mut page, results);
    page.into_text()
}
