//! The JSON Schema of one line of the file, published as `conformance/schema/results.schema.json`.

use super::record::Record;

/// Returns the JSON Schema of one line, as text that ends with a line feed.
pub fn schema() -> String {
    let mut schema = schemars::schema_for!(Record);
    schema.insert("title".to_owned(), format!("One line of results.ndjson, format {}", super::FORMAT).into());
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{env, fs};

    use serde_json::Value;

    use super::super::sample;
    use super::*;

    #[test]
    fn the_published_schema_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/results.schema.json");
        if env::var_os("HALLMARK_BLESS").is_some() {
            fs::write(&path, schema()).unwrap();
        }
        let published = fs::read_to_string(&path).unwrap_or_default();
        assert!(published == schema(), "{} is not current: set HALLMARK_BLESS=1, run the test again and commit the file", path.display());
    }

    #[test]
    fn every_record_of_every_sample_is_valid() {
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
        for record in [sample::failing(), sample::passing(), sample::inconclusive(), sample::interrupted()].concat() {
            let value = serde_json::to_value(&record).unwrap();
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{value}: {errors:?}");
        }
    }

    #[test]
    fn what_is_no_record_is_invalid() {
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
        let sound = serde_json::to_value(&sample::failing()[1]).unwrap();
        assert!(validator.is_valid(&sound));
        for (field, wrong) in
            [("record", Value::from("other")), ("verdict", "maybe".into()), ("line", "12".into()), ("judgements", Value::Null)]
        {
            let mut value = sound.clone();
            value[field] = wrong;
            assert!(!validator.is_valid(&value), "{field}");
        }
    }
}
