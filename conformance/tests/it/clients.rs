//! Providers on IBM's SDKs, written as anybody would who knows the documents and not the rules, each with the verdicts that it earns.
//!
//! The SDKs come from the public registries, pinned by lock files: they speak to the fake cloud as they speak to the real one. Where a rule is
//! broken, the words are of what the provider or its SDK really does; every other rule is kept, and none is left unexercised.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use hallmark::results::{FILE_NAME, Results};
use hallmark::verdict::{Judgement, Verdict};

/// A rule that a client breaks, and words of a finding against it.
type Broken<'a> = (&'a str, &'a str);

/// What both break: neither tries a call again that is not an update, reads the task after a lost answer, fetches a second token, gives up on a silent
/// server, or looks for what an attempt without an answer or a killed run of the same task has made. IBM's SDKs themselves send the API key on where IAM
/// redirects. Where an undo fails, its own error is what they report then.
const BOTH: [Broken<'_>; 13] = [
    ("CRE-012", "1 revocations were tried"),
    ("DEL-003", "it reported failed"),
    ("DEL-009", "the second run ended failed"),
    ("UPD-002", "1 more after the 400: failed"),
    ("UPD-003", "1 more after the 404: failed"),
    ("UPD-008", "the job destroyed the live credential"),
    ("UPD-009", "no other token was asked for"),
    ("RTY-005", "the job did not succeed"),
    ("RTY-007", "not tried again"),
    ("RTY-008", "1 live, 0 reported"),
    ("RTY-011", "it still waited for an answer"),
    ("NET-002", "carries access key sm-access"),
    ("CRA-001", "2 alive"),
];

/// What only the one in Python breaks: its SDK waits for as long as it is told to, be it a year.
const PYTHON: [Broken<'_>; 2] =
    [("RTY-002", "Retry-After: 31536000, and the job still waited"), ("UPD-005", "it still ran and was ended by the launcher")];

/// What only the one in Node breaks: it sends what Artifactory's answer did not hold, passes texts of others on, and breaks where the update of
/// a failure fails.
const NODE: [Broken<'_>; 6] = [
    ("UPD-001", "credentials.id is missing"),
    ("ERR-004", "it holds a JSON dump"),
    ("ERR-007", "the log shows a crash: Node.js v"),
    ("PRV-002", "an error description holds a part of the login secret artifactory"),
    ("PRV-003", "the log holds a part of the login secret artifactory"),
    ("PRV-009", "which the third party's answer had repeated"),
];

#[test]
fn the_provider_in_python_earns_exactly_its_verdicts() {
    earns("python", &["python3"], &[BOTH.as_slice(), PYTHON.as_slice()].concat());
}

#[test]
fn the_provider_in_node_earns_exactly_its_verdicts() {
    earns("node", &["node", "npm"], &[BOTH.as_slice(), NODE.as_slice()].concat());
}

fn earns(client: &str, needed: &[&str], broken: &[Broken<'_>]) {
    if is_missing(&format!("the provider in {client}"), needed) {
        return;
    }
    // The manifest's build command installs the packages, below target/, unless they are there.
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(client).join("provider.toml");
    // A start of an interpreter costs as much as all else in a job: what takes the most of them is left to thorough runs.
    let Certified { code, report, results } = certified(&manifest, "not @days and not @at-once");
    assert_eq!(code, Some(1), "{report}");

    let otherwise = results.rules().iter().filter(|rule| rule.verdict != Verdict::Pass);
    let otherwise: BTreeMap<&str, Verdict> = otherwise.map(|rule| (rule.id.as_str(), rule.verdict)).collect();
    let mut expected: BTreeMap<&str, Verdict> = broken.iter().map(|(rule, _)| (*rule, Verdict::Fail)).collect();
    // It cannot be judged where DEL-003 is broken; the others are about images.
    expected.extend(["CRA-002", "IMG-001", "IMG-002", "IMG-003", "PRV-008"].map(|rule| (rule, Verdict::NotApplicable)));
    assert_eq!(otherwise, expected, "{report}");
    for (rule, words) in broken {
        let judgements = results.scenarios().iter().flat_map(|scenario| &scenario.judgements);
        let against = |judgement: &&Judgement| judgement.rule.as_str() == *rule && judgement.verdict == Verdict::Fail;
        let findings: Vec<&str> = judgements.filter(against).map(|judgement| judgement.actual.as_str()).collect();
        assert!(findings.iter().any(|finding| finding.contains(words)), "{rule}: {findings:?}");
    }
}

/// Tells whether a program that a provider needs is not here, and says so.
pub(super) fn is_missing(whose: &str, needed: &[&str]) -> bool {
    let missing = needed.iter().find(|tool| !is_there(tool));
    if let Some(missing) = missing {
        // Not by `println!`, which is shown only of tests that fail.
        let skipped = format!("skipped: {whose} needs {missing}, which is not on this machine; .ci/prepare installs it\n");
        std::io::stderr().write_all(skipped.as_bytes()).expect("standard error is open");
    }
    missing.is_some()
}

fn is_there(tool: &str) -> bool {
    let version = Command::new(tool).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// What a run came to.
pub(super) struct Certified {
    pub(super) code: Option<i32>,
    /// What was printed.
    pub(super) report: String,
    pub(super) results: Results,
}

/// Certifies a provider under the profile resilient; only what `tags` select, unless tests are thorough.
pub(super) fn certified(manifest: &Path, tags: &str) -> Certified {
    let out = tempfile::tempdir().expect("a temporary folder");
    let tags: &[&str] = if crate::is_thorough() { &[] } else { &["--tags", tags] };
    let output = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["run", "--quiet", "--profile", "resilient"])
        .args(tags)
        .arg(manifest)
        .arg("--out")
        .arg(out.path())
        .output()
        .expect("hallmark starts");
    let report = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let results = Results::read(&out.path().join(FILE_NAME)).unwrap_or_else(|error| panic!("{error}\n{report}"));
    Certified { code: output.status.code(), report, results }
}
