//! `hallmark steps`.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;

use super::Stop;
use super::output::{PlainFormat, print};
use crate::exit_code;
use crate::explain::PAGE;
use crate::paragraph::wrapped;
use crate::suite::{Features, Step, Vocabulary};

/// What `hallmark steps` takes.
#[derive(Debug, Args)]
pub(super) struct StepsArguments {
    /// For people, or one JSON document with every pattern and wording.
    #[arg(long, value_enum, default_value_t)]
    format: PlainFormat,
}

/// Prints the vocabulary of scenarios.
pub(super) fn steps(arguments: &StepsArguments) -> Result<u8, Stop> {
    let vocabulary = Vocabulary::gather(&Features::built_in().context("reading the built-in features")?);
    match arguments.format {
        PlainFormat::Human => print(&human(vocabulary.steps()))?,
        PlainFormat::Json => print(&format!("{}\n", serde_json::to_string_pretty(vocabulary.steps()).context("printing the steps")?))?,
    }
    Ok(exit_code::CONFORMANT)
}

fn human(steps: &[Step]) -> String {
    let mut text = wrapped(
        "Steps for features of your own (hallmark run MANIFEST --features DIR). (a | b) is a choice, what stands in [ ] may be left out, \
         words in capitals such as NUMBER are values. Each scenario stands in a `Rule:` that is tagged with an id of yours, such as @OWN-001, and with @must (which it is otherwise too), @should or \
         @info; its steps are in the order Given, When, Then.",
        PAGE,
        "",
        "",
    ) + "\n";
    let mut keyword = "";
    for step in steps {
        if step.keyword != keyword {
            keyword = step.keyword;
            let _ = writeln!(text, "\n{keyword}");
        }
        let _ = writeln!(text, "{}", wrapped(&step.phrase, PAGE, "  ", "      "));
        // The phrase is its own example where it leaves nothing open.
        if let Some(example) = step.examples.first().filter(|example| **example != step.phrase) {
            let _ = writeln!(text, "{}", wrapped(&format!("e.g. {example}"), PAGE, "      ", "      "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_shown_and_no_line_is_too_long() {
        let vocabulary = Vocabulary::gather(&Features::built_in().unwrap());
        let text = human(vocabulary.steps());
        assert!(text.lines().all(|line| line.chars().count() <= PAGE), "{text}");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for step in vocabulary.steps() {
            assert!(flat.contains(&step.phrase), "{}", step.phrase);
        }
        assert!(text.contains("\nGiven\n") && text.contains("\nWhen\n") && text.contains("\nThen\n"));
    }
}
