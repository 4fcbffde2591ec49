//! Lines and columns, as an editor counts them.

use std::fmt;

/// A place in a text. Displays as `line:column`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From one.
    pub line: usize,
    /// In characters, from one.
    pub column: usize,
}

impl Position {
    /// Returns the place of a byte; one beyond the end is the end.
    pub fn of(text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        // An editor shows no byte order mark.
        let hidden = usize::from(before.len() == line.len() && line.starts_with('\u{feff}'));
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() - hidden + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_those_of_an_editor() {
        let text = "{\n  é: x\n}";
        let at = |what: &str| Position::of(text, text.find(what).unwrap()).to_string();
        assert_eq!([at("{"), at("é"), at("x"), at("}")], ["1:1", "2:3", "2:6", "3:1"]);
        assert_eq!(Position::of(text, 1000).to_string(), "3:2");
        assert_eq!(Position::of("\u{feff}{", 3).to_string(), "1:1");
    }
}
