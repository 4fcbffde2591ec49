//! What was found as SARIF 2.1.0, which code scanning reads.
//!
//! The few structures that are needed stand here; the crates for SARIF bring hundreds.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Lint;
use super::finding::{Finding, Place};
use crate::job_config::{Code, Severity};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    results: Vec<Found>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: Severity,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: &'static str,
    rule_index: usize,
    level: Severity,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    properties: Properties,
}

#[derive(Serialize)]
struct Properties {
    /// The rules of the catalog that it breaks.
    tags: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// Returns what was found as a SARIF log, ending with a line feed.
pub fn sarif(lint: &Lint) -> String {
    let report = lint.report();
    let mut codes: Vec<Code> = report.findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let uri = uri(&lint.path);
    let mut seen = BTreeMap::new();
    let results = report.findings.iter().map(|finding| {
        let index = codes.iter().position(|code| *code == finding.code).unwrap_or_default();
        found(finding, index, &uri, &mut seen)
    });
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            results: results.collect(),
            tool: Tool {
                driver: Driver {
                    name: "hallmark",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: codes.into_iter().map(rule).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
        }],
    };
    // Structures of texts and numbers always have a form in JSON.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn rule(code: Code) -> Rule {
    Rule {
        id: code.name(),
        short_description: Message { text: code.about().to_owned() },
        default_configuration: Configuration { level: code.severity() },
    }
}

fn found(finding: &Finding, rule_index: usize, uri: &str, seen: &mut BTreeMap<String, u32>) -> Found {
    // A finding is the same when the lines before it change, and another one when there are two of it.
    let what = format!("{} {} {}", finding.code, finding.variable.as_deref().unwrap_or_default(), finding.message);
    let nth = seen.entry(what.clone()).and_modify(|nth| *nth += 1).or_insert(0);
    let fingerprint = hex::encode(Sha256::digest(format!("{what} {nth}")));
    let Place { line: start_line, column: start_column, .. } = finding.start;
    let Place { line: end_line, column: end_column, .. } = finding.end;
    Found {
        rule_id: finding.code.name(),
        rule_index,
        level: finding.severity,
        message: Message { text: format!("{}. To do: {}.", finding.message, finding.fix) },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri.to_owned() },
                region: Region { start_line, start_column, end_line, end_column },
            },
        }],
        partial_fingerprints: [("hallmark/v1", fingerprint)].into(),
        properties: Properties { tags: finding.rules.clone() },
    }
}

/// Returns the path as a relative reference, as far as it is below the current folder: code scanning takes no other.
fn uri(path: &str) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let relative =
        std::path::Path::new(path).strip_prefix(&here).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned());
    let relative = relative.trim_start_matches("./");
    let encoded = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let text: String = relative.bytes().map(encoded).collect();
    if text.starts_with('/') { format!("file://{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_path_becomes_a_relative_reference() {
        let here = std::env::current_dir().unwrap().join("a b/job_config.json");
        assert_eq!(uri(here.to_str().unwrap()), "a%20b/job_config.json");
        assert_eq!(uri("./é/j.json"), "%C3%A9/j.json");
        assert_eq!(uri("/no/such/j.json"), "file:///no/such/j.json");
    }
}
