//! The Artifactory preset, with the bodies that IBM's own provider sends.

use http::{HeaderValue, Method, StatusCode};
use secrecy::SecretString;
use serde_json::json;

use super::{Fixture, anonymous, job, json, text};
use crate::cloud::wire::Backend as _;
use crate::journal::{EventKind, Operation, Refusal, Service};

const TOKENS: &str = "/access/api/v1/tokens";

fn body() -> serde_json::Value {
    json!({
        "username": "deployer", "scope": "applied-permissions/groups:readers", "expires_in": 3600, "refreshable": false,
        "description": "secrets manager", "audience": "*@*", "include_reference_token": false
    })
}

#[test]
fn create_answers_a_token_and_its_id() {
    let fixture = Fixture::preset("artifactory");
    fixture.journal.jobs().started(&job(0));
    let handled = fixture.send(Method::POST, "/access/api/v1/tokens/", Some(&body()));
    assert_eq!(handled.status, StatusCode::OK);
    assert!(handled.applied);
    let answer = json(&handled);
    let (id, token) = (text(&answer, "/token_id"), text(&answer, "/access_token"));
    assert_eq!(
        answer,
        json!({
            "token_id": id, "access_token": token, "expires_in": 3600, "scope": "applied-permissions/groups:readers",
            "token_type": "access_token"
        })
    );
    assert_eq!(handled.facts.credential.as_deref(), Some(id));
    let ledger = fixture.third_party.ledger();
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].credential.as_str(), ledger[0].alive, ledger[0].seeded), (id, true, false));
    assert_eq!(ledger[0].issued_in, Some(job(0)));
    assert_eq!(ledger[0].fields["description"], "secrets manager");
    let marked = fixture.journal.redactor().redact(&format!("got {token}"));
    assert!(marked.contains(&format!("credential_secret/{id}")) && !marked.contains(token), "{marked}");
    let issued = EventKind::CredentialIssued { third_party: "artifactory".to_owned(), credential: id.to_owned(), job: Some(job(0)) };
    assert_eq!(fixture.journal.all().last().unwrap().kind, issued);
}

#[test]
fn further_secrets_are_issued_when_asked_for_and_redacted() {
    let fixture = Fixture::preset("artifactory");
    let mut body = body();
    body["include_reference_token"] = true.into();
    body["refreshable"] = true.into();
    let answer = json(&fixture.send(Method::POST, TOKENS, Some(&body)));
    let (reference, refresh) = (text(&answer, "/reference_token"), text(&answer, "/refresh_token"));
    assert!(reference.starts_with("cmVm") && reference.len() == 64, "{reference}");
    let marked = fixture.journal.redactor().redact(&format!("{reference} {refresh}"));
    assert!(!marked.contains(reference) && !marked.contains(refresh), "{marked}");
    assert!(!fixture.third_party.ledger()[0].fields.contains_key("reference_token"));
}

#[test]
fn get_and_list_show_metadata_only() {
    let fixture = Fixture::preset("artifactory");
    assert_eq!(json(&fixture.send(Method::GET, TOKENS, None)), json!({"tokens": []}));
    let id = text(&json(&fixture.send(Method::POST, TOKENS, Some(&body()))), "/token_id").to_owned();
    let found = json(&fixture.send(Method::GET, &format!("{TOKENS}/{id}"), None));
    let issued_at = found["issued_at"].as_u64().unwrap();
    let expected = json!({
        "token_id": id, "subject": "jfac@01hallmark/users/deployer", "expiry": issued_at + 3600, "issued_at": issued_at,
        "issuer": "jfac@01hallmark", "description": "secrets manager", "refreshable": false
    });
    assert_eq!(found, expected);
    assert_eq!(json(&fixture.send(Method::GET, TOKENS, None)), json!({"tokens": [expected]}));
    let unknown = fixture.send(Method::GET, &format!("{TOKENS}/nobody"), None);
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(json(&unknown), json!({"errors": [{"code": "NOT_FOUND", "message": "Not Found"}]}));
}

#[test]
fn the_description_filter_takes_a_star_at_its_end_only() {
    let fixture = Fixture::preset("artifactory");
    for description in ["sm task 1", "sm task 2", "other*", ""] {
        fixture.send(Method::POST, TOKENS, Some(&json!({"description": description})));
    }
    let count = |query: &str| {
        let answer = json(&fixture.send(Method::GET, &format!("{TOKENS}?{query}"), None));
        answer["tokens"].as_array().unwrap().len()
    };
    assert_eq!(count("description=sm%20task*"), 2);
    assert_eq!(count("description=sm+task+1"), 1);
    assert_eq!(count("description=sm"), 0);
    assert_eq!(count("description=*task*"), 0);
    assert_eq!(count("description=other*"), 1);
    assert_eq!(count("description=*"), 4);
    assert_eq!(count("unknown=x"), 4);
}

#[test]
fn revoke_works_once() {
    let fixture = Fixture::preset("artifactory");
    let id = text(&json(&fixture.send(Method::POST, TOKENS, Some(&body()))), "/token_id").to_owned();
    fixture.journal.jobs().started(&job(3));
    let path = format!("{TOKENS}/{id}");
    let first = fixture.send(Method::DELETE, &path, None);
    assert_eq!((first.status, first.applied, first.body.len()), (StatusCode::OK, true, 0));
    let ledger = fixture.third_party.ledger();
    assert_eq!((ledger[0].alive, ledger[0].revoked_in.clone()), (false, Some(job(3))));
    for path in [path, format!("{TOKENS}/00000000-0000-4000-8000-000000000000")] {
        let again = fixture.send(Method::DELETE, &path, None);
        assert_eq!((again.status, again.applied), (StatusCode::NOT_FOUND, false));
        assert!(again.facts.credential.is_some());
    }
}

#[test]
fn the_collection_cannot_be_deleted() {
    let fixture = Fixture::preset("artifactory");
    let seeded = fixture.third_party.seed_credential();
    let request = fixture.request(Method::DELETE, "/access/api/v1/tokens/", None);
    assert_eq!(fixture.third_party.operation(&request), Operation::Other);
    let handled = fixture.third_party.handle(&request);
    assert_eq!((handled.status, handled.applied), (StatusCode::METHOD_NOT_ALLOWED, false));
    assert_eq!(handled.headers["allow"], "POST, GET");
    assert_eq!(fixture.third_party.ledger()[0].credential, seeded);
    assert!(fixture.third_party.ledger()[0].alive);
}

#[test]
fn logins_are_checked_before_anything_else() {
    let fixture = Fixture::preset("artifactory");
    let unauthorized = json!({"errors": [{"code": "UNAUTHORIZED", "message": "Unauthorized"}]});
    let missing = fixture.third_party.handle(&anonymous(Method::POST, TOKENS, Some(&body())));
    assert_eq!((missing.status, missing.facts.refused), (StatusCode::UNAUTHORIZED, Some(Refusal::MissingToken)));
    assert_eq!(json(&missing), unauthorized);
    assert!(missing.headers.contains_key("www-authenticate"));

    let mut wrong = anonymous(Method::POST, "/nowhere", None);
    wrong.headers.insert("authorization", HeaderValue::from_static("Bearer nobody"));
    let refused = fixture.third_party.handle(&wrong);
    assert_eq!((refused.status, refused.facts.refused), (StatusCode::UNAUTHORIZED, Some(Refusal::Login)));

    fixture.third_party.set_login_valid(false);
    let revoked = fixture.send(Method::POST, TOKENS, Some(&body()));
    assert_eq!((revoked.status, revoked.facts.refused), (StatusCode::UNAUTHORIZED, Some(Refusal::Login)));
    assert!(fixture.third_party.ledger().is_empty());
    fixture.third_party.set_login_valid(true);
    assert_eq!(fixture.send(Method::POST, TOKENS, Some(&body())).status, StatusCode::OK);
}

#[test]
fn an_added_login_counts_until_reset() {
    let fixture = Fixture::preset("artifactory");
    fixture.third_party.add_login(SecretString::from("an-api-key-of-iam"));
    let mut request = anonymous(Method::GET, TOKENS, None);
    request.headers.insert("authorization", HeaderValue::from_static("bearer an-api-key-of-iam"));
    assert_eq!(fixture.third_party.handle(&request).status, StatusCode::OK);
    assert_eq!(fixture.journal.redactor().redact("an-api-key-of-iam"), "⟦login_secret/artifactory/plain⟧");
    fixture.third_party.reset();
    assert_eq!(fixture.third_party.handle(&request).status, StatusCode::UNAUTHORIZED);
}

#[test]
fn bad_bodies_get_the_documented_refusals() {
    let fixture = Fixture::preset("artifactory");
    let mut request = fixture.request(Method::POST, TOKENS, Some(&body()));
    request.headers.insert("content-type", HeaderValue::from_static("text/plain"));
    assert_eq!(fixture.third_party.handle(&request).status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    request.headers.insert("content-type", HeaderValue::from_static("application/json"));
    for bytes in [&b"{\"username\": "[..], b"", b"\xff", &[b'['; 10_000]] {
        request.body = bytes::Bytes::copy_from_slice(bytes);
        assert_eq!(fixture.third_party.handle(&request).status, StatusCode::BAD_REQUEST);
    }
    for body in [json!([]), json!({"expires_in": "soon"}), json!({"expires_in": -1}), json!({"username": 3})] {
        let handled = fixture.send(Method::POST, TOKENS, Some(&body));
        assert_eq!((handled.status, handled.applied), (StatusCode::BAD_REQUEST, false), "{body}");
        assert_eq!(text(&json(&handled), "/errors/0/code"), "BAD_REQUEST");
        assert!(!text(&json(&handled), "/errors/0/detail").is_empty());
    }
    assert!(fixture.third_party.ledger().is_empty());
}

#[test]
fn refuse_does_nothing_but_understand() {
    let fixture = Fixture::preset("artifactory");
    let id = fixture.third_party.seed_credential();
    let request = fixture.request(Method::DELETE, &format!("{TOKENS}/{id}"), None);
    let handled = fixture.third_party.refuse(&request, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!((handled.status, handled.applied), (StatusCode::SERVICE_UNAVAILABLE, false));
    assert_eq!(json(&handled), json!({"errors": [{"code": "SERVICE_UNAVAILABLE", "message": "Service Unavailable"}]}));
    assert_eq!((handled.facts.credential, handled.facts.refused), (Some(id), None));
    assert!(fixture.third_party.ledger()[0].alive);
    assert_eq!(fixture.third_party.service(), Service::ThirdParty("artifactory".to_owned()));
}
