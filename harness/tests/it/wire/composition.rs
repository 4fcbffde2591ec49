//! Several faults at once: which of them act, in which order, and whether the request takes effect.

use std::time::{Duration, Instant};

use hallmark_harness::journal::{Delivery, Exchange};

use super::bench::{Bench, End, put};

/// Sends one PUT under a plan; returns the bytes that came, how the connection ended, and the exchange.
async fn spoilt(bench: &Bench, plan: &str) -> (String, End, Exchange) {
    bench.spoil(plan);
    let mut client = bench.connect().await;
    client.send(&put("{}").replace("content-length", "connection: close\r\ncontent-length")).await;
    let (bytes, end) = client.rest().await;
    (bytes, end, bench.exchanges().await.pop().expect("journalled"))
}

const HANDLED: &str = "handle PUT /task 2";

#[tokio::test]
async fn waits_add_up_and_the_journal_names_every_fault_as_a_plan_does() {
    let bench = Bench::plain();
    let plan = "secrets_manager.update_task@every before_commit delay(30ms); secrets_manager.update_task@first:1 after_commit delay(30ms)";
    let started = Instant::now();
    let (bytes, _, exchange) = spoilt(&bench, plan).await;
    assert!(started.elapsed() >= Duration::from_millis(60));
    assert!(bytes.starts_with("HTTP/1.1 200 "), "{bytes}");
    assert_eq!((exchange.fault.as_deref(), exchange.applied), (Some(plan), true));
    assert_eq!(bench.service.taken(), [HANDLED]);
}

#[tokio::test]
async fn all_disturbances_happen_before_the_request_and_changes_of_the_answer_stack() {
    let bench = Bench::plain();
    let plan = "secrets_manager.update_task@every cancel_task; secrets_manager.update_task@every wrong_content_type; \
                secrets_manager.update_task@every expire_task; secrets_manager.update_task@every invalid_json";
    let (bytes, _, exchange) = spoilt(&bench, plan).await;
    assert!(bytes.contains("content-type: text/html\r\n") && bytes.ends_with(r#"{"done":"0123456789","#), "{bytes}");
    assert!(exchange.applied, "none of them decides how it ends");
    assert_eq!(bench.service.taken(), ["CancelTask", "ExpireTask", HANDLED]);
}

#[tokio::test]
async fn the_first_fault_that_decides_does_and_the_others_do_not_act() {
    let bench = Bench::plain();
    let plan = "secrets_manager.update_task@every before_commit invalid_json; secrets_manager.update_task@every before_commit status(503); \
                secrets_manager.update_task@every after_commit reset";
    let (bytes, end, exchange) = spoilt(&bench, plan).await;
    assert!(bytes.starts_with("HTTP/1.1 503 ") && bytes.ends_with(r#"{"error":503,"#), "{bytes}");
    assert_eq!((end, exchange.applied, exchange.delivery), (End::Fin, false, Delivery::Complete));
    assert_eq!(exchange.fault.as_deref(), plan.rsplit_once("; ").map(|(acting, _)| acting));
    assert_eq!(bench.service.taken(), [""; 0]);
}

#[tokio::test]
async fn any_acting_fault_after_the_commit_lets_the_request_take_effect_once() {
    let bench = Bench::plain();
    for plan in [
        "secrets_manager.update_task@every after_commit delay(1ms); secrets_manager.update_task@every status(503)",
        "secrets_manager.update_task@every delay(1ms); secrets_manager.update_task@every after_commit status(503)",
        "secrets_manager.update_task@every after_commit delay(1ms); secrets_manager.update_task@every after_commit status(503)",
    ] {
        let (bytes, _, exchange) = spoilt(&bench, plan).await;
        assert!(bytes.starts_with("HTTP/1.1 503 "), "{bytes}");
        assert!(exchange.applied, "{plan}");
        assert_eq!(exchange.facts.identity.as_deref(), Some("handled"), "{plan}");
        assert_eq!(bench.service.taken(), [HANDLED], "{plan}");
    }
}

#[tokio::test]
async fn a_cut_cuts_what_other_faults_made_of_the_answer() {
    let bench = Bench::plain();
    let plan = "secrets_manager.update_task@every after_commit cut_body(5); secrets_manager.update_task@every wrong_content_type";
    let (bytes, end, exchange) = spoilt(&bench, plan).await;
    assert!(bytes.contains("content-type: text/html\r\n") && bytes.ends_with("\r\n\r\n{\"don"), "{bytes}");
    assert_eq!((end, exchange.delivery, exchange.applied), (End::Fin, Delivery::Cut { after: 5 }, true));
}
