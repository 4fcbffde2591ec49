//! The logs of finished job runs, kept as files where Code Engine would keep the run.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::CompletedJobs;
use crate::journal::{JobRef, LogStream};

/// A log that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the log of job {job} as {}; check that the --out directory can be written and has room", path.display())]
pub struct RetentionError {
    /// The job.
    pub job: JobRef,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// Writes the log of a run that just finished to `jobs/<task>-<run>.log` under `out` and returns the file's path; does nothing and returns none
/// where finished runs are removed at once. The lines must have been redacted.
pub async fn retain(
    out: &Path,
    removal: CompletedJobs,
    job: &JobRef,
    redacted: &[(LogStream, String)],
) -> Result<Option<PathBuf>, RetentionError> {
    if !removal.keeps(Duration::ZERO) {
        return Ok(None);
    }
    let directory = out.join("jobs");
    let path = directory.join(format!("{}-{}.log", job.task, job.run));
    let mut text = String::new();
    for (stream, line) in redacted {
        text.push_str(match stream {
            LogStream::Stdout => "stdout ",
            LogStream::Stderr => "stderr ",
        });
        text.push_str(line);
        text.push('\n');
    }
    let written = match tokio::fs::create_dir_all(&directory).await {
        Ok(()) => tokio::fs::write(&path, text).await,
        Err(error) => Err(error),
    };
    match written {
        Ok(()) => Ok(Some(path)),
        Err(source) => Err(RetentionError { job: job.clone(), path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::TaskId;

    fn lines() -> Vec<(LogStream, String)> {
        vec![(LogStream::Stdout, "one".to_owned()), (LogStream::Stderr, "two".to_owned())]
    }

    #[tokio::test]
    async fn a_kept_run_leaves_its_log() {
        let out = tempfile::tempdir().unwrap();
        let job = JobRef { task: TaskId::from("sm-task-1"), run: 2 };
        let path = retain(out.path(), CompletedJobs::Days(3), &job, &lines()).await.unwrap().unwrap();
        assert_eq!(path, out.path().join("jobs/sm-task-1-2.log"));
        assert_eq!(std::fs::read_to_string(path).unwrap(), "stdout one\nstderr two\n");
    }

    #[tokio::test]
    async fn a_removed_run_leaves_nothing() {
        let out = tempfile::tempdir().unwrap();
        let job = JobRef { task: TaskId::from("sm-task-1"), run: 0 };
        assert_eq!(retain(out.path(), CompletedJobs::Immediately, &job, &lines()).await.unwrap(), None);
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn an_unwritable_directory_names_the_file() {
        let out = tempfile::tempdir().unwrap();
        let file = out.path().join("file");
        std::fs::write(&file, "").unwrap();
        let job = JobRef { task: TaskId::from("sm-task-1"), run: 0 };
        let error = retain(&file, CompletedJobs::Minutes(1), &job, &lines()).await.unwrap_err();
        assert!(error.to_string().contains("jobs/sm-task-1-0.log"), "{error}");
    }
}
