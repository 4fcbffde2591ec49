//! Runs that were recorded, split or failed are judged again, put together or played again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use hallmark::chaos::saved::saved;
use hallmark::chaos::scenario::feature;
use hallmark::results::{FILE_NAME, Results, ScenarioRecord};
use hallmark::verdict::Verdict;
use hallmark_harness::journal::{Event, EventKind, JobRef};
use hallmark_harness::stage::Recording;

use crate::place::Place;

const RULES: [&str; 4] = ["CRE-007", "DEL-004", "UPD-002", "PRV-002"];

impl Place {
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

/// Moves every exchange of a recording to the end of its job, as if the threads that note them had been late: ids and times of noting change, and nothing
/// that happened.
fn noted_late(recording: &mut Recording) -> usize {
    let is_exchange_of =
        |event: &Event, job: &JobRef| matches!(&event.kind, EventKind::Exchange(exchange) if exchange.job.as_ref() == Some(job));
    let before: Vec<u64> = recording.events.iter().map(|event| event.id).collect();
    let ends: Vec<JobRef> = recording
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::JobEnded { job, .. } => Some(job.clone()),
            _ => None,
        })
        .collect();
    for job in ends {
        let (late, mut rest): (Vec<Event>, Vec<Event>) =
            std::mem::take(&mut recording.events).into_iter().partition(|event| is_exchange_of(event, &job));
        let end = rest.iter().position(|event| matches!(&event.kind, EventKind::JobEnded { job: ended, .. } if *ended == job));
        let end = end.expect("the job ended");
        let at = rest[end].at;
        // The later call is noted first.
        rest.splice(end..end, late.into_iter().rev().map(|event| Event { at, ..event }));
        recording.events = rest;
    }
    let moved = recording.events.iter().zip(&before).filter(|(event, id)| event.id != **id).count();
    recording.events.iter_mut().zip(before).for_each(|(event, id)| event.id = id);
    moved
}

#[test]
fn it_does_not_matter_when_what_happened_was_noted() {
    let place = Place::new();
    let own = place.path("own");
    std::fs::create_dir(&own).expect("a folder");
    for (number, (_, schedule)) in (1..).zip(saved().expect("they are readable")) {
        let text = feature(&format!("OWN-{number:03}"), "a right provider survives it", &schedule);
        std::fs::write(own.join(format!("schedule_{number}.feature")), text).expect("the feature is written");
    }
    for mutant in ["none", "UPD-008/never-looks"] {
        let out = format!("out-{}", mutant.replace('/', "-"));
        place.run(mutant, &out, &["--features", own.to_str().expect("text")]);
        let mut moved = 0;
        for file in std::fs::read_dir(place.path(&out).join("recordings")).expect("recordings are kept") {
            let path = file.expect("a file").path();
            if path.extension().is_some_and(|kind| kind == "ndjson") {
                let mut recording = Recording::read(&path).expect("it is readable");
                moved += noted_late(&mut recording);
                recording.write(&path).expect("it is written");
            }
        }
        assert!(moved > 1000, "{moved} events were moved");
        let to = place.path(&format!("{out}-judged"));
        hallmark(&["judge", place.path(&out).to_str().expect("text"), "--out", to.to_str().expect("text")]);
        let by_scenario = |results: &Results| {
            let of = |scenario: &ScenarioRecord| {
                (
                    scenario.id.clone(),
                    scenario.judgements.iter().map(|one| (one.rule.clone(), one.verdict, one.actual.clone())).collect::<Vec<_>>(),
                )
            };
            results.scenarios().iter().map(of).collect::<BTreeMap<_, _>>()
        };
        let (at_once, late) = (place.results(&out), Results::read(&to.join(FILE_NAME)).expect("the results are readable"));
        assert!(at_once.scenarios().len() > 400, "{} scenarios", at_once.scenarios().len());
        let (at_once, late) = (by_scenario(&at_once), by_scenario(&late));
        for (scenario, judgements) in at_once {
            assert_eq!(Some(&judgements), late.get(&scenario), "mutant {mutant}: {scenario}");
        }
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
