//! What the tests share: a launcher, jobs with a marker that no other process bears, and waiting on conditions.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hallmark_harness::contract::TaskId;
use hallmark_harness::job::{JobRun, JobSpec, LaunchError, ProcessLauncher, SupervisorCommand};
use hallmark_harness::journal::{JobRef, LogStream};

/// Longest wait for a condition; reaching it is a failure, never a verdict on speed.
const DEADLINE: Duration = Duration::from_mins(1);

/// Returns the command of the example that cargo builds beside the tests.
pub(crate) fn supervisor() -> SupervisorCommand {
    let own = std::env::current_exe().expect("a test knows its executable");
    let profile = own.parent().and_then(|deps| deps.parent()).expect("tests lie in target/<profile>/deps");
    let program = profile.join("examples/supervisor");
    assert!(program.exists(), "{} is missing: `cargo test` builds it, `cargo test --test job` does not", program.display());
    SupervisorCommand { program, arguments: Vec::new() }
}

/// Returns a launcher that lets every test's jobs start.
pub(crate) fn launcher() -> ProcessLauncher {
    ProcessLauncher::new(supervisor(), 8)
}

/// Returns a job that runs `script` in a shell; its task id is unique and stands in its environment.
pub(crate) fn shell(script: &str) -> JobSpec {
    let task = TaskId(format!("sm-task-{}", uuid::Uuid::new_v4()));
    let mut spec = JobSpec::new(JobRef { task: task.clone(), run: 0 }, "/bin/sh");
    spec.arguments = vec!["-c".to_owned(), script.to_owned()];
    spec.environment.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    spec.environment.insert("CE_JOBRUN".to_owned(), task.0);
    spec.limit = Duration::from_mins(2);
    spec
}

/// Runs a job on a launcher of its own.
pub(crate) async fn run(spec: JobSpec) -> Result<JobRun, LaunchError> {
    launcher().run(spec, std::future::pending()).await
}

/// Returns the lines of standard output.
pub(crate) fn stdout(run: &JobRun) -> Vec<&str> {
    run.lines.iter().filter(|(stream, _)| *stream == LogStream::Stdout).map(|(_, line)| line.as_str()).collect()
}

/// Returns the processes that were started with the job's task id in their environment and have not ended.
pub(crate) fn marked(task: &TaskId) -> Vec<PathBuf> {
    let marker = format!("={task}");
    let processes = fs::read_dir("/proc").expect("/proc is mounted");
    processes
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|process| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable.ends_with(marker.as_bytes()))
        })
        .collect()
}

/// Waits until a condition holds.
#[expect(clippy::disallowed_methods, reason = "the one place of these tests that waits between two looks at a condition")]
pub(crate) async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {DEADLINE:?} in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
