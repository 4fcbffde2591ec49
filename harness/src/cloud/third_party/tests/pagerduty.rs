//! The PagerDuty preset.

use http::{Method, StatusCode};
use serde_json::json;

use super::{Fixture, json, text};
use crate::cloud::wire::Backend as _;
use crate::journal::Operation;

const INTEGRATIONS: &str = "/event_orchestrations/b02e973d-9620-4e0a-9edc-00fedf7d4694/integrations";

#[test]
fn an_integration_has_a_routing_key() {
    let fixture = Fixture::preset("pagerduty");
    let handled = fixture.send(Method::POST, INTEGRATIONS, Some(&json!({"integration": {"label": "Überwachung \"1\""}})));
    assert_eq!(handled.status, StatusCode::CREATED);
    let created = json(&handled);
    let (id, key) = (text(&created, "/integration/id"), text(&created, "/integration/parameters/routing_key"));
    assert_eq!(
        created,
        json!({"integration": {"id": id, "label": "Überwachung \"1\"", "parameters": {"routing_key": key, "type": "global"}}})
    );
    assert_eq!(id.len(), 36);
    assert!(key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()), "{key}");

    assert_eq!(json(&fixture.send(Method::GET, INTEGRATIONS, None)), json!({"integrations": [created["integration"]], "total": 1}));
    assert_eq!(json(&fixture.send(Method::GET, &format!("{INTEGRATIONS}/{id}"), None)), created);

    let revoked = fixture.send(Method::DELETE, &format!("{INTEGRATIONS}/{id}"), None);
    assert_eq!((revoked.status, revoked.body.len()), (StatusCode::NO_CONTENT, 0));
    assert!(!revoked.headers.contains_key("content-type"));
    assert_eq!(json(&fixture.send(Method::GET, INTEGRATIONS, None)), json!({"integrations": [], "total": 0}));
    let gone = fixture.send(Method::DELETE, &format!("{INTEGRATIONS}/{id}"), None);
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(json(&gone), json!({"error": {"code": 2100, "message": "Not Found", "errors": []}}));
}

#[test]
fn an_integration_is_found_under_its_own_orchestration() {
    let fixture = Fixture::preset("pagerduty");
    let created = json(&fixture.send(Method::POST, INTEGRATIONS, Some(&json!({"integration": {"label": "x"}}))));
    let id = text(&created, "/integration/id");
    let other = "/event_orchestrations/other/integrations";
    assert_eq!(fixture.send(Method::DELETE, &format!("{other}/{id}"), None).status, StatusCode::NOT_FOUND);
    assert_eq!(json(&fixture.send(Method::GET, other, None))["total"], 0);
    let seeded = fixture.third_party.seed_credential();
    assert_eq!(fixture.send(Method::DELETE, &format!("{other}/{seeded}"), None).status, StatusCode::NO_CONTENT);
}

#[test]
fn a_label_is_required() {
    let fixture = Fixture::preset("pagerduty");
    for body in [json!({"integration": {}}), json!({"integration": {"label": ""}}), json!({"integration": {"label": 1}})] {
        let handled = fixture.send(Method::POST, INTEGRATIONS, Some(&body));
        assert_eq!(handled.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            json(&handled),
            json!({"error": {"code": 2001, "message": "Invalid Input Provided", "errors": ["Label can't be blank"]}})
        );
    }
}

#[test]
fn refusals_carry_what_pagerduty_documents() {
    let fixture = Fixture::preset("pagerduty");
    let request = fixture.request(Method::POST, INTEGRATIONS, None);
    assert_eq!(fixture.third_party.operation(&request), Operation::Create);
    let limited = fixture.third_party.refuse(&request, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(json(&limited), json!({"error": {"code": 2020, "message": "Rate Limit Exceeded", "errors": []}}));
    assert!(limited.headers.contains_key("ratelimit-reset") && !limited.headers.contains_key("retry-after"));
    let unauthorized = fixture.third_party.refuse(&request, StatusCode::UNAUTHORIZED);
    assert_eq!(unauthorized.headers["www-authenticate"], "Token realm=\"Application\"");
    assert_eq!(fixture.send(Method::DELETE, INTEGRATIONS, None).status, StatusCode::NOT_FOUND);
}

#[test]
fn long_unicode_labels_survive() {
    let fixture = Fixture::preset("pagerduty");
    let label: String = "é\"\\🦀\u{7}\u{2028}'<".chars().cycle().take(100_000).collect();
    let created = json(&fixture.send(Method::POST, INTEGRATIONS, Some(&json!({"integration": {"label": label}}))));
    assert_eq!(text(&created, "/integration/label"), label);
    let listed = json(&fixture.send(Method::GET, INTEGRATIONS, None));
    assert_eq!(text(&listed, "/integrations/0/label"), label);
    assert_eq!(fixture.third_party.matching("{{ credential.label }}", &label.into()).unwrap().len(), 1);
}
