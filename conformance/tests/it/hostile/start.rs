//! Providers that cannot start, crash or do nothing are broken, and hallmark says how.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hallmark::verdict::Verdict;

use super::bench::{AMPLE, Bench, against, trouble, verdict};

#[test]
fn a_command_that_cannot_run_is_a_crash_and_no_trouble_of_ours() {
    for (name, content, mode, words) in [
        ("plain", Some("#!/bin/sh\nexit 0\n"), 0o644, "chmod +x"),
        ("garbage", Some("\u{1}\u{2}\u{3} garbage"), 0o755, "exec format error"),
        ("orphan", Some("#!/no/such/interpreter\n"), 0o755, "interpreter"),
        ("folder", None, 0o755, "not a file"),
    ] {
        let bench = Bench::empty();
        bench.manifest(&format!("./{name}"), &[], AMPLE, "");
        let path = bench.path(name);
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::create_dir(&path).unwrap(),
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let ended = bench.run(&["--rule", "CRE-001"]);
        assert_eq!(ended.code, Some(1), "{name}: {ended:?}");
        let results = bench.results();
        assert_eq!(trouble(&results), Vec::<&String>::new(), "{name}");
        assert_eq!(verdict(&results, "ERR-007"), Verdict::Fail, "{name}");
        assert!(against(&results, "ERR-007").contains(words), "{name}: {}", against(&results, "ERR-007"));
        assert!(ended.stdout.contains("ERR-007") && ended.stdout.contains("could not be started"), "{name}: {}", ended.stdout);
    }
}

#[test]
fn a_signal_is_named() {
    let bench = Bench::script(AMPLE, "kill -SEGV $$");
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let results = bench.results();
    assert_eq!((verdict(&results, "CRE-001"), verdict(&results, "ERR-007")), (Verdict::Fail, Verdict::Fail));
    assert!(against(&results, "ERR-007").contains("signal 11"), "{}", against(&results, "ERR-007"));
}

#[test]
fn a_provider_that_gives_up_at_once_is_quoted() {
    let bench = Bench::script(AMPLE, "echo first; echo second; echo third; echo 'fatal: SM_REGION is not set' >&2; exit 1");
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("| fatal: SM_REGION is not set"), "{}", ended.stdout);
}

#[test]
fn a_provider_that_does_nothing_and_says_that_all_is_well_is_not_conformant() {
    let bench = Bench::script(AMPLE, "exit 0");
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let results = bench.results();
    assert_eq!((verdict(&results, "CRE-001"), verdict(&results, "ERR-006")), (Verdict::Fail, Verdict::Fail));
    assert!(against(&results, "CRE-001").contains("sent no update"));
    assert!(ended.stdout.contains("Not conformant"), "{}", ended.stdout);
}
