//! What hallmark lacks itself is never held against the provider.

use std::process::Command;

use hallmark::verdict::Verdict;

use super::bench::{AMPLE, Bench, Ended, hostile_provider, reference_provider, trouble, verdict, wait};

/// Runs hallmark with so many open files at most.
fn with_files(bench: &Bench, files: u32, arguments: &[&str]) -> Ended {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_hallmark"), "run"]);
    command.args(arguments).args(["--out", "out"]);
    bench.prepare(&mut command);
    let ended = wait(command.spawn().unwrap());
    bench.assert_nothing_is_left();
    ended
}

#[test]
fn too_few_open_files_are_told_before_anything_plays() {
    let bench = Bench::empty();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (manifest, provider) = (root.join("reference-provider/provider.toml"), reference_provider());
    let run = [manifest.to_str().unwrap(), "--command", provider.to_str().unwrap()];
    let ended = with_files(&bench, 64, &run);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("ulimit -n 544") && ended.stderr.contains("--jobs 2"), "{}", ended.stderr);
    assert_eq!(bench.results().scenarios().len(), 0);
    // What it advises works.
    let ended = with_files(&bench, 64, &[&run[..], &["--jobs", "2", "--rule", "CRE-001"]].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn hardly_any_open_files_end_the_run_with_words() {
    let bench = Bench::script(AMPLE, "exit 1");
    for files in [8, 16, 40] {
        let ended = with_files(&bench, files, &["provider.toml", "--rule", "CRE-001"]);
        assert_eq!(ended.code, Some(3), "{files}: {ended:?}");
        assert!(ended.stderr.contains("open files"), "{files}: {ended:?}");
    }
}

#[test]
fn a_job_that_uses_up_the_open_files_gains_nothing() {
    let bench = Bench::empty();
    bench.manifest(hostile_provider().to_str().unwrap(), &["hold-connections"], AMPLE, "");
    let ended = with_files(&bench, 64, &["provider.toml", "--rule", "CRE-001", "--jobs", "1"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let results = bench.results();
    assert_eq!(verdict(&results, "CRE-001"), Verdict::Inconclusive);
    assert!(
        trouble(&results).iter().any(|what| what.contains("accept a connection") && what.contains("ulimit -n")),
        "{:?}",
        trouble(&results)
    );
}
