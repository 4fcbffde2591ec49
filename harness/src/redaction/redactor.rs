//! Replaces known secrets in texts by marks.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::derivation;
use super::finder::{Find, Finder};
use super::{Mark, SecretKind};
use crate::journal::Derivation;

/// Shorter values are not looked for: they would be found everywhere.
pub const SHORTEST_SECRET: usize = super::grams::GRAM;

/// Knows the secrets of one stage and replaces them in texts.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Finder>,
}

/// Never shows what it knows.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Redactor(..)")
    }
}

impl Redactor {
    /// Adds a secret value under a name that may be shown. A value shorter than [`SHORTEST_SECRET`] bytes is not looked for.
    pub fn register(&self, kind: SecretKind, name: &str, value: &str) {
        if value.len() >= SHORTEST_SECRET {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.add(kind, &name.replace(['⟦', '⟧'], ""), value);
        }
    }

    /// Returns `text` with every occurrence of a known secret replaced by its mark.
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.clean(&mut text);
        text
    }

    /// As [`Self::redact`], in place: most texts hold nothing, and stay as they are.
    pub fn clean(&self, text: &mut String) {
        if let Cow::Owned(defused) = defused(text) {
            *text = defused;
        }
        let finds = self.known().find(text.as_bytes());
        if finds.is_empty() {
            return;
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for Find { range, mark } in finds {
            // Whatever shares a character with a secret goes with it.
            let start = text.floor_char_boundary(range.start).max(from);
            out.push_str(&text[from..start]);
            out.push_str(&mark.to_string());
            from = text.ceil_char_boundary(range.end);
        }
        out.push_str(&text[from..]);
        *text = out;
    }

    /// Redacts lines that were printed one after another. What stands in several of them, the rest of a secret after a line break, leaves a mark
    /// in each.
    pub fn redact_lines(&self, lines: &mut [&mut String]) {
        let mut ends = Vec::with_capacity(lines.len());
        let mut text = String::with_capacity(lines.iter().map(|line| line.len() + 1).sum());
        for line in &*lines {
            text.push_str(&defused(line));
            ends.push(text.len());
            text.push('\n');
        }
        let finds = self.known().find(text.as_bytes());
        let mut finds = finds.iter().peekable();
        let mut start = 0;
        for (line, end) in lines.iter_mut().zip(ends) {
            line.clear();
            let mut from = start;
            while let Some(Find { range, mark }) = finds.peek().filter(|find| find.range.start < end) {
                // A key may end with a line break, and says nothing about the next line then.
                let goes_on = range.end > end + 1;
                let split = range.start < start || goes_on;
                line.push_str(&text[from..text.floor_char_boundary(range.start).max(from)]);
                line.push_str(&Mark { split, ..mark.clone() }.to_string());
                from = text.ceil_char_boundary(range.end).min(end);
                if goes_on {
                    break;
                }
                finds.next();
            }
            line.push_str(&text[from..end]);
            start = end + 1;
        }
    }

    /// Returns the marks that would stand in a text.
    pub fn marks(&self, text: &str) -> Vec<Mark> {
        self.known().find(text.as_bytes()).into_iter().map(|find| find.mark).collect()
    }

    /// Returns how a credentials id is made from a secret that is known; empty when it is not.
    pub fn derivations(&self, credentials_id: &str) -> Vec<Derivation> {
        derivation::derivations(credentials_id, &self.known())
    }

    fn known(&self) -> RwLockReadGuard<'_, Finder> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody else's mark would be an observation that nobody made.
fn defused(text: &str) -> Cow<'_, str> {
    // Both begin with the same byte, which is found faster than characters.
    if memchr::memchr("⟦".as_bytes()[0], text.as_bytes()).is_some() && text.contains(['⟦', '⟧']) {
        text.replace('⟦', "[[").replace('⟧', "]]").into()
    } else {
        text.into()
    }
}
