//! The text of a JSON string, of which every byte knows where it stands in the file.

use std::ops::Range;

/// A text and its place. A text may be shorter than what stands in the file: `\u00e9` is one character.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    text: String,
    /// Where each byte of the text begins in the file, and where the text ends.
    starts: Vec<usize>,
}

impl Placed {
    /// Returns a text that stands in no file: its places are its own.
    pub(super) fn bare(text: &str) -> Self {
        Self { text: text.to_owned(), starts: (0..=text.len()).collect() }
    }

    /// Reads what stands between the quotes of a JSON string, which begins at `start` in the file. The string is valid JSON.
    pub(super) fn from_json(raw: &str, start: usize) -> Self {
        let mut placed = Self { text: String::with_capacity(raw.len()), starts: Vec::with_capacity(raw.len() + 1) };
        let mut rest = raw;
        while let Some(first) = rest.chars().next() {
            let at = start + raw.len() - rest.len();
            let (character, length) = if first == '\\' { escaped(rest) } else { (first, first.len_utf8()) };
            placed.text.push(character);
            // A byte within a character has no place of its own: a span never begins or ends there.
            placed.starts.extend(std::iter::repeat_n(at, character.len_utf8()));
            rest = &rest[length..];
        }
        placed.starts.push(start + raw.len());
        placed
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place of the whole text.
    pub(super) fn whole(&self) -> Range<usize> {
        self.place(0..self.text.len())
    }

    /// Returns the place in the file of a part of the text, which begins and ends at a character.
    pub(super) fn place(&self, part: Range<usize>) -> Range<usize> {
        let at = |index: usize| self.starts.get(index).or(self.starts.last()).copied().unwrap_or_default();
        at(part.start)..at(part.end)
    }
}

/// Returns the character of an escape at the beginning of `text`, and how many bytes the escape takes.
fn escaped(text: &str) -> (char, usize) {
    let unit = |at: usize| text.get(at..at + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    match text.as_bytes().get(1) {
        Some(b'b') => ('\u{8}', 2),
        Some(b'f') => ('\u{c}', 2),
        Some(b'n') => ('\n', 2),
        Some(b'r') => ('\r', 2),
        Some(b't') => ('\t', 2),
        Some(b'u') => {
            let first = unit(2).unwrap_or_default();
            let second = if text.get(6..8) == Some("\\u") { unit(8) } else { None };
            let mut pair = char::decode_utf16([first].into_iter().chain(second));
            match pair.next() {
                Some(Ok(character)) => (character, if character.len_utf16() == 2 { 12 } else { 6 }),
                _ => (char::REPLACEMENT_CHARACTER, 6.min(text.len())),
            }
        }
        Some(other) => (char::from(*other), 2),
        None => ('\\', 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_escape_is_read_and_keeps_its_place() {
        let raw = r#"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é"#;
        let placed = Placed::from_json(raw, 100);
        assert_eq!(placed.text(), serde_json::from_str::<String>(&format!("\"{raw}\"")).unwrap());
        assert_eq!(placed.whole(), 100..100 + raw.len());
        let face = placed.text().find('😀').unwrap();
        assert_eq!(placed.place(face..face + 4), 100 + raw.find(r"\ud83d").unwrap()..100 + raw.find('é').unwrap());
    }

    proptest::proptest! {
        #[test]
        fn any_text_reads_as_serde_reads_it(text in "\\PC{0,12}") {
            let written = serde_json::to_string(&text).unwrap();
            let raw = &written[1..written.len() - 1];
            let placed = Placed::from_json(raw, 0);
            proptest::prop_assert_eq!(placed.text(), &text);
            for (index, _) in text.char_indices() {
                proptest::prop_assert!(raw.is_char_boundary(placed.place(index..text.len()).start));
            }
        }
    }
}
