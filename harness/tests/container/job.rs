//! How a job in a container ends, what it says, and what it gets.

use std::time::Duration;

use hallmark_harness::engine::TokenFile;
use hallmark_harness::job::OutputBound;
use hallmark_harness::job::container::{AuthorityDelivery, Rights, Trust};
use hallmark_harness::journal::LogStream;

use crate::world::{World, authority, said, volumes};

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
    let spec = hallmark_harness::docker::ImageSpec { reference: reference.to_owned(), ..Default::default() };
    hallmark_harness::docker::load(&daemon, &packed, &[spec]).await.unwrap();
    let image = hallmark_harness::docker::SubjectImage::find(&daemon, reference, hallmark_harness::docker::Pull::Never).await.unwrap();
    let mut job = world.job("say nothing");
    job.image = image;
    let run = world.run(job).await.unwrap();
    assert_eq!(run.outcome.exit_code, Some(127), "{run:?}");
    assert!(run.outcome.not_started.is_some_and(|why| why.contains("/no/such/program")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_no_machine_here_can_start_is_the_providers_matter() {
    let Some(world) = World::new().await else { return };
    let daemon = world.holding.daemon().clone();
    // The head of a program for 64-bit ARM.
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(64, 0);
    program[16..20].copy_from_slice(&[2, 0, 183, 0]);
    let mut layer = hallmark_harness::docker::Archive::default();
    layer.file(std::path::Path::new("/program"), 0o755, &program).unwrap();
    let packed = hallmark_harness::docker::PackedExecutable {
        entrypoint: vec!["/program".to_owned()],
        layer: layer.finish().unwrap(),
        digest: String::new(),
        libraries: Vec::new(),
    };
    let nothing = hallmark_harness::docker::PackedExecutable { entrypoint: Vec::new(), ..packed.clone() };
    let foreign = hallmark_harness::docker::ImageSpec::default();
    let nobody = hallmark_harness::docker::ImageSpec { user: "provider".into(), ..foreign.clone() };
    let mut made = world.holding.load(packed, vec![foreign.clone(), nobody]).await.unwrap();
    made.extend(world.holding.load(nothing, vec![foreign]).await.unwrap());
    for (reference, what) in made.iter().zip(["exec format error", "unable to find user provider", "this-image-names-no-command"]) {
        let mut job = world.job("say nothing");
        job.image = hallmark_harness::docker::SubjectImage::find(&daemon, reference, hallmark_harness::docker::Pull::Never).await.unwrap();
        let run = world.run(job).await.unwrap();
        let said = format!("{:?} {:?}", run.outcome.not_started, run.lines);
        assert!(said.contains(what) && run.outcome.exit_code != Some(0), "{what}: {:?} {said}", run.outcome);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_gets_into_an_image_that_has_no_files_at_all() {
    let Some(world) = World::new().await else { return };
    let authority = authority();
    let deliveries = [AuthorityDelivery::Environment, AuthorityDelivery::Bundle];
    let trust = Trust::prepare(&world.holding, &world.image, &authority.pem(), &deliveries).await.unwrap();
    assert_eq!(trust.variables["SSL_CERT_FILE"], "/hallmark-files/ca.pem");
    let mut job = world.job("read /hallmark-files/ca.pem /etc/ssl/certs/ca-certificates.crt");
    job.files = trust.files;
    let run = world.run(job).await.unwrap();
    let said = said(&run, LogStream::Stdout);
    assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 2, "{said}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_with_the_least_rights_gets_its_files_and_can_do_nothing_else() {
    let Some(world) = World::new().await else { return };
    let deliveries = [AuthorityDelivery::Environment, AuthorityDelivery::Bundle, AuthorityDelivery::Java];
    let trust = Trust::prepare(&world.holding, &world.image, &authority().pem(), &deliveries).await.unwrap();
    let job = |does: &str| {
        let mut job = world.job(does);
        job.files = trust.files.clone();
        job.token_file = Some(TokenFile { variable: "CR_TOKEN_FILE".into(), contents: "the.token".into() });
        job.rights = Rights::Least { user: Some("65532:65532".into()) };
        job
    };
    let read = world.run(job("read /hallmark-files/ca.pem /etc/ssl/certs/ca-certificates.crt /proc/self/status")).await.unwrap();
    let read = said(&read, LogStream::Stdout);
    assert_eq!(read.matches("BEGIN CERTIFICATE").count(), 2, "{read}");
    for line in ["Uid:\t65532", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"] {
        assert!(read.contains(line), "{line}: {read}");
    }
    let token = world.run(job("read-of CR_TOKEN_FILE")).await.unwrap();
    assert!(said(&token, LogStream::Stdout).contains("CR_TOKEN_FILE: the.token"), "{:?}", token.lines);
    let written = world.run(job("write /x /hallmark-files/x /etc/ssl/certs/x /tmp/x")).await.unwrap();
    let written = said(&written, LogStream::Stdout);
    for (path, can) in [("/x", false), ("/hallmark-files/x", false), ("/etc/ssl/certs/x", false), ("/tmp/x", true)] {
        assert!(written.contains(&format!("{path} written: {can}")), "{path}: {written}");
    }
    // As root the capabilities are what is missing.
    let mut root = job("write /x /tmp/x");
    root.rights = Rights::Least { user: None };
    let written = said(&world.run(root).await.unwrap(), LogStream::Stdout);
    assert!(written.contains("/x written: false") && written.contains("/tmp/x written: true"), "{written}");
    assert_eq!(volumes(&world.holding).await, 0, "a volume goes with its container");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_writes_is_measured_where_that_is_asked_for() {
    let Some(world) = World::new().await else { return };
    let mut job = world.job("spill 20");
    job.measured = true;
    let written = world.run(job).await.unwrap().outcome.written;
    assert!(written.is_some_and(|bytes| (20 << 20..21 << 20).contains(&bytes)), "{written:?}");
    assert_eq!(world.run(world.job("spill 1")).await.unwrap().outcome.written, None);
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
