//! What generator or deployer have against a job configuration.

use std::fmt;

/// Whom an [`Objection`] comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

impl fmt::Display for Mind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Generator => "the generator refuses it, the deployer accepts it",
            Self::Deployer => "the deployer refuses it, the generator accepts it",
            Self::Both => "generator and deployer refuse it",
            Self::Differently => "generator and deployer read it differently",
            Self::Uncompilable => "both tools accept it, but the generated code does not compile",
        })
    }
}

/// One reason why a job configuration cannot be used. Displays as one sentence without its advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The variable as written, or none when the whole file is meant.
    pub variable: Option<String>,
    /// What is wrong, to be read after the variable's name.
    pub reason: String,
    /// Who objects.
    pub mind: Mind,
    /// What to do.
    pub advice: String,
}

impl Objection {
    pub(crate) fn of(variable: &str, reason: impl Into<String>, mind: Mind, advice: impl Into<String>) -> Self {
        Self { variable: Some(variable.to_owned()), reason: reason.into(), mind, advice: advice.into() }
    }

    pub(crate) fn whole(reason: impl Into<String>, mind: Mind, advice: impl Into<String>) -> Self {
        Self { variable: None, reason: reason.into(), mind, advice: advice.into() }
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
