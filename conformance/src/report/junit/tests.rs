//! Tests against a real XML parser.

use std::collections::HashSet;

use roxmltree::{Document, Node};

use super::*;
use crate::catalog::{Level, RuleId};
use crate::results::{Record, sample};
use crate::verdict::Judgement;

fn rendered(records: Vec<Record>) -> String {
    junit(&sample::results(records)).unwrap()
}

fn cases<'a>(document: &'a Document<'a>) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name("testcase")).collect()
}

fn case<'a>(document: &'a Document<'a>, name: &str) -> Node<'a, 'a> {
    cases(document).into_iter().find(|case| case.attribute("name") == Some(name)).unwrap_or_else(|| panic!("no case {name:?}"))
}

fn outcome<'a>(case: Node<'a, 'a>) -> Option<Node<'a, 'a>> {
    case.children().find(|node| ["failure", "error", "skipped"].iter().any(|tag| node.has_tag_name(*tag)))
}

fn red(document: &Document<'_>) -> bool {
    document.descendants().any(|node| node.has_tag_name("failure") || node.has_tag_name("error"))
}

#[test]
fn snapshot_failing() {
    insta::assert_snapshot!(rendered(sample::failing()));
}

#[test]
fn snapshot_cut() {
    insta::assert_snapshot!(rendered(sample::interrupted()));
}

#[test]
fn a_failure_says_it_in_the_attribute_and_in_the_text() {
    let xml = rendered(sample::failing());
    let document = Document::parse(&xml).unwrap();
    let case = case(&document, "CRE-007 The update is answered 404 each time");
    assert_eq!(case.attribute("classname"), Some("hallmark.CRE"));
    assert_eq!((case.attribute("file"), case.attribute("line")), (Some("features/create/undo.feature"), Some("18")));
    assert_eq!(case.attribute("time"), Some("2.250"));
    let failure = outcome(case).unwrap();
    assert!(failure.has_tag_name("failure"));
    assert!(failure.attribute("message").unwrap().starts_with("expected: the credential ic-4711 is revoked"));
    let text = failure.text().unwrap();
    for part in [
        "still alive",
        "flow chart",
        "PUT /api/v2/secrets/5f0c/tasks/91ab",
        "hallmark run providers/artifactory/provider.toml --rule CRE-007 --seed 42",
    ] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    let property = |name| case.descendants().find(|node| node.attribute("name") == Some(name)).and_then(|node| node.attribute("value"));
    assert_eq!((property("rule"), property("level"), property("profile")), (Some("CRE-007"), Some("must"), Some("core")));
    assert!(
        property("requirement").unwrap().starts_with("When the update") && property("source").unwrap().starts_with("Provider repository")
    );
}

#[test]
fn verdicts_map_to_what_ci_systems_tell_apart() {
    let xml = rendered(sample::failing());
    let document = Document::parse(&xml).unwrap();
    let told = |name: &str| {
        let outcome = outcome(case(&document, name));
        outcome.map_or(("passed", None, ""), |node| {
            (node.tag_name().name(), node.attribute("type"), node.attribute("message").unwrap_or_default())
        })
    };
    assert_eq!(told("CRE-001 A secret is created"), ("passed", None, ""));
    assert_eq!(told("PRV-002 The login secret is malformed").0, "failure");
    assert_eq!(
        told("ERR-001 The errors of a refused creation"),
        ("failure", Some("not_exercised"), "not exercised: the provider reported nothing as failed")
    );
    assert_eq!(told("DEL-002 The third party answers a revocation with 503").0, "error");
    assert_eq!(told("RTY-001 The update is answered 503 once"), ("skipped", None, "would fail; profile core does not count it"));
    assert_eq!(
        told("UPD-007 A retried update repeats the same body."),
        ("skipped", None, "not applicable: it needs RTY-001, which is not kept")
    );
    assert_eq!(told("RTY-006 An unknown API key is not hammered: at most a short grace, then the job fails.").0, "skipped");
}

#[test]
fn red_exactly_when_the_exit_code_is_not_zero() {
    for (records, expected) in
        [(sample::failing(), true), (sample::passing(), false), (sample::inconclusive(), true), (sample::interrupted(), true)]
    {
        let xml = rendered(records);
        assert_eq!(red(&Document::parse(&xml).unwrap()), expected, "{xml}");
    }
}

#[test]
fn every_exit_code_but_zero_is_red_even_when_every_rule_is_kept() {
    for code in [1, 3, 4, 5, 6, 130] {
        let mut records = sample::passing();
        let Some(Record::Summary(summary)) = records.last_mut() else { panic!("the sample ends with a summary") };
        summary.exit_code = code;
        assert!(red(&Document::parse(&rendered(records)).unwrap()), "exit code {code}");
    }
}

#[test]
fn a_verdict_that_no_scenario_shows_is_a_case_of_its_own() {
    let mut records = sample::passing();
    for record in &mut records {
        match record {
            Record::Rule(rule) if rule.id == RuleId::from("RTY-001") => {
                rule.verdict = Verdict::Fail;
                rule.reason = "over ten runs the last gap is shorter than the first".to_owned();
            }
            Record::Summary(summary) => summary.exit_code = 1,
            _ => {}
        }
    }
    let xml = rendered(records);
    let document = Document::parse(&xml).unwrap();
    let case = case(&document, "RTY-001 A transient failure of the update is retried and then succeeds.");
    assert!(outcome(case).unwrap().attribute("message").unwrap().contains("over ten runs"));
}

#[test]
fn a_part_that_does_not_count_stays_out_of_the_red() {
    let mut records = sample::failing();
    for record in &mut records {
        if let Record::Scenario(scenario) = record
            && scenario.rule == RuleId::from("UPD-002")
        {
            scenario.judgements.push(Judgement::fail("UPD-002", "a log line", "none", []).at(Level::Should));
        }
    }
    let xml = rendered(records);
    let document = Document::parse(&xml).unwrap();
    let skipped = outcome(case(&document, "UPD-002 The update is answered 400")).unwrap();
    assert_eq!(
        (skipped.tag_name().name(), skipped.attribute("message")),
        ("skipped", Some("would fail; profile core does not count this part of the rule"))
    );
}

#[test]
fn names_are_unique() {
    let mut records = sample::passing();
    let Record::Scenario(mut twin) = records[1].clone() else { panic!("the second record is a scenario") };
    (twin.id, twin.line) = ("create/create.feature:9@token".to_owned(), 9);
    records.insert(1, Record::Scenario(twin));
    for records in [records, sample::failing()] {
        let xml = rendered(records);
        let document = Document::parse(&xml).unwrap();
        let mut seen = HashSet::new();
        for case in cases(&document) {
            assert!(seen.insert((case.attribute("classname"), case.attribute("name"))), "{case:?} comes twice");
        }
    }
}

#[test]
fn what_xml_cannot_hold_is_written_out() {
    let xml = rendered(sample::failing());
    assert!(xml.contains("\\u{1b}[31mfatal") && !xml.contains('\u{1b}'));
}
