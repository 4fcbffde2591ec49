//! Starting the job: its own process group, its own environment, nothing to read, two pipes to write to.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, ChildStdout, Command, Stdio};

use rustix::fs::{Access, access};
use rustix::process::Pid;

use super::Trouble;
use super::executable::{self, NOT_EXECUTABLE, NOT_FOUND, Unusable};
use crate::engine::TokenFile;
use crate::job::environment::SANE_PATH;
use crate::job::spec::JobSpec;

/// Name of the file with the compute resource token. Code Engine mounts one at /var/run/secrets, where only root could put it here.
const TOKEN_FILE: &str = ".compute-resource-token";

/// A job that runs.
pub(super) struct RunningJob {
    /// Its first process, which leads its group.
    pub(super) process: Pid,
    /// What it prints.
    pub(super) stdout: ChildStdout,
    /// What it complains.
    pub(super) stderr: ChildStderr,
}

/// What became of a start.
pub(super) enum Start {
    /// It runs.
    Running(RunningJob),
    /// The program cannot run, which is the provider's matter.
    Failed {
        /// A shell's exit code for it.
        exit_code: i32,
        /// Why.
        why: String,
    },
}

/// Starts a job whose home is `home`.
pub(super) fn start(spec: &JobSpec, home: &Path) -> Result<Start, Trouble> {
    let directory = spec.working_directory.as_deref().unwrap_or(home);
    let directory = directory.canonicalize().map_err(Trouble::when(&format!("enter the working directory {}", directory.display())))?;
    if !directory.is_dir() || access(&directory, Access::EXEC_OK).is_err() {
        return Err(Trouble(format!(
            "cannot enter the working directory {}: it is no directory or may not be entered",
            directory.display()
        )));
    }
    let path = spec.environment.get("PATH").map_or(SANE_PATH, String::as_str);
    let file = match executable::resolve(&spec.program, &directory, path) {
        Ok(file) => file,
        Err(Unusable { exit_code, why }) => return Ok(Start::Failed { exit_code, why }),
    };
    let token_file = spec.token_file.as_ref().map(|token| lay(token, home)).transpose()?;
    let mut command = Command::new(&file);
    command
        .arg0(&spec.program)
        .args(&spec.arguments)
        .env_clear()
        .env("HOME", home)
        .envs(&spec.environment)
        .envs(token_file)
        .env("PWD", &directory)
        .current_dir(&directory)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let attempted = format!("start {}", file.display());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return failed(&attempted, error),
    };
    let process = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    match (process, child.stdout.take(), child.stderr.take()) {
        (Some(process), Some(stdout), Some(stderr)) => Ok(Start::Running(RunningJob { process, stdout, stderr })),
        _ => Err(Trouble(format!("cannot {attempted}: the system gave no process id or no pipes"))),
    }
}

/// Writes the compute resource token into the home, where it is removed with the rest; returns the variable that tells where.
fn lay(token: &TokenFile, home: &Path) -> Result<(String, PathBuf), Trouble> {
    let file = home.join(TOKEN_FILE);
    std::fs::write(&file, &token.contents).map_err(Trouble::when(&format!("write the compute resource token to {}", file.display())))?;
    Ok((token.variable.clone(), file))
}

/// Tells the provider's matters from ours. The file was there a moment ago, so what is not found is what it needs.
fn failed(attempted: &str, error: io::Error) -> Result<Start, Trouble> {
    let missing = "the interpreter that its first line or its header names does not exist";
    match error.kind() {
        io::ErrorKind::NotFound => Ok(Start::Failed { exit_code: NOT_FOUND, why: format!("cannot {attempted}: {error}: {missing}") }),
        io::ErrorKind::PermissionDenied => Ok(Start::Failed { exit_code: NOT_EXECUTABLE, why: format!("cannot {attempted}: {error}") }),
        _ => Err(Trouble::when(attempted)(error)),
    }
}
