//! Layout: wrapping, labels, indents and colour.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::super::printable;
use crate::verdict::Verdict;

/// Narrower than this nothing can be laid out.
const NARROWEST: usize = 60;
/// Columns of a label.
pub(super) const LABEL: usize = 14;

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    /// Text as any other.
    Plain,
    /// A title.
    Title,
    /// What may be skipped.
    Faint,
    /// What is kept.
    Good,
    /// What counts against the provider.
    Bad,
    /// What does not count, or about which nothing can be said.
    Unsure,
}

impl Ink {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Title => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Unsure => AnsiColor::Yellow.on_default(),
        }
    }

    /// Returns the ink of a verdict.
    pub(super) fn of(verdict: Verdict, counts: bool) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Fail | Verdict::NotExercised if counts => Self::Bad,
            Verdict::Fail | Verdict::NotExercised | Verdict::Inconclusive | Verdict::Waived => Self::Unsure,
            Verdict::NotApplicable => Self::Faint,
        }
    }
}

/// A report in the making.
pub(super) struct Page {
    text: String,
    color: bool,
    width: usize,
}

impl Page {
    pub(super) fn new(color: bool, width: usize) -> Self {
        Self { text: String::new(), color, width: width.max(NARROWEST) }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Writes an empty line.
    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// Writes the title of a section, apart from what stands before.
    pub(super) fn title(&mut self, title: &str) {
        if !self.text.is_empty() {
            self.blank();
        }
        self.paragraph(0, Ink::Title, title);
    }

    /// Writes one line out of pieces that fit.
    pub(super) fn row(&mut self, pieces: &[(Ink, &str)]) {
        let mut line = String::new();
        for (ink, piece) in pieces {
            self.paint(&mut line, *ink, &printable(piece).replace('\n', " "));
        }
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Writes text that wraps, all of it indented.
    pub(super) fn paragraph(&mut self, indent: usize, ink: Ink, text: &str) {
        let indent = " ".repeat(indent);
        self.wrapped(&indent, &indent, ink, text);
    }

    /// Writes a label and text that wraps beside it.
    pub(super) fn field(&mut self, indent: usize, label: &str, text: &str) {
        let lead = format!("{:indent$}{label:LABEL$}", "");
        let hanging = " ".repeat(indent + LABEL);
        self.wrapped(&lead, &hanging, Ink::Plain, text);
    }

    /// Writes a label and text that is never wrapped, because somebody will copy it.
    pub(super) fn copyable(&mut self, indent: usize, label: &str, text: &str) {
        let lead = format!("{:indent$}{label:LABEL$}", "");
        self.row(&[(Ink::Faint, &lead), (Ink::Title, text)]);
    }

    /// Returns the columns that are left after so many.
    pub(super) fn room(&self, used: usize) -> usize {
        self.width.saturating_sub(used)
    }

    /// Returns the text cut to so many columns, with a mark where something is missing.
    pub(super) fn cut(room: usize, text: &str) -> String {
        let text = printable(text).replace('\n', " ");
        if display_width(&text) <= room {
            return text;
        }
        let lines = textwrap::wrap(&text, options(room.saturating_sub(2).max(1)));
        format!("{} …", lines.first().map_or("", |line| line.trim_end()))
    }

    fn wrapped(&mut self, lead: &str, hanging: &str, ink: Ink, text: &str) {
        let room = self.room(display_width(hanging)).max(12);
        let text = printable(text);
        let lines = text.lines().flat_map(|line| textwrap::wrap(line, options(room)));
        let mut margin = lead;
        let mut page = String::new();
        for line in lines {
            let mut row = String::new();
            self.paint(&mut row, Ink::Faint, margin);
            self.paint(&mut row, ink, &line);
            page.push_str(row.trim_end());
            page.push('\n');
            margin = hanging;
        }
        if page.is_empty() {
            self.paint(&mut page, Ink::Faint, lead.trim_end());
            page.push('\n');
        }
        self.text.push_str(&page);
    }

    fn paint(&self, line: &mut String, ink: Ink, text: &str) {
        let style = ink.style();
        if self.color && style != Style::new() && !text.trim().is_empty() {
            // Trailing blanks stay outside, so that the end of a line can be trimmed.
            let visible = text.trim_end();
            write!(line, "{style}{visible}{style:#}{}", &text[visible.len()..]).ok();
        } else {
            line.push_str(text);
        }
    }
}

/// Breaks at blanks alone: an id or a path that is torn apart cannot be searched for.
fn options(room: usize) -> Options<'static> {
    Options::new(room)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
}
