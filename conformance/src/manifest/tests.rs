//! Whole manifests: what a good one means, and the reports that bad ones get.

use std::path::Path;
use std::time::Duration;

use hallmark_harness::contract::{SecretType, ValueType};
use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;

/// A manifest that uses every key, with `[[input]]` tables in place of a `job_config.json`.
pub(super) const FULL: &str = include_str!("tests/full.toml");
const MINIMAL: &str = include_str!("tests/minimal.toml");

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::from_bytes(Path::new("provider.toml"), text.as_bytes())
}

fn good(text: &str) -> Manifest {
    parse(text).unwrap_or_else(|error| panic!("{}", rendered(&error)))
}

fn rendered(error: &ManifestError) -> String {
    rendered_at(error, 100)
}

fn rendered_at(error: &ManifestError, width: usize) -> String {
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(width).with_links(false);
    handler.render_report(&mut text, error).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Returns the messages of the problems.
fn messages(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems().iter().map(ToString::to_string).collect(),
    }
}

/// Returns [`MINIMAL`] with one text replaced.
fn minimal(from: &str, to: &str) -> String {
    assert_eq!(MINIMAL.matches(from).count(), 1, "{from}");
    MINIMAL.replace(from, to)
}

#[test]
fn a_full_manifest_is_read() {
    let manifest = good(FULL);
    assert_eq!(manifest.name, "artifactory-provider");
    assert_eq!(manifest.digest.len(), 64);
    assert_eq!(manifest.args, ["--verbose"]);
    assert_eq!(manifest.build.as_deref().map(<[String]>::len), Some(5));
    assert_eq!(manifest.task_timeout, Duration::from_secs(30));
    assert_eq!(manifest.hosts, ["metrics.example.com"]);
    assert_eq!(manifest.sm_url, InstanceUrl::Real);
    assert_eq!(manifest.ca, [AuthorityDelivery::Environment, AuthorityDelivery::Bundle, AuthorityDelivery::Java]);
    assert_eq!(manifest.env["RETRY_BUDGET"], "8s");
    assert_eq!(manifest.delete.not_resubmitted, [403, 409]);
    assert_eq!(manifest.waivers[0].rule, "PRV-005");
    assert_eq!(manifest.waivers[0].expires, time::macros::date!(2027 - 01 - 31));
    assert_eq!(manifest.job_config.variables[0], ("SMIN_SYSTEM".to_owned(), "type:enum[artifactory|pagerduty], required:true".to_owned()));
    assert_eq!(manifest.job_config_digest, None);
    assert!(manifest.program().is_absolute() && manifest.program().ends_with("target/release/provider"));
}

#[test]
fn a_variant_replaces_values_name_by_name() {
    let variants = good(FULL).variants();
    let names: Vec<_> = variants.iter().map(|variant| variant.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["artifactory", "pagerduty"]);
    let value = |variant: &Variant, name: &str| variant.inputs.iter().find(|input| input.name == name).unwrap().value.clone();
    let literal = |text: &str| Some(InputValue::Literal(text.to_owned()));
    assert_eq!(value(&variants[0], "system"), literal("artifactory"));
    assert_eq!(value(&variants[1], "system"), literal("pagerduty"));
    let profile = TrustedProfile { id: "TRUSTED_PROFILE_ID".into(), token_file: "CR_TOKEN_FILE".into() };
    for variant in &variants {
        assert_eq!(variant.trusted_profile, Some(profile.clone()));
        assert_eq!(value(variant, "expires_in"), literal("3600"));
        assert_eq!(value(variant, "refreshable"), literal("true"));
        assert_eq!(value(variant, "username"), Some(InputValue::Canary(CanaryKind::Email)));
        assert_eq!(value(variant, "scope"), None);
    }
    assert_eq!(variants[0].third_parties["system"].preset, Some(Preset::Artifactory));
    assert!(variants[1].third_parties["system"].spec.as_ref().unwrap().contains_key("login"));
    assert_eq!(variants[0].outputs[0].equals.as_deref(), Some("{{ credential.secret }}"));
    assert!(variants[0].outputs[1].public && !variants[1].outputs[1].public);
}

#[test]
fn secrets_know_their_field_and_do_not_print_their_value() {
    let secrets = &good(FULL).variants()[0].secrets;
    assert!(matches!(&secrets["login"].data, SecretData::LoginOf(party) if party == "system"));
    assert_eq!((secrets["login"].secret_type, secrets["login"].field.as_deref()), (SecretType::Arbitrary, None));
    assert_eq!(secrets["cloud"].field.as_deref(), Some("apikey"));
    assert!(secrets["cloud"].iam && matches!(secrets["cloud"].data, SecretData::Generate(Generator::ApiKey)));
    assert!(matches!(&secrets["fixed"].data, SecretData::Value(value) if value.expose_secret() == "s3cr3t-fixture"));
    assert!(!format!("{secrets:?}").contains("s3cr3t-fixture"));
}

#[test]
fn the_ways_of_the_authority_are_a_set_and_never_none() {
    let manifest = good(&format!("ca = [\"certifi\", \"bundle\", \"certifi\"]\n{MINIMAL}"));
    assert_eq!(manifest.ca, [AuthorityDelivery::Bundle, AuthorityDelivery::Certifi]);
    let problems = messages(&format!("ca = []\n{MINIMAL}"));
    assert!(problems.iter().any(|problem| problem.contains("`ca` is empty")), "{problems:?}");
}

#[test]
fn a_minimal_manifest_has_the_documented_defaults() {
    let manifest = good(MINIMAL);
    assert_eq!(manifest.task_timeout, Duration::from_mins(10));
    assert_eq!(manifest.sm_url, InstanceUrl::Loopback);
    assert_eq!(manifest.ca, [AuthorityDelivery::Environment, AuthorityDelivery::Bundle]);
    assert_eq!(manifest.program(), Path::new("provider"));
    let [variant] = &manifest.variants()[..] else { panic!("one variant") };
    assert_eq!((variant.name.as_deref(), variant.third_parties.len(), variant.secrets.len()), (None, 0, 0));
    assert_eq!(variant.outputs[0].value_type, ValueType::String);
}

#[test]
fn a_job_config_beside_the_manifest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let json = r#"{"job_env_variables": [{"name": "SMOUT_TOKEN", "value": "type:string, required:true"}]}"#;
    std::fs::write(folder.path().join("job_config.json"), json).unwrap();
    let path = folder.path().join("provider.toml");
    std::fs::write(&path, "name = 'a'\ncommand = './a'\njob_config = 'job_config.json'\n").unwrap();
    let manifest = Manifest::load(&path).unwrap();
    assert_eq!(manifest.job_config_digest.as_deref().map(str::len), Some(64));
    assert_eq!(manifest.job_config_path, Some(folder.path().join("job_config.json")));
    assert_eq!(manifest.directory(), folder.path());
}

#[test]
fn an_invalid_job_config_is_a_problem_of_the_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let json = r#"{"job_env_variables": [{"name": "SMOUT_TOKEN", "value": "type:str, required:true"}, {"name": "SMIN_A", "value": "type:enum[x]"}]}"#;
    std::fs::write(folder.path().join("job_config.json"), json).unwrap();
    let text = b"name = 'a'\ncommand = './a'\njob_config = 'job_config.json'\n";
    let error = Manifest::from_bytes(&folder.path().join("provider.toml"), text).unwrap_err();
    // Wide enough that no line breaks, wherever temporary folders are.
    insta::assert_snapshot!(rendered_at(&error, 1000).replace(&folder.path().display().to_string(), "FOLDER"));
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    insta::assert_snapshot!(rendered(&Manifest::load("/no/such/provider.toml").unwrap_err()));
}

#[test]
fn mistakes_of_form_are_reported_together() {
    insta::assert_snapshot!(rendered(&parse(include_str!("tests/form.toml")).unwrap_err()));
}

#[test]
fn mistakes_of_meaning_are_reported_together() {
    insta::assert_snapshot!(rendered(&parse(include_str!("tests/meaning.toml")).unwrap_err()));
}

#[test]
fn mistakes_of_declaration_are_reported_together() {
    insta::assert_snapshot!(rendered(&parse(include_str!("tests/declaration.toml")).unwrap_err()));
}

#[test]
fn mistakes_about_real_services_are_reported_together() {
    insta::assert_snapshot!(rendered(&parse(include_str!("tests/real.toml")).unwrap_err()));
}

#[test]
fn a_real_service_is_read() {
    let http = "[third_party.api]\npreset = \"pagerduty\"\nservice = \"https://127.0.0.1:8443\"\n";
    let tcp = "[third_party.db.tcp]\naddress = \"db.test:5432\"\nexists = [\"./exists\", \"{{ credential.id }}\"]\n\
               environment = { PASSWORD = \"hunter2-hunter2\" }\n";
    let [variant] = &good(&format!("{MINIMAL}\n{http}")).variants()[..] else { panic!("one variant") };
    assert_eq!(variant.third_parties["api"].service.as_deref(), Some("https://127.0.0.1:8443"));
    assert!(!variant.plays_alone() && variant.real_services().count() == 1);
    let [variant] = &good(&format!("{MINIMAL}\n{tcp}")).variants()[..] else { panic!("one variant") };
    let service = variant.third_parties["db"].tcp.as_ref().unwrap();
    assert_eq!((service.address.as_str(), service.time_limit), ("db.test:5432", Duration::from_secs(10)));
    assert_eq!(service.exists, ["./exists", "{{ credential.id }}"]);
    assert!(service.list.is_empty() && service.refuse.is_empty());
    assert!(variant.plays_alone() && !format!("{service:?}").contains("hunter2"));
}

#[test]
fn broken_toml_is_shown_with_its_place() {
    insta::assert_snapshot!(rendered(&parse("name = \"a\"\nname = \"b\"\ncommand = \n").unwrap_err()));
}

#[test]
fn reports_never_quote_the_value_of_a_secret() {
    let secret = "hunter2-hunter2";
    for text in [
        minimal("[outputs.token]", &format!("[secrets.a]\ntype = \"arbitary\"\nvalue = \"{secret}\"\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[secrets]\na = {{ typ = 1, value = \"{secret}\" }}\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[variants.v.secrets.a]\nvalue = \"\"\"é\n{secret}\"\"\"\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[secrets.a]\ntype = \nvalue = \"{secret}\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[secrets.a]\nvalu = \"{secret}\"\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[secret.a]\nvalue = \"{secret}\"\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[secrets.a]\nvalue = \"\"\"\n{secret}\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[secrets.a]\n\"value\" = '{secret}'\ntype = = 1\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[third_party.a.tcp]\nenvironment = {{ A = \"{secret}\", B = 1 }}\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[third_party.a.tcp]\naddress = = 1\nenvironment = {{ A = \"{secret}\" }}\n[outputs.token]")),
        minimal("[outputs.token]", &format!("[third_party.a.tcp.environment]\nA = = 1\nB = \"{secret}\"\n[outputs.token]")),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(!rendered(&error).contains(secret) && !format!("{error:?}").contains(secret), "{}", rendered(&error));
    }
}

#[test]
fn each_mistake_has_its_message() {
    for (from, to, expected) in [
        ("command = \"provider\"", "", "the manifest needs the key `command`"),
        ("command = \"provider\"", "command = \"\"", "`command` is empty"),
        ("command = \"provider\"", "command = \"a\\u0000b\"", "`command` holds a NUL character"),
        ("command = \"provider\"", "command = \"a\"\nbuild = []", "`build` names no program"),
        ("command = \"provider\"", "command = \"a\"\ntask_timeout = \"0s\"", "`task_timeout` is not a time that a task can take"),
        ("command = \"provider\"", "command = \"a\"\ntask_timeout = \"2days\"", "`task_timeout` is not a time that a task can take"),
        ("command = \"provider\"", "command = \"a\"\nhosts = [\"https://a.b\"]", "`https://a.b` is not a host name"),
        ("command = \"provider\"", "command = \"a\"\nenv = { \"A=B\" = \"c\" }", "`A=B` is not the name of a variable"),
        ("command = \"provider\"", "command = \"a\"\nenv = { SM_ACTION = \"c\" }", "`SM_ACTION` must not be set by the job definition"),
        (
            "command = \"provider\"",
            "command = \"a\"\ntrusted_profile = { id = \"SM_PROFILE\", token_file = \"FILE\" }",
            "`SM_PROFILE` must not be set by the job definition",
        ),
        (
            "command = \"provider\"",
            "command = \"a\"\ntrusted_profile = { id = \"PROFILE\", token_file = \"PROFILE\" }",
            "one variable cannot hold both id and file",
        ),
        (
            "command = \"provider\"",
            "command = \"a\"\nenv = { PROFILE = \"x\" }\ntrusted_profile = { id = \"PROFILE\", token_file = \"FILE\" }",
            "`PROFILE` has a value already",
        ),
        (
            "command = \"provider\"",
            "command = \"a\"\ntrusted_profile = { id = \"PROFILE\", token_file = \"https_proxy\" }",
            "`https_proxy` means something to every program",
        ),
        (
            "command = \"provider\"",
            "command = \"a\"\ndelete = { not_resubmitted = [503] }",
            "503 is not the status of a refusal that may be left alone",
        ),
        ("command = \"provider\"", "command = \"a\"\ndelete = { not_resubmitted = [403, 403] }", "403 is listed twice"),
        (
            "command = \"provider\"",
            "command = \"a\"\njob_config = \"x.json\"",
            "inputs and outputs are declared twice: in a job_config.json and in the manifest",
        ),
        ("required = true # output", "", "no output is required"),
        ("[outputs.token]", "[outputs.tokn]", "no output `tokn` is declared"),
        (
            "[outputs.token]",
            "[outputs.token]\nequals = \"{{ a\"",
            "`equals` is not a template: unexpected end of input, expected end of variable block",
        ),
        ("[outputs.token]", "[variants]\n[outputs.token]", "`variants` is empty, so there is nothing to certify"),
        ("[outputs.token]", "[variants.\"a b\"]\n[outputs.token]", "`a b` is not a name for a variant"),
        ("[outputs.token]", "[third_party.a]\n[outputs.token]", "the third party `a` is not described"),
        (
            "[outputs.token]",
            "[third_party.a]\npreset = \"artifactory\"\nspec = {}\n[outputs.token]",
            "the third party `a` is described twice",
        ),
        (
            "[outputs.token]",
            "[secrets.a]\ntype = \"kv\"\ngenerate = \"token\"\n[outputs.token]",
            "the secret `a` does not say which field holds its data",
        ),
        ("[outputs.token]", "[secrets.a]\ntype = \"arbitrary\"\n[outputs.token]", "the secret `a` has no data"),
        (
            "[outputs.token]",
            "[secrets.a]\ntype = \"arbitrary\"\nfield = \"a\"\ngenerate = \"token\"\n[outputs.token]",
            "the secret `a` has no fields",
        ),
        (
            "[outputs.token]",
            "[secrets.a]\ntype = \"arbitrary\"\nvalue = \"a\"\ngenerate = \"token\"\n[outputs.token]",
            "the data of the secret `a` comes from several places",
        ),
        ("size = 5", "", "the required input `size` has no value"),
        ("size = 5", "size = \"\"", "the input `size` is required, and an empty value counts as none"),
        ("size = 5", "size = \"5x\"", "the input `size` is an integer, which `5x` is not"),
        ("size = 5", "size = true", "the input `size` is an integer, which a boolean is not"),
        ("size = 5", "size = 9223372036854775808", "`inputs.size` does not fit into 64 bits"),
        ("size = 5", "size = { canary = \"card\" }", "the input `size` is an integer, which a reference is not"),
        ("size = 5", "size = 5.0", "`inputs.size` is not the value of an input"),
    ] {
        assert_eq!(messages(&minimal(from, to)), [expected], "{to}");
    }
}

#[test]
fn waivers_need_a_rule_a_reason_and_a_date() {
    let with = |waivers: &str| messages(&format!("{MINIMAL}\n{waivers}"));
    let waiver =
        |rule: &str, reason: &str, expires: &str| format!("[[waiver]]\nrule = \"{rule}\"\nreason = \"{reason}\"\nexpires = {expires}\n");
    assert_eq!(with(&waiver("PRV-005", "public", "2027-01-31")), [""; 0]);
    assert_eq!(with(&waiver("PRV5", "public", "2027-01-31")), ["`PRV5` is not the id of a rule"]);
    assert_eq!(with(&waiver("PRV-005", " ", "2027-01-31")), ["`reason` is empty"]);
    assert_eq!(with(&waiver("PRV-005", "public", "\"2027-01-31\"")), ["`waiver.expires` must be a date, not a string"]);
    assert_eq!(with(&waiver("PRV-005", "public", "2027-01-31T00:00:00Z")), ["`waiver.expires` must be a date, not a date or time"]);
    assert!(!with(&waiver("PRV-005", "public", "2027-02-30")).is_empty());
    assert_eq!(with(&waiver("PRV-005", "public", "2027-01-31").repeat(2)), ["PRV-005 is waived twice"]);
}

#[test]
fn what_two_variants_inherit_is_reported_once() {
    let text = minimal("size = 5", "size = \"x\"\n[variants.a]\n[variants.b]");
    assert_eq!(messages(&text), ["the input `size` is an integer, which `x` is not"]);
    let text = minimal("size = 5", "[variants.a]\n[variants.b.inputs]\nsize = 1");
    assert_eq!(messages(&text), ["the variant `a` has no value for the required input `size`"]);
}

#[test]
fn booleans_and_integers_may_be_written_as_a_provider_reads_them() {
    let text = minimal("size = 5", "size = \"+5\"\nflag = \"T\"");
    let inputs = good(&text).variants()[0].inputs.clone();
    assert_eq!(inputs[0].value, Some(InputValue::Literal("+5".to_owned())));
    assert_eq!(inputs[1].value, Some(InputValue::Literal("T".to_owned())));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        render_if_wrong(&bytes);
    }

    #[test]
    fn no_mutation_makes_it_panic(start in 0..FULL.len(), length in 0_usize..40, other in prop_oneof![any::<Vec<u8>>(), piece()]) {
        let mut bytes = FULL.as_bytes().to_vec();
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, other);
        render_if_wrong(&bytes);
    }

    #[test]
    fn no_moved_line_makes_it_panic(from in 0_usize..100, to in 0_usize..100) {
        let mut lines: Vec<&str> = FULL.lines().collect();
        let line = lines.remove(from % lines.len());
        lines.insert(to % lines.len(), line);
        render_if_wrong(lines.join("\n").as_bytes());
    }
}

/// Returns a piece of the full manifest: likelier than noise to be TOML in the wrong place.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    (0..FULL.len(), 0_usize..60).prop_map(|(start, length)| FULL.as_bytes()[start..(start + length).min(FULL.len())].to_vec())
}

fn render_if_wrong(bytes: &[u8]) {
    if let Err(error) = Manifest::from_bytes(Path::new("provider.toml"), bytes) {
        assert!(!error.problems().is_empty());
        assert!(!rendered(&error).contains("Failed to read contents"), "a place outside the text: {:?}", error.problems());
    }
}
