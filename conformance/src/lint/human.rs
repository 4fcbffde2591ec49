//! What was found, for people.

use std::fmt::{self, Write as _};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};

use super::source::{Source, plain};
use super::{Lint, counted};
use crate::job_config::{Objection, Position, Severity};
use crate::paragraph::wrapped;

/// Returns what was found as text of `width` columns: errors and warnings with their places, notes in short below them, and what it comes to.
pub fn human(lint: &Lint, width: usize, color: bool) -> String {
    let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(width).with_links(false);
    let shown_text = plain(&lint.text);
    let mut text = String::new();
    let (notes, faults): (Vec<&Objection>, Vec<&Objection>) =
        lint.objections.iter().partition(|objection| objection.severity() == Severity::Note);
    for objection in faults {
        let shown = Shown { objection, source: Source::around(&lint.path, &shown_text, &objection.span, width) };
        // Writing to a string fails only where a span is outside of the text, which a test excludes.
        let _ = handler.render_report(&mut text, &shown);
        text.push('\n');
    }
    if !notes.is_empty() {
        text.push_str("Good to know\n");
        for note in notes {
            let place = Position::of(&lint.text, note.span.start);
            let about = note.variable.as_deref().unwrap_or_default().escape_debug();
            let line = format!("{} {about} {} ({}).", place, note.reason, note.code);
            text.push_str(&wrapped(&line, width, "  ", "    "));
            text.push('\n');
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}", wrapped(&summary(lint), width, "", ""));
    text
}

fn summary(lint: &Lint) -> String {
    let path = &lint.path;
    let found = counted(&lint.objections).unwrap_or_else(|| "nothing found".to_owned());
    let number = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let declared = match lint.declared {
        Some((inputs, outputs)) => format!("It declares {} and {}", number(inputs, "input"), number(outputs, "output")),
        None => "What it declares cannot be told".to_owned(),
    };
    let faulty = |objection: &Objection| {
        objection.severity() == Severity::Error || objection.mind.generator_refuses() || objection.mind.deployer_refuses()
    };
    let taken = if lint.declared.is_none() || lint.objections.iter().any(faulty) { "" } else { ", which generator and deployer both take" };
    format!("{path}: {found}. {declared}{taken}.")
}

/// One finding with the text that it points at.
#[derive(Debug)]
struct Shown<'a> {
    objection: &'a Objection,
    source: Source<'a>,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objection.fmt(formatter)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let rules = self.objection.rules().join(", ");
        Some(Box::new(format!("{} {} ({rules})", self.objection.severity(), self.objection.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.objection.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.objection.advice))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.source.visible(&self.objection.span);
        Some(Box::new(std::iter::once(LabeledSpan::new_primary_with_span(None, place))))
    }
}
