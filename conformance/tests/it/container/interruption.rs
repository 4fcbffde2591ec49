//! However a run ends, nothing of it stays on the engine, and nobody else's run is disturbed.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::world::{World, ended};

/// Scenarios that take a while.
const LONG: [&str; 6] = ["--rule", "DEL-004", "--rule", "RTY-004", "--jobs", "3"];

/// Waits until a run has something on the engine.
async fn begun(world: &World, process: u32) {
    let looking = async {
        let mut pace = tokio::time::interval(Duration::from_millis(200));
        while !world.left(process).await.iter().any(|name| name.contains("-job-")) {
            pace.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), looking).await.expect("a job starts");
}

fn signal(process: u32, signal: Signal) {
    let id = Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    kill_process(id, signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_leaves_nothing() {
    let Some(world) = World::with("none", "").await else { return };
    for kind in [Signal::INT, Signal::TERM] {
        let child = world.start(&LONG);
        begun(&world, child.id()).await;
        signal(child.id(), kind);
        let ended = ended(child).await;
        assert_eq!(ended.code, Some(130), "{ended:?}");
        assert_eq!(world.left(ended.process).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_left_goes_with_the_next_one_and_a_live_run_stays() {
    let Some(world) = World::with("none", "").await else { return };
    let Some(neighbour) = World::with("none", "").await else { return };
    let living = neighbour.start(&["--rule", "DEL-004", "--jobs", "2"]);
    let killed = world.start(&LONG);
    begun(&world, killed.id()).await;
    signal(killed.id(), Signal::KILL);
    let killed = ended(killed).await;
    assert_ne!(world.left(killed.process).await, Vec::<String>::new());
    let next = world.run(&["--rule", "CRE-001"]).await;
    assert_eq!(next.code, Some(0), "{next:?}");
    assert_eq!(world.left(killed.process).await, Vec::<String>::new());
    let living = ended(living).await;
    assert_eq!(living.code, Some(0), "{living:?}");
}
