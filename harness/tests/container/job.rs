//! How a job in a container ends, what it says, and what it gets.

use std::time::Duration;

use hallmark_harness::engine::TokenFile;
use hallmark_harness::job::OutputBound;
use hallmark_harness::job::container::{AuthorityDelivery, Trust};
use hallmark_harness::journal::LogStream;

use crate::world::{World, authority, said};

#[tokio::test(flavor = "multi_thread")]
async fn both_streams_and_the_exit_code_are_seen_and_the_container_is_gone() {
    let Some(world) = World::new().await else { return };
    let run = world.run(world.job("say hello")).await.unwrap();
    assert_eq!(run.outcome.exit_code, Some(0), "{:?}", run.lines);
    assert!(said(&run, LogStream::Stdout).contains("out hello\n"), "{:?}", run.lines);
    assert_eq!(said(&run, LogStream::Stderr), "err hello\n");
    let run = world.run(world.job("exit 7")).await.unwrap();
    assert_eq!((run.outcome.exit_code, run.outcome.timed_out, run.outcome.out_of_memory), (Some(7), false, false));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn output_stays_within_its_bounds() {
    let Some(world) = World::new().await else { return };
    let mut job = world.job("say hello");
    job.output_bound = OutputBound { head_lines: 0, head_bytes: 0, tail_lines: 1, tail_bytes: 100 };
    let run = world.run(job).await.unwrap();
    assert_eq!(said(&run, LogStream::Stdout).lines().count(), 1);
    assert!(run.outcome.dropped_lines > 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_hangs_is_ended_at_its_limit_by_force() {
    let Some(world) = World::new().await else { return };
    let mut job = world.job("hang");
    job.limit = Duration::from_secs(1);
    let run = world.run(job).await.unwrap();
    // The first process of a container does not end by SIGTERM unless it listens to it.
    assert_eq!((run.outcome.exit_code, run.outcome.timed_out), (Some(137), true), "{run:?}");
    assert!(run.outcome.duration >= 2_000_000_000, "{run:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_killed_on_demand() {
    let Some(world) = World::new().await else { return };
    let run = world.launcher.ready(world.job("hang")).await.unwrap().run(std::future::ready(())).await.unwrap();
    assert_eq!((run.outcome.killed, run.outcome.exit_code, run.outcome.timed_out), (true, Some(137), false), "{run:?}");
    let run = world.run(world.job("exit 137")).await.unwrap();
    assert_eq!((run.outcome.killed, run.outcome.exit_code), (false, Some(137)), "{run:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compute_resource_token_is_a_file_that_a_variable_names() {
    let Some(world) = World::new().await else { return };
    let mut job = world.job("read-of CR_TOKEN_FILE");
    job.token_file = Some(TokenFile { variable: "CR_TOKEN_FILE".into(), contents: "the.token".into() });
    let run = world.run(job).await.unwrap();
    assert!(said(&run, LogStream::Stdout).contains("CR_TOKEN_FILE: the.token"), "{:?}", run.lines);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_all_memory_is_told_from_one_that_was_killed() {
    let Some(world) = World::new().await else { return };
    let run = world.run(world.job("eat")).await.unwrap();
    assert_eq!((run.outcome.exit_code, run.outcome.out_of_memory, run.outcome.timed_out), (Some(137), true, false), "{run:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_the_providers_matter() {
    let Some(world) = World::new().await else { return };
    let daemon = world.holding.daemon().clone();
    let packed = hallmark_harness::docker::PackedExecutable {
        entrypoint: vec!["/no/such/program".to_owned()],
        layer: hallmark_harness::docker::Archive::default().finish().unwrap(),
        digest: String::new(),
        libraries: Vec::new(),
    };
    let reference = "hallmark-test-subject:empty";
    hallmark_harness::docker::load(&daemon, &packed, reference, &[], &[]).await.unwrap();
    let image = hallmark_harness::docker::SubjectImage::find(&daemon, reference, hallmark_harness::docker::Pull::Never).await.unwrap();
    let mut job = world.job("say nothing");
    job.image = image;
    let run = world.run(job).await.unwrap();
    assert_eq!(run.outcome.exit_code, Some(127), "{run:?}");
    assert!(run.outcome.not_started.is_some_and(|why| why.contains("/no/such/program")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_gets_into_an_image_that_has_no_files_at_all() {
    let Some(world) = World::new().await else { return };
    let authority = authority();
    let deliveries = [AuthorityDelivery::Environment, AuthorityDelivery::Bundle];
    let trust = Trust::prepare(&world.holding, &world.image, &authority.pem(), &deliveries).await.unwrap();
    assert_eq!(trust.variables["SSL_CERT_FILE"], "/hallmark-ca.pem");
    let mut job = world.job("read /hallmark-ca.pem /etc/ssl/certs/ca-certificates.crt");
    job.files = trust.files;
    let run = world.run(job).await.unwrap();
    let said = said(&run, LogStream::Stdout);
    assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 2, "{said}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_the_network_can_be_reached() {
    let Some(world) = World::new().await else { return };
    for address in ["198.51.100.1:443", "8.8.8.8:53"] {
        let run = world.run(world.job(&format!("connect {address}"))).await.unwrap();
        assert!(said(&run, LogStream::Stdout).contains("connected: false"), "{address}: {run:?}");
    }
    world.end().await;
}
