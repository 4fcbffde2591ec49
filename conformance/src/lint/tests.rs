//! One file with mistakes of every weight, in every form.

use super::*;

const FAULTY: &str = r#"{
  "job_env_variables": [
    { "name": "SMIN_SYSTEM", "value": "type:enum[x], required:true" },
    { "name": "SMIN_KIND", "value": "type:enum[$(id)|b]" },
    { "name": "SMIN_PASSWORD", "value": "type:string" },
    { "name": "SMOUT_TOKEN", "value": "type:string, required:true" },
    { "name": "SMOUT_COUNT", "value": "type:integer" }
  ]
}
"#;

fn clean() -> Lint {
    Lint::new("job_config.json", crate::mutant::JOB_CONFIG.as_bytes())
}

#[test]
fn people_see_places_and_what_to_do() {
    insta::assert_snapshot!(human(&Lint::new("job_config.json", FAULTY.as_bytes()), 100, false));
}

#[test]
fn lines_of_any_kind_keep_their_numbers_and_steer_no_terminal() {
    let text = "{\r\n  \"job_env_variables\": [\r\n    {\"name\": \"SMIN_A\", \"value\": \"type:int\"}]\r\n}\r\n";
    let shown = human(&Lint::new("job_config.json", text.as_bytes()), 100, false);
    assert!(shown.contains("job_config.json:3:") && shown.contains(" 3 │     {\"name\""), "{shown}");
    let steering = "{\"job_env_variables\": [{\"name\": \"SMIN_A\", \"value\": \"type:\u{1b}[31mint\"}]}";
    let shown = human(&Lint::new("job_config.json", steering.as_bytes()), 100, false);
    assert!(!shown.contains('\u{1b}') && !shown.contains('\r'), "{shown:?}");
}

#[test]
fn lines_keep_to_the_width_and_a_long_line_is_cut() {
    let one_line = serde_json::from_str::<serde_json::Value>(FAULTY).unwrap().to_string();
    for width in [80, 100] {
        let text = human(&Lint::new("job_config.json", one_line.as_bytes()), width, false);
        // The excerpt has a gutter besides.
        assert!(text.lines().all(|line| line.chars().count() <= width.max(118)), "{text}");
        assert!(text.contains("$(id)") && text.contains("job_config.json:1:"), "{text}");
    }
}

#[test]
fn a_file_without_faults_says_so_in_a_line() {
    let text = human(&clean(), 100, false);
    assert!(text.contains("generator and deployer\nboth take") || text.contains("generator and deployer both take"), "{text}");
    assert_eq!((clean().exit_code(false), clean().exit_code(true)), (0, 0));
}

#[test]
fn errors_count_always_and_warnings_when_they_are_denied() {
    let with = |text: &str| Lint::new("j", text.as_bytes());
    assert_eq!(with(FAULTY).exit_code(false), 1);
    let warned = with(&FAULTY.replace("enum[x]", "enum[x|y]").replace("$(id)", "a"));
    assert_eq!((warned.count(Severity::Error), warned.count(Severity::Warning)), (0, 1));
    assert_eq!((warned.exit_code(false), warned.exit_code(true)), (0, 1));
    assert_eq!(with("null").exit_code(false), 1);
}

#[test]
fn the_json_form_keeps_to_its_schema() {
    let schema: serde_json::Value = serde_json::from_str(&schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for text in [FAULTY, crate::mutant::JOB_CONFIG, "null", "\u{feff}{}", "{"] {
        let report = serde_json::to_value(Lint::new("job_config.json", text.as_bytes()).report()).unwrap();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{text}: {errors:?}");
    }
    let report = Lint::new("job_config.json", FAULTY.as_bytes()).report();
    assert_eq!((report.errors, report.warnings, report.notes), (2, 1, 3));
    let first = serde_json::to_value(&report.findings[0]).unwrap();
    assert_eq!(first["code"], "enum-of-one");
    assert_eq!(first["rules"], serde_json::json!(["CFG-001", "CFG-003"]));
    assert_eq!((first["start"]["line"].clone(), first["start"]["column"].clone()), (3.into(), 40.into()));
}

#[test]
fn sarif_holds_what_code_scanning_needs() {
    let log: serde_json::Value = serde_json::from_str(&sarif(&Lint::new("a/job_config.json", FAULTY.as_bytes()))).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 6);
    let mut prints = std::collections::BTreeSet::new();
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a/job_config.json");
        assert!(place["region"]["startLine"].as_u64() >= Some(1) && place["region"]["endColumn"].as_u64() >= Some(1));
        assert!(prints.insert(result["partialFingerprints"]["hallmark/v1"].as_str().unwrap().to_owned()));
    }
    // What moves is the same finding.
    let moved: serde_json::Value =
        serde_json::from_str(&sarif(&Lint::new("a/job_config.json", format!("\n\n{FAULTY}").as_bytes()))).unwrap();
    assert_eq!(moved["runs"][0]["results"][0]["partialFingerprints"], results[0]["partialFingerprints"]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_break_a_form(bytes: Vec<u8>) {
        let lint = Lint::new("j", &bytes);
        for text in [human(&lint, 100, false), sarif(&lint)] {
            proptest::prop_assert!(text.ends_with('\n'));
        }
    }

    #[test]
    fn every_finding_is_shown(value in "(type:|string|enum\\[|[$(a|\\],: '\"é\n]){0,10}") {
        let text = serde_json::json!({ "job_env_variables": [{ "name": "SMIN_A", "value": value }] }).to_string();
        let lint = Lint::new("j", text.as_bytes());
        let shown = human(&lint, 100, false);
        for objection in &lint.objections {
            proptest::prop_assert!(shown.contains(objection.code.name()), "{}", shown);
        }
    }
}
