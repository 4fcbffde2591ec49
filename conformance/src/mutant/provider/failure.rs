//! Failures, as the task is told about them.

use std::fmt;

use serde_json::{Value, json};

/// Why the job failed: a code that never changes, and a sentence for a person.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) description: String,
}

/// How a job ends that does not succeed.
#[derive(Debug)]
pub(super) enum End {
    /// The task is told.
    Report(Failure),
    /// The task cannot be told, or knows already.
    Log(Failure),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        Self::Report(failure)
    }
}

impl Failure {
    pub(super) fn new(code: &str, description: &str) -> Self {
        Self { code: code.to_owned(), description: description.to_owned() }
    }

    /// Returns the update of a failed task.
    pub(super) fn body(&self) -> Value {
        json!({ "status": "failed", "errors": [{ "code": self.code, "description": self.description }] })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.description)
    }
}
