//! What the deployer's shell makes of a name or a value: it evaluates `--env NAME="VALUE"`.

use std::ops::Range;

/// Returns the first part of a text that a shell expands between double quotes.
pub(super) fn expanded(text: &str) -> Option<Range<usize>> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        let next = text[at + character.len_utf8()..].chars().next();
        let active = match character {
            '`' => true,
            '$' => next.is_some_and(|next| next.is_ascii_alphanumeric() || "_{(@*#?$!-".contains(next)),
            _ => false,
        };
        if active && !escaped {
            return Some(at..at + extent(&text[at..]));
        }
        escaped = character == '\\' && !escaped;
    }
    None
}

/// Returns how much of a text belongs to the expansion at its beginning.
fn extent(text: &str) -> usize {
    let closed = |end: char| text[1..].find(end).map_or(text.len(), |at| at + 2);
    match text.as_bytes() {
        [b'`', ..] => closed('`'),
        [b'$', b'(', ..] => closed(')'),
        [b'$', b'{', ..] => closed('}'),
        [b'$', first, ..] if first.is_ascii_alphabetic() || *first == b'_' => {
            1 + text[1..].find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(text.len() - 1)
        }
        _ => 2,
    }
}

/// The deployer quotes no name: not only what is expanded counts, but also what ends a command.
pub(super) fn run(name: &str) -> Option<Range<usize>> {
    let ends = name.find([';', '|', '&', '(', ')', '<', '>']).map(|at| at..at + 1);
    expanded(name).or(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_expands_is_found_to_its_end() {
        for (text, part) in [
            ("enum[$(id -u)|b]", Some("$(id -u)")),
            ("enum[`id`|b]", Some("`id`")),
            ("enum[${HOME}|b]", Some("${HOME}")),
            ("enum[$HOME_1|b]", Some("$HOME_1")),
            ("enum[$1|b]", Some("$1")),
            ("enum[$$|b]", Some("$$")),
            ("enum[$(id|b]", Some("$(id|b]")),
            ("enum[US$|b$]", None),
            (r"enum[\$HOME|b]", None),
            (r"enum[\\$HOME|b]", Some("$HOME")),
            ("$", None),
            ("$é", None),
        ] {
            assert_eq!(expanded(text).map(|found| &text[found]), part, "{text}");
        }
    }

    #[test]
    fn a_name_is_not_quoted() {
        assert_eq!(run("SMIN_A;B"), Some(6..7));
        assert_eq!(run("SMIN_A$B"), Some(6..8));
        assert_eq!(run("SMIN_A-B"), None);
    }
}
