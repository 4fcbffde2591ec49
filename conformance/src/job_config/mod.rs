//! `job_config.json`: the inputs (`SMIN_*`) and outputs (`SMOUT_*`) that a provider declares.
//!
//! Two tools of IBM's read the file, each with a grammar of its own: the generator writes the provider's Go code from it, and
//! the deployer turns it into the environment of a Code Engine job. [`JobConfig`] takes only what both accept and understand
//! alike; everything else is an [`Objection`] that says which tool minds.

mod document;
mod objection;
mod variable;

use std::path::{Path, PathBuf};

use hallmark_harness::contract::ValueType;

pub use objection::{Mind, Objection};
pub use variable::{Direction, Variable};

/// One declared input or output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Lower-case name without its prefix: `SMIN_USER_NAME` declares `user_name`.
    pub name: String,
    /// What its values look like.
    pub value_type: ValueType,
    /// Whether it must be there. Not required when the file does not say.
    pub required: bool,
}

/// What a provider declares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobConfig {
    /// The inputs, in the file's order.
    pub inputs: Vec<Declaration>,
    /// The outputs, in the file's order. At least one is required.
    pub outputs: Vec<Declaration>,
    /// Every variable with its text as written. The job definition carries them, so a job finds them in its environment.
    pub variables: Vec<(String, String)>,
}

/// Why a `job_config.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JobConfigError {
    /// The file could not be read.
    #[error("cannot read the job configuration {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// Generator or deployer would refuse it, or they read it differently. Holds at least one objection.
    #[error("the job configuration is not one that generator and deployer both take: {}", objection::joined(.0))]
    Invalid(Vec<Objection>),
}

impl JobConfig {
    /// Reads the file at `path`.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, JobConfigError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| JobConfigError::Unreadable { path: path.to_owned(), source })?;
        Self::parse(&bytes)
    }

    /// Reads the bytes of a `job_config.json` and reports all objections at once.
    pub fn parse(bytes: &[u8]) -> Result<Self, JobConfigError> {
        let (variables, mut objections) = document::variables(bytes).map_err(|objection| JobConfigError::Invalid(vec![objection]))?;
        match Self::from_variables(variables) {
            Ok(config) if objections.is_empty() => Ok(config),
            Ok(_) => Err(JobConfigError::Invalid(objections)),
            Err(further) => {
                // A variable that could not be read may have been the required output.
                let complete = objections.is_empty();
                objections.extend(further.into_iter().filter(|further| complete || further.variable.is_some()));
                Err(JobConfigError::Invalid(objections))
            }
        }
    }

    /// Puts variables together; refuses duplicates and a configuration without a required output.
    pub fn from_variables(variables: Vec<Variable>) -> Result<Self, Vec<Objection>> {
        let mut objections = Vec::new();
        if let Some(objection) = missing_required_output(&variables) {
            objections.push(objection);
        }
        let mut config = Self::default();
        for variable in variables {
            let text = (variable.name, variable.text);
            if config.variables.iter().any(|(name, _)| *name == text.0) {
                objections.push(Objection::of(&text.0, "is declared twice", Mind::Uncompilable, "keep one of the declarations"));
                continue;
            }
            match variable.direction {
                Direction::Input => config.inputs.push(variable.declaration),
                Direction::Output => config.outputs.push(variable.declaration),
            }
            config.variables.push(text);
        }
        if objections.is_empty() { Ok(config) } else { Err(objections) }
    }
}

fn missing_required_output(variables: &[Variable]) -> Option<Objection> {
    let mut outputs = variables.iter().filter(|variable| variable.direction == Direction::Output);
    if outputs.clone().any(|output| output.declaration.required) {
        return None;
    }
    // The generator believes the last `required`, the deployer any that is true.
    let mind = if outputs.any(|output| output.required_anywhere) { Mind::Generator } else { Mind::Both };
    Some(Objection::whole("no output is required", mind, "mark what every created credential holds, e.g. SMOUT_TOKEN, `required:true`"))
}

#[cfg(test)]
mod tests;
