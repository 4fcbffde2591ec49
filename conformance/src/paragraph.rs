//! Text broken into lines for a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The narrowest text, in columns, below which lines are too short to read.
const NARROWEST: usize = 40;

/// Breaks `text` into lines of at most `width` columns, `first` before the first line and `rest` before the others. A word longer
/// than a line, such as a path, stays whole.
pub(crate) fn wrapped(text: &str, width: usize, first: &str, rest: &str) -> String {
    // Every choice is spelled out: the defaults depend on features that another crate may turn on, and they break ids at the dash.
    let options = Options::new(width.max(NARROWEST))
        .initial_indent(first)
        .subsequent_indent(rest)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn ids_and_long_words_stay_whole() {
        let text = "as in CRE-011 and in the update of a task at /api/v2/secrets/{secret_id}/tasks/{id}/and/more CRE-012";
        let lines = wrapped(text, 40, "* ", "  ");
        assert_eq!(
            lines,
            "* as in CRE-011 and in the update of a\n  task at\n  /api/v2/secrets/{secret_id}/tasks/{id}/and/more\n  CRE-012"
        );
    }

    #[test]
    fn a_terminal_without_width_still_gets_words() {
        assert_eq!(wrapped("one two", 0, "", ""), "one two");
    }
}
