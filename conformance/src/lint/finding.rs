//! One finding, for programs.

use schemars::JsonSchema;
use serde::Serialize;

use crate::job_config::{Code, Mind, Objection, Position, Severity};

/// One thing that was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// The rules of the catalog that it breaks; none for a note.
    pub rules: Vec<String>,
    /// The variable as written, or `entry 3` where it has no name; none where the whole file is meant.
    pub variable: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Which tool minds.
    pub mind: Mind,
    /// What to do.
    pub fix: String,
    /// Where it begins.
    pub start: Place,
    /// Where it ends: the first character behind it.
    pub end: Place,
}

/// A place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// Line, from one.
    pub line: usize,
    /// Column in Unicode characters, from one.
    pub column: usize,
    /// Bytes before it.
    pub byte: usize,
}

impl Finding {
    pub(super) fn new(text: &str, objection: &Objection) -> Self {
        let place = |byte: usize| {
            let Position { line, column } = Position::of(text, byte);
            Place { line, column, byte }
        };
        Self {
            code: objection.code,
            severity: objection.severity(),
            rules: objection.rules().iter().map(|rule| (*rule).to_owned()).collect(),
            variable: objection.variable.clone(),
            message: objection.to_string(),
            mind: objection.mind,
            fix: objection.advice.clone(),
            start: place(objection.span.start),
            end: place(objection.span.end),
        }
    }
}
