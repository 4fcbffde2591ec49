//! Text of the provider made safe to print.

/// Returns the text with what could steer a terminal or mislead the eye written out, such as `\u{1b}`. Line feeds and tabs stay.
///
/// The provider chose much of what a report shows, and a log line must not be able to recolour, move or erase a verdict.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\n' => safe.push('\n'),
            '\t' => safe.push_str("    "),
            _ if character.is_control() || reorders(character) => safe.extend(character.escape_unicode()),
            _ => safe.push(character),
        }
    }
    safe
}

/// Tells whether a character is invisible and changes the order in which others are shown.
pub(super) fn reorders(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(printable("\u{1b}[32mpass\u{9b}2J\r\u{7}"), "\\u{1b}[32mpass\\u{9b}2J\\u{d}\\u{7}");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn text_of_any_script_stays() {
        assert_eq!(printable("päß 資格\r\n\tnext"), "päß 資格\n    next");
    }
}
