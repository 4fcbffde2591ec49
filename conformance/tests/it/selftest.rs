//! `hallmark selftest` and `hallmark mutant`.

use std::process::{Command, Output};

use super::container::engine::engine;

fn hallmark(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hallmark")).args(arguments).output().expect("hallmark starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mutant_is_found_out_for_exactly_what_it_breaks() {
    // Without an engine the images are told to be untried, and everything else is proved all the same.
    let (code, proved) = match engine().await {
        Some(_) => (0, "Every mutant was found out"),
        None => (3, "Every mutant that could be tried was found out"),
    };
    let output = tokio::task::spawn_blocking(|| hallmark(&["selftest", "--quiet"])).await.expect("hallmark ends");
    let matrix = text(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{matrix}\n{}", text(&output.stderr));
    assert!(matrix.contains(proved), "{matrix}");
    let longest = matrix.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(100), "a line has {longest:?} columns\n{matrix}");
}

#[test]
fn one_mutant_can_be_tried_alone() {
    let output = hallmark(&["selftest", "--quiet", "--format", "json", "--mutant", "CRE-003/passes-the-answer-on"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let matrix: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(matrix["trials"][0]["broken"], serde_json::json!(["CRE-003"]), "{matrix}");
    assert_eq!(matrix["whole"], false);
}

#[test]
fn a_mistyped_mutant_is_a_mistake_of_the_caller_and_the_near_one_is_named() {
    let output = hallmark(&["selftest", "--mutant", "CRE-007/nevr"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("CRE-007/never"), "{}", text(&output.stderr));
    let output = hallmark(&["mutant", "CRE-007/nevr"]);
    assert_eq!(output.status.code(), Some(2), "a mutant that is not there must not pass for the control");
}

#[test]
fn mutants_are_no_part_of_the_help() {
    let help = text(&hallmark(&["--help"]).stdout);
    assert!(help.contains("selftest") && !help.contains("mutant "), "{help}");
}
