//! JUnit XML for CI systems: a suite per chapter, a case per rule and scenario.
//!
//! It is red exactly when the exit code is not 0, so a CI system that reads only the file and one that reads only the code agree.
//! A message stands both in the attribute and in the text, because GitLab shows only the text and others only the attribute.

mod case;
mod status;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::chapter::{chapters, title};
use super::printable;
use crate::exit_code;
use crate::results::Results;
use crate::verdict::Verdict;

/// Why no JUnit report could be made.
#[derive(Debug, thiserror::Error)]
#[error("could not render the results as JUnit XML; this is a fault of hallmark, please report it with the results.ndjson")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// Renders the results as JUnit XML.
pub fn junit(results: &Results) -> Result<String, JunitError> {
    let mut report = Report::new("hallmark");
    report.timestamp = results.run().started.parse().ok();
    if let Some(time) = results.summary().and_then(|summary| Duration::try_from_secs_f64(summary.seconds).ok()) {
        report.set_time(time);
    }
    for (code, rules) in chapters(results.rules()) {
        let mut suite = suite(results, &format!("{code} {}", title(code)));
        suite.add_test_cases(case::cases(results, code, &rules));
        report.add_test_suite(suite);
    }
    let red = report.failures + report.errors > 0;
    if let Some(case) = whole_run(results, red) {
        let mut suite = suite(results, "hallmark run");
        suite.add_test_case(case);
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn suite(results: &Results, name: &str) -> TestSuite {
    let run = results.run();
    let mut suite = TestSuite::new(name);
    suite.timestamp = run.started.parse().ok();
    let properties = [
        ("provider", run.provider.as_str()),
        ("command_sha256", run.command_digest.as_str()),
        ("image", run.image.as_ref().map_or("", |image| image.reference.as_str())),
        ("image_digest", run.image.as_ref().map_or("", |image| image.digest.as_str())),
        ("manifest", run.manifest.as_str()),
        ("manifest_sha256", run.manifest_digest.as_str()),
        ("catalog_sha256", run.catalog_digest.as_str()),
        ("profile", &run.profile.to_string()),
        ("seed", &run.seed.to_string()),
        ("limits", &run.limits.join("; ")),
    ];
    let there = properties.into_iter().filter(|(name, value)| !value.is_empty() || !name.starts_with("image"));
    suite.add_properties(there.map(|(name, value)| Property::new(name, printable(value))));
    suite
}

/// Returns a case for what no rule can say: that the run was cut, found nothing to judge, or has bad waivers.
fn whole_run(results: &Results, red: bool) -> Option<TestCase> {
    let (message, text) = match results.summary() {
        Some(summary) if summary.exit_code == exit_code::CONFORMANT => return None,
        Some(summary) if summary.exit_code == exit_code::NOT_CONFORMANT && red => return None,
        Some(summary) => {
            (summary.conclusion.clone(), format!("exit code {}: {}", summary.exit_code, exit_code::meaning(summary.exit_code)))
        }
        None => ("The run was cut: the results end without a summary. Run again for a verdict.".to_owned(), seen(results)),
    };
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("run").set_message(printable(&message)).set_description(printable(&format!("{message}\n{text}")));
    let mut case = TestCase::new("hallmark run", status);
    case.set_classname("hallmark.run");
    Some(case)
}

/// Tells what a run that was cut had found; without rules there is nothing to make cases of.
fn seen(results: &Results) -> String {
    let mut text = format!("{} scenarios had ended", results.scenarios().len());
    for scenario in results.scenarios() {
        for judgement in scenario.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Fail) {
            write!(text, "\n{} failed in {} [{}]: {}", judgement.rule, scenario.name, scenario.id, judgement.actual).ok();
        }
    }
    text
}
