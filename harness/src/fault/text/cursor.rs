//! Walks over the text of a plan and says where and what it stumbled over.

use super::is_bare_byte;
use crate::fault::Millionths;

/// A fault plan's line could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the fault plan at character {position}: expected {expected}, found {found}")]
pub struct FaultParseError {
    /// Where, in characters from 1.
    pub position: usize,
    /// What may stand there.
    pub expected: String,
    /// What stands there: the next word in quotes, or `the end of the line`.
    pub found: String,
}

/// A position in a text.
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the byte offset, to report an error at it later.
    pub(super) fn mark(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Skips spaces and tells whether nothing is left.
    pub(super) fn at_end(&mut self) -> bool {
        self.skip_spaces();
        self.rest().is_empty()
    }

    /// Skips spaces and takes `symbol` if it stands there.
    pub(super) fn take(&mut self, symbol: char) -> bool {
        self.skip_spaces();
        let here = self.rest().starts_with(symbol);
        if here {
            self.at += symbol.len_utf8();
        }
        here
    }

    /// Takes `symbol` or says that it was expected.
    pub(super) fn expect(&mut self, symbol: char, expected: &str) -> Result<(), FaultParseError> {
        if self.take(symbol) { Ok(()) } else { Err(self.error(expected)) }
    }

    /// Takes the longest run of bytes that `belongs` allows; it may be empty.
    pub(super) fn run(&mut self, belongs: impl Fn(u8) -> bool) -> &'a str {
        self.skip_spaces();
        let rest = self.rest();
        let length = rest.bytes().position(|byte| !belongs(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Takes a word of a table.
    pub(super) fn word<T: Clone>(&mut self, table: &[(&str, T)], what: &str) -> Result<T, FaultParseError> {
        self.skip_spaces();
        let start = self.at;
        let word = self.run(is_word_byte);
        table.iter().find(|(candidate, _)| *candidate == word).map(|(_, value)| value.clone()).ok_or_else(|| {
            let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
            self.error_at(start, &format!("{what} ({})", words.join(", ")))
        })
    }

    /// Takes a whole number within `range`.
    pub(super) fn number(&mut self, range: std::ops::RangeInclusive<u64>, what: &str) -> Result<u64, FaultParseError> {
        self.skip_spaces();
        let start = self.at;
        let digits = self.run(|byte| byte.is_ascii_digit());
        digits
            .parse()
            .ok()
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.error_at(start, &format!("{what} from {} to {}", range.start(), range.end())))
    }

    /// Takes a number with at most six decimals, of which `range` tells the millionths.
    pub(super) fn millionths(&mut self, range: std::ops::RangeInclusive<u32>, what: &str) -> Result<Millionths, FaultParseError> {
        self.skip_spaces();
        let start = self.at;
        let text = self.run(|byte| byte.is_ascii_digit() || byte == b'.');
        text.parse().ok().filter(|number: &Millionths| range.contains(&number.get())).ok_or_else(|| self.error_at(start, what))
    }

    /// Skips spaces and takes `word` if it stands there.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let start = self.at;
        let here = self.run(is_word_byte) == word;
        if !here {
            self.at = start;
        }
        here
    }

    /// Skips spaces and tells whether a digit comes next.
    pub(super) fn at_digit(&mut self) -> bool {
        self.skip_spaces();
        self.rest().starts_with(|symbol: char| symbol.is_ascii_digit())
    }

    /// Takes a JSON string or a bare word.
    pub(super) fn value(&mut self, what: &str) -> Result<String, FaultParseError> {
        self.skip_spaces();
        let start = self.at;
        if !self.rest().starts_with('"') {
            let word = self.run(is_bare_byte);
            return if word.is_empty() { Err(self.error_at(start, what)) } else { Ok(word.to_owned()) };
        }
        let mut escaped = false;
        let end = self.rest().bytes().skip(1).position(|byte| {
            let closes = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closes
        });
        let Some(end) = end else { return Err(self.error_at(start, &format!("{what} with a closing quote"))) };
        let literal = &self.rest()[..end + 2];
        let value =
            serde_json::from_str(literal).map_err(|_| self.error_at(start, &format!("{what} as a JSON string with JSON's escapes")))?;
        self.at += literal.len();
        Ok(value)
    }

    /// Returns the error that something else was expected here.
    pub(super) fn error(&mut self, expected: &str) -> FaultParseError {
        self.skip_spaces();
        self.error_at(self.at, expected)
    }

    /// Returns the error that something else was expected at a mark.
    pub(super) fn error_at(&self, at: usize, expected: &str) -> FaultParseError {
        let rest = &self.text[at..];
        let word = rest.split([' ', ';']).next().unwrap_or_default();
        let shown: String = word.chars().take(40).collect();
        let found = match rest.chars().next() {
            None => "the end of the line".to_owned(),
            Some(symbol) if shown.is_empty() => format!("`{symbol}`"),
            Some(_) => format!("`{shown}`"),
        };
        FaultParseError { position: self.text[..at].chars().count() + 1, expected: expected.to_owned(), found }
    }
}

/// The bytes of the grammar's own words.
pub(super) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'_'
}
