//! One JSON document: for whoever reads a run as a whole rather than line by line.

use std::fmt::Write as _;

use serde_json::json as value;

use super::printable::reorders;
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
    format!("{}\n", escaped(&format!("{document:#}")))
}

/// Writes out what steers a terminal as JSON escapes, which mean the same: such characters stand only within strings.
fn escaped(document: &str) -> String {
    let mut safe = String::with_capacity(document.len());
    for character in document.chars() {
        if character != '\n' && (character.is_control() || reorders(character)) {
            // All of them lie below U+10000, where one escape is enough.
            write!(safe, "\\u{:04x}", u32::from(character)).ok();
        } else {
            safe.push(character);
        }
    }
    safe
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
    fn what_steers_a_terminal_is_escaped_and_means_the_same() {
        let text = "\u{9b}2J \u{202e}tfel \u{7f} \u{feff} päß";
        let document = serde_json::json!({ "text": text }).to_string();
        let safe = escaped(&document);
        assert!(safe.contains("\\u009b2J \\u202etfel") && safe.contains("päß"), "{safe}");
        assert_eq!(serde_json::from_str::<Value>(&safe).unwrap()["text"], text);
    }

    #[test]
    fn a_cut_run_has_no_summary() {
        let document: Value = serde_json::from_str(&json(&sample::results(sample::interrupted()))).unwrap();
        assert!(document["summary"].is_null() && document["timing"].is_null());
    }
}
