//! What hallmark lacks itself is never held against the provider.

use std::process::Command;

use hallmark::verdict::Verdict;

use super::bench::{Bench, Ended, reference_provider, wait};

/// Runs the reference provider with so many open files at most.
fn with_files(bench: &Bench, files: u32, arguments: &[&str]) -> Ended {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("ulimit -n {files}; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_hallmark"), "run"]);
    command.arg(root.join("reference-provider/provider.toml")).arg("--command").arg(reference_provider());
    command.args(["--out", "out"]).args(arguments);
    bench.prepare(&mut command);
    wait(command.spawn().unwrap())
}

#[test]
fn too_few_open_files_are_our_trouble() {
    let bench = Bench::empty();
    let ended = with_files(&bench, 64, &["--rule", "CRE-001", "--rule", "ERR-006", "--rule", "LPR-002", "--rule", "UPD-001"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("open files"), "{}", ended.stdout);
    let failed: Vec<_> = bench.results().rules().iter().filter(|rule| rule.verdict == Verdict::Fail).map(|rule| rule.id.clone()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn hardly_any_open_files_end_the_run_with_words() {
    for files in [8, 16, 24] {
        let ended = with_files(&Bench::empty(), files, &["--rule", "CRE-001"]);
        assert_eq!(ended.code, Some(3), "{files}: {ended:?}");
        assert!(format!("{}{}", ended.stdout, ended.stderr).contains("open files"), "{files}: {ended:?}");
    }
}
