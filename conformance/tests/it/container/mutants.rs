//! The mutants that are images, found out by `hallmark selftest`.

use super::world::{World, ended};

/// The rules that only images can break.
const RULES: [&str; 4] = ["PRV-008", "IMG-001", "IMG-002", "IMG-003"];

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_wrong_in_what_it_says_is_found_out_and_a_right_one_passes() {
    let Some(world) = World::with("none", "").await else { return };
    let mutants = ["--mutant", "none-image", "--mutant", "IMG-001/arm64", "--mutant", "PRV-008/key-in-env"];
    let ended = ended(world.hallmark(&[&["selftest", "--quiet", "--full", "--format", "json"], &mutants[..]].concat())).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let matrix: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let broken: Vec<_> = (0..3).map(|trial| &matrix["trials"][trial]["broken"]).collect();
    assert_eq!(broken, [&serde_json::json!([]), &serde_json::json!(["IMG-001"]), &serde_json::json!(["PRV-008"])], "{matrix}");
    assert_eq!(world.left(ended.process).await, Vec::<String>::new());
}

#[test]
fn without_an_engine_selftest_names_what_it_could_not_prove() {
    let mutants = ["--mutant", "none-image", "--mutant", "CRE-003/passes-the-answer-on"];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["selftest", "--quiet"])
        .args(mutants)
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("Not proved     {}", RULES.join(" "))) && said.contains("/nowhere/docker.sock"), "{said}");
    assert!(said.contains("Every mutant that could be tried was found out"), "{said}");
    // What needs none is proved without one.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["selftest", "--quiet", "--mutant", "CRE-003/passes-the-answer-on"])
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn the_rules_of_images_apply_to_no_command() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("provider.toml"), hallmark::mutant::MANIFEST).unwrap();
    std::fs::write(place.path().join("job_config.json"), hallmark::mutant::JOB_CONFIG).unwrap();
    let hallmark = env!("CARGO_BIN_EXE_hallmark");
    let mut command = std::process::Command::new(hallmark);
    command.args(["run", "provider.toml", "--command", &format!("{hallmark} mutant none"), "--quiet", "--rule", "CRE-001"]);
    command
        .args(RULES.iter().flat_map(|rule| ["--rule", rule]))
        .current_dir(place.path())
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let results = hallmark::results::Results::read(&place.path().join("hallmark-out/results.ndjson")).unwrap();
    for rule in RULES {
        let record = results.rules().iter().find(|record| record.id.as_str() == rule).unwrap();
        assert_eq!(record.verdict, hallmark::verdict::Verdict::NotApplicable, "{record:?}");
        assert!(record.reason.starts_with("(process)"), "{record:?}");
    }
}
