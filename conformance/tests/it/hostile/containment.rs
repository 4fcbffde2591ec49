//! Whatever a provider starts, ignores or kills: the run ends and no process is left.

use hallmark::verdict::Verdict;

use super::bench::{AMPLE, Bench, against, trouble, verdict};

/// Short, for jobs that are ended at their limit.
const SHORT: &str = "2s";

#[test]
fn a_job_that_hangs_is_ended_at_its_limit() {
    for body in ["exec sleep 1000", "trap '' TERM HUP INT; while :; do sleep 1000; done"] {
        let bench = Bench::script(SHORT, body);
        let ended = bench.run(&["--rule", "CRE-001"]);
        assert_eq!(ended.code, Some(1), "{body}: {ended:?}");
        let results = bench.results();
        assert_eq!(verdict(&results, "UPD-005"), Verdict::Fail, "{body}");
        assert!(against(&results, "UPD-005").contains("ended by the launcher"), "{body}");
        assert_eq!(trouble(&results), Vec::<&String>::new(), "{body}");
    }
}

#[test]
fn a_daemon_that_holds_the_output_open_does_not_hold_the_run() {
    let daemon =
        "setsid sh -c 'trap \"\" TERM HUP; touch $PLACE/up; exec sleep 1000' & while [ ! -e $PLACE/up ]; do :; done; echo done; exit 0";
    let bench = Bench::script(AMPLE, daemon);
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let results = bench.results();
    assert_eq!(trouble(&results), Vec::<&String>::new());
    assert_eq!((verdict(&results, "CRE-001"), verdict(&results, "ERR-006")), (Verdict::Fail, Verdict::Fail));
}

#[test]
fn a_job_that_forks_wildly_is_cleared() {
    // 1 + 2 + ... + 16 shells and their sleeps, none of which ends by itself.
    let forks = "cat > tree <<'END'\ntrap '' TERM HUP\n\
                 if [ $1 -gt 0 ]; then (setsid sh ./tree $(($1 - 1)) &); sh ./tree $(($1 - 1)) & else echo leaf >> leaves; fi\n\
                 while :; do sleep 1000; done\nEND\n\
                 sh ./tree 4 & while [ \"$(cat leaves 2>/dev/null | wc -l)\" -lt 16 ]; do sleep 0.01; done; exit 1";
    let bench = Bench::script(AMPLE, forks);
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(trouble(&bench.results()), Vec::<&String>::new());
}

#[test]
fn a_job_that_kills_its_supervisor_gains_nothing() {
    let bench = Bench::script(AMPLE, "setsid sleep 1000 & kill -9 $PPID; exec sleep 1000");
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let results = bench.results();
    assert_eq!(verdict(&results, "CRE-001"), Verdict::Inconclusive);
    let trouble = trouble(&results);
    assert!(!trouble.is_empty() && trouble.iter().all(|what| what.contains("supervisor") && what.contains("signal")), "{trouble:?}");
    assert!(ended.stdout.contains("Inconclusive") && ended.stdout.contains("supervisor"), "{}", ended.stdout);
}

#[test]
fn a_job_without_output_is_judged_like_any_other() {
    let bench = Bench::script(AMPLE, "exec >&- 2>&- <&-; exit 3");
    let ended = bench.run(&["--rule", "CRE-001"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let results = bench.results();
    assert_eq!(trouble(&results), Vec::<&String>::new());
    assert!(against(&results, "ERR-005").contains("logged nothing"), "{}", against(&results, "ERR-005"));
}
