//! `list`, `explain` and `schema`.

use serde_json::Value;

use super::call;

#[test]
fn rules_are_listed_for_people_and_programs() {
    let human = call(&["list"]);
    assert_eq!((human.code, human.stderr.as_str()), (Some(0), ""));
    assert!(human.stdout.starts_with("Create\n  CRE-001  must "), "{}", human.stdout);
    let json: Value = serde_json::from_str(&call(&["list", "--format", "json"]).stdout).expect("it is JSON");
    let rules = json["rules"].as_array().expect("rules");
    assert!(rules.iter().all(|rule| human.stdout.contains(rule["id"].as_str().expect("an id"))));
    let core: Value = serde_json::from_str(&call(&["list", "--profile", "core", "--format", "json"]).stdout).expect("it is JSON");
    let core = core["rules"].as_array().expect("rules");
    assert!(core.len() < rules.len() && core.iter().all(|rule| rule["level"] == "must"));
}

#[test]
fn a_rule_is_explained_and_an_unknown_one_gets_the_nearest() {
    let known = call(&["explain", "cre-007"]);
    assert_eq!(known.code, Some(0));
    assert!(known.stdout.starts_with("CRE-007  must"), "{}", known.stdout);
    let unknown = call(&["explain", "CRE-07"]);
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(4), ""));
    assert!(unknown.stderr.contains("did you mean CRE-007?"), "{}", unknown.stderr);
}

#[test]
fn schemas_are_the_checked_in_files() {
    let of = |what| call(&["schema", what]).stdout;
    assert_eq!(of("manifest"), include_str!("../../../schema/provider.schema.json"));
    assert_eq!(of("results"), include_str!("../../../schema/results.schema.json"));
    assert_eq!(of("openapi"), include_str!("../../../../harness/src/admin/openapi.json"));
    assert_eq!(call(&["schema", "everything"]).code, Some(2));
}
