//! The same features judge a live stage and its recording alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use hallmark::catalog::{Catalog, RuleId};
use hallmark::manifest::Manifest;
use hallmark::results::{FILE_NAME, Results};
use hallmark::suite::{Plan, Recordings, Selection, Staging, Suite};
use hallmark::verdict::Judgement;

const RULES: [&str; 4] = ["CRE-007", "DEL-004", "UPD-002", "PRV-002"];

/// Plays the rules against a mutant and keeps everything under `out`.
fn play(manifest: &Path, mutant: &str, out: &Path) {
    let hallmark = env!("CARGO_BIN_EXE_hallmark");
    let command = format!("{hallmark} mutant {mutant}");
    let rules = RULES.iter().flat_map(|rule| ["--rule", rule]);
    let output = Command::new(hallmark)
        .args(["run", "--quiet", "--profile", "resilient", "--command", &command])
        .arg(manifest)
        .arg("--out")
        .arg(out)
        .args(rules)
        .output()
        .expect("hallmark starts");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Judges the recordings under `out` with stages that do nothing.
fn judge(manifest: &Path, out: &Path) -> BTreeMap<String, Vec<Judgement>> {
    let manifest = Manifest::load(manifest).expect("the mutants' manifest is right");
    let catalog = Catalog::built_in().expect("the catalog is right");
    let selection = Selection { rules: RULES.iter().map(|rule| RuleId::from(*rule)).collect(), ..Selection::default() };
    let plan = Plan::new(&catalog, &manifest.variants(), &[], &selection).expect("the features are right");
    let staging = Staging::Recorded(Recordings::new(out.join("recordings")));
    // Another seed: what was recorded decides, not what would be set up now.
    let suite = Suite::new(manifest, &plan, staging, 99, None, 4, Box::new(|_, _| {}));
    let collector = suite.collector();
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(suite.play());
    let (outcomes, trouble) = collector.gathered();
    assert_eq!(trouble, [""; 0]);
    outcomes
        .into_iter()
        .map(|(id, outcome)| {
            assert_eq!(outcome.trouble, [""; 0], "{id}");
            assert_eq!(outcome.jobs, 0, "{id}: nothing happens on a recorded stage");
            (id, outcome.judgements)
        })
        .collect()
}

#[test]
fn a_recording_is_judged_as_the_run_was() {
    for mutant in ["none", "CRE-007/never"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manifest = folder.path().join("provider.toml");
        std::fs::write(&manifest, hallmark::mutant::MANIFEST).expect("the manifest is written");
        std::fs::write(folder.path().join("job_config.json"), hallmark::mutant::JOB_CONFIG).expect("the declarations are written");
        let out = folder.path().join("out");
        play(&manifest, mutant, &out);
        let results = Results::read(&out.join(FILE_NAME)).expect("the results are readable");
        let live: BTreeMap<String, Vec<Judgement>> =
            results.scenarios().iter().map(|scenario| (scenario.id.clone(), scenario.judgements.clone())).collect();
        assert!(live.len() > 15, "{} scenarios were played", live.len());
        assert_eq!(judge(&manifest, &out), live, "mutant {mutant}");
    }
}
