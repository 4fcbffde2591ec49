//! Bodies of task updates: what they say and where they break the API's shape.

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::super::wire::Received;
use super::misplaced;
use crate::contract::{OutputSpec, TaskError, TaskUpdate, ValueType};
use crate::journal::{PayloadFact, UpdateFacts};
use crate::redaction::{Redactor, SecretKind};

/// Most errors that a failed task takes.
const MOST_ERRORS: usize = 10;

/// Whoever knows what third parties issued.
pub trait Issued: Send + Sync {
    /// Returns the ids of the credentials for which `template` renders to exactly `value`.
    fn matching(&self, template: &str, value: &Value) -> Vec<String>;
}

/// Reads an update. The facts always say what could be read; the update is there only when the body is valid.
pub(super) fn read(
    request: &Received,
    outputs: &[OutputSpec],
    issued: &dyn Issued,
    redactor: &Redactor,
    key: &str,
) -> (UpdateFacts, Option<TaskUpdate>) {
    let mut facts = UpdateFacts { body_digest: digest(key, &request.body), ..UpdateFacts::default() };
    let json_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if !json_type.to_ascii_lowercase().starts_with("application/json") {
        facts.violations.push("The Content-Type is not application/json.".into());
    }
    let body = match serde_json::from_slice::<Value>(&request.body) {
        Ok(Value::Object(body)) => body,
        Ok(_) => {
            facts.violations.push("The body is not a JSON object.".into());
            return (facts, None);
        }
        Err(error) => {
            facts.violations.push(format!("The body is not JSON: line {} column {}.", error.line(), error.column()));
            return (facts, None);
        }
    };
    facts.status = body.get("status").and_then(Value::as_str).map(str::to_owned);
    let update = match facts.status.as_deref() {
        Some("credentials_created") => created(&body, &mut facts, outputs, issued, redactor),
        Some("credentials_deleted") => Some(TaskUpdate::Deleted),
        Some("failed") => failed(&body, &mut facts),
        Some(_) => {
            facts.violations.push("The status is none of credentials_created, credentials_deleted, failed.".into());
            None
        }
        None => {
            facts.violations.push("The body has no status.".into());
            None
        }
    };
    facts.misplaced.extend(misplaced::elsewhere(&body, redactor));
    let update = update.filter(|_| facts.violations.is_empty());
    (facts, update)
}

fn created(
    body: &Map<String, Value>,
    facts: &mut UpdateFacts,
    outputs: &[OutputSpec],
    issued: &dyn Issued,
    redactor: &Redactor,
) -> Option<TaskUpdate> {
    let Some(credentials) = body.get("credentials").and_then(Value::as_object) else {
        facts.violations.push("A created update has no credentials object.".into());
        return None;
    };
    let id = match credentials.get("id") {
        Some(Value::String(id)) => Some(id.clone()),
        Some(_) => {
            facts.violations.push("credentials.id is not a string.".into());
            None
        }
        None => {
            facts.violations.push("credentials.id is missing.".into());
            None
        }
    };
    let payload = match credentials.get("payload") {
        Some(Value::Object(payload)) => payload.clone(),
        Some(_) => {
            facts.violations.push("credentials.payload is not an object.".into());
            Map::new()
        }
        None => {
            facts.violations.push("credentials.payload is missing.".into());
            Map::new()
        }
    };
    facts.misplaced = misplaced::in_outputs(&payload, redactor);
    for (name, value) in &payload {
        let declared = outputs.iter().find(|output| output.name == *name);
        if !declared.is_some_and(|output| output.public) {
            register(redactor, name, value);
        }
        let equals = declared.and_then(|output| output.equals.as_deref());
        facts.payload.push(PayloadFact {
            name: name.clone(),
            json_type: json_type(value).into(),
            length: value.as_str().map_or(0, |text| text.chars().count() as u64),
            equals: equals.map(|template| issued.matching(template, value)).unwrap_or_default(),
            mapped: equals.is_some(),
        });
        if value.is_array() || value.is_object() || value.is_null() {
            facts.violations.push(format!("credentials.payload.{name} is neither string, integer nor boolean."));
        }
    }
    facts.misplaced.extend(misplaced::in_public_outputs(&payload, outputs, redactor));
    // The values are registered by now, so that an id made from one of them is recognised.
    facts.credentials_id_derivations = id.as_deref().map(|id| redactor.derivations(id)).unwrap_or_default();
    facts.credentials_id.clone_from(&id);
    Some(TaskUpdate::Created { credentials_id: id?, payload })
}

fn register(redactor: &Redactor, name: &str, value: &Value) {
    match value {
        Value::String(text) => redactor.register(SecretKind::Output, name, text),
        Value::Array(_) | Value::Object(_) => redactor.register(SecretKind::Output, name, &value.to_string()),
        // A number or a boolean says nothing out of its place and would be found everywhere.
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn failed(body: &Map<String, Value>, facts: &mut UpdateFacts) -> Option<TaskUpdate> {
    let Some(errors) = body.get("errors").and_then(Value::as_array) else {
        facts.violations.push("A failed update has no errors array.".into());
        return None;
    };
    if errors.is_empty() || errors.len() > MOST_ERRORS {
        facts.violations.push(format!("A failed update has {} errors; 1 to {MOST_ERRORS} are allowed.", errors.len()));
    }
    for (index, error) in errors.iter().enumerate() {
        let mut text = |field: &str| {
            let value = error.get(field).and_then(Value::as_str).unwrap_or("");
            if value.is_empty() {
                facts.violations.push(format!("errors[{index}].{field} is missing, empty or no string."));
            }
            value.to_owned()
        };
        let error = TaskError { code: text("code"), description: text("description") };
        facts.errors.push(error);
    }
    Some(TaskUpdate::Failed(facts.errors.clone()))
}

/// Returns what breaks the declared outputs; used when the knob has the service validate payloads.
pub(super) fn undeclared(update: &TaskUpdate, outputs: &[OutputSpec]) -> Vec<String> {
    let TaskUpdate::Created { payload, .. } = update else { return Vec::new() };
    let missing = outputs
        .iter()
        .filter(|output| output.required && !payload.contains_key(&output.name))
        .map(|output| format!("credentials.payload lacks {}.", output.name));
    let wrong = payload.iter().filter_map(|(name, value)| match outputs.iter().find(|output| output.name == *name) {
        None => Some(format!("credentials.payload.{name} is not declared.")),
        Some(output) if !suits(value, &output.value_type) => Some(format!("credentials.payload.{name} has another type.")),
        Some(_) => None,
    });
    missing.chain(wrong).collect()
}

fn suits(value: &Value, value_type: &ValueType) -> bool {
    match value_type {
        ValueType::Integer => value.is_i64() || value.is_u64(),
        ValueType::Boolean => value.is_boolean(),
        ValueType::String | ValueType::SecretId | ValueType::Enum(_) => value.is_string(),
    }
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Keyed, so that a recording cannot be used to guess a low-entropy body.
fn digest(key: &str, body: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(key.as_bytes());
    hasher.update([0]);
    hasher.update(body);
    hex::encode(&hasher.finalize()[..16])
}
