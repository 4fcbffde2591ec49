//! `doctor`.

use std::process::Command;

use super::{Called, call};

#[test]
fn this_machine_can_run_the_suite() {
    let called = call(&["doctor"]);
    assert_eq!((called.code, called.stderr.as_str()), (Some(0), ""), "{}", called.stdout);
    let text = called.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for what in [
        "loopback sockets",
        "supervised job",
        "clearing up",
        "open files",
        "wall clock",
        "reset ",
        "Podman and remote daemons are untested",
    ] {
        assert!(text.contains(what), "{what}: {}", called.stdout);
    }
    assert!(!called.stdout.contains("FAIL"), "{}", called.stdout);
}

#[test]
fn a_machine_that_cannot_is_told_what_to_do() {
    let script = format!("ulimit -n 256 && exec {} doctor", env!("CARGO_BIN_EXE_hallmark"));
    let called = Called::from(Command::new("sh").args(["-c", &script]).output().expect("a shell starts"));
    assert_eq!(called.code, Some(3), "{}", called.stdout);
    assert!(called.stdout.contains("FAIL  open files") && called.stdout.contains("`ulimit -n 544`"), "{}", called.stdout);
    assert!(called.stdout.contains("1 of "), "{}", called.stdout);
}

#[test]
fn a_machine_without_docker_runs_the_suite_in_process_mode_and_says_what_containers_need() {
    let output = Command::new(env!("CARGO_BIN_EXE_hallmark")).arg("doctor").env("DOCKER_HOST", "unix:///nowhere/docker.sock").output();
    let called = Called::from(output.expect("hallmark starts"));
    assert_eq!(called.code, Some(0), "{}", called.stdout);
    let text = called.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("none Docker Engine no Docker Engine answers on /nowhere/docker.sock"), "{}", called.stdout);
    assert!(text.contains("start it") && !text.contains("FAIL"), "{}", called.stdout);
}
