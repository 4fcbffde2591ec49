//! Names with values in the commands of an image's history.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::name::is_contact;
use super::pattern;

/// `NAME=value`, `--name=value`, the value perhaps in quotation marks.
static ASSIGNMENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:^|[\s;&|("',])(?:-{1,2})?([A-Za-z_][A-Za-z0-9_.-]*)=("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;&|)"']+)"#));

/// The old form, `ENV NAME value`, and options such as `--password value`.
static APART: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?:\b(?:ENV|ARG)\s+|--)([A-Za-z_][A-Za-z0-9_.-]*)\s+("(?:[^"\\]|\\.)*"|'[^']*'|[^\s;&|)"'=-][^\s;&|)"'=]*)"#)
});

/// The engine shows a label as `LABEL name=value`, without quotation marks: it goes on to the next name.
static LABEL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|\s)(?:LABEL|MAINTAINER)\s"));

static NAME_OF_LABEL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|\s)([A-Za-z0-9][A-Za-z0-9._/-]*)="));

/// Returns all names with values in a command.
pub(super) fn all(line: &str) -> Vec<(String, String)> {
    let pair = |found: Captures<'_>| (found[1].to_owned(), found[2].to_owned());
    ASSIGNMENT.captures_iter(line).map(pair).chain(APART.captures_iter(line).map(pair)).collect()
}

/// Returns a command without what it says about whom to ask: those are named on purpose.
pub(super) fn without_contacts(line: &str) -> String {
    let Some(instruction) = LABEL.find(line) else { return line.to_owned() };
    if instruction.as_str().trim() == "MAINTAINER" {
        return line[..instruction.start()].to_owned();
    }
    let (before, labels) = line.split_at(instruction.end());
    let names: Vec<_> =
        NAME_OF_LABEL.captures_iter(labels).filter_map(|found| Some((found.get(0)?.start(), found[1].to_owned()))).collect();
    let ends = names.iter().skip(1).map(|(start, _)| *start).chain([labels.len()]);
    let kept = names.iter().zip(ends).filter(|((_, name), _)| !is_contact(name)).map(|((start, _), end)| &labels[*start..end]);
    std::iter::once(before).chain(kept).collect()
}
