//! The line round-trips, and a wrong one says where.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::fault::Millionths;

fn what() -> impl Strategy<Value = FaultWhat> {
    let headers = prop::collection::btree_map("[A-Za-z][A-Za-z0-9_-]{0,8}", "[ -~äß⟦]{0,20}", 0..4);
    prop_oneof![
        (200_u16..=999, headers, prop::option::of(any::<String>())).prop_map(|(status, mut headers, body)| {
            headers.retain(|name: &String, _| !matches!(&*name.to_lowercase(), "content-length" | "transfer-encoding"));
            FaultWhat::Status { status, headers, body }
        }),
        any::<u64>().prop_map(|milliseconds| FaultWhat::Delay { milliseconds }),
        (any::<u64>(), any::<u64>())
            .prop_map(|(one, other)| FaultWhat::DelayBetween { least_milliseconds: one.min(other), most_milliseconds: one.max(other) }),
        (any::<u64>(), any::<u32>())
            .prop_map(|(median_milliseconds, sigma)| FaultWhat::DelayLognormal { median_milliseconds, sigma: Millionths::new(sigma) }),
        (1..=u64::MAX).prop_map(|bytes_per_second| FaultWhat::SlowBody { bytes_per_second }),
        (1..=64_i64 * 1024 * 1024, any::<bool>()).prop_map(|(by, less)| FaultWhat::WrongLength { by: if less { -by } else { by } }),
        (1..=1_000_000_000_i64, any::<bool>()).prop_map(|(by, behind)| FaultWhat::Skew { seconds: if behind { -by } else { by } }),
        (100_u16..=199).prop_filter("not 101", |status| *status != 101).prop_map(|status| FaultWhat::Informational { status }),
        (1..=64_u64 * 1024 * 1024).prop_map(|bytes| FaultWhat::OversizeHeader { bytes }),
        (1..=64_u64 * 1024 * 1024).prop_map(|bytes| FaultWhat::OversizeBody { bytes }),
        (any::<u32>(), 1..=1_000_000_000_u64).prop_map(|(calls, window_seconds)| FaultWhat::RateLimit { calls, window_seconds }),
        any::<u64>().prop_map(|after| FaultWhat::ResetMidBody { after }),
        any::<u64>().prop_map(|after| FaultWhat::CutBody { after }),
        (200_u16..=999).prop_map(|status| FaultWhat::GatewayHtml { status }),
        (1..=u64::MAX).prop_map(|bytes_per_second| FaultWhat::Bandwidth { bytes_per_second }),
        prop::sample::select(vec![
            FaultWhat::Stall,
            FaultWhat::Close,
            FaultWhat::Reset,
            FaultWhat::HalfOpen,
            FaultWhat::MalformedChunk,
            FaultWhat::Duplicate,
            FaultWhat::ExpireToken,
            FaultWhat::InvalidJson,
            FaultWhat::WrongContentType,
            FaultWhat::Refuse,
            FaultWhat::CancelTask,
            FaultWhat::ExpireTask,
            FaultWhat::KillJob,
            FaultWhat::KillJobAfterReply,
            FaultWhat::Gather,
            FaultWhat::Dns { failure: DNS_FAILURES[0].1 },
            FaultWhat::Dns { failure: DNS_FAILURES[1].1 },
            FaultWhat::Dns { failure: DNS_FAILURES[2].1 },
            FaultWhat::Certificate { flaw: FLAWS[0].1 },
            FaultWhat::Certificate { flaw: FLAWS[1].1 },
            FaultWhat::Certificate { flaw: FLAWS[2].1 },
        ]),
    ]
}

fn plan() -> impl Strategy<Value = FaultPlan> {
    let when = prop_oneof![
        (1..=u32::MAX).prop_map(FaultWhen::Nth),
        (1..=u32::MAX).prop_map(FaultWhen::First),
        (1..=u32::MAX).prop_map(FaultWhen::From),
        Just(FaultWhen::Every),
        (1..=Millionths::ONE.get()).prop_map(|millionths| FaultWhen::Chance(Millionths::new(millionths))),
        (0..u64::MAX, prop::option::of(any::<u64>())).prop_map(|(from, length)| FaultWhen::Window {
            from_milliseconds: from,
            to_milliseconds: length.map(|length| from.saturating_add(length.max(1))),
        }),
    ];
    let fault =
        (0..SERVICES.len(), 0..OPERATIONS.len(), when, 0..PHASES.len(), what()).prop_map(|(service, operation, when, phase, what)| Fault {
            service: SERVICES[service].1.clone(),
            operation: OPERATIONS[operation].1,
            when,
            phase: PHASES[phase].1,
            what,
        });
    (prop_oneof![Just(0), any::<u64>()], prop::collection::vec(fault, 0..5)).prop_map(|(seed, faults)| FaultPlan { seed, faults })
}

proptest! {
    #[test]
    fn a_plan_is_one_line_and_reads_back_the_same(plan in plan()) {
        let line = plan.to_string();
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(line.parse::<FaultPlan>().unwrap(), plan.clone());
        prop_assert!(plan.check().is_ok());
        prop_assert_eq!(serde_json::from_str::<FaultPlan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        text.parse::<FaultPlan>().ok();
    }

    #[test]
    fn no_damaged_line_panics(plan in plan(), at in any::<prop::sample::Index>(), symbol in any::<char>()) {
        let mut symbols: Vec<char> = plan.to_string().chars().collect();
        let at = at.index(symbols.len());
        symbols[at] = symbol;
        symbols.into_iter().collect::<String>().parse::<FaultPlan>().ok();
    }
}

#[test]
fn the_line_reads_as_documented() {
    let line = "secrets_manager.update_task@first:2 after_commit status(503, retry-after: 1, body=\"{\\\"a\\\":\\\"b\\n\\\"}\"); \
                third_party.create@every before_commit delay(1500ms)";
    let plan: FaultPlan = line.parse().unwrap();
    assert_eq!(plan.to_string(), line);
    assert_eq!(
        plan.faults[0].what,
        FaultWhat::Status {
            status: 503,
            headers: BTreeMap::from([("retry-after".to_owned(), "1".to_owned())]),
            body: Some("{\"a\":\"b\n\"}".to_owned())
        }
    );
}

#[test]
fn each_form_of_the_grammar_prints_as_it_is_written() {
    for what in [
        "delay(10ms..500ms)",
        "delay(lognormal 200ms 0.8)",
        "slow_body(20)",
        "malformed_chunk",
        "wrong_length(+5)",
        "wrong_length(-5)",
        "duplicate",
        "informational(103)",
        "oversize_header(70000)",
        "oversize_body(1000000)",
        "half_open",
        "skew(+3600s)",
        "skew(-3600s)",
        "rate_limit(5, 10s)",
        "expire_token",
        "dns(nxdomain)",
        "dns(servfail)",
        "dns(silence)",
    ] {
        let line = format!("secrets_manager.update_task@chance:0.25 before_commit {what}");
        assert_eq!(line.parse::<FaultPlan>().unwrap().to_string(), line);
    }
}

#[test]
fn the_phase_may_be_left_out_and_spaces_are_free() {
    let spaced: FaultPlan = "  iam.token@nth:1   status( 429 ,x-a:\"b, c\" ) ;third_party.get@every stall ".parse().unwrap();
    assert_eq!(spaced.to_string(), "iam.token@nth:1 before_commit status(429, x-a: \"b, c\"); third_party.get@every before_commit stall");
    assert_eq!("none".parse::<FaultPlan>().unwrap(), FaultPlan::default());
    assert_eq!(
        " seed: 7 ; iam.token@window:5ms.. reset".parse::<FaultPlan>().unwrap().to_string(),
        "seed:7; iam.token@window:5ms.. before_commit reset"
    );
    assert_eq!("seed:7".parse::<FaultPlan>().unwrap(), FaultPlan { seed: 7, faults: Vec::new() });
    assert_eq!(FaultPlan::default().to_string(), "none");
}

#[test]
fn an_error_names_position_expectation_and_finding() {
    for (line, position, expected, found) in [
        ("sm.token@every reset", 1, "a service (secrets_manager, iam, third_party)", "`sm.token@every`"),
        ("iam.tokens@every reset", 5, "an operation (token,", "`tokens@every`"),
        ("iam.token reset", 11, "`@` and the calls", "`reset`"),
        ("iam.token@nth:0 reset", 15, "a call number from 1", "`0`"),
        ("iam.token@chance:0 reset", 18, "a probability above 0", "`0`"),
        ("iam.token@chance:1.5 reset", 18, "a probability above 0", "`1.5`"),
        ("iam.token@window:5s.. reset", 19, "`ms`", "`s..`"),
        ("iam.token@window:5ms reset", 22, "a time and `..`", "`reset`"),
        ("iam.token@window:5ms..5ms reset", 23, "an end after", "`5ms`"),
        ("seed:x; iam.token@every reset", 6, "a seed", "`x`"),
        ("iam.token@every reset; seed:1", 24, "a service", "`seed:1`"),
        ("iam.token@every", 16, "what happens (status", "the end of the line"),
        ("iam.token@every after_commit boom", 30, "what happens", "`boom`"),
        ("iam.token@every status(99)", 24, "an HTTP status from 200 to 999", "`99)`"),
        ("iam.token@every status(503, x y: 1)", 31, "`:` and a header value", "`y:`"),
        ("iam.token@every status(503, content-length: 1)", 29, "a header other than", "`content-length:`"),
        ("iam.token@every status(503, body=\"a)", 34, "a body with a closing quote", "`\"a)`"),
        ("iam.token@every delay(5s)", 24, "`ms`", "`s)`"),
        ("iam.token@every delay(5ms..4ms)", 28, "a longest delay", "`4ms)`"),
        ("iam.token@every delay(lognormal 5ms x)", 37, "the standard deviation", "`x)`"),
        ("iam.token@every informational(101)", 31, "the status of an informational answer other than 101", "`101)`"),
        ("iam.token@every informational(200)", 31, "the status of an informational answer from", "`200)`"),
        ("iam.token@every wrong_length(5)", 30, "a number of bytes", "`5)`"),
        ("iam.token@every wrong_length(+0)", 31, "a number of bytes", "`0)`"),
        ("iam.token@every skew(+5)", 24, "`s`", "`)`"),
        ("iam.token@every rate_limit(5)", 29, "`,` and the length", "`)`"),
        ("iam.token@every rate_limit(5, 0s)", 31, "the seconds of a window", "`0s)`"),
        ("iam.token@every oversize_header(0)", 33, "a number of bytes", "`0)`"),
        ("iam.token@every reset iam", 23, "`;` and another fault", "`iam`"),
        ("iam.token@every reset;", 23, "a service", "the end of the line"),
    ] {
        let error = line.parse::<FaultPlan>().unwrap_err();
        assert_eq!(error.position, position, "{line}: {error}");
        assert!(error.expected.starts_with(expected), "{line}: {error}");
        assert_eq!(error.found, found, "{line}");
    }
}

#[test]
fn a_plan_from_json_is_checked() {
    let plan: FaultPlan = serde_json::from_str(
        r#"{"faults":[{"service":"iam","operation":"token","when":"every","what":{"status":{"status":503,"headers":{"a b":"1"}}}}]}"#,
    )
    .unwrap();
    assert!(plan.check().unwrap_err().to_string().contains("header"));
}

#[test]
fn the_words_are_those_of_the_json() {
    for (word, service) in SERVICES {
        assert_eq!(serde_json::to_value(service).unwrap(), *word);
    }
    for (word, operation) in OPERATIONS {
        assert_eq!(serde_json::to_value(operation).unwrap(), *word);
    }
    for (word, phase) in PHASES {
        assert_eq!(serde_json::to_value(phase).unwrap(), *word);
    }
}
