//! `hallmark chaos`, `hallmark replay` and what is kept of a finding.

use std::path::Path;
use std::process::{Command, Output};

use hallmark::chaos::saved::saved;
use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::Verdict;
use serde_json::Value;

use crate::place::Place;

impl Place {
    fn manifest(&self) -> String {
        self.path("provider.toml").to_str().expect("text").to_owned()
    }

    /// Runs a command of hallmark's about a mutant.
    fn against(&self, mutant: &str, command: &str, arguments: &[&str]) -> Output {
        let provider = format!("{} mutant {mutant}", env!("CARGO_BIN_EXE_hallmark"));
        let manifest = self.manifest();
        let all = [&[command, manifest.as_str()], arguments, &["--command", provider.as_str()]].concat();
        // What is written without being told where lies in the folder as well.
        Command::new(env!("CARGO_BIN_EXE_hallmark")).args(all).current_dir(self.path("")).output().expect("hallmark starts")
    }

    fn search(&self, mutant: &str, out: &str, further: &[&str]) -> (Option<i32>, Value) {
        let out = self.path(out);
        let arguments = [&["--quiet", "--format", "json", "--out", out.to_str().expect("text")], further].concat();
        let output = self.against(mutant, "chaos", &arguments);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
        (output.status.code(), report)
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_schedule_that_is_kept_breaks_its_mutant_and_no_right_provider() {
    let output = Command::new(env!("CARGO_BIN_EXE_hallmark")).args(["selftest", "--chaos", "saved"]).output().expect("hallmark starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("10 of 10 mutants that take several faults are proved"), "{}", said(&output));
}

#[test]
fn the_reference_provider_survives_every_schedule_that_is_kept() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference-provider/provider.toml");
    let hallmark = || Command::new(env!("CARGO_BIN_EXE_hallmark"));
    // The first builds the provider; the others find it built.
    for (saved, _) in saved().expect("they are readable") {
        let output = hallmark().arg("replay").arg(&manifest).arg(&saved.schedule).output().expect("hallmark starts");
        assert_eq!(output.status.code(), Some(0), "{}: {}", saved.schedule, said(&output));
    }
}

#[test]
fn what_breaks_a_provider_is_found_made_small_told_replayed_and_kept() {
    let place = Place::new();
    let feature = place.path("found.feature");
    let mutant = "RTY-008/looks-once";
    let (code, report) = place.search(mutant, "out", &["--runs", "60", "--save", feature.to_str().expect("text")]);
    assert_eq!((code, report["exit_code"].as_i64()), (Some(1), Some(1)), "{report:#}");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "RTY-008", "{report:#}");
    assert_eq!(finding["confirmed"], serde_json::json!([3, 3]), "{finding:#}");
    assert!(finding["faults"].as_u64().is_some_and(|faults| faults <= 3), "{finding:#}");
    let story = finding["story"].as_str().expect("a story");
    assert!(story.contains("Secrets Manager creates the secret") && story.contains("although it took effect"), "{story}");
    assert!(story.contains("in the end") && story.lines().any(|line| line.starts_with('>')), "{story}");
    assert!(place.path("out/finding-1.ndjson").exists(), "the recording that shows it is kept");

    // The schedule alone brings it about again, against this provider and not against a right one.
    let schedule = finding["schedule"].as_str().expect("a schedule");
    let again = place.against(mutant, "replay", &[schedule]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert!(said(&again).contains("RTY-008: ") && said(&again).contains("Broken."), "{}", said(&again));
    let right = place.against("none", "replay", &[schedule]);
    assert_eq!(right.status.code(), Some(0), "{}", said(&right));

    // The feature is a scenario like any other.
    let own = place.path("own");
    std::fs::create_dir(&own).expect("a folder");
    std::fs::copy(&feature, own.join("found.feature")).expect("it is copied");
    for (provider, expected) in [(mutant, Verdict::Fail), ("none", Verdict::Pass)] {
        let out = place.path(&format!("run-{expected}"));
        let arguments = ["--quiet", "--features", own.to_str().expect("text"), "--rule", "OWN-001", "--out", out.to_str().expect("text")];
        let ran = place.against(provider, "run", &arguments);
        let results = Results::read(&out.join(FILE_NAME)).unwrap_or_else(|error| panic!("{error}: {}", said(&ran)));
        let rule = results.rules().iter().find(|rule| rule.id.as_str() == "OWN-001").expect("the rule was played");
        assert_eq!(rule.verdict, expected, "{}", said(&ran));
    }
}

#[test]
fn a_right_provider_survives_a_short_search() {
    let place = Place::new();
    let (code, report) = place.search("none", "out", &["--runs", "24", "--jobs", "24"]);
    assert_eq!((code, report["played"].as_u64()), (Some(0), Some(24)), "{report:#}");
    assert_eq!(report["findings"], serde_json::json!([]));
    let acted: u64 = report["coverage"].as_array().expect("rows").iter().map(|row| row[3].as_u64().expect("a count")).sum();
    assert!(acted > 20, "hardly a fault acted: {report:#}");
}

#[test]
fn a_provider_that_fails_without_a_fault_is_told_so_at_once() {
    let place = Place::new();
    let (code, report) = place.search("CRE-001/never-reports", "out", &["--runs", "300"]);
    assert_eq!(code, Some(1), "{report:#}");
    assert!(report["played"].as_u64().is_some_and(|played| played <= 2), "{report:#}");
    assert_eq!(report["findings"][0]["faults"], 0, "{report:#}");
}

#[test]
fn what_cannot_be_played_is_a_mistake_of_the_caller() {
    let place = Place::new();
    for (schedule, expected) in [
        ("rotate", "the first act is `create`"),
        ("create: iam.token@nth:0 reset", "a call number from 1"),
        ("variant=azure | create", "artifactory"),
    ] {
        let output = place.against("none", "replay", &[schedule]);
        assert_eq!(output.status.code(), Some(2), "{schedule}: {}", said(&output));
        assert!(said(&output).contains(expected), "{schedule}: {}", said(&output));
    }
    let save = place.against("none", "chaos", &["--runs", "1", "--save", "/nowhere/at/all.feature"]);
    assert_eq!(save.status.code(), Some(2), "{}", said(&save));
    assert!(said(&save).contains("--save"), "{}", said(&save));
}

/// What is judged, whom it is played against, and what must be said.
const JUDGED: [(&str, &str, i32, &str); 13] = [
    // Broken without any fault.
    ("ROT-001/replaces", "create | rotate", 1, "ROT-001: "),
    ("DEL-001/reports-first", "create | delete", 1, "DEL-001: "),
    ("CRE-004/revokes-at-the-end", "create", 1, "CRE-004: "),
    ("CRE-004/sample", "create", 1, "CRE-004: "),
    ("UPD-002/once-more", "create: secrets_manager.update_task@nth:1 status(400)", 1, "UPD-002: "),
    ("CRE-007/never", "create: secrets_manager.update_task@nth:1 status(409)", 1, "CRE-007: "),
    ("CRE-012/once", "create: secrets_manager.update_task@nth:1 status(409); third_party.revoke@nth:1 status(503)", 1, "CRE-012: "),
    // Kept, whatever a fault made impossible.
    ("none", "create: secrets_manager.update_task@nth:1 status(409); third_party.revoke@every status(403)", 0, "excused: "),
    (
        "none",
        "create: secrets_manager.update_task@nth:1 after_commit reset; secrets_manager.get_task@every status(403)",
        0,
        "undecidable: ",
    ),
    ("none", "create: third_party.create@nth:1 after_commit kill_job; iam.token@from:2 status(403)", 0, "excused: "),
    ("none", "create | delete: third_party.revoke@every status(403) | day: third_party.revoke@every status(403)", 0, "Survived"),
    // Nothing was tried.
    ("none", "create: secrets_manager.update_task@nth:9 status(400)", 3, "met no call"),
    ("none", "create: iam.token@nth:1 reset; iam.token@nth:9 reset", 0, "1 of 2 faults met no call"),
];

#[test]
fn what_holds_and_what_does_not_is_told_apart() {
    let place = Place::new();
    for (mutant, schedule, code, said_of_it) in JUDGED {
        let output = place.against(mutant, "replay", &[schedule]);
        assert_eq!(output.status.code(), Some(code), "{mutant}, {schedule}: {}", said(&output));
        assert!(said(&output).contains(said_of_it), "{mutant}, {schedule}: {}", said(&output));
    }
}

#[test]
fn outputs_that_are_alike_for_every_credential_tell_none_from_another() {
    if crate::clients::is_missing("the control", &["python3"]) {
        return;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control/provider.toml");
    let schedule = "create: secrets_manager.update_task@nth:1 status(409); third_party.revoke@nth:1 after_commit kill_job";
    let output = Command::new(env!("CARGO_BIN_EXE_hallmark")).arg("replay").arg(manifest).arg(schedule).output().expect("hallmark starts");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}
