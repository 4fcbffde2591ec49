//! Keeps a failing schedule as a scenario of the company's own: a feature for `hallmark run --features DIR`.

use std::fmt::Write as _;
use std::path::Path;

use super::schedule::Schedule;

/// The step that plays a schedule, which stands below it.
pub const PLAYED: &str = "this fault schedule is played";

/// The step that holds what happened against the invariants.
pub const HELD: &str = "no invariant is broken";

/// Why a schedule could not be kept.
#[derive(Debug, thiserror::Error)]
#[error("saving the schedule as {path}: {source}; give a file of a folder that exists, ending in .feature")]
pub struct SaveError {
    path: String,
    source: std::io::Error,
}

/// Returns the text of a feature that plays a schedule. `id` is a rule id such as `OWN-001`; `about` says in a sentence what it found.
pub fn feature(id: &str, about: &str, schedule: &Schedule) -> String {
    let mut text = String::new();
    // A sentence of a report may hold what begins a keyword of Gherkin: it stays on one line.
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    writeln!(text, "# Found by `hallmark chaos`: {about}").ok();
    writeln!(text, "Feature: Schedules that broke the provider once\n").ok();
    writeln!(text, "  @{id}\n  Rule: The provider survives a schedule that broke it once\n").ok();
    writeln!(text, "    Scenario: The schedule is played again").ok();
    writeln!(text, "      When {PLAYED}").ok();
    writeln!(text, "        \"\"\"\n        {schedule}\n        \"\"\"").ok();
    writeln!(text, "      Then {HELD}").ok();
    text
}

/// Writes a feature that plays a schedule.
pub fn save(path: &Path, id: &str, about: &str, schedule: &Schedule) -> Result<(), SaveError> {
    std::fs::write(path, feature(id, about, schedule)).map_err(|source| SaveError { path: path.display().to_string(), source })
}
