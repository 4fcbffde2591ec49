//! What a request's JSON must hold.

use serde_json::Value;

use super::spec::{CheckSpec, JsonType};

/// Returns one sentence for each check that `body` fails.
pub(super) fn failures(checks: &[CheckSpec], body: &Value) -> Vec<String> {
    checks.iter().filter(|check| !check.holds(body)).map(CheckSpec::complaint).collect()
}

impl CheckSpec {
    fn holds(&self, body: &Value) -> bool {
        match body.pointer(&self.pointer) {
            None | Some(Value::Null) => !self.required,
            Some(value) => self.json_type.admits(value) && self.minimum.is_none_or(|minimum| at_least(value, minimum)),
        }
    }

    fn complaint(&self) -> String {
        self.message.clone().unwrap_or_else(|| {
            let name = if self.pointer.is_empty() { "the body" } else { self.pointer.trim_start_matches('/') };
            let bound = self.minimum.map(|minimum| format!(" of at least {minimum}")).unwrap_or_default();
            format!("{name} must be of type {}{bound}", self.json_type.word())
        })
    }
}

impl JsonType {
    fn admits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::NonEmptyString => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::NonEmptyString => "string and not be blank",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Object => "object",
            Self::Array => "array",
        }
    }
}

fn at_least(value: &Value, minimum: i64) -> bool {
    match (value.as_i64(), value.as_u64()) {
        (Some(number), _) => number >= minimum,
        // Above every i64.
        (None, Some(_)) => true,
        #[expect(clippy::cast_precision_loss, reason = "a float is compared with a bound of few digits")]
        (None, None) => value.as_f64().is_some_and(|number| number >= minimum as f64),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(pointer: &str, json_type: JsonType, required: bool) -> CheckSpec {
        CheckSpec { pointer: pointer.to_owned(), json_type, required, minimum: None, message: None }
    }

    #[test]
    fn each_failing_check_has_its_sentence() {
        let checks = [
            check("/label", JsonType::NonEmptyString, true),
            check("/days", JsonType::Integer, false),
            CheckSpec { minimum: Some(1), ..check("/count", JsonType::Integer, false) },
        ];
        assert!(failures(&checks, &json!({"label": "x"})).is_empty());
        assert!(failures(&checks, &json!({"label": "x", "days": null, "count": u64::MAX})).is_empty());
        assert_eq!(
            failures(&checks, &json!({"label": " ", "days": "3", "count": 0})),
            [
                "label must be of type string and not be blank",
                "days must be of type integer",
                "count must be of type integer of at least 1"
            ]
        );
    }
}
