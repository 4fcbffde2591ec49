//! Calls that wait for those of other jobs.

use hallmark_harness::journal::{Exchange, JobRef};

use super::bench::{Bench, Client, get, put};

const PLAN: &str = "secrets_manager.update_task@every gather";

/// A bench on which two jobs run, and a call of one of them that is held.
async fn held() -> (Bench, Client, [JobRef; 2]) {
    let bench = Bench::plain();
    let jobs = ["one", "other"].map(|task| JobRef { task: task.into(), run: 0 });
    for job in &jobs {
        bench.journal.jobs().requested(job);
        bench.journal.jobs().started(job);
    }
    bench.spoil(PLAN);
    let mut first = bench.connect().await;
    first.send(&put("{}")).await;
    // Whatever is done with the first call at once is done by the time that a later one is answered.
    let mut later = bench.connect().await;
    later.send(&get("/task")).await;
    later.answer().await;
    assert_eq!(updates(&bench), 0, "the first call waits");
    (bench, first, jobs)
}

fn updates(bench: &Bench) -> usize {
    bench.service.taken().iter().filter(|call| call.starts_with("handle PUT")).count()
}

fn met(exchanges: &[Exchange]) -> Vec<Option<u64>> {
    exchanges.iter().filter(|exchange| exchange.method == "PUT").map(|exchange| exchange.met).collect()
}

fn jobs_of(exchanges: &[Exchange]) -> Vec<Option<String>> {
    exchanges.iter().filter(|exchange| exchange.method == "PUT").map(|exchange| exchange.job.as_ref().map(ToString::to_string)).collect()
}

#[tokio::test]
async fn calls_take_effect_when_all_jobs_have_called() {
    let (bench, mut first, _) = held().await;
    let mut second = bench.connect().await;
    second.send(&put("{}")).await;
    for client in [&mut first, &mut second] {
        assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    }
    assert_eq!(updates(&bench), 2);
    // Nobody can tell whose they were.
    let exchanges = bench.exchanges().await;
    assert_eq!((jobs_of(&exchanges), met(&exchanges)), (vec![None, None], vec![Some(2), Some(2)]));
}

#[tokio::test]
async fn a_job_that_ends_is_not_waited_for() {
    let (bench, mut first, [_, other]) = held().await;
    bench.journal.jobs().ended(&other);
    assert!(first.answer().await.0.starts_with("http/1.1 200 "));
    assert_eq!(updates(&bench), 1);
    assert_eq!(met(&bench.exchanges().await), [Some(1)], "it met nobody");
}

#[tokio::test]
async fn a_call_whose_sender_leaves_does_not_count() {
    let (bench, first, _) = held().await;
    drop(first);
    bench.server.quiesce().await;
    let mut second = bench.connect().await;
    second.send(&put("{}")).await;
    let mut later = bench.connect().await;
    later.send(&get("/task")).await;
    later.answer().await;
    assert_eq!(updates(&bench), 0, "the second call waits for another one");
    let mut third = bench.connect().await;
    third.send(&put("{}")).await;
    for client in [&mut second, &mut third] {
        assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    }
    assert_eq!(updates(&bench), 2);
}
