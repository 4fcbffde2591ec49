//! `job_config.json`: the inputs (`SMIN_*`) and outputs (`SMOUT_*`) that a provider declares.
//!
//! Two tools of IBM's read the file, each with a grammar of its own: the generator writes the provider's Go code from it, and
//! the deployer turns it into the environment of a Code Engine job. [`JobConfig::read`] is the one reading of the file, whoever wants it: what it
//! declares where that is plain, and every [`Objection`], which says which tool minds and where.
//!
//! It is plain what a file declares where it is a JSON object with a list of variables, each with a name behind `SMIN_` or `SMOUT_` that a variable
//! can have, a known type, and a `required` that is true, false or not there. That much the loader of manifests asks for; whether both tools take
//! the file too is for the rules CFG-001 to CFG-003 to judge.

mod asked;
mod attributes;
mod code;
mod document;
mod objection;
mod placed;
mod position;
mod shell;
mod tool;
mod traps;
mod variable;

use std::path::{Path, PathBuf};

use hallmark_harness::contract::ValueType;

pub use asked::{ADVICE as ASKED_ADVICE, Asked, of as asked_for};
pub use code::{Code, Severity};
pub use objection::{Mind, Objection};
pub use position::Position;
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
    /// The outputs, in the file's order.
    pub outputs: Vec<Declaration>,
    /// Every variable with its text as written. The job definition carries them, so a job finds them in its environment.
    pub variables: Vec<(String, String)>,
}

/// What a `job_config.json` says, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// What it declares; none where that is not plain. There is an error among the objections then.
    pub config: Option<JobConfig>,
    /// What is wrong with it, in the order of the file.
    pub objections: Vec<Objection>,
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
    /// Nobody can say what it declares. Holds at least one objection.
    #[error("the job configuration does not say what the provider takes and reports: {}", objection::joined(.0))]
    Invalid(Vec<Objection>),
}

impl Reading {
    /// Returns what the file declares, or the errors that leave it open.
    pub fn declared(self) -> Result<JobConfig, JobConfigError> {
        self.config.ok_or_else(|| {
            let errors = self.objections.into_iter().filter(|objection| objection.severity() == Severity::Error);
            JobConfigError::Invalid(errors.collect())
        })
    }
}

impl JobConfig {
    /// Reads the file at `path`.
    pub fn load(path: impl AsRef<Path>) -> Result<Reading, JobConfigError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| JobConfigError::Unreadable { path: path.to_owned(), source })?;
        Ok(Self::read(&bytes))
    }

    /// Reads the bytes of a `job_config.json`, and finds everything that is wrong with it.
    pub fn read(bytes: &[u8]) -> Reading {
        let document::Document { variables, complete, list, mut objections } = document::read(bytes);
        objections.extend(traps::of_each(&variables));
        // A variable that is not plain may have been the required output, or an input.
        if complete {
            let missing = missing_required_output(&variables).map(|objection| Objection { span: list.clone(), ..objection });
            objections.extend(missing);
            objections.extend(traps::of_all(&variables, &list));
        }
        objections.sort_by_key(|objection| objection.span.start);
        Reading { config: complete.then(|| Self::of(variables)), objections }
    }

    /// Puts variables together that stand in no file; refuses a configuration without a required output.
    pub fn from_variables(variables: Vec<Variable>) -> Result<Self, Objection> {
        missing_required_output(&variables).map_or_else(|| Ok(Self::of(variables)), Err)
    }

    /// Of a variable that is declared twice the first counts.
    fn of(variables: Vec<Variable>) -> Self {
        let mut config = Self::default();
        for variable in variables {
            let declared = match variable.direction {
                Direction::Input => &mut config.inputs,
                Direction::Output => &mut config.outputs,
            };
            if declared.iter().all(|earlier| earlier.name != variable.declaration.name) {
                declared.push(variable.declaration);
                config.variables.push((variable.name, variable.text));
            }
        }
        config
    }
}

fn missing_required_output(variables: &[Variable]) -> Option<Objection> {
    let mut outputs = variables.iter().filter(|variable| variable.direction == Direction::Output);
    if outputs.clone().any(|output| output.declaration.required) {
        return None;
    }
    // The generator believes the last `required`, the deployer any that is true.
    let mind = if outputs.any(|output| output.required_anywhere) { Mind::Generator } else { Mind::Both };
    Some(Objection {
        code: Code::NoRequiredOutput,
        variable: None,
        reason: "no output is required".to_owned(),
        mind,
        advice: "mark what every created credential holds, e.g. SMOUT_TOKEN, `required:true`".to_owned(),
        span: 0..0,
    })
}

#[cfg(test)]
mod tests;
