//! The cases on which IBM's two tools were measured, and files that are not what they should be.

use super::*;

const TOKEN: (&str, &str) = ("SMOUT_TOKEN", "type:string, required:true");

fn of_value(value: &str) -> Reading {
    of(&[("SMIN_A", value), TOKEN])
}

fn of(variables: &[(&str, &str)]) -> Reading {
    let entries: Vec<_> = variables.iter().map(|(name, value)| serde_json::json!({ "name": name, "value": value })).collect();
    JobConfig::read(serde_json::json!({ "job_env_variables": entries }).to_string().as_bytes())
}

/// Returns whether the generator and the deployer refuse a file, and the codes of what was found, notes left out.
fn verdicts(reading: &Reading) -> (bool, bool, Vec<&'static str>) {
    let objections = || reading.objections.iter().filter(|objection| objection.severity() > Severity::Note);
    (
        objections().any(|objection| objection.mind.generator_refuses()),
        objections().any(|objection| objection.mind.deployer_refuses()),
        objections().map(|objection| objection.code.name()).collect(),
    )
}

const TAKES: bool = false;
const REFUSES: bool = true;

/// What the value of SMIN_A is, what the generator and what the deployer did with it, and what is found.
const VALUES: &[(&str, bool, bool, &[&str])] = &[
    // On these the two disagree.
    ("type:enum[x], required:true", REFUSES, TAKES, &["enum-of-one"]),
    ("type:enum, required:true", REFUSES, TAKES, &["enum-without-options"]),
    ("type:enum[a]b|c]", TAKES, REFUSES, &["enum-bracket"]),
    ("type:enum[it's|b]", TAKES, REFUSES, &["quote"]),
    ("type:'string'", REFUSES, TAKES, &["quote"]),
    ("type:\"string\"", REFUSES, TAKES, &["quote"]),
    ("type:foo, type:string", TAKES, REFUSES, &["unknown-type"]),
    ("type:string, required:maybe, required:true", TAKES, REFUSES, &["required-value"]),
    ("type:string,", REFUSES, TAKES, &["trailing-comma"]),
    ("type:string\nrequired:true", REFUSES, TAKES, &["line-break"]),
    ("type:\u{a0}string", TAKES, REFUSES, &["blank"]),
    // Both take these.
    ("type:string", TAKES, TAKES, &[]),
    ("type:integer, required:false", TAKES, TAKES, &[]),
    ("required:true,type:boolean", TAKES, TAKES, &[]),
    (" required : true ,type: secret_id ", TAKES, TAKES, &[]),
    ("type:enum[|]", TAKES, TAKES, &[]),
    ("type:enum[a|]", TAKES, TAKES, &[]),
    ("type:enum[a|a]", TAKES, TAKES, &[]),
    ("type:enum[a b|c:d]", TAKES, TAKES, &[]),
    ("type:string, type:string", TAKES, TAKES, &[]),
    ("type:string, type:integer", TAKES, TAKES, &["attribute-twice"]),
    ("type:string, required:false, required:true", TAKES, TAKES, &["attribute-twice"]),
    // Both take these, and something else than what stands there comes of it.
    ("type:enum[$(id)|b]", TAKES, TAKES, &["shell-expansion"]),
    ("type:enum[`id`|b]", TAKES, TAKES, &["shell-expansion"]),
    ("type:enum[$HOME|b]", TAKES, TAKES, &["shell-expansion"]),
    ("type:enum[${HOME}|b]", TAKES, TAKES, &["shell-expansion"]),
    ("type:enum[a\"|\"b]", TAKES, TAKES, &["quote", "enum-double-quote"]),
    ("type:enum[a\\|b]", TAKES, TAKES, &["quote"]),
    // A dollar that no name follows stays what it is.
    ("type:enum[US$|b]", TAKES, TAKES, &[]),
    // Both refuse these.
    ("type:int", REFUSES, REFUSES, &["unknown-type"]),
    ("type:bool", REFUSES, REFUSES, &["unknown-type"]),
    ("type:number", REFUSES, REFUSES, &["unknown-type"]),
    ("type:String", REFUSES, REFUSES, &["unknown-type"]),
    ("type:ENUM[a|b]", REFUSES, REFUSES, &["unknown-type"]),
    ("type:enum[a,b]", REFUSES, REFUSES, &["unknown-type", "attribute-form"]),
    ("type:enum[]", REFUSES, REFUSES, &["enum-without-options"]),
    ("type:string, minimum:1", REFUSES, REFUSES, &["unknown-attribute"]),
    ("type:string, required:True", REFUSES, REFUSES, &["required-value"]),
    ("", REFUSES, REFUSES, &["empty-value"]),
    (" ", REFUSES, REFUSES, &["empty-value"]),
    (",type:string", REFUSES, REFUSES, &["empty-attribute"]),
    ("type:string,,required:true", REFUSES, REFUSES, &["empty-attribute"]),
    ("type:string, ", REFUSES, REFUSES, &["empty-attribute"]),
    ("type=string", REFUSES, REFUSES, &["attribute-form"]),
    ("type:", REFUSES, REFUSES, &["attribute-form"]),
    ("required:true", REFUSES, REFUSES, &["no-type"]),
    ("type:string\0", REFUSES, REFUSES, &["control-character"]),
];

/// The same for the name of a variable, whose value is `type:string`.
const NAMES: &[(&str, bool, bool, &[&str])] = &[
    ("SMIN_", REFUSES, TAKES, &["name-empty"]),
    ("SMOUT_", REFUSES, TAKES, &["name-empty"]),
    ("SMIN_A-B", REFUSES, TAKES, &["name-character"]),
    ("SMIN_A.B", REFUSES, TAKES, &["name-character"]),
    ("SMIN_A$B", REFUSES, TAKES, &["name-character", "shell-expansion"]),
    ("SMIN_A;B", REFUSES, TAKES, &["name-character", "shell-expansion"]),
    ("SMIN_É", REFUSES, TAKES, &["name-character"]),
    ("SMIN_A\n", REFUSES, TAKES, &["name-character"]),
    ("SMIN_a", REFUSES, REFUSES, &["name-character"]),
    ("SMIN_A B", REFUSES, REFUSES, &["name-character"]),
    ("SMIN_A\tB", REFUSES, REFUSES, &["name-character"]),
    ("USER", REFUSES, REFUSES, &["name-prefix"]),
    ("smin_A", REFUSES, REFUSES, &["name-prefix"]),
    ("", REFUSES, REFUSES, &["name-prefix"]),
    ("SMIN_TOKEN_TYPE", TAKES, TAKES, &[]),
    ("SMIN_1A", TAKES, TAKES, &[]),
    ("SMOUT_1A", TAKES, TAKES, &["digit-first"]),
    ("SMIN_SECRET_ID", TAKES, TAKES, &["reserved-name"]),
    ("SMIN_ACTION", TAKES, TAKES, &["reserved-name"]),
    ("SMIN_ACCESS_APIKEY", TAKES, TAKES, &["reserved-name", "asks-for-secret"]),
    ("SMOUT_ACTION", TAKES, TAKES, &[]),
    ("SMIN_PASSWORD", TAKES, TAKES, &["asks-for-secret"]),
    ("SMIN_EMAIL", TAKES, TAKES, &["asks-for-personal-data"]),
];

/// The same for whole files.
const FILES: &[(&str, bool, bool, &[&str])] = &[
    ("null", REFUSES, REFUSES, &["no-object"]),
    ("[]", REFUSES, REFUSES, &["no-object"]),
    ("{", REFUSES, REFUSES, &["not-json"]),
    ("", REFUSES, REFUSES, &["not-json"]),
    ("{} {}", REFUSES, REFUSES, &["not-json"]),
    ("{// no comments\n}", REFUSES, REFUSES, &["not-json"]),
    ("{}", REFUSES, REFUSES, &["no-variables"]),
    (r#"{"job_env_variables": []}"#, REFUSES, REFUSES, &["no-variables"]),
    (r#"{"job_env_variables": {}}"#, REFUSES, REFUSES, &["no-variables"]),
    (r#"{"job_env_variables": [{"name": 1, "value": "type:string"}, 5]}"#, REFUSES, REFUSES, &["entry-form", "entry-form"]),
    ("\u{feff}GOOD", REFUSES, TAKES, &["byte-order-mark"]),
    (r#"{"JOB_ENV_VARIABLES": LIST}"#, TAKES, REFUSES, &["key-case"]),
    (
        r#"{"job_env_variables": [{"Name": "SMIN_A", "Value": "type:string"}, {"name": "SMOUT_T", "value": "type:string, required:true"}]}"#,
        TAKES,
        REFUSES,
        &["key-case", "key-case"],
    ),
    (r#"{"description": "unknown keys are taken by both", "job_env_variables": LIST}"#, TAKES, TAKES, &[]),
    (r#"{"job_env_variables": 1, "job_env_variables": LIST}"#, TAKES, TAKES, &["key-twice"]),
    ("GOOD", TAKES, TAKES, &[]),
];

#[test]
fn every_case_is_found_as_the_tools_were_measured() {
    let mut wrong = Vec::new();
    let mut hold = |what: String, reading: Reading, generator: bool, deployer: bool, codes: &[&str]| {
        let (by_generator, by_deployer, found) = verdicts(&reading);
        if (by_generator, by_deployer, found.as_slice()) != (generator, deployer, codes) {
            wrong.push(format!("{what}: generator {by_generator}, deployer {by_deployer}, {found:?}"));
        }
    };
    for (value, generator, deployer, codes) in VALUES {
        hold(format!("value {value:?}"), of_value(value), *generator, *deployer, codes);
    }
    for (name, generator, deployer, codes) in NAMES {
        let reading = of(&[("SMIN_FIRST", "type:string"), (name, "type:string"), TOKEN]);
        hold(format!("name {name:?}"), reading, *generator, *deployer, codes);
    }
    let list = r#"[{"name": "SMIN_A", "value": "type:string"}, {"name": "SMOUT_T", "value": "type:string, required:true"}]"#;
    for (text, generator, deployer, codes) in FILES {
        let text = text.replace("GOOD", r#"{"job_env_variables": LIST}"#).replace("LIST", list);
        hold(format!("file {text}"), JobConfig::read(text.as_bytes()), *generator, *deployer, codes);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_both_tools_accept_is_read() {
    let config = of(&[
        ("SMIN_USER_NAME", "type:string"),
        ("SMIN_SCOPE", " required:true ,type: enum[admin|a user|x:y] "),
        ("SMIN_TTL", "type:integer, required:false"),
        ("SMIN_TOKEN", "type:secret_id, required:false, required:true"),
        TOKEN,
        ("SMOUT_FLAG", "type:boolean"),
    ])
    .declared()
    .unwrap();
    let declaration = |name: &str, value_type, required| Declaration { name: name.to_owned(), value_type, required };
    let scope = ValueType::Enum(vec!["admin".to_owned(), "a user".to_owned(), "x:y".to_owned()]);
    assert_eq!(
        config.inputs,
        [
            declaration("user_name", ValueType::String, false),
            declaration("scope", scope, true),
            declaration("ttl", ValueType::Integer, false),
            declaration("token", ValueType::SecretId, true),
        ]
    );
    assert_eq!(config.outputs, [declaration("token", ValueType::String, true), declaration("flag", ValueType::Boolean, false)]);
    assert_eq!(config.variables[1], ("SMIN_SCOPE".to_owned(), " required:true ,type: enum[admin|a user|x:y] ".to_owned()));
    assert_eq!(config.variables.len(), 6);
}

#[test]
fn what_is_plain_is_read_although_a_tool_refuses_it() {
    let choice = |options: &[&str]| ValueType::Enum(options.iter().map(|option| (*option).to_owned()).collect());
    for (value, value_type, required) in [
        ("type:enum[x], required:true", choice(&["x"]), true),
        ("type:enum", ValueType::String, false),
        ("type:enum[a]b|c]", choice(&["a]b", "c"]), false),
        ("type:enum[it's|b]", choice(&["it's", "b"]), false),
        ("type:'string'", ValueType::String, false),
        ("type:foo, type:integer", ValueType::Integer, false),
        ("type:string, required:maybe, required:true", ValueType::String, true),
        ("type:string,", ValueType::String, false),
        ("type:string\nrequired:true", ValueType::String, false),
        ("type:\u{a0}boolean", ValueType::Boolean, false),
        ("type:string, minimum:1", ValueType::String, false),
    ] {
        let config = of_value(value).declared().unwrap_or_else(|error| panic!("{value:?}: {error}"));
        assert_eq!((config.inputs[0].value_type.clone(), config.inputs[0].required), (value_type, required), "{value:?}");
    }
    for (name, lower) in [("SMIN_A-B", "a-b"), ("SMIN_É", "é"), ("SMIN_a", "a"), ("SMIN_A\n", "a")] {
        let config = of(&[(name, "type:string"), TOKEN]).declared().unwrap_or_else(|error| panic!("{name:?}: {error}"));
        assert_eq!(config.inputs[0].name, lower);
    }
    let marked = format!("\u{feff}{}", r#"{"JOB_ENV_VARIABLES": [{"Name": "SMOUT_T", "VALUE": "type:string, required:true"}]}"#);
    assert_eq!(JobConfig::read(marked.as_bytes()).declared().unwrap().outputs.len(), 1);
}

#[test]
fn what_is_not_plain_is_not_read() {
    for value in ["type:int", "type:string, required:yes", "required:true", "", "type:string\0", "type:'foo'"] {
        assert!(of_value(value).config.is_none(), "{value:?}");
    }
    for name in ["SMIN_", "SMIN_A$B", "SMIN_A B", "SMIN_A=B", "USER", "SMIN_\n"] {
        assert!(of(&[(name, "type:string"), TOKEN]).config.is_none(), "{name:?}");
    }
}

#[test]
fn an_output_is_required_by_both_tools() {
    let found = |value: &str| verdicts(&of(&[("SMIN_A", "type:string"), ("SMOUT_TOKEN", value)]));
    assert_eq!(found("type:string"), (REFUSES, REFUSES, vec!["no-required-output"]));
    // The generator believes the last, the deployer any.
    assert_eq!(found("type:string, required:true, required:false"), (REFUSES, TAKES, vec!["no-required-output", "attribute-twice"]));
    assert_eq!(found("type:string, required:false, required:true"), (TAKES, TAKES, vec!["attribute-twice"]));
}

#[test]
fn a_finding_breaks_the_rules_that_it_should() {
    let rules = |reading: &Reading| {
        reading
            .objections
            .iter()
            .map(|objection| (objection.code.name(), objection.rules()))
            .filter(|(_, rules)| !rules.is_empty())
            .collect::<Vec<_>>()
    };
    let both: &[&str] = &["CFG-001", "CFG-003"];
    assert_eq!(rules(&of_value("type:string,")), [("trailing-comma", both)]);
    assert_eq!(rules(&of_value("type:foo, type:string")), [("unknown-type", both)]);
    assert_eq!(rules(&of_value("type:string, minimum:1")), [("unknown-attribute", &["CFG-001"][..])]);
    assert_eq!(rules(&of_value("type:enum[$(id)|b]")), [("shell-expansion", &["CFG-003"][..])]);
    assert_eq!(rules(&of(&[("SMIN_ACTION", "type:string"), TOKEN])), [("reserved-name", &["CFG-003"][..])]);
    assert_eq!(rules(&of(&[TOKEN])), [("no-input", &["CFG-003"][..])]);
    assert_eq!(rules(&of(&[("SMIN_PASSWORD", "type:string"), TOKEN])), [("asks-for-secret", &["PRV-007"][..])]);
    assert_eq!(rules(&of(&[("SMIN_A", "type:string"), ("SMOUT_T", "type:string")])), [("no-required-output", &["CFG-002"][..])]);
    let twice = of(&[("SMIN_A", "type:string"), ("SMOUT_T", "type:string, required:true, required:false")]);
    assert_eq!(rules(&twice), [("no-required-output", &["CFG-002", "CFG-003"][..]), ("attribute-twice", &["CFG-003"][..])]);
}

#[test]
fn duplicates_do_not_compile_but_an_input_and_an_output_may_share_a_name() {
    let reading = of(&[TOKEN, ("SMIN_A", "type:string"), ("SMIN_A", "type:integer")]);
    assert_eq!(verdicts(&reading), (TAKES, TAKES, vec!["duplicate-variable"]));
    let config = reading.declared().unwrap();
    assert_eq!((config.inputs.len(), config.inputs[0].value_type.clone(), config.variables.len()), (1, ValueType::String, 2));
    assert_eq!(verdicts(&of(&[TOKEN, TOKEN, ("SMIN_A", "type:string")])).2, ["duplicate-variable"]);
    assert_eq!(verdicts(&of(&[TOKEN, ("SMIN_TOKEN", "type:secret_id")])).2, [""; 0]);
}

#[test]
fn what_no_tool_minds_is_noted() {
    let reading = of(&[
        ("SMIN_A", "type:enum[a|a|]"),
        ("SMOUT_NUMBER", "type:integer, required:true"),
        ("SMOUT_FLAG", "type:boolean, required:true"),
    ]);
    let codes: Vec<&str> = reading.objections.iter().map(|objection| objection.code.name()).collect();
    let expected =
        ["enum-repeated-option", "enum-empty-option", "enum-unchecked", "large-integer", "required-unchecked", "required-unchecked"];
    assert_eq!(codes, expected);
    assert!(reading.objections.iter().all(|objection| objection.severity() == Severity::Note && objection.rules().is_empty()));
}

#[test]
fn all_objections_come_at_once_with_their_places() {
    let text = r#"{"job_env_variables": [
  {"name": "SMIN_A-B", "value": "type:int"},
  {"name": "SMIN_\u0043\u0024D", "value": "required:true, type:bool"}
]}"#;
    let objections = JobConfig::read(text.as_bytes()).objections;
    let found: Vec<(&str, &str)> = objections.iter().map(|objection| (objection.code.name(), &text[objection.span.clone()])).collect();
    assert_eq!(
        found,
        [
            ("name-character", "-"),
            ("unknown-type", "type:int"),
            ("name-character", r"\u0024"),
            ("shell-expansion", r"\u0024D"),
            ("unknown-type", "type:bool"),
        ]
    );
    assert_eq!(objections[4].advice, "write `type:boolean`");
    assert_eq!(Position::of(text, objections[1].span.start).to_string(), "2:34");
}

#[test]
fn a_file_that_is_no_text_is_told_where() {
    let reading = JobConfig::read(b"{\"job_env_variables\xff");
    assert_eq!((reading.objections[0].code, reading.objections[0].span.clone()), (Code::NotUtf8, 19..19));
    let broken = JobConfig::read(b"{\n  \"job_env_variables\": [,]\n}");
    assert_eq!((broken.objections[0].code, broken.objections[0].span.start), (Code::NotJson, 26));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = JobConfig::load("/no/such/job_config.json").unwrap_err();
    assert_eq!(error.to_string(), "cannot read the job configuration /no/such/job_config.json");
}

/// Every place lies within the file, at characters; and either it is plain what a file declares, or there is an error.
fn hold(bytes: &[u8]) -> Result<Reading, proptest::test_runner::TestCaseError> {
    let reading = JobConfig::read(bytes);
    let text = String::from_utf8_lossy(bytes);
    for objection in &reading.objections {
        let objected = text.get(objection.span.clone());
        proptest::prop_assert!(objected.is_some(), "{objection:?}");
    }
    let error = reading.objections.iter().any(|objection| objection.severity() == Severity::Error);
    proptest::prop_assert!(reading.config.is_some() || error, "{text}");
    Ok(reading)
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        hold(&bytes)?;
    }

    #[test]
    fn no_json_makes_it_panic(text in "(\u{feff})?[\\[{]?(\"(job_env_variables|NAME|name|value|é|\\\\u00e9|\\\\n|SMIN_A|type:)*\"|[:,\\[\\]{} \n]|null|1){0,14}") {
        hold(text.as_bytes())?;
    }

    #[test]
    fn no_variable_makes_it_panic(name in "(SMIN_|SMOUT_)?[A-Z_$;\\PC\n]{0,8}", value in "(type:|string|enum\\[|required:|true|[$(`a|\\],: '\"\\\\\n\0]|\\PC){0,12}") {
        let entry = serde_json::json!({ "job_env_variables": [{ "name": name, "value": value }] }).to_string();
        let reading = hold(entry.as_bytes())?;
        if let Some(config) = reading.config {
            // What is declared can be the name and the value of a variable in a job's environment.
            let (name, value) = &config.variables[0];
            proptest::prop_assert!(!name.contains(['\0', '=', ' ', '$']) && !value.contains('\0'));
        }
    }
}
