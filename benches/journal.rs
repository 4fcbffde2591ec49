//! What recording costs: redaction of texts, and appending events while somebody reads.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use criterion::{BenchmarkId, Criterion, Throughput};
use hallmark_harness::journal::{Delivery, EventKind, Exchange, Facts, Journal, Operation, ResponseRecord, Service};
use hallmark_harness::redaction::{Redactor, SecretKind};

/// As many as a stage of the reference provider knows at the end of a scenario: access key, tokens, login secret, planted values, outputs.
const SECRETS: u32 = 16;

/// Events that a reader asks for at once, as the admin API's journal does.
const PAGE: usize = 512;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    redaction(&mut criterion);
    append(&mut criterion);
    criterion.final_summary();
}

/// Redacts texts of one size without a secret and with one in every KiB.
fn redaction(criterion: &mut Criterion) {
    let redactor = redactor();
    let mut group = criterion.benchmark_group("redaction");
    for kibibytes in [1, 64] {
        let harmless = harmless(kibibytes * 1024);
        group.throughput(Throughput::Bytes(harmless.len() as u64));
        group.bench_with_input(BenchmarkId::new("harmless", format!("{kibibytes}KiB")), &harmless, |bencher, text| {
            bencher.iter(|| redactor.redact(black_box(text)));
        });
        let planted = planted(kibibytes);
        group.throughput(Throughput::Bytes(planted.len() as u64));
        group.bench_with_input(BenchmarkId::new("with_secrets", format!("{kibibytes}KiB")), &planted, |bencher, text| {
            bencher.iter(|| redactor.redact(black_box(text)));
        });
    }
    group.finish();
}

/// Appends a task update and its answer, with nobody reading and with a reader that never stops.
fn append(criterion: &mut Criterion) {
    let exchange = exchange();
    let mut group = criterion.benchmark_group("journal_append");
    group.throughput(Throughput::Elements(1));
    group.bench_function("alone", |bencher| {
        let journal = Journal::new(redactor());
        bencher.iter(|| journal.append(exchange.clone()));
    });
    group.bench_function("while_read", |bencher| {
        let journal = Journal::new(redactor());
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let from = journal.len().saturating_sub(PAGE as u64);
                    black_box(journal.read(from, PAGE));
                }
            });
            bencher.iter(|| journal.append(exchange.clone()));
            done.store(true, Ordering::Relaxed);
        });
    });
    group.finish();
}

fn redactor() -> Arc<Redactor> {
    let redactor = Redactor::default();
    for number in 0..SECRETS {
        redactor.register(SecretKind::CredentialSecret, &format!("c{number}"), &secret(number));
    }
    Arc::new(redactor)
}

/// Returns a value as a third party would issue it: 64 characters, different for each number.
fn secret(number: u32) -> String {
    (0..64u32)
        .map(|position| {
            let mixed = number.wrapping_mul(2_654_435_761).wrapping_add(position.wrapping_mul(40_503)).rotate_left(position % 31);
            char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(mixed >> 7) as usize % 64])
        })
        .collect()
}

fn harmless(bytes: usize) -> String {
    let line = r#"{"id":"sm-task-0b1c5f7e-5a0d-4a41-9f39-1f6f2a7e90c1","status":"processing","errors":[]} "#;
    line.chars().cycle().take(bytes).collect()
}

fn planted(kibibytes: usize) -> String {
    (0..kibibytes).flat_map(|number| [harmless(1024 - 64), secret(u32::try_from(number).unwrap_or_default() % SECRETS)]).collect()
}

fn exchange() -> EventKind {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let task = "sm-task-0b1c5f7e-5a0d-4a41-9f39-1f6f2a7e90c1";
    let body = format!(r#"{{"status":"credentials_created","credentials":{{"id":"id-1","payload":{{"token":"{}"}}}}}}"#, secret(3));
    EventKind::Exchange(Box::new(Exchange {
        service: Service::SecretsManager,
        operation: Operation::UpdateTask,
        job: None,
        connection: 1,
        tls: false,
        host: "127.0.0.1".into(),
        method: "PUT".into(),
        target: format!("/api/v2/secrets/3b4f1a2e-9a77-4bb0-a7a0-5e5a0b9a61d2/tasks/{task}"),
        headers: vec![
            header("host", "127.0.0.1:40000"),
            header("content-type", "application/json"),
            header("authorization", &format!("Bearer {}", secret(1))),
            header("user-agent", "provider/1.0"),
        ],
        body_bytes: body.len() as u64,
        body,
        accepted_at: 0,
        head_at: 0,
        body_at: 0,
        response: Some(ResponseRecord { status: 200, headers: vec![header("content-type", "application/json")], body: harmless(512) }),
        delivery: Delivery::Complete,
        applied: true,
        fault: None,
        met: None,
        facts: Facts::default(),
    }))
}
