//! The file as it is shown below a finding. Of a long line only what stands around the place is: a file may be one line.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::job_config::Position;

/// Columns beside a line: its number and a frame.
const FRAME: usize = 8;

/// Characters before the place that are shown of a line that is too long.
const BEFORE: usize = 30;

/// Returns a text of which nothing steers a terminal, with every character where it was. The return before a line feed is a blank: it would
/// count as a line.
pub(super) fn plain(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' | '\t' => String::from(character),
        '\r' => " ".to_owned(),
        character if character.is_control() => "?".repeat(character.len_utf8()),
        character => String::from(character),
    };
    text.chars().map(shown).collect()
}

/// A file, as far as it is shown for one place.
#[derive(Debug)]
pub(super) struct Source<'a> {
    path: &'a str,
    text: &'a str,
    window: Range<usize>,
}

impl<'a> Source<'a> {
    /// Shows the line at a place, of `width` columns at most.
    pub(super) fn around(path: &'a str, text: &'a str, place: &Range<usize>, width: usize) -> Self {
        Self { path, text, window: window(text, place, width.saturating_sub(FRAME)) }
    }

    /// Returns the part of a place that can be underlined.
    pub(super) fn visible(&self, place: &Range<usize>) -> Range<usize> {
        place.start..place.end.min(self.window.end).max(place.start)
    }
}

/// Returns what is shown of the line at a place.
fn window(text: &str, place: &Range<usize>, room: usize) -> Range<usize> {
    let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[place.start..].find('\n').map_or(text.len(), |at| place.start + at);
    if text[start..end].chars().count() <= room {
        return start..end;
    }
    let from = text[start..place.start].char_indices().rev().nth(BEFORE).map_or(start, |(at, _)| start + at);
    let to = text[from..end].char_indices().nth(room).map_or(end, |(at, _)| from + at);
    from..to
}

impl SourceCode for Source<'_> {
    fn read_span<'a>(&'a self, span: &SourceSpan, before: usize, after: usize) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Without lines around it the place itself is asked for.
        let shown = if before + after == 0 { span.offset()..span.offset() + span.len() } else { self.window.clone() };
        let data = self.text.get(shown.clone()).ok_or(MietteError::OutOfBounds)?.as_bytes();
        let Position { line, column } = Position::of(self.text, shown.start);
        let span = SourceSpan::from(shown);
        Ok(Box::new(MietteSpanContents::new_named(self.path.to_owned(), data, span, line - 1, column - 1, 1)))
    }
}
