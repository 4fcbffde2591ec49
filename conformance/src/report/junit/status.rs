//! What a finding is in JUnit's words.

use quick_junit::{NonSuccessKind, TestCaseStatus};

use crate::report::human::failure_text;
use crate::report::printable;
use crate::results::{Results, RuleRecord, Shown};
use crate::verdict::Verdict;

/// What a scenario, or all of them, say about a rule.
pub(super) struct Finding {
    /// The verdict.
    pub(super) verdict: Verdict,
    /// Whether the profile counts the part of the rule that was judged.
    pub(super) counts: bool,
    /// The judgement.
    pub(super) shown: Option<Shown>,
}

/// Tells whether a rule makes the exit code other than 0.
pub(super) fn is_red(rule: &RuleRecord) -> bool {
    rule.counts && matches!(rule.verdict, Verdict::Fail | Verdict::NotExercised | Verdict::Inconclusive)
}

/// Returns the status of a case.
///
/// Red only where the rule is: a failure for the provider's, an error for ours. What was not exercised is a failure of its own type, because most
/// systems show a skipped case as harmless. Everything else that is not a pass is skipped, and says why.
pub(super) fn status(results: &Results, rule: &RuleRecord, finding: &Finding) -> TestCaseStatus {
    let text = || printable(&failure_text(results, rule, finding.shown.as_ref()));
    let red = is_red(rule) && finding.counts;
    let (mut status, kind) = match finding.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail if red => (TestCaseStatus::non_success(NonSuccessKind::Failure), "fail"),
        Verdict::NotExercised if red => (TestCaseStatus::non_success(NonSuccessKind::Failure), "not_exercised"),
        Verdict::Inconclusive if red => (TestCaseStatus::non_success(NonSuccessKind::Error), "inconclusive"),
        _ => {
            let message = printable(&why_skipped(results, rule, finding));
            let mut status = TestCaseStatus::skipped();
            status.set_message(message.as_str()).set_description(format!("{message}\n{}", text()));
            return status;
        }
    };
    let message = printable(&what_happened(rule, finding)).replace('\n', " ");
    status.set_type(kind).set_message(message.as_str()).set_description(format!("{message}\n{}", text()));
    status
}

fn what_happened(rule: &RuleRecord, finding: &Finding) -> String {
    let judgement = finding.shown.as_ref().map(|shown| &shown.judgement);
    match (finding.verdict, judgement) {
        (Verdict::Fail, Some(judgement)) => format!("expected: {}; actual: {}", judgement.expected, judgement.actual),
        (verdict, Some(judgement)) => format!("{verdict}: {}", judgement.actual),
        (verdict, None) if rule.reason.is_empty() => format!("{verdict}: {}", rule.requirement),
        (verdict, None) => format!("{verdict}: {}", rule.reason),
    }
}

fn why_skipped(results: &Results, rule: &RuleRecord, finding: &Finding) -> String {
    let profile = results.run().profile;
    let would = match finding.verdict {
        Verdict::Fail => "would fail",
        Verdict::Inconclusive => "would be inconclusive",
        Verdict::NotExercised => "not exercised",
        Verdict::Pass | Verdict::Waived | Verdict::NotApplicable => "not judged",
    };
    match rule.verdict {
        Verdict::Waived | Verdict::NotApplicable if rule.reason.is_empty() => rule.verdict.to_string(),
        Verdict::Waived | Verdict::NotApplicable => format!("{}: {}", rule.verdict, rule.reason),
        _ if !rule.counts => format!("{would}; profile {profile} does not count it"),
        _ if !finding.counts => format!("{would}; profile {profile} does not count this part of the rule"),
        _ => format!("{would} in this scenario; the rule as a whole: {}", rule.verdict),
    }
}
