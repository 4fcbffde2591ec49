//! Runs that are interrupted, killed, cut by time or joined by another: what was found is kept, and no process is left.

use std::fs;
use std::io::Read as _;
use std::process::{Child, Stdio};

use hallmark::verdict::Verdict;
use rustix::process::{Pid, Signal, kill_process};

use super::bench::{AMPLE, Bench, Ended, trouble, verdict, wait, wait_for};

/// The first job ends at once, all others hang.
const THEN_HANG: &str = "if mkdir $PLACE/first 2>/dev/null; then exit 1; fi; touch $PLACE/hangs; setsid sleep 1000 & exec sleep 1000";

/// Several scenarios of one job each.
const SEVERAL: [&str; 4] = ["--rule", "ERR-007", "--jobs", "1"];

/// Starts a run and waits until its first scenario is in the results and the job of its second hangs.
fn under_way(bench: &Bench) -> Child {
    let child = bench.command(&SEVERAL).spawn().unwrap();
    let results = bench.path("out/results.ndjson");
    wait_for("the first scenario is kept", || fs::read_to_string(&results).is_ok_and(|text| text.contains("\"record\":\"scenario\"")));
    wait_for("the second job hangs", || bench.path("hangs").exists() && bench.marked().len() >= 2);
    child
}

fn end(child: Child, signal: Signal) -> Ended {
    kill_process(Pid::from_child(&child), signal).unwrap();
    wait(child)
}

#[test]
fn an_interrupted_run_keeps_what_it_found() {
    for signal in [Signal::INT, Signal::TERM] {
        let bench = Bench::script(AMPLE, THEN_HANG);
        let ended = end(under_way(&bench), signal);
        assert_eq!(ended.code, Some(130), "{ended:?}");
        bench.assert_nothing_is_left();
        assert!(ended.stdout.contains("Interrupted"), "{}", ended.stdout);
        let results = bench.results();
        assert_eq!(results.summary().unwrap().exit_code, 130);
        assert_eq!(results.scenarios()[0].trouble, Vec::<String>::new());
        assert!(results.scenarios()[1..].iter().all(|scenario| scenario.verdict == Verdict::Inconclusive));
    }
}

#[test]
fn a_killed_run_leaves_its_results_and_no_process() {
    let bench = Bench::script(AMPLE, THEN_HANG);
    let ended = end(under_way(&bench), Signal::KILL);
    assert_eq!(ended.code, None);
    bench.assert_nothing_is_left();
    let results = bench.results();
    assert!(results.summary().is_none());
    assert_eq!(results.scenarios().len(), 1);
    assert!(!results.scenarios()[0].judgements.is_empty());
}

#[test]
fn the_time_limit_ends_a_run_without_a_verdict() {
    let bench = Bench::script(AMPLE, "exec sleep 1000");
    let ended = bench.run(&["--rule", "CRE-001", "--time-limit", "2s"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("the time limit of 2s"), "{}", ended.stdout);
    let results = bench.results();
    assert_eq!(verdict(&results, "CRE-001"), Verdict::Inconclusive);
    assert_eq!(results.summary().unwrap().exit_code, 3);
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let benches = [Bench::script(AMPLE, "exit 1"), Bench::script(AMPLE, "exit 0")];
    let children = benches.each_ref().map(|bench| bench.command(&["--rule", "CRE-001", "--rule", "ERR-006"]).spawn().unwrap());
    let ended = children.map(wait);
    for (bench, ended) in benches.iter().zip(&ended) {
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(trouble(&bench.results()), Vec::<&String>::new());
        assert_eq!(verdict(&bench.results(), "CRE-001"), Verdict::Fail);
        bench.assert_nothing_is_left();
    }
    // Nothing was accepted, so a failing exit status is right and a successful one is not.
    let creation = |bench: &Bench| {
        let results = bench.results();
        let of_rule = |scenario: &&hallmark::results::ScenarioRecord| scenario.rule.as_str() == "CRE-001";
        let scenario = results.scenarios().iter().find(of_rule).unwrap().clone();
        scenario.judgements.iter().find(|judgement| judgement.rule.as_str() == "ERR-006").unwrap().verdict
    };
    assert_eq!(benches.each_ref().map(creation), [Verdict::Pass, Verdict::Fail]);
}

#[test]
fn a_second_run_to_the_same_folder_is_refused() {
    let bench = Bench::script(AMPLE, "touch $PLACE/runs; until [ -e $PLACE/go ]; do sleep 0.05; done; exit 1");
    let first = bench.command(&["--rule", "CRE-001"]).spawn().unwrap();
    wait_for("the first run's job runs", || bench.path("runs").exists());
    let second = wait(bench.command(&["--rule", "CRE-001"]).spawn().unwrap());
    assert_eq!(second.code, Some(2), "{second:?}");
    assert!(second.stderr.contains("another run of hallmark is writing to out"), "{}", second.stderr);
    bench.write("go", "");
    assert_eq!(wait(first).code, Some(1));
    assert_eq!(bench.results().summary().unwrap().exit_code, 1);
    bench.assert_nothing_is_left();
}

#[test]
fn readers_that_leave_early_are_no_trouble() {
    let bench = Bench::script(AMPLE, "exit 1");
    let mut child = bench.command(&["--rule", "CRE-001"]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(wait(child).code, Some(1));
    let mut child = bench.command(&["--rule", "CRE-001"]).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(bench.results().summary().unwrap().exit_code, 1);
    bench.assert_nothing_is_left();
}

#[test]
fn a_report_that_cannot_be_printed_is_told() {
    let bench = Bench::script(AMPLE, "exit 1");
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").unwrap());
    let mut child = bench.command(&["--rule", "CRE-001"]).stdout(full()).spawn().unwrap();
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(talk.contains("printing the report"), "{talk}");
    let silenced = bench.command(&["--rule", "CRE-00l"]).stderr(full()).status().unwrap();
    assert_eq!(silenced.code(), Some(4), "who cannot be told still gets the exit code");
    bench.assert_nothing_is_left();
}
