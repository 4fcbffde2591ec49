//! One JSON document: for whoever reads a run as a whole rather than line by line.

use serde_json::json as value;

use crate::results::Results;

/// Returns the results as one indented JSON document that ends with a line feed: the file's records by kind, with the same fields.
///
/// `timing` and `summary` are null where the run was cut.
pub fn json(results: &Results) -> String {
    let document = value!({
        "run": results.run(),
        "rules": results.rules(),
        "scenarios": results.scenarios(),
        "timing": results.timing(),
        "summary": results.summary(),
    });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::results::sample;

    #[test]
    fn the_document_holds_every_record() {
        let document: Value = serde_json::from_str(&json(&sample::results(sample::failing()))).unwrap();
        assert_eq!(document["run"]["provider"], "artifactory-token");
        assert_eq!(document["scenarios"].as_array().unwrap().len(), 8);
        assert_eq!(document["rules"].as_array().unwrap().len(), 12);
        assert_eq!(document["timing"]["stages"], 32);
        assert_eq!(document["summary"]["exit_code"], 1);
    }

    #[test]
    fn a_cut_run_has_no_summary() {
        let document: Value = serde_json::from_str(&json(&sample::results(sample::interrupted()))).unwrap();
        assert!(document["summary"].is_null() && document["timing"].is_null());
    }
}
