//! What is wrong with a manifest, and where.

use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan};

/// One mistake: what it is, the place, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    message: String,
    labels: Vec<LabeledSpan>,
    help: String,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        let label = LabeledSpan::new_primary_with_span(Some(label.into()), span);
        Self { message: message.into(), labels: vec![label], help: help.into() }
    }

    /// Adds a second place, e.g. that of an earlier declaration.
    pub(super) fn and(mut self, span: Range<usize>, label: &str) -> Self {
        self.labels.push(LabeledSpan::new_with_span(Some(label.to_owned()), span));
        self
    }

    /// Returns the byte at which the place begins.
    pub(super) fn offset(&self) -> usize {
        self.labels.first().map_or(0, LabeledSpan::offset)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// Collects problems; what several variants inherit and get wrong is kept once.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        let known = self.0.iter().any(|known| known.message == problem.message && known.offset() == problem.offset());
        if !known {
            self.0.push(problem);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the problems in the order of the text.
    pub(super) fn into_sorted(mut self) -> Vec<Problem> {
        self.0.sort_by_key(Problem::offset);
        self.0
    }
}

/// Returns the known word nearest to `word`, or none when all differ too much to be a slip.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, 2);
    let distances = known.into_iter().map(|known| (strsim::damerau_levenshtein(&word.to_lowercase(), known), known));
    distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// Returns the help for an unknown word: the word that was probably meant, else all that are known.
pub(super) fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone, otherwise: &str) -> String {
    if let Some(near) = nearest(word, known.clone()) {
        return format!("did you mean `{near}`?");
    }
    let known = listed(known);
    if known.is_empty() { otherwise.to_owned() } else { format!("use one of {known}") }
}

/// Returns words as a list for a person: `` `a`, `b` ``.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("`{}`", word.escape_debug())).collect::<Vec<_>>().join(", ")
}
