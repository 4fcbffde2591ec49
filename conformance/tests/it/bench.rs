//! `hallmark bench retry`, as people call it, on clients whose policy is known.

use std::path::{Path, PathBuf};
use std::process::Command;

use hallmark_benches::classifier::{Classification, Family, Told};
use hallmark_benches::experiment::{Call, Cause};
use hallmark_benches::outcome::{Classified, Outcome};
use hallmark_benches::policy::{Growth, Jitter};
use hallmark_benches::trial::Arm;

use crate::clients::is_missing;

/// What a benchmark came to.
struct Measured {
    code: Option<i32>,
    report: String,
    outcome: Outcome,
    out: tempfile::TempDir,
}

/// How often a measurement is begun of which nothing can be said, because other tests keep the machine busy.
pub(crate) const TRIES: usize = 5;

/// Measures until something can be said: exit code 3 tells people to do the same.
fn measure(manifest: &Path, arguments: &[&str]) -> Measured {
    let mut tries = std::iter::repeat_with(|| measure_once(manifest, arguments)).take(TRIES);
    tries.find(|measured| measured.code != Some(3)).unwrap_or_else(|| panic!("{TRIES} measurements were inconclusive"))
}

fn measure_once(manifest: &Path, arguments: &[&str]) -> Measured {
    let out = tempfile::tempdir().expect("a temporary folder");
    let ended = Command::new(env!("CARGO_BIN_EXE_hallmark"))
        .args(["bench", "retry", "--quick"])
        .args(arguments)
        .arg(manifest)
        .arg("--out")
        .arg(out.path())
        .output()
        .expect("hallmark starts");
    let report = format!("{}\n{}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let text = std::fs::read_to_string(out.path().join("bench.json")).unwrap_or_else(|error| panic!("{error}\n{report}"));
    let outcome = serde_json::from_str(&text).expect("the outcome is read back");
    Measured { code: ended.status.code(), report, outcome, out }
}

impl Measured {
    /// Returns the policy of the update of a task that is answered 503.
    fn policy(&self) -> &Told {
        let subject = self.outcome.arms.iter().find(|arm| arm.arm == Arm::Subject).expect("the subject was measured");
        let update = |classified: &&Classified| classified.call == Call::Update && classified.cause == Cause::Unavailable;
        match &subject.policies.iter().find(update).expect("updates were disturbed").classification {
            Classification::Told(told) => told,
            Classification::Insufficient { reason } => panic!("{reason}\n{}", self.report),
        }
    }
}

fn client(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name).join("provider.toml")
}

#[test]
fn curl_s_policy_is_told() {
    if is_missing("the provider on curl", &["curl"]) {
        return;
    }
    let measured = measure(&client("curl"), &[]);
    assert_eq!(measured.code, Some(0), "{}", measured.report);
    let told = measured.policy();
    assert_eq!((told.family, told.jittered, told.retries), (Family::Exponential, false, 3), "{}", measured.report);
    // With three retries, backon's own policy is the same.
    assert_eq!(told.consistent_with, ["curl --retry", "backon"], "{}", measured.report);
    for file in ["bench.csv", "bench.html"] {
        assert!(measured.out.path().join(file).exists(), "{file}");
    }
}

#[test]
fn the_policy_of_ibm_s_sdk_for_python_is_told() {
    if is_missing("the provider in Python", &["python3"]) {
        return;
    }
    let measured = measure(&client("python"), &[]);
    assert_eq!(measured.code, Some(0), "{}", measured.report);
    let told = measured.policy();
    assert_eq!((told.family, told.jittered, told.retries), (Family::Exponential, false, 4), "{}", measured.report);
    assert_eq!(told.consistent_with, ["IBM Python SDK (enable_retries)"], "{}", measured.report);
}

#[test]
fn the_policy_of_the_reference_provider_is_told() {
    // Its budget decides how far waits grow: with more of it than the suite gives it, the growth shows.
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reference-provider");
    let text = std::fs::read_to_string(reference.join("provider.toml")).expect("the manifest is there");
    let place = tempfile::tempdir().expect("a temporary folder");
    let manifest = place.path().join("provider.toml");
    std::fs::copy(reference.join("job_config.json"), place.path().join("job_config.json")).expect("the declarations are copied");
    std::fs::write(&manifest, text.replace("RETRY_BUDGET = \"8s\"", "RETRY_BUDGET = \"40s\"")).expect("the manifest is written");
    let provider = built_reference_provider();
    let measured = measure(&manifest, &["--variant", "artifactory", "--command", provider.to_str().expect("a plain path")]);
    assert_eq!(measured.code, Some(0), "{}", measured.report);
    let told = measured.policy();
    assert_eq!((told.family, told.jittered), (Family::Exponential, true), "{}", measured.report);
    // Between a quarter of a second and half a second, which doubles.
    let policy = told.policy.expect("there are waits");
    let (Growth::Exponential { factor }, Jitter::Floor { floor }) = (policy.growth, policy.jitter) else { panic!("{policy:?}") };
    assert!((1.7..2.4).contains(&factor) && (0.2..0.4).contains(&floor) && (0.4..0.6).contains(&policy.base), "{policy:?}");
    assert_eq!(told.consistent_with, [""; 0], "{}", measured.report);
}

/// Builds it as its manifest does, and returns its program.
fn built_reference_provider() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--release", "--package", "reference-provider"])
        .current_dir(workspace)
        .status()
        .expect("cargo starts");
    assert!(status.success());
    workspace.join("target/release/reference-provider")
}

/// A provider that waits as it is told between attempts, up to a second's part of chance.
const BACKOFF: &str = r#"
set -eu
bearer=$(printf 'data-urlencode = "apikey=%s"\n' "$SM_ACCESS_APIKEY" |
    curl --silent --fail --config - --data-urlencode "grant_type=urn:ibm:params:oauth:grant-type:apikey" https://iam.cloud.ibm.com/identity/token |
    sed 's/.*"access_token": *"\([^"]*\)".*/\1/')
for wait in $WAITS; do
    if printf 'header = "Authorization: Bearer %s"\n' "$bearer" |
        curl --silent --fail --output /dev/null --config - --request PUT --header 'Content-Type: application/json' \
            --data "{\"status\": \"credentials_created\", \"credentials\": {\"id\": \"$SM_SECRET_TASK_ID\", \"payload\": {\"token\": \"made-up-token\"}}}" \
            "$SM_INSTANCE_URL/api/v2/secrets/$SM_SECRET_ID/tasks/$SM_SECRET_TASK_ID"; then
        exit 0
    fi
    sleep "$wait"
done
exit 1
"#;

/// Writes a manifest of it in a folder of its own.
fn waiting(folder: &Path, waits: &str) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder");
    std::fs::write(folder.join("provider.sh"), BACKOFF).expect("the provider is written");
    let manifest = format!(
        "name = \"waits\"\ncommand = \"/bin/sh\"\nargs = [\"provider.sh\"]\ntask_timeout = \"60s\"\n\n[[output]]\nname = \"token\"\n\
         type = \"string\"\nrequired = true\n\n[env]\nWAITS = \"{waits}\"\n"
    );
    std::fs::write(folder.join("provider.toml"), manifest).expect("the manifest is written");
    folder.join("provider.toml")
}

#[test]
fn a_halved_backoff_is_a_regression_and_an_unchanged_one_is_none() {
    if is_missing("the provider on curl", &["curl"]) {
        return;
    }
    let place = tempfile::tempdir().expect("a temporary folder");
    let before = waiting(&place.path().join("before"), "1 2 4 8");
    let same = waiting(&place.path().join("same"), "1 2 4 8");
    let halved = waiting(&place.path().join("halved"), "0.5 1 2 4");
    let pairs = if crate::is_thorough() { 3 } else { 1 };
    for seed in 0..pairs {
        let seed = seed.to_string();
        let against = ["--against", before.to_str().expect("a plain path"), "--seed", &seed];
        let changed = measure(&halved, &against);
        assert_eq!(changed.code, Some(6), "{}", changed.report);
        let unchanged = measure(&same, &against);
        assert_eq!(unchanged.code, Some(0), "{}", unchanged.report);
        let baseline = changed.out.path().join("bench.json");
        let again = measure(&halved, &["--baseline", baseline.to_str().expect("a plain path"), "--seed", &seed]);
        assert_eq!(again.code, Some(0), "it is as it was: {}", again.report);
    }
}

/// What an image's measurement leaves, with nothing in it.
const CONTAINED: &str = r#"{"measurement": {"format": 2, "hallmark": "0.1.0", "provider": "waits", "variant": null, "digest": "", "mode": "container",
    "started": "2026-11-29T10:00:00Z", "size": "quick", "runs": 10, "seed": 1, "task_timeout": 60.0, "limit": 30.0, "experiments": [], "trials": []}}"#;

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_measured() {
    let refused = |arguments: &[&str]| {
        let ended =
            Command::new(env!("CARGO_BIN_EXE_hallmark")).args(["bench", "retry"]).args(arguments).output().expect("hallmark starts");
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let manifest = client("curl");
    let manifest = manifest.to_str().expect("a plain path");
    let place = tempfile::tempdir().expect("a temporary folder");
    let out = place.path().to_str().expect("a plain path");
    let (code, words) = refused(&[manifest, "--baseline", manifest, "--out", out]);
    assert!(code == Some(2) && words.contains("bench.json of an earlier"), "{words}");
    let (code, words) = refused(&[manifest, "--variant", "other", "--out", out]);
    assert!(code == Some(2) && words.contains("no variant other"), "{words}");
    // What cannot be compared with is refused before it costs anything.
    let contained = place.path().join("contained.json");
    std::fs::write(&contained, CONTAINED).expect("the baseline is written");
    let (code, words) = refused(&[manifest, "--quick", "--baseline", contained.to_str().expect("a plain path"), "--out", out]);
    assert!(code == Some(2) && words.contains("were containers and those of this run are processes"), "{words}");
    assert!(!words.contains("measuring") && !place.path().join("bench.json").exists(), "{words}");
    let (code, words) = refused(&[manifest, "--image", "new", "--against", manifest, "--out", out]);
    assert!(code == Some(2) && words.contains("add --against-image"), "{words}");
    let (code, _) = refused(&[manifest, "--quick", "--full", "--out", out]);
    assert_eq!(code, Some(2));
}
