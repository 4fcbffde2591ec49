//! What a job run is given ([`JobSpec`]) and what it leaves ([`JobRun`]).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::TokenFile;
use crate::journal::{JobOutcome, JobRef, LogStream};

/// Everything that decides how one job runs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Task and run.
    pub job: JobRef,
    /// The executable. With a slash it is a path, a relative one from the working directory; without, it is looked up in the job's own `PATH`.
    pub program: PathBuf,
    /// Arguments after the program's name.
    pub arguments: Vec<String>,
    /// Where the job starts; none means its home, a fresh empty temporary directory.
    pub working_directory: Option<PathBuf>,
    /// The complete environment, with secrets in it. The supervisor adds `PWD`, and `HOME` (the temporary directory) where it is missing.
    pub environment: BTreeMap<String, String>,
    /// A file that the supervisor lays into the job's home, and the variable that tells where it is.
    #[serde(default)]
    pub token_file: Option<TokenFile>,
    /// Longest execution; then the job's process group gets SIGTERM.
    pub limit: Duration,
    /// Time from SIGTERM to SIGKILL. Code Engine documents none for jobs: Kubernetes' 30 seconds are assumed.
    pub grace: Duration,
    /// Bytes kept of one line of output. It bounds memory before anything was redacted, and a cut can split a secret that no redactor then
    /// recognises: set it above what is shown by more than the longest secret, redact, and cut to what is shown afterwards.
    pub line_bound: usize,
    /// How much is kept of each stream.
    pub output_bound: OutputBound,
}

impl JobSpec {
    /// Returns a job with Code Engine's default limit of 7200 seconds, no arguments and an empty environment.
    pub fn new(job: JobRef, program: impl Into<PathBuf>) -> Self {
        Self {
            job,
            program: program.into(),
            arguments: Vec::new(),
            working_directory: None,
            environment: BTreeMap::new(),
            token_file: None,
            limit: Duration::from_hours(2),
            grace: Duration::from_secs(30),
            line_bound: 64 * 1024,
            output_bound: OutputBound::default(),
        }
    }
}

impl fmt::Debug for JobSpec {
    /// Shows the names of variables and never their values.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JobSpec")
            .field("job", &self.job)
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("working_directory", &self.working_directory)
            .field("environment", &self.environment.keys().collect::<Vec<_>>())
            .field("token_file", &self.token_file)
            .field("limit", &self.limit)
            .field("grace", &self.grace)
            .field("line_bound", &self.line_bound)
            .field("output_bound", &self.output_bound)
            .finish()
    }
}

/// How much of each of the two streams is kept: its beginning and its end. Lines between them are dropped and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputBound {
    /// Lines at the beginning.
    pub head_lines: usize,
    /// Bytes at the beginning.
    pub head_bytes: usize,
    /// Lines at the end.
    pub tail_lines: usize,
    /// Bytes at the end; the very last line is kept even when it is longer.
    pub tail_bytes: usize,
}

impl Default for OutputBound {
    fn default() -> Self {
        Self { head_lines: 2000, head_bytes: 1024 * 1024, tail_lines: 2000, tail_bytes: 1024 * 1024 }
    }
}

/// A job run that ended.
#[derive(Clone, PartialEq, Eq)]
pub struct JobRun {
    /// How it ended.
    pub outcome: JobOutcome,
    /// Kept lines in the order in which they were read, not redacted. The order within a stream is exact; across the two streams it is that of
    /// the reads.
    pub lines: Vec<(LogStream, String)>,
}

impl fmt::Debug for JobRun {
    /// Shows how many lines there are and not what stands in them: they are not redacted yet.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JobRun").field("outcome", &self.outcome).field("lines", &self.lines.len()).finish()
    }
}
