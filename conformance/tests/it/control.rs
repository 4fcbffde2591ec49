//! A provider that keeps every rule and shares no habit with the reference provider: another language, another third party, other choices
//! wherever the rules leave one. What it breaks is a rule that takes a habit for the contract.

use std::collections::BTreeMap;
use std::path::Path;

use hallmark::verdict::Verdict;

use crate::clients::{Certified, certified, is_missing};

/// What cannot be said about it, and why.
const NOT_APPLICABLE: [(&str, &str); 4] = [
    ("IMG-001", "the rule is about images"),
    ("IMG-002", "the rule is about images"),
    ("IMG-003", "the rule is about images"),
    ("PRV-008", "the rule is about images"),
];

#[test]
fn a_provider_of_another_make_keeps_every_rule() {
    if is_missing("the control", &["python3"]) {
        return;
    }
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control/provider.toml");
    // The days of a deletion take eleven starts of an interpreter each, and lasting failures all that a job has of time.
    let Certified { code, report, results } = certified(&manifest, "not @days and not @lasting");
    assert_eq!(code, Some(0), "{report}");

    let otherwise = results.rules().iter().filter(|rule| rule.verdict != Verdict::Pass);
    let otherwise: BTreeMap<&str, (Verdict, &str)> =
        otherwise.map(|rule| (rule.id.as_str(), (rule.verdict, rule.reason.as_str()))).collect();
    assert_eq!(otherwise.keys().copied().collect::<Vec<_>>(), NOT_APPLICABLE.map(|(rule, _)| rule), "{report}");
    for (rule, words) in NOT_APPLICABLE {
        let (verdict, reason) = otherwise[rule];
        assert!(verdict == Verdict::NotApplicable && reason.contains(words), "{rule}: {verdict:?}, {reason}");
    }
}
