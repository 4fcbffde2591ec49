//! A provider that keeps every rule and shares no habit with the reference provider: another language, another third party, other choices
//! wherever the rules leave one. What it breaks is a rule that takes a habit for the contract.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::Verdict;

/// What cannot be said about it, and why.
const NOT_APPLICABLE: [(&str, &str); 4] = [
    ("IMG-001", "the rule is about images"),
    ("IMG-002", "the rule is about images"),
    ("IMG-003", "the rule is about images"),
    ("PRV-008", "the rule is about images"),
];

#[test]
fn a_provider_of_another_make_keeps_every_rule() {
    if !crate::clients::is_there("python3") {
        let skipped = b"skipped: the control needs python3, which is not on this machine; .ci/prepare installs it\n";
        std::io::stderr().write_all(skipped).expect("standard error is open");
        return;
    }
    let out = tempfile::tempdir().expect("a temporary folder");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control/provider.toml");
    // The days of a deletion take eleven starts of an interpreter each, and lasting failures all that a job has of time.
    let tags: &[&str] = if crate::is_thorough() { &[] } else { &["--tags", "not @days and not @lasting"] };
    let output = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["run", "--quiet", "--profile", "resilient"])
        .args(tags)
        .arg(manifest)
        .arg("--out")
        .arg(out.path())
        .output()
        .expect("hallmark starts");
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{report}\n{}", String::from_utf8_lossy(&output.stderr));

    let results = Results::read(&out.path().join(FILE_NAME)).expect("the results are readable");
    let otherwise = results.rules().iter().filter(|rule| rule.verdict != Verdict::Pass);
    let otherwise: BTreeMap<&str, (Verdict, &str)> =
        otherwise.map(|rule| (rule.id.as_str(), (rule.verdict, rule.reason.as_str()))).collect();
    assert_eq!(otherwise.keys().copied().collect::<Vec<_>>(), NOT_APPLICABLE.map(|(rule, _)| rule), "{report}");
    for (rule, words) in NOT_APPLICABLE {
        let (verdict, reason) = otherwise[rule];
        assert!(verdict == Verdict::NotApplicable && reason.contains(words), "{rule}: {verdict:?}, {reason}");
    }
}
