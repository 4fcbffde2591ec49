//! A provider that finds the admin API and calls it.

use hallmark::verdict::Verdict;

use super::bench::{AMPLE, Bench, against, hostile_provider, trouble, verdict};

#[test]
fn a_call_of_the_admin_api_is_a_finding_and_changes_nothing() {
    let bench = Bench::empty();
    bench.manifest(hostile_provider().to_str().unwrap(), &["call-admin"], AMPLE, "");
    let ended = bench.run(&["--rule", "LPR-002", "--rule", "CRE-001", "--jobs", "1", "--remove-completed-jobs", "3d"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let results = bench.results();
    assert_eq!(trouble(&results), Vec::<&String>::new());
    assert_eq!(verdict(&results, "LPR-002"), Verdict::Fail);
    let found = against(&results, "LPR-002");
    for call in ["POST /admin/v1/reset", "GET /admin/v1/ledger", "PUT /admin/v1/faults"] {
        assert!(found.contains(&format!("admin API: {call}")), "{call}: {found}");
    }
    // A reset would have lost the job and what it did before.
    for scenario in results.scenarios() {
        assert!(scenario.jobs > 0, "{scenario:?}");
        let rules: Vec<&str> = scenario.judgements.iter().map(|judgement| judgement.rule.as_str()).collect();
        assert!(rules.contains(&"UPD-005") && rules.contains(&"ERR-007"), "the job is still judged: {rules:?}");
    }
    let logs = std::fs::read_dir(bench.path("out/jobs")).unwrap().map(|log| std::fs::read_to_string(log.unwrap().path()).unwrap());
    for log in logs {
        assert!(log.contains("/admin/v1/reset at") && !log.contains(": 2"), "no call was answered with success: {log}");
    }
}
