//! The vocabulary of the features: each phrase of the domain and what it does.

mod given_cloud;
mod given_third_party;
mod given_world;
mod then;
mod when;

use hallmark_harness::fault::{Fault, FaultPhase, FaultService, FaultWhat, FaultWhen};
use hallmark_harness::journal::Operation;

/// Returns which calls `every` and `the first` mean.
fn calls(word: &str) -> FaultWhen {
    if word == "every" { FaultWhen::Every } else { FaultWhen::First(1) }
}

/// Returns the service and the operation of a call that features name, in the singular or plural.
fn called(word: &str) -> (FaultService, Operation) {
    match word.trim_end_matches('s') {
        "token request" => (FaultService::Iam, Operation::Token),
        "update" => (FaultService::SecretsManager, Operation::UpdateTask),
        "creation" => (FaultService::ThirdParty, Operation::Create),
        _ => (FaultService::ThirdParty, Operation::Revoke),
    }
}

/// Returns a fault in which the request has no effect.
fn unapplied(service: FaultService, operation: Operation, when: FaultWhen, what: FaultWhat) -> Fault {
    Fault { service, operation, when, phase: FaultPhase::BeforeCommit, what }
}

/// Returns an answer with a status and one of the bodies that features name.
fn answer(status: u16, body: Option<&str>) -> FaultWhat {
    let (body, content_type) = match body {
        Some("an HTML page") => {
            (Some("<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"), "text/html")
        }
        Some("an empty object") => (Some("{}"), "application/json"),
        Some("broken JSON") => (Some("{\"token_id\": \"b49a"), "application/json"),
        Some("nothing") => (Some(""), "application/json"),
        Some("text") => (Some("Updated."), "text/plain"),
        Some("a task without updated_by") => {
            (Some(r#"{"id": "sm-task", "status": "credentials_created", "type": "create_credentials"}"#), "application/json")
        }
        Some("further fields") => (
            Some(
                r#"{"id": "sm-task", "status": "credentials_created", "updated_by": "iam-ServiceId", "region": {"name": "eu-de", "zones": [1, 2]}, "x": null}"#,
            ),
            "application/json",
        ),
        _ => (None, ""),
    };
    let headers = body.map(|_| ("content-type".to_owned(), content_type.to_owned())).into_iter().collect();
    FaultWhat::Status { status, headers, body: body.map(str::to_owned) }
}

/// Returns the way in which a connection ends.
fn broken(word: &str) -> FaultWhat {
    if word == "resets" { FaultWhat::Reset } else { FaultWhat::Close }
}
