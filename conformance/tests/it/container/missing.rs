//! What is missing is told, and never taken for the provider's fault.

use std::process::Command;

use super::engine::engine;
use super::world::World;

fn run(image: &str, docker: Option<&str>) -> (Option<i32>, String) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("provider.toml"), hallmark::mutant::MANIFEST).unwrap();
    std::fs::write(place.path().join("job_config.json"), hallmark::mutant::JOB_CONFIG).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallmark"));
    command.args(["run", "provider.toml", "--image", image, "--rule", "CRE-001"]).current_dir(place.path());
    if let Some(host) = docker {
        command.env("DOCKER_HOST", host);
    }
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn without_an_engine_nothing_can_be_said() {
    let (code, said) = run("anything", Some("unix:///nowhere/docker.sock"));
    assert_eq!(code, Some(3), "{said}");
    for word in ["/nowhere/docker.sock", "install", "start it", "hallmark doctor"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let (code, said) = run("anything", Some("tcp://192.0.2.1:2375"));
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("tcp://192.0.2.1:2375") && said.contains("untested"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_is_the_callers_mistake() {
    if engine().await.is_none() {
        return;
    }
    let (code, said) = tokio::task::spawn_blocking(|| run("hallmark-test-no-such-image:1", None)).await.unwrap();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("hallmark-test-no-such-image:1") && said.contains("--pull"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_with_a_program_that_is_not_there_is_judged() {
    let Some(world) = World::with("no-such-mutant", "").await else { return };
    let ended = world.run(&["--rule", "CRE-001"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
}
