//! What judging, reporting and starting cost: oracles over a journal of 10,000 events, every report of a run, and all that is done before the
//! first job starts.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;

use criterion::Criterion;
use hallmark::catalog::Catalog;
use hallmark::manifest::Manifest;
use hallmark::oracle::{self, History};
use hallmark::report::{self, Style};
use hallmark::results::Results;
use hallmark::suite::{Features, Plan, Selection, stage_setup};
use hallmark_harness::contract::TaskStatus;
use hallmark_harness::journal::{
    Delivery, Event, EventKind, Exchange, Facts, JobOutcome, JobRef, LogStream, Operation, ResponseRecord, Service, TaskCause, UpdateFacts,
};
use hallmark_harness::stage::Recording;

/// Events of each job below.
const EVENTS_OF_JOB: u64 = 10;

const JOBS: u64 = 1000;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    oracles(&mut criterion);
    reports(&mut criterion);
    start(&mut criterion);
    criterion.final_summary();
}

fn oracles(criterion: &mut Criterion) {
    let recording = recording();
    assert_eq!(recording.events.len() as u64, JOBS * EVENTS_OF_JOB);
    let mut group = criterion.benchmark_group("oracles_10000_events");
    group.sample_size(20);
    group.bench_function("history", |bencher| bencher.iter(|| History::new(black_box(&recording))));
    let history = History::new(&recording);
    group.bench_function("universal", |bencher| bencher.iter(|| oracle::universal(black_box(&history))));
    group.bench_function("warnings", |bencher| bencher.iter(|| oracle::warnings(black_box(&history))));
    group.finish();
}

/// Renders the results of a real run.
fn reports(criterion: &mut Criterion) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/results.ndjson");
    let results = Results::read(&path).expect("the results of the recorded run are read");
    let style = Style { color: false, width: 100, timings: true, verbose: true };
    let mut group = criterion.benchmark_group("reports");
    group.bench_function("read", |bencher| bencher.iter(|| Results::read(black_box(&path))));
    group.bench_function("human", |bencher| bencher.iter(|| report::human(black_box(&results), style)));
    group.bench_function("json", |bencher| bencher.iter(|| report::json(black_box(&results))));
    group.bench_function("junit", |bencher| bencher.iter(|| report::junit(black_box(&results))));
    group.finish();
}

/// Reads rules, features and a manifest, and plans every scenario.
fn start(criterion: &mut Criterion) {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference-provider/provider.toml");
    let selection = Selection { rules: Vec::new(), tags: None, thorough: false, image: false };
    criterion.bench_function("suite_start", |bencher| {
        bencher.iter(|| {
            let catalog = Catalog::built_in().expect("the catalog is built in");
            let features = Features::built_in().expect("the features are built in");
            let manifest = Manifest::load(&manifest).expect("the reference provider's manifest");
            let variants = manifest.variants();
            for variant in &variants {
                black_box(stage_setup(&manifest, variant, 1).expect("a set-up"));
            }
            Plan::new(&catalog, &features, &variants, &manifest.delete.not_resubmitted, &selection)
        });
    });
}

/// A request of a job, answered as it should be.
fn asked(job: &JobRef, number: u64, (service, operation): (Service, Operation), (method, target): (&str, &str), facts: Facts) -> Exchange {
    Exchange {
        service,
        operation,
        job: Some(job.clone()),
        connection: number,
        tls: false,
        host: "127.0.0.1:40000".into(),
        method: method.into(),
        target: target.into(),
        headers: vec![
            ("authorization".into(), "Bearer ⟦token/t/plain⟧".into()),
            ("content-type".into(), "application/json".into()),
            ("user-agent".into(), "provider/1.0".into()),
        ],
        body: r#"{"status":"credentials_created","credentials":{"id":"one","payload":{"token":"⟦output/token/plain⟧"}}}"#.into(),
        body_bytes: 160,
        accepted_at: number * 1_000_000,
        head_at: number * 1_000_000,
        body_at: number * 1_000_000,
        response: Some(ResponseRecord { status: 200, headers: Vec::new(), body: r#"{"status":"processing"}"#.into() }),
        delivery: Delivery::Complete,
        applied: true,
        fault: None,
        met: None,
        facts,
    }
}

/// Jobs that each ask for a token, read a secret, create a credential and report it.
fn recording() -> Recording {
    let mut recording = Recording::of_nothing("benches/judging");
    recording.header.third_party = true;
    for number in 0..JOBS {
        let job = JobRef { task: format!("sm-task-{number:08}").as_str().into(), run: 0 };
        let credential = format!("credential-{number:08}");
        let exchange = |service, operation, method: &str, target: &str, facts| {
            EventKind::Exchange(Box::new(asked(&job, number, (service, operation), (method, target), facts)))
        };
        let created = UpdateFacts {
            status: Some("credentials_created".into()),
            credentials_id: Some(credential.clone()),
            body_digest: format!("{number:032x}"),
            ..UpdateFacts::default()
        };
        let reported = Facts { task: Some(job.task.to_string()), update: Some(created), ..Facts::default() };
        let outcome = JobOutcome { exit_code: Some(0), duration: 1_000_000, ..JobOutcome::default() };
        let secret = format!("secret-{number}").as_str().into();
        let issued = EventKind::CredentialIssued { third_party: "artifactory".into(), credential, job: Some(job.clone()) };
        let kinds = [
            EventKind::JobRequested {
                job: job.clone(),
                action: Some("create_credentials".into()),
                trigger: None,
                altered: Vec::new(),
                version: None,
            },
            EventKind::JobStarted { job: job.clone() },
            exchange(Service::Iam, Operation::Token, "POST", "/identity/token", Facts::default()),
            exchange(Service::SecretsManager, Operation::GetSecret, "GET", "/api/v2/secrets/one", Facts::default()),
            exchange(Service::ThirdParty("artifactory".into()), Operation::Create, "POST", "/access/api/v1/tokens", Facts::default()),
            issued,
            exchange(Service::SecretsManager, Operation::UpdateTask, "PUT", "/api/v2/secrets/one/tasks/two", reported),
            EventKind::TaskChanged {
                task: job.task.clone(),
                secret,
                status: TaskStatus::CredentialsCreated,
                cause: TaskCause::Update,
                errors: Vec::new(),
            },
            EventKind::JobLog { job: job.clone(), stream: LogStream::Stderr, line: "created a token and reported it".into() },
            EventKind::JobEnded { job, outcome },
        ];
        for kind in kinds {
            let id = recording.events.len() as u64;
            recording.events.push(Event { id, at: number * 1_000_000, kind });
        }
    }
    recording.snapshot.ledger = recording
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::CredentialIssued { third_party, credential, job } => Some(hallmark_harness::cloud::third_party::LedgerEntry {
                third_party: third_party.clone(),
                credential: credential.clone(),
                issued_in: job.clone(),
                revoked_in: None,
                alive: true,
                seeded: false,
                fields: BTreeMap::new(),
            }),
            _ => None,
        })
        .collect();
    recording
}
