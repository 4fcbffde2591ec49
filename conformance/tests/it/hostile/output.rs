//! Output without end and output that means ill: bounded, defused, judged.

use std::fs;
use std::io::{Read as _, Write as _};
use std::process::Stdio;

use hallmark::verdict::Verdict;

use super::bench::{AMPLE, Bench, against, hostile_provider, trouble, verdict, wait, wait_for};

/// Most memory that hallmark may take for a job that prints without end, in kilobytes.
const MOST: u64 = 300 * 1024;

#[test]
fn a_hundred_megabytes_of_output_are_bounded() {
    for body in [
        "head -c 100000000 /dev/zero | tr '\\0' x; exit 1",
        "yes 'the same line again and again, on and on, without any end to it' | head -c 100000000; exit 1",
        // As much as is kept of a job at most, on both streams.
        "line=$(head -c 1000 /dev/zero | tr '\\0' x); yes $line | head -c 50000000; yes $line | head -c 50000000 >&2; exit 1",
    ] {
        let bench = Bench::script(AMPLE, body);
        let (code, peak) = peak(&bench);
        assert_eq!(code, Some(1), "{body}");
        let results = bench.results();
        assert_eq!(trouble(&results), Vec::<&String>::new(), "{body}");
        assert_eq!(verdict(&results, "CRE-001"), Verdict::Fail, "{body}");
        assert!(peak < MOST, "{body}: hallmark took {peak} kB");
        bench.assert_nothing_is_left();
    }
}

/// Runs hallmark on a pipe that is full already, so that it waits with its report; returns its exit code and the most memory that it took.
fn peak(bench: &Bench) -> (Option<i32>, u64) {
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let filling = writer.try_clone().unwrap();
    let capacity = rustix::pipe::fcntl_getpipe_size(&filling).unwrap();
    writer.write_all(&vec![b' '; capacity]).unwrap();
    drop(writer);
    let child = bench.command(&["--rule", "CRE-001"]).stdout(Stdio::from(filling)).spawn().unwrap();
    let results = bench.path("out/results.ndjson");
    wait_for("the results are complete", || fs::read_to_string(&results).is_ok_and(|text| text.contains("\"record\":\"summary\"")));
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok()).unwrap();
    let draining = std::thread::spawn(move || reader.read_to_end(&mut Vec::new()).unwrap());
    let code = wait(child).code;
    draining.join().unwrap();
    (code, peak)
}

#[test]
fn text_that_steers_a_terminal_is_defused_in_every_report() {
    let bench = Bench::empty();
    bench.manifest(hostile_provider().to_str().unwrap(), &["report-escapes"], AMPLE, "");
    for format in ["human", "json", "junit"] {
        let ended = bench.run(&["--rule", "CRE-001", "--verbose", "--format", format, "--remove-completed-jobs", "3d"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let results = bench.results();
        assert_eq!(trouble(&results), Vec::<&String>::new());
        for rule in ["ERR-002", "ERR-004", "ERR-007"] {
            assert_eq!(verdict(&results, rule), Verdict::Fail, "{rule}");
        }
        assert!(against(&results, "ERR-004").len() < 4096, "a description is shown cut");
        assert!(ended.stdout.contains("hidden"), "{format}: {}", ended.stdout);
        for text in [&ended.stdout, &ended.stderr] {
            let steering =
                text.chars().find(|character| (character.is_control() && !"\n\t".contains(*character)) || *character == '\u{202e}');
            assert_eq!(steering, None, "{format}: {text}");
        }
    }
    let logs: String = fs::read_dir(bench.path("out/jobs")).unwrap().map(|log| fs::read_to_string(log.unwrap().path()).unwrap()).collect();
    assert!(logs.contains("\u{fffd} not UTF-8 \u{fffd}("), "{logs}");
}
