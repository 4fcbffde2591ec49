//! Clearing up: a run's own things and nobody else's.

use bollard::models::NetworkCreateRequest;
use bollard::query_parameters::ListContainersOptionsBuilder;
use hallmark_harness::docker::{Holding, ImageSpec, PackedExecutable, reap_abandoned};
use hallmark_harness::engine::TokenFile;
use hallmark_harness::job::container::Rights;

use crate::engine::engine;
use crate::world::{World, volumes};

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ends_leaves_nothing_and_makes_nothing_more() {
    let Some(world) = World::new().await else { return };
    let stranger = format!("hallmark-test-stranger-{}", uuid::Uuid::new_v4());
    let docker = world.holding.daemon().docker().clone();
    docker.create_network(NetworkCreateRequest { name: stranger.clone(), internal: Some(true), ..Default::default() }).await.unwrap();
    // Left behind half-way: made, and neither started nor removed.
    let mut hanging = world.job("hang");
    // With a volume.
    hanging.rights = Rights::Least { user: None };
    hanging.token_file = Some(TokenFile { variable: "CR_TOKEN_FILE".into(), contents: "the.token".into() });
    let holding = world.holding.clone();
    let ready = tokio::spawn({
        let job = hanging.clone();
        let launcher = hallmark_harness::job::container::ContainerLauncher::new(holding.clone(), 1);
        async move { launcher.ready(job).await.map(drop) }
    });
    ready.await.unwrap().unwrap();
    let run = holding.run().to_owned();
    let label = std::collections::HashMap::from([("label".to_owned(), vec![format!("hallmark.run={run}")])]);
    let list = || ListContainersOptionsBuilder::default().all(true).filters(&label).build();
    assert_eq!(docker.list_containers(Some(list())).await.unwrap().len(), 1);
    assert_eq!(volumes(&holding).await, 1);
    let packed = PackedExecutable {
        entrypoint: vec!["/nothing".to_owned()],
        layer: hallmark_harness::docker::Archive::default().finish().unwrap(),
        digest: String::new(),
        libraries: Vec::new(),
    };
    let image = holding.load(packed, vec![ImageSpec::default()]).await.unwrap().remove(0);
    docker.inspect_image(&image).await.expect("an image of the run is there");
    world.end().await;
    assert_eq!(docker.list_containers(Some(list())).await.unwrap().len(), 0);
    assert_eq!(volumes(&holding).await, 0);
    assert!(docker.inspect_image(&image).await.is_err(), "an image of the run goes with it");
    assert!(hallmark_harness::docker::internal(&holding).await.is_err(), "a run that ended makes nothing");
    docker.inspect_network(&stranger, None).await.expect("a stranger's network stays");
    docker.remove_network(&stranger).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_run_is_not_reaped() {
    let Some(daemon) = engine().await else { return };
    let holding = Holding::new(daemon.clone(), tokio::runtime::Handle::current());
    let network = hallmark_harness::docker::internal(&holding).await.unwrap();
    reap_abandoned(&daemon).await.unwrap();
    daemon.docker().inspect_network(&network.name, None).await.expect("the network of a live run stays");
    assert_eq!(holding.clear().await, Vec::<String>::new());
}
