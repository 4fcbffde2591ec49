//! How fast texts are searched for secrets: a job's log line by line and as a whole, beside plain searches of the same text.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use criterion::{Criterion, Throughput};
use hallmark_harness::redaction::{Redactor, SecretKind};

/// Bytes of the log.
const LOG: usize = 4 * 1024 * 1024;

/// Turns of which the best counts in the table at the end: others use the machine too.
const TURNS: u32 = 30;

/// Seeds of what is logged are others than those of secrets.
const LOGGED: u32 = 1_000_000;

/// What the table at the end is for.
const WANTED: f64 = 200.0;

/// Searches the log once. What it returns only has to be looked at.
type Search<'log> = Box<dyn Fn() -> usize + 'log>;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20).measurement_time(Duration::from_secs(3));
    let (redactor, secrets) = known();
    let log = log(LOG);
    let lines: Vec<&str> = log.lines().collect();
    let plain = AhoCorasick::new(&secrets).expect("few patterns");
    let encoded = AhoCorasick::new(secrets.iter().flat_map(|secret| encodings(secret))).expect("few patterns");
    assert!(redactor.redact(&log) == log, "the log is harmless");

    let searches: [(&str, Search<'_>); 5] = [
        ("redactor, a line at a time", Box::new(|| lines.iter().map(|line| redactor.redact(line).len()).sum())),
        ("redactor, the log as a whole", Box::new(|| redactor.redact(&log).len())),
        ("memchr for a byte that is not there", Box::new(|| memchr::memchr(0, log.as_bytes()).map_or(0, |at| at))),
        ("aho-corasick, plain values alone", Box::new(|| plain.find_iter(&log).count())),
        ("aho-corasick, ten exact forms of each", Box::new(|| encoded.find_iter(&log).count())),
    ];
    let mut group = criterion.benchmark_group("privacy_scan");
    group.throughput(Throughput::Bytes(log.len() as u64));
    for (name, search) in &searches {
        group.bench_function(*name, |bencher| bencher.iter(search));
    }
    group.finish();
    criterion.final_summary();
    table(&searches, log.len());
}

#[expect(clippy::print_stdout, reason = "a bench is run for what it prints")]
#[expect(clippy::cast_precision_loss, reason = "a log has far fewer bytes than a float has digits")]
fn table(searches: &[(&str, Search<'_>)], bytes: usize) {
    println!("best of {TURNS} turns over {bytes} bytes");
    for (name, search) in searches {
        let turn = |_| {
            let started = Instant::now();
            black_box(search());
            started.elapsed()
        };
        let best = (0..TURNS).map(turn).min().unwrap_or_default().as_secs_f64();
        let speed = bytes as f64 / best / 1e6;
        let wanted = if name.starts_with("redactor") { format!("  (wanted: {WANTED:.0})") } else { String::new() };
        println!("  {name:<40} {speed:>8.0} MB/s{wanted}");
    }
}

/// Knows what a stage of the reference provider knows after ten daily retries: keys, tokens, login secrets, issued credentials, outputs and
/// planted values.
fn known() -> (Redactor, Vec<String>) {
    let redactor = Redactor::default();
    let mut secrets = Vec::new();
    let mut add = |kind, name: &str, value: String| {
        redactor.register(kind, name, &value);
        secrets.push(value);
    };
    add(SecretKind::AccessKey, "access", characters(1, 44));
    for (number, name) in (2..).zip(["artifactory", "artifactory/other-type", "somebody-elses", "pagerduty"]) {
        add(SecretKind::LoginSecret, name, characters(number, 44));
    }
    for number in 0..12 {
        add(SecretKind::Token, &format!("access/{number}"), web_token(number));
    }
    for number in 20..24 {
        add(SecretKind::CredentialSecret, &format!("c{number}"), web_token(number));
        add(SecretKind::Output, "password", characters(number + 100, 64));
    }
    let personal = ["ab.cdefgh@ijklmno.example", "+4915123456789", "123-45-6789", "4532015112830366", "DE89370400440532013000"];
    for (number, value) in personal.into_iter().enumerate() {
        add(SecretKind::Personal, &format!("p{number}"), value.to_owned());
    }
    (redactor, secrets)
}

fn encodings(secret: &str) -> Vec<String> {
    let aligned = ["", "x", "xy"].into_iter().flat_map(|before| {
        let text = format!("{before}{secret}");
        [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)]
    });
    let others = [secret.to_owned(), secret.chars().rev().collect(), hex::encode(secret), hex::encode_upper(secret)];
    others.into_iter().chain(aligned).collect()
}

/// Returns a token of the size that IAM's have, whose head is that of every other.
fn web_token(number: u32) -> String {
    let claims =
        format!(r#"{{"iss":"https://iam.cloud.ibm.com/identity","sub":"ServiceId-{}","aud":"x","iat":1}}"#, characters(number, 300));
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","typ":"JWT","kid":"20260101"}"#);
    format!("{head}.{}.{}", URL_SAFE_NO_PAD.encode(claims), characters(number + 1000, 86))
}

/// Returns characters that look random and are the same every time.
fn characters(seed: u32, length: usize) -> String {
    let mut state = u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let next = std::iter::from_fn(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(state >> 40) as usize % 64]))
    });
    next.take(length).collect()
}

/// Returns what providers log: sentences, JSON, addresses with escapes, traces, ids.
fn log(bytes: usize) -> String {
    let mut log = String::with_capacity(bytes + 512);
    let mut number = 0_u32;
    while log.len() < bytes {
        number += 1;
        let (id, short) = (uuid(number), characters(LOGGED + number, 12));
        let line = match number % 5 {
            0 => format!(
                "2026-11-28T21:42:{:02}.{:06}Z INFO create: the task sm-task-{id} of the secret {id} begins (attempt {number})\n",
                number % 60,
                number
            ),
            1 => {
                format!(
                    r#"{{"timestamp":"2026-11-28T21:42:05Z","level":"info","target":"provider","message":"GET /api/v2/secrets/{id} -> 200","request_id":"{short}","elapsed_ms":{number}}}"#
                ) + "\n"
            }
            2 => format!(
                "DEBUG PUT https://{id}.eu-de.secrets-manager.appdomain.cloud/api/v2/secrets/{id}/tasks/sm-task-{id}?x=a%20b%2F{short}\n"
            ),
            3 => format!(
                "  File \"/usr/lib/python3.12/site-packages/requests/adapters.py\", line {number}, in send\n    resp = conn.urlopen(method=request.method, url=url)\n"
            ),
            _ => format!(
                "WARNING retrying in {number} ms: status 503 \\\"{short}\\\" from https://artifactory.example.com/access/api/v1/tokens/{id}\n"
            ),
        };
        log.push_str(&line);
    }
    log
}

fn uuid(number: u32) -> String {
    let hex = format!("{:032x}", u128::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
