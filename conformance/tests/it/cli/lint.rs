//! `lint`.

use std::fs;

use serde_json::Value;

use super::call;

/// A job configuration in a folder of its own, with the value of an optional input.
fn file(value: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("job_config.json");
    let text = format!(
        r#"{{"job_env_variables":[
    {{"name":"SMIN_KIND","value":"{value}"}},
    {{"name":"SMOUT_TOKEN","value":"type:string, required:true"}}]}}"#
    );
    fs::write(&path, text).expect("it can be written");
    let path = path.to_str().expect("a test's path is text").to_owned();
    (folder, path)
}

#[test]
fn an_option_that_the_shell_would_run_is_an_error_with_its_place() {
    let (_folder, path) = file("type:enum[$(id)|b]");
    let called = call(&["lint", &path]);
    assert_eq!((called.code, called.stderr.as_str()), (Some(1), ""));
    assert!(
        called.stdout.contains("error shell-expansion (CFG-003)") && called.stdout.contains("job_config.json:2:44"),
        "{}",
        called.stdout
    );
    assert!(!called.stdout.contains('\u{1b}'), "no colour without a terminal");
}

#[test]
fn warnings_end_with_0_unless_they_are_denied() {
    let (_folder, path) = file("type:string, type:integer");
    assert_eq!(call(&["lint", &path]).code, Some(0));
    let denied = call(&["lint", &path, "--deny", "warnings"]);
    assert_eq!(denied.code, Some(1));
    assert!(denied.stdout.contains("warning attribute-twice"), "{}", denied.stdout);
}

#[test]
fn programs_get_json_and_sarif() {
    let (_folder, path) = file("type:enum[x]");
    let json = call(&["lint", &path, "--format", "json"]);
    let report: Value = serde_json::from_str(&json.stdout).expect("it is JSON");
    assert_eq!((json.code, report["errors"].as_u64()), (Some(1), Some(1)));
    assert_eq!(report["findings"][0]["code"], "enum-of-one");
    let log: Value = serde_json::from_str(&call(&["lint", &path, "--format", "sarif"]).stdout).expect("it is JSON");
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "enum-of-one");
    assert_eq!(call(&["schema", "lint"]).stdout, include_str!("../../../schema/lint.schema.json"));
}

#[test]
fn what_is_no_job_configuration_is_a_finding_and_what_cannot_be_read_is_not() {
    let (folder, path) = file("");
    for text in ["null", "[]", "{", "", "\u{feff}{}"] {
        fs::write(&path, text).expect("it can be written");
        let called = call(&["lint", &path]);
        assert_eq!(called.code, Some(1), "{text}: {}", called.stdout);
        assert!(called.stdout.contains("job_config.json:1:"), "{text}: {}", called.stdout);
    }
    let folder = folder.path().to_str().expect("a test's path is text");
    for path in ["/no/such/job_config.json", folder] {
        let called = call(&["lint", path]);
        assert_eq!((called.code, called.stdout.as_str()), (Some(2), ""));
        assert!(called.stderr.contains(path), "{}", called.stderr);
    }
}
