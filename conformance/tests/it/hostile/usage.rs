//! What the caller got wrong is told at once, with its place, and nothing is run.

use super::bench::Bench;

const MANIFEST: &str = "name = \"x\"\ncommand = \"/bin/true\"\n[[output]]\nname = \"token\"\ntype = \"string\"\nrequired = true\n";

#[test]
fn a_wrong_manifest_is_shown_with_its_line() {
    for (text, line, words) in [
        (format!("colour = \"red\"\n{MANIFEST}"), "provider.toml:1:", "colour"),
        ("name = \"x\"\n[[output]]\nname = \"token\"\ntype = \"string\"\n".to_owned(), "provider.toml:", "command"),
        (format!("job_config = \"missing.json\"\n{}", &MANIFEST[..MANIFEST.find("[[").unwrap()]), "provider.toml:1:", "missing.json"),
        (format!("{MANIFEST}name = \"again\n"), "provider.toml:7:", "name"),
    ] {
        let bench = Bench::empty();
        bench.write("provider.toml", &text);
        let ended = bench.run(&[]);
        assert_eq!(ended.code, Some(2), "{text}\n{ended:?}");
        assert!(ended.stderr.contains(line) && ended.stderr.contains(words), "{text}\n{}", ended.stderr);
        assert_eq!(ended.stdout, "");
        assert!(!bench.path("out").exists());
    }
}

#[test]
fn a_manifest_that_is_not_there_is_named() {
    let ended = Bench::empty().run(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("provider.toml"), "{}", ended.stderr);
}

#[test]
fn a_selection_of_nothing_is_4_and_an_unreadable_one_is_2() {
    let bench = Bench::empty();
    bench.write("provider.toml", MANIFEST);
    for (arguments, code, words) in [
        (["--rule", "CRE-00l"], 4, "did you mean CRE-001?"),
        (["--rule", "nonsense"], 4, "hallmark list"),
        (["--tags", "@nowhere"], 4, "the tags are @at-once, @days"),
        (["--tags", "@dayz"], 4, "did you mean @days?"),
        (["--tags", "@days and not @days"], 4, "hallmark list"),
        (["--partition", "slice:3/2"], 2, "slice:1/4"),
        (["--rerun-failed", "/no/such/folder"], 2, "/no/such/folder"),
        (["--features", "/no/such/folder"], 2, "/no/such/folder"),
        (["--profile", "hardened"], 2, "--image"),
        (["--tags", "@days and or ("], 2, "--tags"),
        (["--jobs", "0"], 2, "--jobs"),
        (["--time-limit", "soon"], 2, "--time-limit"),
    ] {
        let ended = bench.run(&arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
        assert!(!bench.path("out").exists());
    }
}

#[test]
fn a_provider_that_cannot_be_found_or_built_is_the_caller_s_matter() {
    let without = MANIFEST.replace("command = \"/bin/true\"\n", "");
    for (line, words) in [
        ("command = \"./missing\"", "build it first"),
        ("command = \"no-such-program-anywhere\"", "no-such-program-anywhere"),
        ("command = \"/bin/true\"\nbuild = [\"sh\", \"-c\", \"echo told; exit 7\"]", "exit status: 7"),
        ("command = \"/bin/true\"\nbuild = [\"no-such-builder\"]", "no-such-builder"),
    ] {
        let bench = Bench::empty();
        bench.write("provider.toml", &without.replacen('\n', &format!("\n{line}\n"), 1));
        let ended = bench.run(&["--rule", "CRE-001"]);
        assert_eq!(ended.code, Some(2), "{line}: {ended:?}");
        assert!(ended.stderr.contains(words), "{line}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "what a build prints is talk, not data");
    }
    let bench = Bench::empty();
    bench.write("provider.toml", MANIFEST);
    let ended = bench.run(&["--command", "./missing --flag"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
