//! The line round-trips, and a wrong one says where.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn what() -> impl Strategy<Value = FaultWhat> {
    let headers = prop::collection::btree_map("[A-Za-z][A-Za-z0-9_-]{0,8}", "[ -~äß⟦]{0,20}", 0..4);
    prop_oneof![
        (200_u16..=999, headers, prop::option::of(any::<String>())).prop_map(|(status, mut headers, body)| {
            headers.retain(|name: &String, _| !matches!(&*name.to_lowercase(), "content-length" | "transfer-encoding"));
            FaultWhat::Status { status, headers, body }
        }),
        any::<u64>().prop_map(|milliseconds| FaultWhat::Delay { milliseconds }),
        any::<u64>().prop_map(|after| FaultWhat::ResetMidBody { after }),
        any::<u64>().prop_map(|after| FaultWhat::CutBody { after }),
        (200_u16..=999).prop_map(|status| FaultWhat::GatewayHtml { status }),
        (1..=u64::MAX).prop_map(|bytes_per_second| FaultWhat::Bandwidth { bytes_per_second }),
        prop::sample::select(vec![
            FaultWhat::Stall,
            FaultWhat::Close,
            FaultWhat::Reset,
            FaultWhat::InvalidJson,
            FaultWhat::WrongContentType,
            FaultWhat::Refuse,
            FaultWhat::CancelTask,
            FaultWhat::ExpireTask,
            FaultWhat::KillJob,
            FaultWhat::KillJobAfterReply,
            FaultWhat::Gather,
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
    ];
    let fault =
        (0..SERVICES.len(), 0..OPERATIONS.len(), when, 0..PHASES.len(), what()).prop_map(|(service, operation, when, phase, what)| Fault {
            service: SERVICES[service].1.clone(),
            operation: OPERATIONS[operation].1,
            when,
            phase: PHASES[phase].1,
            what,
        });
    prop::collection::vec(fault, 0..5).prop_map(|faults| FaultPlan { faults })
}

proptest! {
    #[test]
    fn a_plan_is_one_line_and_reads_back_the_same(plan in plan()) {
        let line = plan.to_string();
        prop_assert!(!line.contains('\n'));
        prop_assert_eq!(line.parse::<FaultPlan>().unwrap(), plan.clone());
        prop_assert!(plan.check().is_ok());
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
fn the_phase_may_be_left_out_and_spaces_are_free() {
    let spaced: FaultPlan = "  iam.token@nth:1   status( 429 ,x-a:\"b, c\" ) ;third_party.get@every stall ".parse().unwrap();
    assert_eq!(spaced.to_string(), "iam.token@nth:1 before_commit status(429, x-a: \"b, c\"); third_party.get@every before_commit stall");
    assert_eq!("none".parse::<FaultPlan>().unwrap(), FaultPlan::default());
    assert_eq!(FaultPlan::default().to_string(), "none");
}

#[test]
fn an_error_names_position_expectation_and_finding() {
    for (line, position, expected, found) in [
        ("sm.token@every reset", 1, "a service (secrets_manager, iam, third_party)", "`sm.token@every`"),
        ("iam.tokens@every reset", 5, "an operation (token,", "`tokens@every`"),
        ("iam.token reset", 11, "`@` and the calls", "`reset`"),
        ("iam.token@nth:0 reset", 15, "a call number from 1", "`0`"),
        ("iam.token@every", 16, "what happens (status", "the end of the line"),
        ("iam.token@every after_commit boom", 30, "what happens", "`boom`"),
        ("iam.token@every status(99)", 24, "an HTTP status from 200 to 999", "`99)`"),
        ("iam.token@every status(503, x y: 1)", 31, "`:` and a header value", "`y:`"),
        ("iam.token@every status(503, content-length: 1)", 29, "a header other than", "`content-length:`"),
        ("iam.token@every status(503, body=\"a)", 34, "a body with a closing quote", "`\"a)`"),
        ("iam.token@every delay(5s)", 24, "`ms`", "`s)`"),
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
