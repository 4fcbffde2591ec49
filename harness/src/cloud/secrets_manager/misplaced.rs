//! Secrets in fields of an update that are not for them.

use serde_json::{Map, Value};

use crate::contract::OutputSpec;
use crate::journal::Misplaced;
use crate::redaction::{Mark, Redactor, SecretKind};

/// Fields of an error that other facts tell about.
const TOLD_OF_ERROR: [&str; 2] = ["code", "description"];

/// Characters of a field's name that are kept.
const NAME: usize = 64;

/// Returns the provider's own secrets, and those that log it in, within values of a payload. It comes before these values are known as outputs
/// themselves: an address with a key in it would then hide the key.
pub(super) fn in_outputs(payload: &Map<String, Value>, redactor: &Redactor) -> Vec<Misplaced> {
    let foreign = |kind| matches!(kind, SecretKind::AccessKey | SecretKind::Token | SecretKind::LoginSecret | SecretKind::AdminToken);
    let fields = payload.iter().map(|(name, value)| (format!("credentials.payload.{}", shortened(name)), value));
    fields.flat_map(|(place, value)| of(&place, value, redactor, foreign)).collect()
}

/// Returns what outputs keep secret within values of outputs that the manifest marks public, unless it says itself what they are made of.
pub(super) fn in_public_outputs(payload: &Map<String, Value>, outputs: &[OutputSpec], redactor: &Redactor) -> Vec<Misplaced> {
    let kept = |kind| matches!(kind, SecretKind::CredentialSecret | SecretKind::Output);
    let public = outputs.iter().filter(|output| output.public && output.equals.is_none());
    let fields = public.filter_map(|output| Some((format!("credentials.payload.{}", output.name), payload.get(&output.name)?)));
    fields.flat_map(|(place, value)| of(&place, value, redactor, kept)).collect()
}

/// Returns secrets in every other field: of the API's shape none is left for them.
pub(super) fn elsewhere(body: &Map<String, Value>, redactor: &Redactor) -> Vec<Misplaced> {
    let created = body.get("status").is_some_and(|status| status == "credentials_created");
    let mut places: Vec<(String, &Value)> = Vec::new();
    for (name, value) in body.iter().filter(|(name, _)| *name != "status") {
        match (name.as_str(), value) {
            ("credentials", Value::Object(credentials)) if created => {
                let others = credentials.iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "payload"));
                places.extend(others.map(|(name, value)| (format!("credentials.{}", shortened(name)), value)));
            }
            ("errors", Value::Array(errors)) => {
                for (index, error) in errors.iter().enumerate() {
                    let Value::Object(fields) = error else {
                        places.push((format!("errors[{index}]"), error));
                        continue;
                    };
                    let others = fields.iter().filter(|(name, _)| !TOLD_OF_ERROR.contains(&name.as_str()));
                    places.extend(others.map(|(name, value)| (format!("errors[{index}].{}", shortened(name)), value)));
                }
            }
            (name, value) => places.push((shortened(name), value)),
        }
    }
    places.into_iter().flat_map(|(place, value)| of(&place, value, redactor, SecretKind::is_secret)).collect()
}

fn of(place: &str, value: &Value, redactor: &Redactor, wanted: impl Fn(SecretKind) -> bool) -> Vec<Misplaced> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut found: Vec<Misplaced> = Vec::new();
    for mark in redactor.marks(&text).into_iter().filter(|mark| wanted(mark.kind)) {
        let misplaced = Misplaced { place: place.to_owned(), mark: Mark::to_string(&mark) };
        if !found.contains(&misplaced) {
            found.push(misplaced);
        }
    }
    found
}

fn shortened(name: &str) -> String {
    name.chars().take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ValueType;
    use serde_json::json;

    const LOGIN: &str = "login-0123456789abcdef";
    const ISSUED: &str = "issued-0123456789abcdef";

    fn redactor() -> Redactor {
        let redactor = Redactor::default();
        redactor.register(SecretKind::LoginSecret, "login", LOGIN);
        redactor.register(SecretKind::CredentialSecret, "c", ISSUED);
        redactor
    }

    fn told(found: &[Misplaced]) -> Vec<String> {
        found.iter().map(|misplaced| format!("{} {}", misplaced.place, misplaced.mark)).collect()
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("no object") };
        object
    }

    #[test]
    fn a_login_secret_in_an_output_is_told() {
        let payload = object(json!({ "token": ISSUED, "url": format!("https://x/?key={LOGIN}"), "port": 1 }));
        assert_eq!(told(&in_outputs(&payload, &redactor())), ["credentials.payload.url ⟦login_secret/login/plain⟧"]);
    }

    #[test]
    fn a_secret_in_a_public_output_is_told_unless_the_manifest_makes_it_of_one() {
        let output = |name: &str, public, equals: Option<&str>| OutputSpec {
            name: name.into(),
            value_type: ValueType::String,
            required: true,
            public,
            equals: equals.map(str::to_owned),
        };
        let payload = object(json!({ "token": ISSUED, "url": ISSUED, "dsn": format!("x:{ISSUED}@y") }));
        let outputs = [output("token", false, None), output("url", true, None), output("dsn", true, Some("x:{{ credential.secret }}@y"))];
        assert_eq!(told(&in_public_outputs(&payload, &outputs, &redactor())), ["credentials.payload.url ⟦credential_secret/c/plain⟧"]);
    }

    #[test]
    fn fields_that_the_shape_does_not_know_are_looked_at() {
        let created = object(json!({
            "status": "credentials_created", "note": LOGIN,
            "credentials": { "id": LOGIN, "payload": { "token": ISSUED }, "extra": [{ "deep": hex::encode(ISSUED) }] },
        }));
        let expected = ["note ⟦login_secret/login/plain⟧", "credentials.extra ⟦credential_secret/c/hex⟧"];
        assert_eq!(told(&elsewhere(&created, &redactor())), expected);
        let failed = object(json!({
            "status": "failed", "errors": [{ "code": LOGIN, "description": LOGIN, "detail": LOGIN }], "credentials": { "payload": { "token": ISSUED } },
        }));
        let expected = ["errors[0].detail ⟦login_secret/login/plain⟧", "credentials ⟦credential_secret/c/plain⟧"];
        assert_eq!(told(&elsewhere(&failed, &redactor())), expected);
    }
}
