//! Runs that were recorded, split or failed are judged again, put together or played again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::Verdict;

const RULES: [&str; 4] = ["CRE-007", "DEL-004", "UPD-002", "PRV-002"];

/// A folder with the mutants' manifest.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("provider.toml"), hallmark::mutant::MANIFEST).expect("the manifest is written");
        std::fs::write(folder.path().join("job_config.json"), hallmark::mutant::JOB_CONFIG).expect("the declarations are written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the rules against a mutant; everything is kept in the folder `out`.
    fn run(&self, mutant: &str, out: &str, further: &[&str]) -> Output {
        let command = format!("{} mutant {mutant}", env!("CARGO_BIN_EXE_hallmark"));
        let (manifest, out) = (self.path("provider.toml"), self.path(out));
        let mut arguments = vec!["run", manifest.to_str().expect("text"), "--profile", "resilient", "--command", &command];
        arguments.extend(["--out", out.to_str().expect("text")]);
        arguments.extend(further);
        hallmark(&arguments)
    }

    fn results(&self, out: &str) -> Results {
        Results::read(&self.path(out).join(FILE_NAME)).expect("the results are readable")
    }
}

fn hallmark(arguments: &[&str]) -> Output {
    let (command, further) = arguments.split_first().expect("a command");
    Command::new(env!("CARGO_BIN_EXE_hallmark")).arg(command).arg("--quiet").args(further).output().expect("hallmark starts")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

/// What was printed, on one line: where a report breaks its lines says nothing.
fn said(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn selected() -> Vec<&'static str> {
    RULES.iter().flat_map(|rule| ["--rule", rule]).collect()
}

/// The lines about scenarios and rules, byte for byte, in an order that does not depend on time.
fn verdicts(out: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(out.join(FILE_NAME)).expect("the results are readable");
    let of_interest = |line: &&str| [r#"{"record":"scenario""#, r#"{"record":"rule""#].iter().any(|kind| line.starts_with(kind));
    text.lines().filter(of_interest).map(str::to_owned).collect()
}

fn by_rule(results: &Results) -> BTreeMap<String, Verdict> {
    results.rules().iter().map(|rule| (rule.id.to_string(), rule.verdict)).collect()
}

#[test]
fn a_recording_alone_is_judged_as_the_run_was() {
    for mutant in ["none", "CRE-007/never"] {
        let place = Place::new();
        let run = place.run(mutant, "out", &selected());
        assert!(matches!(code(&run), Some(0 | 1)), "{}", said(&run));
        // Nothing but the recordings is there.
        let recordings = place.path("elsewhere");
        std::fs::rename(place.path("out/recordings"), &recordings).expect("the recordings are moved");
        std::fs::remove_file(place.path("provider.toml")).expect("the manifest is removed");
        let (from, to) = (recordings.to_str().expect("text"), place.path("judged"));
        let judged = hallmark(&["judge", from, "--out", to.to_str().expect("text")]);
        assert_eq!(code(&judged), code(&run), "{}", said(&judged));
        let lines = verdicts(&place.path("out"));
        assert!(lines.len() > 15 + RULES.len(), "{} scenarios and rules", lines.len());
        assert_eq!(verdicts(&to), lines, "mutant {mutant}");
        let same = hallmark(&["judge", from, "--against", place.path("out").to_str().expect("text")]);
        assert!(said(&same).contains("Every verdict is the same"), "{}", said(&same));
        assert!(said(&judged).contains("judged from what hallmark"), "{}", said(&judged));
    }
}

#[test]
fn another_build_is_held_against_the_first() {
    let place = Place::new();
    for (mutant, out) in [("none", "right"), ("CRE-007/never", "wrong")] {
        place.run(mutant, out, &["--rule", "CRE-007"]);
    }
    let (right, wrong) = (place.path("right"), place.path("wrong"));
    let compared = hallmark(&["judge", wrong.to_str().expect("text"), "--against", right.to_str().expect("text"), "--format", "json"]);
    assert_eq!(code(&compared), Some(1), "{}", said(&compared));
    let changes: serde_json::Value = serde_json::from_slice(&compared.stdout).expect("JSON");
    let rule = &changes["rules"][0];
    assert_eq!((rule["id"].as_str(), rule["before"].as_str(), rule["after"].as_str()), (Some("CRE-007"), Some("pass"), Some("fail")));
    assert!(rule["why"].as_str().is_some_and(|why| why.contains("create/undo.feature")), "{changes}");
    assert_eq!(changes["unchanged_rules"].as_u64().map(|unchanged| unchanged > 0), Some(false), "{changes}");
}

#[test]
fn the_parts_of_a_run_make_the_whole() {
    let place = Place::new();
    let whole = place.run("CRE-007/never", "whole", &selected());
    for part in 1..=3 {
        let partition = format!("hash:{part}/3");
        place.run("CRE-007/never", &part.to_string(), &[selected(), vec!["--partition", &partition]].concat());
    }
    let folders: Vec<PathBuf> = ["1", "2", "3", "merged"].iter().map(|name| place.path(name)).collect();
    let [one, two, three, merged] = folders.iter().map(|folder| folder.to_str().expect("text")).collect::<Vec<_>>()[..] else {
        unreachable!("there are four")
    };
    let lacking = hallmark(&["merge", one, three, "--out", merged]);
    assert_eq!(code(&lacking), Some(2));
    assert!(said(&lacking).contains("hash:2/3 are missing"), "{}", said(&lacking));
    let twice = hallmark(&["merge", one, two, two, "--out", merged]);
    assert_eq!((code(&twice), said(&twice).contains("are the same part")), (Some(2), true), "{}", said(&twice));
    assert!(!Path::new(merged).exists(), "nothing was written");

    let put_together = hallmark(&["merge", two, one, three, "--out", merged]);
    assert_eq!(code(&put_together), code(&whole), "{}", said(&put_together));
    assert_eq!(by_rule(&place.results("merged")), by_rule(&place.results("whole")));
    let ids = |out: &str| place.results(out).scenarios().iter().map(|scenario| scenario.id.clone()).collect::<BTreeSet<_>>();
    assert_eq!(ids("merged"), ids("whole"));
    assert!(ids("1").len() < ids("whole").len());
    // The whole can be judged again like any run.
    let judged = hallmark(&["judge", merged, "--against", merged]);
    assert!(said(&judged).contains("Every verdict is the same"), "{}", said(&judged));
}

#[test]
fn a_recording_from_elsewhere_is_no_evidence() {
    let place = Place::new();
    for (mutant, out) in [("none", "right"), ("CRE-007/never", "wrong")] {
        place.run(mutant, out, &["--rule", "CRE-007"]);
    }
    let recording =
        place.results("wrong").scenarios().iter().find(|scenario| scenario.verdict == Verdict::Fail).map(|scenario| scenario.id.clone());
    let name = recording.expect("something failed").replace('/', "+").replace(':', "_") + ".ndjson";
    std::fs::copy(place.path("right/recordings").join(&name), place.path("wrong/recordings").join(&name)).expect("it is copied");
    let wrong = place.path("wrong");
    let judged = hallmark(&["judge", wrong.to_str().expect("text"), "--verbose"]);
    assert!(matches!(code(&judged), Some(1 | 3)), "{}", said(&judged));
    assert!(said(&judged).contains("is of another run or scenario"), "{}", said(&judged));
    // Nor are the run's own results overwritten.
    let before = std::fs::read(wrong.join(FILE_NAME)).expect("the results are readable");
    let recordings = wrong.join("recordings");
    let onto = hallmark(&["judge", recordings.to_str().expect("text"), "--out", wrong.to_str().expect("text")]);
    assert_eq!(code(&onto), Some(2), "{}", said(&onto));
    assert_eq!(std::fs::read(wrong.join(FILE_NAME)).expect("the results are readable"), before);
}

/// Puts another digest in place of the catalog's, as another hallmark would have.
fn of_another_hallmark(out: &Path) {
    for file in [out.join(FILE_NAME), out.join("recordings/plan.json")] {
        let text = std::fs::read_to_string(&file).expect("it is readable");
        let digest = hallmark::catalog::Catalog::digest();
        assert!(text.contains(&digest), "{}", file.display());
        std::fs::write(&file, text.replace(&digest, &digest.chars().rev().collect::<String>())).expect("it is written");
    }
}

#[test]
fn what_another_hallmark_recorded_earns_no_profile_and_is_not_merged() {
    let place = Place::new();
    let folder = |name: &str| place.path(name).to_str().expect("text").to_owned();
    for part in ["1", "2"] {
        place.run("none", part, &["--rule", "UPD-002", "--partition", &format!("slice:{part}/2")]);
        of_another_hallmark(&place.path(part));
    }
    let merged = hallmark(&["merge", &folder("1"), &folder("2"), "--out", &folder("merged")]);
    assert_eq!((code(&merged), said(&merged).contains("by another hallmark")), (Some(2), true), "{}", said(&merged));
    let judged = hallmark(&["judge", &folder("1")]);
    assert!(said(&judged).contains("so no profile is claimed"), "{}", said(&judged));
}

#[test]
fn parts_of_other_runs_are_no_parts() {
    let place = Place::new();
    place.run("none", "1", &["--rule", "UPD-002", "--partition", "slice:1/2"]);
    place.run("none", "2", &["--rule", "UPD-002", "--partition", "slice:2/2", "--seed", "2"]);
    place.run("none", "3", &["--rule", "UPD-002"]);
    let folder = |name: &str| place.path(name).to_str().expect("text").to_owned();
    let other_seed = hallmark(&["merge", &folder("1"), &folder("2"), "--out", &folder("merged")]);
    assert_eq!((code(&other_seed), said(&other_seed).contains("the seed is `1`")), (Some(2), true), "{}", said(&other_seed));
    let no_part = hallmark(&["merge", &folder("1"), &folder("3"), "--out", &folder("merged")]);
    assert_eq!((code(&no_part), said(&no_part).contains("is no part of a run")), (Some(2), true), "{}", said(&no_part));
}

#[test]
fn what_failed_is_played_again() {
    let place = Place::new();
    let ids = || {
        let results = place.results("out");
        let (failed, passed) = results.scenarios().iter().partition::<Vec<_>, _>(|scenario| scenario.verdict == Verdict::Fail);
        (failed.into_iter().map(|scenario| scenario.id.clone()).collect::<BTreeSet<_>>(), passed.len())
    };
    place.run("UPD-002/once-more", "out", &["--rule", "UPD-002", "--rule", "DEL-001"]);
    let (failed, passed) = ids();
    assert!(!failed.is_empty() && passed > 0);
    // Into the same folder, whose results are read first.
    let out = place.path("out");
    let again = ["--rerun-failed", out.to_str().expect("text")];
    let still = place.run("UPD-002/once-more", "out", &again);
    assert_eq!((code(&still), ids()), (Some(1), (failed.clone(), 0)), "{}", said(&still));
    let other = place.run("none", "out", &[again.as_slice(), &["--rule", "DEL-001"]].concat());
    assert_eq!(code(&other), Some(4), "{}", said(&other));
    let mended = place.run("none", "out", &again);
    assert_eq!((code(&mended), ids()), (Some(0), (BTreeSet::new(), failed.len())), "{}", said(&mended));
    assert!(said(&mended).contains("only scenarios that did not pass in"), "{}", said(&mended));
    let nothing = place.run("none", "out", &again);
    assert_eq!((code(&nothing), said(&nothing).contains("nothing to play again")), (Some(4), true), "{}", said(&nothing));
}

const OWN: &str = "Feature: Ours

  @OWN-001 @must
  Rule: a refused creation is logged and fails the job
    Scenario Outline: the third party answers <status>
      Given the third party answers every creation with <status>
      When Secrets Manager creates the secret
      Then the job fails
      And the failure is logged
      Examples:
        | status |
        | 403    |
        | 500    |
";

#[test]
fn a_company_plays_features_of_its_own() {
    let place = Place::new();
    let own = place.path("own");
    std::fs::create_dir(&own).expect("a folder");
    let write = |text: &str| std::fs::write(own.join("ours.feature"), text).expect("the feature is written");
    write(OWN);
    let features = ["--features", own.to_str().expect("text"), "--rule", "OWN-001"];
    let right = place.run("none", "right", &features);
    assert_eq!(code(&right), Some(0), "{}", said(&right));
    let results = place.results("right");
    assert_eq!(results.scenarios().len(), 4, "two rows for two variants");
    assert_eq!(by_rule(&results)["OWN-001"], Verdict::Pass);

    // Each step is taken at its word, also where another one is right.
    write(&OWN.replace("the job fails", "the job succeeds"));
    let untrue = place.run("none", "untrue", &features);
    assert_eq!(code(&untrue), Some(1), "{}", said(&untrue));
    assert_eq!(by_rule(&place.results("untrue"))["OWN-001"], Verdict::Fail);
    // Nothing fails, so there is no failure to be logged.
    let quiet = OWN.replace("the third party answers every creation with <status>", "only the required inputs are set");
    write(&quiet.replace("the job fails", "the job succeeds"));
    let hole = place.run("none", "hole", &features);
    assert_eq!((code(&hole), by_rule(&place.results("hole"))["OWN-001"]), (Some(1), Verdict::NotExercised), "{}", said(&hole));
    write(OWN);

    let wrong = place.run("ERR-005/silent", "wrong", &features);
    assert_eq!(code(&wrong), Some(1), "{}", said(&wrong));
    assert_eq!(by_rule(&place.results("wrong"))["OWN-001"], Verdict::Fail);
    assert!(said(&wrong).contains("--features") && said(&wrong).contains("--rule OWN-001"), "{}", said(&wrong));
    // The recording knows the company's rule without its features.
    std::fs::remove_dir_all(&own).expect("the folder is removed");
    let judged = hallmark(&["judge", place.path("wrong").to_str().expect("text"), "--out", place.path("judged").to_str().expect("text")]);
    assert_eq!(code(&judged), Some(1), "{}", said(&judged));
    assert_eq!(verdicts(&place.path("judged")), verdicts(&place.path("wrong")));

    std::fs::create_dir(&own).expect("a folder");
    write(&OWN.replace("the job fails", "the job failed"));
    let mistyped = place.run("none", "right", &features);
    assert_eq!(code(&mistyped), Some(2), "{}", said(&mistyped));
    assert!(said(&mistyped).contains("did you mean `the job fails`?"), "{}", said(&mistyped));
}
