//! `init`.

use std::fs;
use std::path::Path;

use hallmark::manifest::Manifest;

use super::call;

const JOB_CONFIG: &str = r#"{"job_env_variables":[
    {"name":"SMIN_LOGIN_SECRET_ID","value":"type:secret_id, required:true"},
    {"name":"SMOUT_TOKEN","value":"type:string, required:true"}]}"#;

fn text(path: &Path) -> &str {
    path.to_str().expect("a test's path is text")
}

#[test]
fn a_manifest_is_written_beside_the_job_config_and_never_replaced_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (job_config, manifest) = (folder.path().join("job_config.json"), folder.path().join("provider.toml"));
    fs::write(&job_config, JOB_CONFIG).expect("it can be written");
    let arguments = ["init", "--job-config", text(&job_config)];
    let first = call(&arguments);
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), ""), "{}", first.stderr);
    assert!(first.stderr.contains("hallmark run"), "{}", first.stderr);
    Manifest::load(&manifest).expect("what was written loads");

    fs::write(&manifest, "mine").expect("it can be written");
    let second = call(&arguments);
    assert_eq!(second.code, Some(2));
    assert!(second.stderr.contains("is there already") && second.stderr.contains("--force"), "{}", second.stderr);
    assert_eq!(fs::read_to_string(&manifest).expect("it is there"), "mine");
    assert_eq!(call(&[&arguments[..], &["--force"]].concat()).code, Some(0));
    Manifest::load(&manifest).expect("it was replaced");
}

#[test]
fn a_manifest_elsewhere_still_finds_the_job_config() {
    let folder = tempfile::tempdir().expect("a folder");
    let (job_config, manifest) = (folder.path().join("job_config.json"), folder.path().join("sub/p.toml"));
    fs::write(&job_config, JOB_CONFIG).expect("it can be written");
    fs::create_dir(folder.path().join("sub")).expect("it can be made");
    let called = call(&["init", "--job-config", text(&job_config), "--out", text(&manifest)]);
    assert_eq!(called.code, Some(0), "{}", called.stderr);
    Manifest::load(&manifest).expect("what was written loads");
}

#[test]
fn a_dash_is_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let job_config = folder.path().join("other.json");
    fs::write(&job_config, JOB_CONFIG).expect("it can be written");
    let called = call(&["init", "--job-config", text(&job_config), "--out", "-"]);
    assert_eq!((called.code, called.stderr.as_str()), (Some(0), ""));
    assert!(called.stdout.contains("job_config = \"other.json\""), "{}", called.stdout);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing was written");
}

#[test]
fn what_is_wrong_with_the_job_config_is_pointed_at_and_the_manifest_written_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let job_config = folder.path().join("job_config.json");
    fs::write(&job_config, JOB_CONFIG.replace("secret_id, required:true", "string, required:true,")).expect("it can be written");
    let called = call(&["init", "--job-config", text(&job_config)]);
    assert_eq!(called.code, Some(0), "{}", called.stderr);
    assert!(called.stderr.contains("(1 error)") && called.stderr.contains("hallmark lint"), "{}", called.stderr);
    Manifest::load(folder.path().join("provider.toml")).expect("what was written loads");

    fs::write(&job_config, JOB_CONFIG.replace("secret_id", "secret")).expect("it can be written");
    let refused = call(&["init", "--job-config", text(&job_config), "--force"]);
    assert_eq!(refused.code, Some(2), "what it declares is not plain");
    assert!(refused.stderr.contains("(1 error)") && refused.stderr.contains("hallmark lint"), "{}", refused.stderr);
}

#[test]
fn a_job_config_that_is_not_there_is_named() {
    let called = call(&["init", "--job-config", "/no/such/job_config.json"]);
    assert_eq!(called.code, Some(2));
    assert!(called.stderr.contains("/no/such/job_config.json") && called.stderr.contains("--job-config"), "{}", called.stderr);
}
