//! The cases on which IBM's two tools were measured, and files that are not what they should be.

use super::*;

fn of_value(value: &str) -> Result<JobConfig, JobConfigError> {
    of(&[("SMIN_A", value), ("SMOUT_TOKEN", "type:string, required:true")])
}

fn of(variables: &[(&str, &str)]) -> Result<JobConfig, JobConfigError> {
    let entries: Vec<_> = variables.iter().map(|(name, value)| serde_json::json!({ "name": name, "value": value })).collect();
    JobConfig::parse(serde_json::json!({ "job_env_variables": entries }).to_string().as_bytes())
}

fn minds(result: Result<JobConfig, JobConfigError>) -> Vec<Mind> {
    match result {
        Ok(config) => panic!("accepted: {config:?}"),
        Err(JobConfigError::Invalid(objections)) => objections.iter().map(|objection| objection.mind).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn what_both_tools_accept_is_read() {
    let config = of(&[
        ("SMIN_USER_NAME", "type:string"),
        ("SMIN_SCOPE", " required:true ,type: enum[admin|a user|x:y] "),
        ("SMIN_TTL", "type:integer, required:false"),
        ("SMIN_TOKEN", "type:secret_id, required:false, required:true"),
        ("SMOUT_TOKEN", "type:string, required:true"),
        ("SMOUT_FLAG", "type:boolean"),
    ])
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
fn further_accepted_values() {
    for value in ["type:enum[|]", "type:enum[a|]", "type:enum[a|a]", "type:string, type:integer", "required:true,type:boolean"] {
        assert!(of_value(value).is_ok(), "{value}");
    }
}

#[test]
fn every_disagreement_over_a_value_names_who_minds() {
    for (value, mind) in [
        ("type:enum[x], required:true", Mind::Generator),
        ("type:enum, required:true", Mind::Generator),
        ("type:enum[a]b|c]", Mind::Deployer),
        ("type:enum[it's|b]", Mind::Differently),
        ("type:'string'", Mind::Differently),
        ("type:\"string\"", Mind::Differently),
        ("type:foo, type:string", Mind::Deployer),
        ("type:string, required:maybe, required:true", Mind::Deployer),
        ("type:string,", Mind::Generator),
        ("type:string\nrequired:true", Mind::Differently),
        ("type:\u{a0}string", Mind::Deployer),
        ("type:int", Mind::Both),
        ("type:String", Mind::Both),
        ("type:string, required:True", Mind::Both),
        ("type:enum[a,b]", Mind::Both),
        ("", Mind::Both),
        (",type:string", Mind::Both),
        ("type:string,,required:true", Mind::Both),
        ("type=string", Mind::Both),
        ("type:string, minimum:1", Mind::Both),
        ("required:true", Mind::Both),
        ("type:enum[]", Mind::Both),
        ("type:string\0", Mind::Both),
    ] {
        assert_eq!(minds(of_value(value)), [mind], "{value:?}");
    }
}

#[test]
fn every_disagreement_over_a_name_names_who_minds() {
    for (name, mind) in [
        ("SMIN_", Mind::Generator),
        ("SMOUT_", Mind::Generator),
        ("SMIN_A-B", Mind::Generator),
        ("SMIN_A$B", Mind::Generator),
        ("SMIN_É", Mind::Generator),
        ("SMIN_A\n", Mind::Generator),
        ("SMIN_a", Mind::Both),
        ("SMIN_A B", Mind::Both),
        ("USER", Mind::Both),
        ("", Mind::Both),
    ] {
        assert_eq!(minds(of(&[(name, "type:string"), ("SMOUT_TOKEN", "type:string, required:true")])), [mind], "{name:?}");
    }
}

#[test]
fn an_output_is_required_by_both_tools() {
    assert_eq!(minds(of(&[("SMOUT_TOKEN", "type:string")])), [Mind::Both]);
    assert_eq!(minds(of(&[("SMOUT_TOKEN", "type:string, required:true, required:false")])), [Mind::Generator]);
    assert!(of(&[("SMOUT_TOKEN", "type:string, required:false, required:true")]).is_ok());
}

#[test]
fn duplicates_do_not_compile_but_an_input_and_an_output_may_share_a_name() {
    let token = ("SMOUT_TOKEN", "type:string, required:true");
    assert_eq!(minds(of(&[token, ("SMIN_A", "type:string"), ("SMIN_A", "type:integer")])), [Mind::Uncompilable]);
    assert!(of(&[token, ("SMIN_TOKEN", "type:string")]).is_ok());
}

#[test]
fn all_objections_come_at_once() {
    let error = of(&[("SMIN_A-B", "type:int"), ("SMIN_C", "type:bool"), ("SMOUT_T", "type:string, required:yes")]).unwrap_err();
    let JobConfigError::Invalid(objections) = error else { panic!("{error}") };
    let about: Vec<_> = objections.iter().map(|objection| objection.variable.as_deref()).collect();
    assert_eq!(about, [Some("SMIN_A-B"), Some("SMIN_A-B"), Some("SMIN_C"), Some("SMOUT_T")]);
    assert_eq!(objections[2].advice, "write `type:boolean`");
}

#[test]
fn files_that_are_no_job_configuration() {
    for (text, mind) in [
        ("\u{feff}{}", Mind::Generator),
        ("null", Mind::Both),
        ("[]", Mind::Both),
        ("{", Mind::Both),
        ("{}", Mind::Both),
        (r#"{"job_env_variables": []}"#, Mind::Both),
        (r#"{"job_env_variables": {}}"#, Mind::Both),
        (r#"{"JOB_ENV_VARIABLES": []}"#, Mind::Deployer),
        (r#"{"job_env_variables": [{"Name": "SMIN_A", "value": "type:string"}]}"#, Mind::Deployer),
    ] {
        let found = minds(JobConfig::parse(text.as_bytes()));
        assert_eq!(found[0], mind, "{text}");
    }
    assert_eq!(minds(JobConfig::parse(br#"{"job_env_variables": [{"name": 1, "value": "type:string"}, 5]}"#)), [Mind::Both, Mind::Both]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = JobConfig::load("/no/such/job_config.json").unwrap_err();
    assert_eq!(error.to_string(), "cannot read the job configuration /no/such/job_config.json");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = JobConfig::parse(&bytes);
    }

    #[test]
    fn no_variable_makes_it_panic(name in "(SMIN_|SMOUT_)?[A-Z_\\PC\n]{0,8}", value in "(type:|enum\\[|required:|[a|\\],: '\"]|\\PC){0,12}") {
        if let Ok(config) = of(&[(&name, &value)]) {
            proptest::prop_assert_eq!(config.variables, [(name, value)]);
        }
    }
}
