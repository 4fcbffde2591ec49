//! Folders that cannot be written to, from the start or later.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::bench::{AMPLE, Bench, wait};

#[test]
fn a_folder_that_cannot_be_used_is_the_caller_s_mistake() {
    let bench = Bench::script(AMPLE, "touch $PLACE/ran; exit 1");
    bench.write("file", "mine");
    fs::create_dir(bench.path("full")).unwrap();
    symlink("/dev/full", bench.path("full/results.ndjson")).unwrap();
    for out in ["file", "file/below", "/proc/hallmark-out", "full"] {
        let ended = bench.run(&["--rule", "CRE-001", "--out", out]);
        assert_eq!(ended.code, Some(2), "{out}: {ended:?}");
        assert!(ended.stderr.contains(out) && ended.stderr.contains("--out"), "{out}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{out}");
    }
    assert_eq!(fs::read_to_string(bench.path("file")).unwrap(), "mine");
    assert!(!bench.path("ran").exists(), "nothing is run for a report that could not be kept");
}

#[test]
fn a_disk_that_fills_up_is_trouble_and_the_report_is_printed() {
    // Two pages hold the beginning of the results and the plan of one rule, and nothing else; seven hold a scenario or two besides.
    for (pages, rules, code) in [(2, &["CRE-001"][..], Some(3)), (7, &["CRE-001", "ERR-007"], None)] {
        let bench = Bench::script(AMPLE, "exit 1");
        fs::create_dir(bench.path("out")).unwrap();
        // A mount namespace of its own: whatever happens to the test, the mount ends with it.
        let script = format!("mount -t tmpfs -o size={}k none out && exec \"$@\"", 4 * pages);
        let probe = Command::new("unshare").args(["--mount", "sh", "-c", &script, "sh", "true"]).current_dir(bench.path("")).output();
        if !probe.is_ok_and(|probe| probe.status.success()) {
            skipped("a full disk needs the right to mount");
            return;
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_hallmark")]);
        command.args(["run", "provider.toml", "--out", "out", "--remove-completed-jobs", "3d"]);
        command.args(rules.iter().flat_map(|rule| ["--rule", rule]));
        bench.prepare(&mut command);
        let ended = wait(command.spawn().unwrap());
        assert!(ended.stdout.contains("No space left"), "{}", ended.stdout);
        assert!(ended.stderr.contains("make room on the disk"), "{}", ended.stderr);
        let said = ended.stdout.lines().find_map(|line| line.trim().strip_prefix("Exit code")?.trim().split(':').next()?.parse().ok());
        assert_eq!(ended.code, said, "the report says the exit code: {ended:?}");
        assert_ne!(ended.code, Some(0));
        assert!(code.is_none() || ended.code == code, "{ended:?}");
        bench.assert_nothing_is_left();
    }
}

#[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
