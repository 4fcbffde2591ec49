//! `job_config.json` as IBM's generator and deployer read it.

use serde_json::Value;

#[test]
fn every_variable_is_one_that_both_tools_accept() {
    let config: Value = serde_json::from_str(include_str!("../../job_config.json")).unwrap();
    let variables = config["job_env_variables"].as_array().unwrap();
    let mut names = Vec::new();
    let mut has_required_output = false;
    for variable in variables {
        let name = variable["name"].as_str().unwrap();
        let value = variable["value"].as_str().unwrap();
        let bare = name.strip_prefix("SMIN_").or(name.strip_prefix("SMOUT_")).unwrap();
        assert!(bare.starts_with(|first: char| first.is_ascii_uppercase()), "{name}");
        assert!(bare.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{name}");
        let (kind, required) = value.split_once(", ").unwrap();
        assert!(matches!(required, "required:true" | "required:false"), "{value}");
        let kind = kind.strip_prefix("type:").unwrap();
        let is_plain = matches!(kind, "string" | "integer" | "boolean" | "secret_id");
        assert!(is_plain || kind == "enum[artifactory|pagerduty]", "{value}");
        has_required_output |= name.starts_with("SMOUT_") && required == "required:true";
        assert!(!names.contains(&name), "{name}");
        names.push(name);
    }
    assert!(has_required_output);
    // The README describes each.
    let readme = include_str!("../../README.md");
    assert!(names.iter().all(|name| readme.contains(name)));
}
