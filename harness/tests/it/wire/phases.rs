//! Before or after the commit: what the service did, whatever was answered.

use hallmark_harness::journal::Delivery;

use super::bench::{Bench, End, put};

#[tokio::test]
async fn before_the_commit_nothing_is_done_and_the_request_is_understood() {
    let bench = Bench::plain();
    for what in ["status(503)", "gateway_html(502)", "close", "reset", "cut_body(3)", "reset_mid_body(3)"] {
        bench.spoil(&format!("secrets_manager.update_task@every {what}"));
        let mut client = bench.connect().await;
        client.send(&put("{}").replace("content-length", "connection: close\r\ncontent-length")).await;
        client.rest().await;
        let exchange = bench.exchanges().await.pop().expect("journalled");
        assert!(!exchange.applied, "{what}");
        assert_eq!(exchange.facts.identity.as_deref(), Some("refused"), "{what}");
        assert_eq!(bench.service.taken(), [""; 0], "{what}");
    }
    bench.stop().await;
}

#[tokio::test]
async fn an_answer_cut_before_the_commit_is_a_cut_503() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@every cut_body(4)");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    let (bytes, end) = client.rest().await;
    assert!(bytes.starts_with("HTTP/1.1 503 ") && bytes.ends_with("\r\n\r\n{\"er"), "{bytes}");
    assert_eq!(end, End::Fin);
}

#[tokio::test]
async fn after_the_commit_the_facts_are_those_of_what_was_done() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@every after_commit status(504)");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 504 "));
    let exchange = bench.exchanges().await.remove(0);
    assert!(exchange.applied);
    assert_eq!(exchange.facts.identity.as_deref(), Some("handled"));
    assert_eq!(exchange.response.expect("answered").status, 504);
    assert_eq!(bench.service.taken(), ["handle PUT /task 2"]);
}

#[tokio::test]
async fn a_disturbance_comes_before_the_request() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@nth:1 cancel_task; secrets_manager.update_task@nth:2 expire_task");
    let mut client = bench.connect().await;
    for _ in 0..2 {
        client.send(&put("{}")).await;
        assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    }
    assert_eq!(bench.service.taken(), ["CancelTask", "handle PUT /task 2", "ExpireTask", "handle PUT /task 2"]);
}

#[tokio::test]
async fn who_leaves_during_a_delay_gets_nothing_done_before_the_commit_and_all_after_it() {
    for (phase, applied) in [("before_commit", false), ("after_commit", true)] {
        let bench = Bench::plain();
        // Longer than any test runs: only the peer's leaving can end it.
        bench.spoil(&format!("secrets_manager.update_task@every {phase} delay(3600000ms)"));
        let mut client = bench.connect().await;
        client.send(&put("{}")).await;
        while bench.server.in_flight() == 0 {
            tokio::task::yield_now().await;
        }
        drop(client);
        bench.server.drained().await;
        let exchange = bench.stop().await.remove(0);
        assert_eq!((exchange.delivery, exchange.applied, exchange.response), (Delivery::PeerGone, applied, None), "{phase}");
    }
}
