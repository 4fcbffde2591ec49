//! Images are measured as commands are.

use hallmark_benches::outcome::{Mode, Outcome};
use hallmark_benches::trial::Arm;

use super::world::{World, ended};
use crate::bench::TRIES;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_measured_unchanged_and_compared_with_another() {
    let Some(world) = World::with("none", "").await else { return };
    let options = ["--image", &world.image, "--against-image", &world.image, "--quick", "--runs", "3", "--out", "out", "--quiet"];
    let measured = async || ended(world.hallmark(&[&["bench", "retry", "provider.toml"], options.as_slice()].concat())).await;
    let mut ended = measured().await;
    // Other tests may keep the machine too busy for anything to be said.
    for _ in 1..TRIES {
        if ended.code == Some(3) {
            ended = measured().await;
        }
    }
    assert_eq!(world.left(ended.process).await, Vec::<String>::new(), "{ended:?}");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let text = std::fs::read_to_string(world.folder().join("out/bench.json")).unwrap();
    let outcome: Outcome = serde_json::from_str(&text).unwrap();
    let measurement = &outcome.measurement;
    assert_eq!(measurement.mode, Mode::Container);
    assert!(measurement.digest.starts_with("sha256:"), "{}", measurement.digest);
    for arm in [Arm::Subject, Arm::Baseline] {
        let own = measurement.trials.iter().filter(|trial| trial.arm == arm && trial.experiment == "update-503-1s");
        let conclusive = || own.clone().filter(|trial| trial.inconclusive.is_none());
        assert!(conclusive().count() > 0, "{arm:?}: {:?}", own.map(|trial| &trial.inconclusive).collect::<Vec<_>>());
        // It was refused, tried again, and was accepted in the end.
        assert!(conclusive().flat_map(|trial| &trial.clients).all(|client| client.attempts.len() > 1), "{arm:?}");
    }
    let baseline = outcome.comparison.unwrap().baseline;
    assert_eq!(baseline, world.image);
    assert!(ended.stdout.contains("Jobs ran in containers"), "{}", ended.stdout);
}
