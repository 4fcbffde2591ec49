//! Nothing of a job outlives it, whatever it does and however hallmark ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use hallmark_harness::job::LaunchError;

use crate::world::{marked, run, shell, supervisor, wait_for};

/// Starts two processes in sessions of their own that ignore SIGTERM and hold the output open, and waits until both are there.
const DAEMONS: &str = "for i in 1 2; do setsid sh -c 'trap \"\" TERM HUP; echo up >> ups; exec sleep 1000' & done; \
                       while [ \"$(cat ups 2>/dev/null | wc -l)\" -lt 2 ]; do :; done; echo up; ";

#[tokio::test]
async fn what_a_job_leaves_behind_is_killed_and_counted() {
    let spec = shell(&format!("{DAEMONS} exit 4"));
    let task = spec.job.task.clone();
    let run = run(spec).await.unwrap();
    assert_eq!((run.outcome.exit_code, run.outcome.left_behind, run.outcome.timed_out), (Some(4), 2, false));
    assert!(marked(&task).is_empty());
}

#[tokio::test]
async fn a_daemon_that_was_orphaned_twice_and_hides_its_environment_is_still_found() {
    // The FIFO is opened by the daemon once it is what it will stay, and by the job when the daemon is there.
    let script = "mkfifo gate; (setsid sh -c '(exec env -i sh -c \"echo \\$\\$ > gate; exec sleep 1000\") & exit 0' &); read pid < gate; echo $pid; exit 3";
    let run = run(shell(script)).await.unwrap();
    assert_eq!((run.outcome.exit_code, run.outcome.left_behind), (Some(3), 1), "{run:?}");
    let process = &run.lines[0].1;
    assert!(!std::path::Path::new(&format!("/proc/{process}")).exists(), "process {process} lives on");
}

#[tokio::test]
async fn a_large_tree_of_stubborn_processes_is_cleared() {
    // 1 + 2 + 4 + ... + 32 shells, none of which ends by itself.
    let script = "cat > tree <<'END'\n\
                  trap '' TERM HUP\n\
                  if [ $1 -gt 0 ]; then sh ./tree $(($1 - 1)) & sh ./tree $(($1 - 1)) & else echo leaf; fi\n\
                  while :; do sleep 1000; done\n\
                  END\n\
                  sh ./tree 5 >> leaves & while [ \"$(cat leaves 2>/dev/null | wc -l)\" -lt 32 ]; do sleep 0.01; done; exit 0";
    let spec = shell(script);
    let task = spec.job.task.clone();
    let run = run(spec).await.unwrap();
    assert_eq!(run.outcome.exit_code, Some(0));
    assert!(run.outcome.left_behind >= 63, "{:?}", run.outcome);
    assert!(marked(&task).is_empty());
}

#[tokio::test]
async fn processes_that_replace_themselves_all_the_time_are_cleared() {
    // The chains of successors never end, so a killer that looks once always comes late.
    let script = "cat > chase <<'END'\necho >> ran\n(setsid sh ./chase &)\nEND\n\
                  for i in 1 2 3; do (setsid sh ./chase &); done; while [ \"$(cat ran 2>/dev/null | wc -l)\" -lt 100 ]; do :; done; exit 0";
    let spec = shell(script);
    let task = spec.job.task.clone();
    let run = run(spec).await.unwrap();
    assert_eq!(run.outcome.exit_code, Some(0));
    assert!(marked(&task).is_empty());
}

#[tokio::test]
async fn when_hallmark_is_gone_the_supervisor_clears_up() {
    let spec = shell(&format!("{DAEMONS} wait"));
    let task = spec.job.task.clone();
    let mut child = Command::new(supervisor().program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the supervisor starts");
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", serde_json::to_string(&spec).unwrap()).unwrap();
    let events: Vec<serde_json::Value> =
        BufReader::new(child.stdout.take().unwrap()).lines().take(2).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert_eq!((&events[0]["event"], &events[1]["text"]), (&"started".into(), &"up".into()));
    assert_eq!(marked(&task).len(), 3);
    // A killed process's pipes are closed by the kernel; nothing else tells the supervisor.
    drop(stdin);
    wait_for("no process bears the marker", || marked(&task).is_empty()).await;
    assert!(!child.wait().unwrap().success());
    assert!(!std::path::Path::new(events[0]["home"].as_str().unwrap()).exists());
}

#[tokio::test]
async fn a_dropped_run_kills_the_job() {
    let spec = shell(&format!("{DAEMONS} wait"));
    let task = spec.job.task.clone();
    let running = tokio::spawn(run(spec));
    wait_for("the job and its daemons run", || marked(&task).len() >= 3).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    wait_for("no process bears the marker", || marked(&task).is_empty()).await;
}

#[tokio::test]
async fn a_job_that_kills_its_supervisor_is_inconclusive_and_is_cleared_up() {
    for (name, number) in [("KILL", 9), ("TERM", 15)] {
        let spec = shell(&format!("{DAEMONS} kill -{name} $PPID; wait"));
        let task = spec.job.task.clone();
        let error = run(spec).await.unwrap_err();
        assert!(matches!(&error, LaunchError::SupervisorLost { what, .. } if what.contains(&format!("signal: {number}"))), "{error}");
        assert!(marked(&task).is_empty(), "{name}");
    }
}

#[tokio::test]
async fn clearing_up_after_one_run_spares_the_same_job_of_another() {
    // The same seed gives the same task ids; only the proxies differ.
    let mut other = shell("exec sleep 1000");
    let mut spec = shell(&format!("{DAEMONS} kill -KILL $PPID; wait"));
    spec.job = other.job.clone();
    spec.environment.clone_from(&other.environment);
    other.environment.insert("HTTPS_PROXY".to_owned(), "http://127.0.0.1:1".to_owned());
    spec.environment.insert("HTTPS_PROXY".to_owned(), "http://127.0.0.1:2".to_owned());
    let task = other.job.task.clone();
    let running = tokio::spawn(run(other));
    wait_for("the other run's job runs", || !marked(&task).is_empty()).await;
    let bystanders = marked(&task);
    assert!(matches!(run(spec).await.unwrap_err(), LaunchError::SupervisorLost { .. }));
    assert_eq!(marked(&task), bystanders);
    running.abort();
    wait_for("no process bears the marker", || marked(&task).is_empty()).await;
}
