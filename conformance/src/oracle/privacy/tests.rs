//! Planted values, end to end as far as no provider is needed: into the journal, out of the recording, before the oracles.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hallmark_harness::contract::{IdSource, TaskError};
use hallmark_harness::journal::{
    Delivery, Event, EventKind, Exchange, Facts, JobOutcome, JobRef, Journal, LogStream, Misplaced, Operation, ResponseRecord, Service,
    UpdateFacts,
};
use hallmark_harness::redaction::{Redactor, SecretKind};
use hallmark_harness::stage::{CanaryKind, Played, Recording, RecordingHeader, Snapshot};
use proptest::prelude::*;
use sha2::Digest as _;

use crate::oracle::{History, universal, warnings};
use crate::verdict::Verdict;
use crate::warning::Warning;

/// Where a value can be planted, and the rules that then find a secret and a personal value; none where no rule does.
const PLACES: [(&str, Option<&str>, Option<&str>); 8] = [
    ("id", Some("PRV-002"), Some("PRV-001")),
    ("code", Some("PRV-002"), None),
    ("description", Some("PRV-002"), Some("PRV-005")),
    ("log", Some("PRV-003"), None),
    ("two lines", Some("PRV-003"), None),
    ("path", Some("PRV-006"), Some("PRV-006")),
    ("query", Some("PRV-006"), Some("PRV-006")),
    ("third party's header", Some("LPR-004"), None),
];

fn job() -> JobRef {
    JobRef { task: "sm-task-1".into(), run: 0 }
}

fn exchange(service: Service, operation: Operation, target: &str, headers: Vec<(String, String)>, facts: Facts) -> EventKind {
    EventKind::Exchange(Box::new(Exchange {
        service,
        operation,
        job: Some(job()),
        connection: 1,
        tls: true,
        host: "host.example.com".into(),
        method: "PUT".into(),
        target: target.into(),
        headers,
        body: String::new(),
        body_bytes: 0,
        accepted_at: 0,
        head_at: 0,
        body_at: 0,
        response: Some(ResponseRecord { status: 200, headers: Vec::new(), body: "{\"created_by\":\"ada@company.com\"}".into() }),
        delivery: Delivery::Complete,
        applied: true,
        fault: None,
        met: None,
        facts,
    }))
}

fn update(facts: UpdateFacts) -> EventKind {
    let facts = Facts { update: Some(facts), ..Facts::default() };
    exchange(Service::SecretsManager, Operation::UpdateTask, "/api/v2/secrets/s/tasks/sm-task-1", Vec::new(), facts)
}

fn requested() -> EventKind {
    EventKind::JobRequested { job: job(), action: Some("create_credentials".into()), trigger: None, altered: Vec::new(), version: None }
}

/// Returns what a journal holds; each exchange began when it was noted.
fn noted(journal: &Journal) -> Vec<Event> {
    let began = |event: &Arc<Event>| {
        let mut event = (**event).clone();
        if let EventKind::Exchange(exchange) = &mut event.kind {
            exchange.body_at = event.at;
        }
        event
    };
    journal.all().iter().map(began).collect()
}

/// Returns a recording of a job that shows `text` at a place, as a stage with this redactor makes it.
fn recorded(redactor: Arc<Redactor>, place: &str, text: &str) -> Recording {
    let journal = Journal::new(redactor);
    journal.append(requested());
    let failed = |code: &str, description: &str| UpdateFacts {
        status: Some("failed".into()),
        errors: vec![TaskError { code: code.into(), description: description.into() }],
        ..UpdateFacts::default()
    };
    let mut lines = vec!["started".to_owned()];
    let third_party =
        |target: &str, headers| exchange(Service::ThirdParty("system".into()), Operation::Create, target, headers, Facts::default());
    match place {
        "id" => {
            let facts =
                UpdateFacts { status: Some("credentials_created".into()), credentials_id: Some(text.into()), ..UpdateFacts::default() };
            journal.append(update(facts));
        }
        "code" => drop(journal.append(update(failed(text, "It failed.")))),
        "description" => drop(journal.append(update(failed("FAILED", text)))),
        "path" => drop(journal.append(third_party(&format!("/tokens/{text}"), Vec::new()))),
        "query" => drop(journal.append(third_party(&format!("/tokens?a=1&q={text}#x"), Vec::new()))),
        "third party's header" => drop(journal.append(third_party("/tokens", vec![("cookie".into(), format!("a=b; c={text}"))]))),
        "two lines" => {
            let middle = text.floor_char_boundary(text.len() / 2);
            lines.extend([format!("the value: {}", &text[..middle]), format!("   {}", &text[middle..])]);
        }
        _ => lines.push(format!("the value: {text}")),
    }
    let outcome = JobOutcome { exit_code: Some(0), duration: 1, ..JobOutcome::default() };
    let logs = lines.into_iter().map(|line| EventKind::JobLog { job: job(), stream: LogStream::Stderr, line });
    journal.append_all(logs.chain([EventKind::JobEnded { job: job(), outcome }]).collect());
    let header = RecordingHeader {
        format: hallmark_harness::stage::FORMAT,
        run: String::new(),
        scenario: "privacy/privacy.feature:1".into(),
        outputs: Vec::new(),
        named_secrets: Vec::new(),
        third_party: true,
        task_timeout_milliseconds: 1000,
        roles: Vec::new(),
        not_resubmitted: Vec::new(),
        given: vec!["bob@company.com".into()],
        image: None,
        declared: None,
    };
    Recording { header, events: noted(&journal), snapshot: Snapshot::default(), played: Played::default() }
}

fn broken(recording: &Recording) -> Vec<String> {
    let judged = universal(&History::new(recording));
    let failed = judged.into_iter().filter(|judgement| judgement.verdict == Verdict::Fail);
    failed.map(|judgement| judgement.rule.to_string()).filter(|rule| rule.starts_with("PRV") || rule.starts_with("LPR")).collect()
}

fn warned(recording: &Recording) -> Vec<Warning> {
    warnings(&History::new(recording))
}

/// Returns a value in one of the forms that the rules list.
fn encoded(value: &str, form: usize) -> String {
    let every = |format: fn(u8) -> String| value.bytes().map(format).collect::<String>();
    match form {
        0 => value.to_owned(),
        1 => STANDARD.encode(value),
        2 => URL_SAFE_NO_PAD.encode(format!("user:{value}")),
        3 => STANDARD.encode(format!("ab{value}, and more")),
        4 => hex::encode(value),
        5 => hex::encode_upper(value),
        6 => every(|byte| format!("%{byte:02X}")),
        7 => form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        8 => value.chars().rev().collect(),
        9 => hex::encode(sha2::Sha256::digest(value)),
        10 => STANDARD.encode(sha2::Sha512::digest(value)),
        11 => value.encode_utf16().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}")),
        12 => value.to_ascii_uppercase(),
        _ => hex::encode(sha2::Sha256::digest(value))[..40].to_owned(),
    }
}

const FORMS: usize = 14;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_secret_anywhere_in_any_form_is_found_by_the_right_rule(
        place in 0..PLACES.len(), form in 0..FORMS, seed in any::<u64>(), before in "[a-z ]{0,20}", after in "([ ,.][a-z ]{0,20})?",
    ) {
        let (place, rule, _) = PLACES[place];
        let secret = IdSource::new(seed).characters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", 40);
        let redactor = Arc::new(Redactor::default());
        let kind = if rule == Some("LPR-004") { SecretKind::AccessKey } else { SecretKind::LoginSecret };
        redactor.register(kind, "planted", &secret);
        let shown = encoded(&secret, form);
        // Half of an escape is none: line by line it is only found in forms that can be cut.
        prop_assume!(place != "two lines" || !shown.contains(['%', '\\']));
        let recording = recorded(redactor, place, &format!("{before}{shown}{after}"));
        let found = broken(&recording);
        prop_assert!(found.iter().any(|broken| Some(broken.as_str()) == rule), "{place}, form {form}: {found:?}");
        let kept = format!("{recording:?}");
        prop_assert!(!kept.contains(&secret) && !kept.contains(&shown), "{place}, form {form}: {kept}");
    }

    #[test]
    fn a_personal_value_is_found_where_a_rule_forbids_it(place in 0..PLACES.len(), form in 0..FORMS, kind in 0..CanaryKind::ALL.len(), seed in any::<u64>()) {
        let (place, _, rule) = PLACES[place];
        let kind = CanaryKind::ALL[kind];
        let value = kind.value(&mut IdSource::new(seed));
        let redactor = Arc::new(Redactor::default());
        redactor.register(kind.secret_kind(), kind.word(), &value);
        let shown = encoded(&value, form);
        // Capitals of a number are the number, and half of an escape is none.
        prop_assume!(place != "two lines");
        let recording = recorded(redactor, place, &shown);
        let found = broken(&recording);
        prop_assert_eq!(found.first().map(String::as_str), rule, "{}, form {}, {}: {:?}", place, form, value, found);
        let kept = format!("{recording:?}");
        prop_assert!(!kept.contains(&shown), "{}", kept);
    }

    #[test]
    fn harmless_text_is_no_finding(
        place in 0..PLACES.len(), seed in any::<u64>(), bytes in prop::collection::vec(any::<u8>(), 0..200), clothes in 0..6_usize,
    ) {
        let mut ids = IdSource::new(seed);
        let redactor = Arc::new(Redactor::default());
        for kind in CanaryKind::ALL {
            redactor.register(kind.secret_kind(), kind.word(), &kind.value(&mut ids));
        }
        redactor.register(SecretKind::AccessKey, "access", &ids.characters(b"abcdefghijklmnopqrstuvwxyz0123456789", 44));
        redactor.register(SecretKind::CredentialSecret, "c", &ids.characters(b"abcdefghijklmnopqrstuvwxyz0123456789", 64));
        let text = match clothes {
            0 => STANDARD.encode(&bytes),
            1 => hex::encode(&bytes),
            2 => serde_json::json!({ "id": ids.uuid(), "text": String::from_utf8_lossy(&bytes) }).to_string(),
            3 => format!("{} {} {}", ids.uuid(), ids.task_id(), ids.secret_id()),
            4 => form_urlencoded::byte_serialize(&bytes).collect(),
            _ => format!("2026-11-28T21:42:{:02}.{:09}Z took {} ms", seed % 60, seed % 1_000_000_000, seed % 100_000),
        };
        let recording = recorded(redactor, PLACES[place].0, &text);
        prop_assert_eq!(broken(&recording), [""; 0]);
        let kept = format!("{recording:?}");
        prop_assert!(!kept.contains('⟦'), "{}", kept);
        prop_assert!(warned(&recording).is_empty(), "{text}: {:?}", warned(&recording));
    }
}

#[test]
fn a_key_in_a_login_of_a_third_party_goes_astray() {
    let redactor = Arc::new(Redactor::default());
    redactor.register(SecretKind::AccessKey, "access", "kJ8sLq2VbN4xZ7pWmT1yRc5uHd9gFe3a");
    for header in [
        format!("Basic {}", STANDARD.encode("apikey:kJ8sLq2VbN4xZ7pWmT1yRc5uHd9gFe3a")),
        format!("session=x; key={}", URL_SAFE_NO_PAD.encode("{\"k\":\"kJ8sLq2VbN4xZ7pWmT1yRc5uHd9gFe3a\"}")),
    ] {
        assert_eq!(broken(&recorded(redactor.clone(), "third party's header", &header)), ["LPR-004"], "{header}");
    }
}

#[test]
fn a_key_within_an_output_goes_astray_although_the_output_is_a_mark() {
    let misplaced = |mark: &str| {
        let journal = Journal::new(Arc::default());
        journal.append(requested());
        let misplaced = vec![Misplaced { place: "credentials.payload.url".into(), mark: mark.into() }];
        journal.append(update(UpdateFacts { misplaced, ..UpdateFacts::default() }));
        let mut recording = recorded(Arc::default(), "log", "nothing");
        recording.events = noted(&journal);
        recording
    };
    assert_eq!(broken(&misplaced("⟦access_key/access/plain⟧")), ["LPR-004"]);
    let login = misplaced("⟦login_secret/system/base64⟧");
    assert_eq!(broken(&login), [""; 0]);
    let told: Vec<String> = warned(&login).iter().map(Warning::to_string).collect();
    assert_eq!(told, ["credentials.payload.url of an update holds the login secret system, in base64 form"]);
}

#[test]
fn what_looks_personal_is_a_warning_and_no_finding() {
    for (place, value, told) in [
        ("description", "carol@company.com", "an error description holds an e-mail address (17 characters)"),
        ("code", "DE89370400440532013000", "an error code holds a bank account number (22 characters)"),
        ("id", "4532 0151 1283 0366", "credentials.id holds a card number (19 characters)"),
        ("log", "+49 151 23456789", "the log holds a phone number (15 characters)"),
        ("query", "carol%40company.com", "the address of a request to system holds an e-mail address (17 characters)"),
    ] {
        let recording = recorded(Arc::default(), place, value);
        let warnings = warned(&recording);
        assert_eq!(warnings.iter().map(Warning::to_string).collect::<Vec<_>>(), [told]);
        assert_eq!(broken(&recording), [""; 0], "{value}");
        assert!(!format!("{warnings:?}").contains(value));
    }
}

#[test]
fn what_everybody_may_see_is_no_warning() {
    // The answer of Secrets Manager holds the first, the manifest writes out the second.
    for value in ["ada@company.com", "bob@company.com", "BOB@Company.com", "carol@example.com"] {
        assert_eq!(warned(&recorded(Arc::default(), "description", value)), []);
    }
}

#[test]
fn personal_values_in_headers_are_warnings() {
    let redactor = Arc::new(Redactor::default());
    redactor.register(SecretKind::Personal, "email", "ab.cdefgh@ijklmno.example");
    let recording = recorded(redactor, "third party's header", "ab.cdefgh%40ijklmno.example");
    let told: Vec<String> = warned(&recording).iter().map(Warning::to_string).collect();
    assert_eq!(told, ["the header cookie of a request to system holds the personal value email, in url form"]);
    assert_eq!(broken(&recording), [""; 0]);
}
