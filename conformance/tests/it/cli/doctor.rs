//! `doctor`.

use std::process::Command;

use super::{Called, call};

#[test]
fn this_machine_can_run_the_suite() {
    let called = call(&["doctor"]);
    assert_eq!((called.code, called.stderr.as_str()), (Some(0), ""), "{}", called.stdout);
    let text = called.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for what in
        ["loopback sockets", "supervised job", "clearing up", "open files", "wall clock", "reset ", "`run --image` is not there yet"]
    {
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
