//! What generator or deployer have against a job configuration, and what else is wrong with it.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::code::{Code, Severity};

/// Whom an [`Objection`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mind {
    /// The generator refuses it, the deployer accepts it.
    Generator,
    /// The deployer refuses it, the generator accepts it.
    Deployer,
    /// Both refuse it.
    Both,
    /// Both accept it, with different results.
    Differently,
    /// Both accept it, but the Go code that the generator writes does not compile.
    Uncompilable,
    /// The deployer hands it to a shell, which runs it or puts something else in its place.
    Shell,
    /// Both accept it.
    Neither,
}

impl Mind {
    /// Returns who minds, or none when both tools read alike what one of them should refuse.
    pub(super) fn of(generator_refuses: bool, deployer_refuses: bool) -> Self {
        match (generator_refuses, deployer_refuses) {
            (true, true) => Self::Both,
            (true, false) => Self::Generator,
            (false, true) => Self::Deployer,
            (false, false) => Self::Differently,
        }
    }

    /// Tells whether the generator refuses it.
    pub fn generator_refuses(self) -> bool {
        matches!(self, Self::Generator | Self::Both)
    }

    /// Tells whether the deployer refuses it.
    pub fn deployer_refuses(self) -> bool {
        matches!(self, Self::Deployer | Self::Both)
    }
}

impl fmt::Display for Mind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Generator => "the generator refuses it, the deployer accepts it",
            Self::Deployer => "the deployer refuses it, the generator accepts it",
            Self::Both => "generator and deployer refuse it",
            Self::Differently => "generator and deployer read it differently",
            Self::Uncompilable => "both tools accept it, but the generated code does not compile",
            Self::Shell => "the deployer evaluates it in a shell",
            Self::Neither => "both tools accept it",
        })
    }
}

/// One thing that is wrong with a job configuration, or good to know about it. Displays as one sentence without its advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// What it is about.
    pub code: Code,
    /// The variable as written, or none when the whole file is meant.
    pub variable: Option<String>,
    /// What is wrong, to be read after the variable's name.
    pub reason: String,
    /// Who objects.
    pub mind: Mind,
    /// What to do.
    pub advice: String,
    /// The place in the file, in bytes.
    pub span: Range<usize>,
}

impl Objection {
    /// Returns how much it weighs.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Returns the rules that it breaks; none for a note.
    ///
    /// What one tool refuses and the other takes is invalid for one (CFG-001) and something on which they disagree (CFG-003). A missing required
    /// output has a rule of its own.
    pub fn rules(&self) -> &'static [&'static str] {
        let alone = matches!(self.mind, Mind::Generator | Mind::Deployer);
        match self.code {
            _ if self.severity() == Severity::Note => &[],
            Code::AsksForSecret | Code::AsksForPersonalData => &["PRV-007"],
            Code::NoRequiredOutput if alone => &["CFG-002", "CFG-003"],
            Code::NoRequiredOutput => &["CFG-002"],
            _ if alone => &["CFG-001", "CFG-003"],
            _ if self.mind == Mind::Both => &["CFG-001"],
            _ => &["CFG-003"],
        }
    }
}

impl fmt::Display for Objection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(variable) = &self.variable {
            write!(formatter, "{} ", variable.escape_debug())?;
        }
        write!(formatter, "{}: {}", self.reason, self.mind)
    }
}

/// Returns objections as one line.
pub(super) fn joined(objections: &[Objection]) -> String {
    objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
