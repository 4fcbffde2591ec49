//! The execution limit: SIGTERM, grace, SIGKILL.

use std::time::Duration;

use crate::world::{marked, run, shell, stdout};

#[tokio::test]
async fn a_job_that_ends_on_sigterm_is_not_killed() {
    let mut spec = shell("trap 'echo asked; exit 5' TERM; echo ready; while :; do sleep 0.01; done");
    spec.limit = Duration::from_secs(3);
    let run = run(spec).await.unwrap();
    assert_eq!(stdout(&run), ["ready", "asked"]);
    assert_eq!((run.outcome.exit_code, run.outcome.signal, run.outcome.timed_out), (Some(5), None, true));
    assert_eq!(run.outcome.left_behind, 0);
}

#[tokio::test]
async fn a_job_that_ignores_sigterm_is_killed_after_its_grace() {
    let mut spec = shell("trap '' TERM; echo ready; while :; do sleep 0.01; done");
    spec.limit = Duration::from_secs(3);
    spec.grace = Duration::from_millis(300);
    let task = spec.job.task.clone();
    let run = run(spec).await.unwrap();
    assert_eq!(stdout(&run), ["ready"]);
    assert_eq!((run.outcome.exit_code, run.outcome.signal, run.outcome.timed_out), (None, Some(9), true));
    assert!(run.outcome.duration >= 3_300_000_000, "{:?}", run.outcome);
    assert!(marked(&task).is_empty());
}

#[tokio::test]
async fn a_job_that_stops_itself_is_ended_too() {
    let mut spec = shell("kill -STOP $$");
    spec.limit = Duration::from_secs(1);
    spec.grace = Duration::from_millis(100);
    let outcome = run(spec).await.unwrap().outcome;
    assert_eq!((outcome.signal, outcome.timed_out), (Some(9), true));
}
