//! A description of somebody's own: prefixes, planted secrets, templates over what was issued, scenario controls.

use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::{Fixture, anonymous, json, text};
use crate::cloud::third_party::ThirdPartySpec;
use crate::cloud::wire::Backend as _;
use crate::journal::EventKind;

/// A third party that shares a host with IAM, logs in by a bare header and issues numbers and composed texts.
pub(super) const SPEC: &str = r#"
hosts = ["iam.cloud.ibm.com"]
path_prefix = "/vault"

[login]
header = "x-api-key"
format = "{{ login }}"
generator = { kind = "hex", length = 40, prefix = "sk_" }

[credential]
id = { kind = "alphanumeric", length = 12, prefix = "key-" }
secret = { kind = "hex", length = 16 }
[credential.fields]
user = "{{ request.body.user }}"
number = "{{ request.body.number }}"
url = "{{ third_party.url }}/{{ credential.id }}?secret={{ credential.secret }}"

[[operations]]
operation = "create"
method = "PUT"
path = "/keys"
status = 200
headers = { x-served-by = "vault" }
body = '{"id": {{ credential.id }}, "secret": {{ credential.secret }}, "number": {{ request.body.number }}, "from": {{ request.query.from }}}'

[[operations]]
operation = "revoke"
method = "POST"
path = "/keys/{id}/revoke"
status = 200
missing = 204
body = '{"revoked": {{ path.id }}}'

[errors]
body = '{"message": {{ error.message }}}'
generic = { code = 1, message = "{{ status }} {{ reason }}" }
"#;

fn fixture() -> Fixture {
    Fixture::new("vault", ThirdPartySpec::from_toml(SPEC).unwrap())
}

#[test]
fn paths_stand_behind_the_prefix() {
    let fixture = fixture();
    assert_eq!(fixture.send(Method::PUT, "/keys", None).status, StatusCode::NOT_FOUND);
    assert_eq!(fixture.send(Method::PUT, "/vault/keys", None).status, StatusCode::OK);
    assert!(fixture.third_party.claims("IAM.cloud.ibm.com", "/vault/keys"));
    assert!(!fixture.third_party.claims("iam.cloud.ibm.com", "/vaults"));
    assert!(!fixture.third_party.claims("iam.cloud.ibm.com", "/identity/token"));
    assert!(!fixture.third_party.claims("cloud.ibm.com", "/vault/keys"));
}

#[test]
fn templates_see_body_query_and_path() {
    let fixture = fixture();
    let handled = fixture.send(Method::PUT, "/vault/keys?from=a%20b", Some(&json!({"number": 9_007_199_254_740_993_u64})));
    assert_eq!(handled.headers["x-served-by"], "vault");
    let created = json(&handled);
    assert_eq!((created["number"].as_u64(), text(&created, "/from")), (Some(9_007_199_254_740_993), "a b"));
    let id = text(&created, "/id");
    let revoked = json(&fixture.send(Method::POST, &format!("/vault/keys/{id}/revoke/"), None));
    assert_eq!(revoked, json!({"revoked": id}));
    let again = fixture.send(Method::POST, &format!("/vault/keys/{id}/revoke"), None);
    assert_eq!((again.status, again.applied, again.body.len()), (StatusCode::NO_CONTENT, false, 0));
}

#[test]
fn a_planted_secret_is_issued_once_as_it_is() {
    let fixture = fixture();
    let awkward = "\"quoted\" \\ $HOME é🦀\nnext line";
    fixture.third_party.plant_secret(SecretString::from(awkward));
    let answer = |handled| text(&json(&handled), "/secret").to_owned();
    assert_eq!(answer(fixture.send(Method::PUT, "/vault/keys", None)), awkward);
    assert_eq!(answer(fixture.send(Method::PUT, "/vault/keys", None)).len(), 16);
    assert!(!fixture.journal.redactor().redact(awkward).contains("$HOME"));
}

#[test]
fn matching_compares_texts_numbers_and_booleans_exactly() {
    let fixture = fixture();
    fixture.third_party.set_url("https://vault.example");
    let body = json!({"user": "o'neil", "number": 9_007_199_254_740_993_u64, "enabled": true});
    let created = json(&fixture.send(Method::PUT, "/vault/keys", Some(&body)));
    fixture.send(Method::PUT, "/vault/keys", None);
    let (id, secret) = (text(&created, "/id"), text(&created, "/secret"));
    let matching = |template: &str, value: Value| fixture.third_party.matching(template, &value).unwrap();
    let found = [id.to_owned()];
    for (name, value, count) in [("secret", secret, 1), ("id", id, 1), ("missing", "", 2)] {
        let plain = matching(&format!("{{{{ credential.{name} }}}}"), json!(value));
        assert_eq!((plain.contains(&id.to_owned()), plain.len()), (true, count), "{name}");
        assert_eq!(matching(&format!("{{{{ credential['{name}'] }}}}"), json!(value)), plain, "{name}, as the engine renders it");
        assert_eq!(matching(&format!("{{{{ credential.{name} }}}}"), json!("another")), [""; 0], "{name}");
    }
    assert_eq!(matching(" {{ credential.secret }}", json!(secret)), [""; 0], "a blank is a part of the text");
    assert_eq!(matching(" {{ credential.secret }}", json!(format!(" {secret}"))), found);
    assert_eq!(matching("{{ third_party.url }}/{{ credential.id }}", json!(format!("https://vault.example/{id}"))), found);
    assert_eq!(matching("{{ credential.url }}", json!(format!("https://vault.example/{id}?secret={secret}"))), found);
    assert_eq!(matching("{{ request.user }}", json!("o'neil")), found);
    assert_eq!(matching("{{ request.body.user }}", json!("o'neil")), found);
    assert_eq!(matching("{{ request.number }}", json!(9_007_199_254_740_993_u64)), found);
    assert_eq!(matching("{{ request.number }}", json!(9_007_199_254_740_992_u64)), [""; 0]);
    assert_eq!(matching("{{ request.number }}", json!("9007199254740993")), found);
    assert_eq!(matching("{{ request.enabled }}", json!(true)), found);
    assert_eq!(matching("{{ request.missing }}", json!(null)), [""; 0]);
    assert_eq!(matching("{{ request.user }}", json!(["o'neil"])), [""; 0]);
    assert!(fixture.third_party.matching("{{ credential.", &json!("x")).is_err());
}

#[test]
fn a_login_is_a_header_of_its_own() {
    let fixture = fixture();
    let mut request = anonymous(Method::PUT, "/vault/keys", None);
    let login = fixture.third_party.login_secret();
    assert!(login.expose_secret().starts_with("sk_"));
    request.headers.insert("authorization", HeaderValue::try_from(login.expose_secret()).unwrap());
    assert_eq!(fixture.third_party.handle(&request).status, StatusCode::UNAUTHORIZED);
    request.headers.insert("x-api-key", HeaderValue::try_from(login.expose_secret()).unwrap());
    assert_eq!(fixture.third_party.handle(&request).status, StatusCode::OK);
}

#[test]
fn a_template_that_fails_at_run_time_is_our_trouble_and_changes_nothing() {
    let mut spec = ThirdPartySpec::from_toml(SPEC).unwrap();
    let template = "{% if request.body.number %}{{ 1 // 0 }}{% else %}{}{% endif %}";
    spec.operations[0].body = Some(template.to_owned());
    let fixture = Fixture::new("vault", spec);
    let handled = fixture.send(Method::PUT, "/vault/keys", Some(&json!({"number": 1})));
    assert_eq!((handled.status, handled.applied), (StatusCode::INTERNAL_SERVER_ERROR, false));
    assert!(fixture.third_party.ledger().is_empty());
    assert!(
        matches!(&fixture.journal.all().last().unwrap().kind, EventKind::EngineTrouble { what } if what.contains("operations[0].body"))
    );
}

#[test]
fn a_ledger_never_holds_a_secret() {
    let fixture = fixture();
    let created = json(&fixture.send(Method::PUT, "/vault/keys", None));
    fixture.third_party.plant_secret(SecretString::from("correct horse battery staple"));
    fixture.send(Method::PUT, "/vault/keys", None);
    let ledger = serde_json::to_string(&fixture.third_party.ledger()).unwrap();
    assert!(!ledger.contains(text(&created, "/secret")) && !ledger.contains("battery"), "{ledger}");
}

#[test]
fn reset_forgets_credentials_and_logins() {
    let fixture = fixture();
    let before = fixture.third_party.login_secret();
    fixture.third_party.seed_credential();
    fixture.third_party.set_login_valid(false);
    fixture.third_party.plant_secret(SecretString::from("left over from before"));
    fixture.third_party.reset();
    assert!(fixture.third_party.ledger().is_empty());
    assert_ne!(before.expose_secret(), fixture.third_party.login_secret().expose_secret());
    let created = json(&fixture.send(Method::PUT, "/vault/keys", None));
    assert_eq!(text(&created, "/secret").len(), 16);
}
