//! A provider that keeps every rule and has nothing in common with the reference provider: another language, another third party, other choices
//! wherever the rules leave one. What it breaks is a habit of the reference provider that a rule took for the contract.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::Verdict;

/// What cannot be said about it, and why.
const NOT_APPLICABLE: [(&str, &str); 4] = [
    ("IMG-001", "(process) the rule is about images"),
    ("IMG-002", "(process) the rule is about images"),
    ("IMG-003", "(process) the rule is about images"),
    ("PRV-008", "(process) the rule is about images"),
];

#[test]
fn a_provider_of_another_make_keeps_every_rule() {
    let python = Command::new("python3").arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(python.is_ok_and(|status| status.success()), "python3 is not on this machine; .ci/prepare installs it");
    let out = tempfile::tempdir().expect("a temporary folder");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control/provider.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["run", "--quiet", "--profile", "resilient"])
        .arg(manifest)
        .arg("--out")
        .arg(out.path())
        .output()
        .expect("hallmark starts");
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{report}\n{}", String::from_utf8_lossy(&output.stderr));

    let results = Results::read(&out.path().join(FILE_NAME)).expect("the results are readable");
    let otherwise = results.rules().iter().filter(|rule| rule.verdict != Verdict::Pass);
    let otherwise: BTreeMap<&str, Verdict> = otherwise.map(|rule| (rule.id.as_str(), rule.verdict)).collect();
    let expected: BTreeMap<&str, Verdict> = NOT_APPLICABLE.iter().map(|(rule, _)| (*rule, Verdict::NotApplicable)).collect();
    assert_eq!(otherwise, expected, "{report}");
    for (id, words) in NOT_APPLICABLE {
        let rule = results.rules().iter().find(|rule| rule.id.as_str() == id).expect("every rule has a result");
        assert!(rule.reason.contains(words), "{id}: {}", rule.reason);
    }
}
