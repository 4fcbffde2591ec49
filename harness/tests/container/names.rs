//! Names, where there is no cloud: with one, see `conformance/tests/it/container`.

use hallmark_harness::journal::LogStream;

use crate::world::{World, said};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cloud_no_name_leads_anywhere() {
    let Some(world) = World::new().await else { return };
    let run = world.run(world.job("resolve iam.cloud.ibm.com")).await.unwrap();
    assert!(said(&run, LogStream::Stdout).contains("resolved: Err"), "{:?}", run.lines);
    world.end().await;
}
