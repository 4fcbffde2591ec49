//! What `hallmark lint` finds in a `job_config.json`, for people, as JSON and as SARIF.
//!
//! The main type is [`Lint`]. What is looked for is [`job_config`](crate::job_config)'s, which the rules CFG-001 to CFG-003 judge by as well.

mod finding;
mod human;
mod sarif;
mod schema;
mod source;

pub use finding::{Finding, Place};
pub use human::human;
pub use sarif::sarif;
pub use schema::schema;

use schemars::JsonSchema;
use serde::Serialize;

use crate::exit_code;
use crate::job_config::{JobConfig, Objection, Severity};

/// Version of the JSON form. A change that a reader notices makes it a greater one.
pub const FORMAT: u32 = 1;

/// A file with everything that was found in it.
#[derive(Debug, Clone)]
pub struct Lint {
    /// The file as a person named it.
    path: String,
    /// Its text; what is no UTF-8 is replaced, behind the place that the finding tells.
    text: String,
    /// How many inputs and outputs it declares; none where that is not plain.
    declared: Option<(usize, usize)>,
    objections: Vec<Objection>,
}

/// The JSON form.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this form.
    pub format: u32,
    /// The file, as it was named.
    pub file: String,
    /// How many findings are errors: with any, generator, deployer or shell do something else than what stands there.
    pub errors: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// How many are notes, which are no faults.
    pub notes: usize,
    /// What was found, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Lint {
    /// Looks at the bytes of the file that a person calls `path`.
    pub fn new(path: &str, bytes: &[u8]) -> Self {
        let reading = JobConfig::read(bytes);
        Self {
            path: path.to_owned(),
            text: String::from_utf8_lossy(bytes).into_owned(),
            declared: reading.config.map(|config| (config.inputs.len(), config.outputs.len())),
            objections: reading.objections,
        }
    }

    /// Returns how many findings weigh so much.
    pub fn count(&self, severity: Severity) -> usize {
        self.objections.iter().filter(|objection| objection.severity() == severity).count()
    }

    /// Returns the exit code: with `strict`, warnings count as errors do.
    pub fn exit_code(&self, strict: bool) -> u8 {
        let counts = self.count(Severity::Error) > 0 || (strict && self.count(Severity::Warning) > 0);
        if counts { exit_code::NOT_CONFORMANT } else { exit_code::CONFORMANT }
    }

    /// Returns what was found, for programs.
    pub fn report(&self) -> Report {
        Report {
            format: FORMAT,
            file: self.path.clone(),
            errors: self.count(Severity::Error),
            warnings: self.count(Severity::Warning),
            notes: self.count(Severity::Note),
            findings: self.objections.iter().map(|objection| Finding::new(&self.text, objection)).collect(),
        }
    }
}

/// Returns counts in words, such as `2 errors and 1 note`; none where nothing was found.
pub fn counted(objections: &[Objection]) -> Option<String> {
    let count = |severity: Severity| objections.iter().filter(|objection| objection.severity() == severity).count();
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| match count(severity) {
            0 => None,
            1 => Some(format!("1 {severity}")),
            several => Some(format!("{several} {severity}s")),
        })
        .collect();
    let (last, before) = parts.split_last()?;
    Some(if before.is_empty() { last.clone() } else { format!("{} and {last}", before.join(", ")) })
}

#[cfg(test)]
mod tests;
