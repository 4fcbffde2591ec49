//! The JSON Schema of the manifest, for editors.

use schemars::Schema;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::Value;

use super::form::ManifestForm;

/// Returns the JSON Schema of `provider.toml`. It is also checked in as `conformance/schema/provider.schema.json`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ManifestForm);
    RecursiveTransform(without_null).transform(&mut schema);
    schema.insert("title".to_owned(), "hallmark provider manifest".into());
    schema.to_value()
}

/// Removes the alternative "null" that an optional key has in JSON: TOML has no such value.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(alternatives)) = schema.get_mut("anyOf") {
        alternatives.retain(|alternative| alternative.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = &alternatives[..] {
            let only = only.clone();
            schema.remove("anyOf");
            only.into_iter().for_each(|(key, value)| {
                schema.insert(key, value);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/provider.schema.json");

    #[test]
    fn the_checked_in_schema_is_current() {
        let current = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
        if std::env::var_os("HALLMARK_BLESS").is_some() {
            std::fs::write(FILE, &current).unwrap();
        }
        let checked_in = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(checked_in == current, "{FILE} is stale; run `HALLMARK_BLESS=1 cargo test -p hallmark schema` and commit it");
    }

    #[test]
    fn the_schema_takes_a_manifest_that_the_reader_takes() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let mut document: serde_json::Value = toml::from_str(super::super::tests::FULL).unwrap();
        // TOML's dates are no JSON; editors show them to the schema as strings.
        document["waiver"][0]["expires"] = "2027-01-31".into();
        let errors: Vec<String> = validator.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
        document["inputs"]["system"] = serde_json::json!({ "secrt": "x" });
        assert!(!validator.is_valid(&document));
    }
}
