//! Descriptions that are wrong, and texts that are none.

use proptest::prelude::*;
use serde_json::json;

use super::inline::SPEC;
use crate::cloud::third_party::{SpecError, ThirdPartySpec};

fn validated(text: &str) -> Result<(), SpecError> {
    ThirdPartySpec::from_toml(text)?.validate()
}

/// Writes an error with its causes.
fn report(error: &SpecError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

#[test]
fn each_mistake_is_named_with_its_place() {
    validated(SPEC).unwrap();
    for (right, wrong, expected) in [
        ("hosts = [\"iam.cloud.ibm.com\"]", "hosts = [\"https://iam.cloud.ibm.com\"]", "`hosts[0]`"),
        ("path_prefix = \"/vault\"", "path_prefix = \"vault\"", "must begin with a slash"),
        ("path_prefix = \"/vault\"", "path_prefix = \"/vault/\"", "`path_prefix`"),
        ("header = \"x-api-key\"", "header = \"x api key\"", "`login.header`"),
        ("format = \"{{ login }}\"", "format = \"{{ token }}\"", "`login.format`"),
        ("format = \"{{ login }}\"", "format = \"{{ login\"", "template `login.format`"),
        ("kind = \"hex\", length = 16", "kind = \"hex\"", "needs a `length`"),
        ("user = ", "secret = ", "`credential.secret`"),
        ("{{ request.body.user }}", "{{ request.body.user", "template `credential.fields.user`"),
        ("operation = \"create\"", "operation = \"list\"", "no `create` operation"),
        ("operation = \"revoke\"", "operation = \"get\"", "no `revoke` operation"),
        ("path = \"/keys\"", "path = \"keys\"", "`operations[0].path`"),
        ("path = \"/keys\"", "path = \"/keys/{id}\"", "rename `{id}`"),
        ("path = \"/keys/{id}/revoke\"", "path = \"/keys/{key}\"", "needs `{id}`"),
        ("method = \"PUT\"", "method = \"put\"", "`operations[0].method`"),
        ("status = 200\nheaders", "status = 404\nheaders", "not between 200 and 299"),
        ("x-served-by = \"vault\"", "\"x served by\" = \"vault\"", "`operations[0].headers`"),
        ("\"from\": {{ request.query.from }}", "\"from\": \"{{ credential.id }}\"", "`operations[0].body`"),
        ("{{ path.id }}", "{{ path.id | nonsense }}", "`operations[1].body`"),
        ("{\"message\": {{ error.message }}}", "{{ error.message }", "`errors.body`"),
        ("{{ status }} {{ reason }}", "{{ status", "`errors.generic.message`"),
        ("[errors]", "[refusals]\nlogin = 200\n[errors]", "`refusals.login`"),
        ("path_prefix", "path_prefixes", "path_prefixes"),
    ] {
        assert!(SPEC.contains(right), "{right}");
        let error = validated(&SPEC.replacen(right, wrong, 1)).unwrap_err();
        assert!(report(&error).contains(expected), "{wrong}: {}", report(&error));
    }
}

#[test]
fn two_operations_cannot_take_the_same_requests() {
    let mut spec = ThirdPartySpec::from_toml(SPEC).unwrap();
    spec.operations.push(spec.operations[1].clone());
    spec.operations[2].path = "/keys/{id}/{verb}".to_owned();
    assert!(report(&spec.validate().unwrap_err()).contains("`operations[2].path`"));
}

#[test]
fn an_example_that_its_own_checks_refuse_is_found() {
    let mut spec = ThirdPartySpec::preset("pagerduty").unwrap();
    spec.credential.example_request = json!({});
    assert!(report(&spec.validate().unwrap_err()).contains("`credential.example_request`"));
}

/// Takes bytes out of a good description and puts others in.
fn damaged(text: &'static str) -> impl Strategy<Value = String> {
    (0..text.len(), 0_usize..30, "[ -~\\n]{0,12}").prop_map(move |(start, length, insert)| {
        let end = (start + length).min(text.len());
        format!("{}{insert}{}", &text[..start], &text[end..])
    })
}

proptest! {
    #[test]
    fn garbage_is_an_error_and_never_a_panic(text in "\\PC{0,200}") {
        prop_assert!(validated(&text).is_err());
        serde_json::from_str::<ThirdPartySpec>(&text).ok();
    }

    #[test]
    fn a_damaged_description_never_panics(text in damaged(SPEC)) {
        validated(&text).ok();
    }
}
