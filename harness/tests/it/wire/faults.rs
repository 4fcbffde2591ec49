//! Each fault, plain and over TLS, as its client sees it.

use hallmark_harness::journal::{Delivery, Exchange};

use super::bench::{Bench, End, put};

/// The service's answer, 21 bytes.
const DONE: &str = r#"{"done":"0123456789"}"#;

/// Sends one PUT under a plan; returns the bytes that came, how the connection ended, and the exchange.
async fn spoilt(bench: &Bench, what: &str) -> (String, End, Exchange) {
    bench.spoil(&format!("secrets_manager.update_task@every after_commit {what}"));
    let before = bench.exchanges().await.len();
    let mut client = bench.connect().await;
    client.send(&put("{}").replace("content-length", "connection: close\r\ncontent-length")).await;
    let (bytes, end) = client.rest().await;
    let exchange = bench.exchanges().await.remove(before);
    assert_eq!(exchange.fault, Some(format!("secrets_manager.update_task@every after_commit {what}")));
    assert!(exchange.applied, "{what}");
    (bytes, end, exchange)
}

fn body(bytes: &str) -> &str {
    bytes.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

async fn each_fault(bench: Bench) {
    let (bytes, end, exchange) = spoilt(&bench, "close").await;
    assert_eq!((bytes.as_str(), end, exchange.delivery), ("", End::Fin, Delivery::Closed));
    assert_eq!(exchange.response, None);

    let (bytes, end, exchange) = spoilt(&bench, "reset").await;
    assert_eq!((bytes.as_str(), end, exchange.delivery), ("", End::Reset, Delivery::Reset));
    assert_eq!(exchange.response, None);

    for (asked, sent) in [(0, 0), (5, 5), (20, 20), (21, 20), (u64::MAX, 20)] {
        let (bytes, end, exchange) = spoilt(&bench, &format!("cut_body({asked})")).await;
        assert!(bytes.to_ascii_lowercase().contains("content-length: 21\r\n"), "{bytes}");
        assert_eq!(body(&bytes), &DONE[..sent]);
        assert_eq!((end, exchange.delivery), (End::Fin, Delivery::Cut { after: sent as u64 }));

        let (bytes, end, exchange) = spoilt(&bench, &format!("reset_mid_body({asked})")).await;
        assert!(bytes.to_ascii_lowercase().contains("content-length: 21\r\n"), "{bytes}");
        assert_eq!(body(&bytes), &DONE[..sent]);
        assert_eq!((end, exchange.delivery), (End::Reset, Delivery::ResetMidBody { after: sent as u64 }));
        assert_eq!(exchange.response.expect("a head was sent").body, DONE);
    }

    let (bytes, _, exchange) = spoilt(&bench, "status(503, retry-after: 1)").await;
    assert!(bytes.starts_with("HTTP/1.1 503 ") && bytes.contains("retry-after: 1\r\n") && bytes.contains("date: "), "{bytes}");
    assert_eq!(body(&bytes), r#"{"error":503}"#);
    assert_eq!(exchange.delivery, Delivery::Complete);

    let (bytes, ..) = spoilt(&bench, r#"status(429, x-a: "b, c", body="busy")"#).await;
    assert!(bytes.contains("x-a: b, c\r\n"), "{bytes}");
    assert_eq!(body(&bytes), "busy");

    let (bytes, ..) = spoilt(&bench, "gateway_html(502)").await;
    assert!(bytes.starts_with("HTTP/1.1 502 ") && bytes.contains("content-type: text/html\r\n"), "{bytes}");
    assert!(body(&bytes).contains("<title>502 Bad Gateway</title>"), "{bytes}");

    let (bytes, ..) = spoilt(&bench, "invalid_json").await;
    assert!(bytes.starts_with("HTTP/1.1 200 ") && bytes.contains("content-type: application/json\r\n"), "{bytes}");
    assert_eq!(body(&bytes), r#"{"done":"0123456789","#);

    let (bytes, ..) = spoilt(&bench, "wrong_content_type").await;
    assert!(bytes.contains("content-type: text/html\r\n"), "{bytes}");
    assert_eq!(body(&bytes), DONE);

    let started = std::time::Instant::now();
    let (bytes, ..) = spoilt(&bench, "delay(40ms)").await;
    assert!(started.elapsed().as_millis() >= 40);
    assert_eq!(body(&bytes), DONE);

    bench.service.taken();
    spoilt(&bench, "cancel_task").await;
    assert_eq!(bench.service.taken(), ["handle PUT /task 2", "CancelTask"]);
    bench.stop().await;
}

#[tokio::test]
async fn each_fault_is_what_it_says() {
    each_fault(Bench::plain()).await;
}

#[tokio::test]
async fn each_fault_is_what_it_says_over_tls() {
    each_fault(Bench::tls()).await;
}

async fn one_stalls(bench: Bench) {
    bench.spoil("secrets_manager.update_task@nth:1 after_commit stall");
    let mut stalled = bench.connect().await;
    stalled.send(&put("first")).await;
    // The second is answered while the first waits. Its count shows that the first was read before.
    while bench.service.taken().is_empty() {
        tokio::task::yield_now().await;
    }
    let mut other = bench.connect().await;
    for _ in 0..3 {
        other.send(&put("second")).await;
        assert!(other.answer().await.0.starts_with("http/1.1 200 "));
    }
    assert_eq!(bench.server.open_connections(), 2);
    drop(stalled);
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 4);
    let stalled = exchanges.iter().find(|exchange| exchange.body == "first").expect("journalled when its peer left");
    assert_eq!((stalled.delivery, stalled.applied, &stalled.response), (Delivery::Stalled, true, &None));
    drop(other);
    bench.server.drained().await;
    assert_eq!(bench.server.open_connections(), 0);
}

#[tokio::test]
async fn a_stall_holds_up_nobody_else() {
    one_stalls(Bench::plain()).await;
}

#[tokio::test]
async fn a_stall_holds_up_nobody_else_over_tls() {
    one_stalls(Bench::tls()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_sees_the_end_finds_the_exchange_in_the_journal() {
    let bench = Bench::plain();
    for (round, what) in ["close", "reset", "cut_body(3)", "reset_mid_body(3)"].iter().cycle().take(200).enumerate() {
        bench.spoil(&format!("secrets_manager.update_task@every after_commit {what}"));
        let mut client = bench.connect().await;
        client.send(&put("{}")).await;
        client.rest().await;
        assert_eq!(bench.journal.len(), round as u64 + 1, "{what}");
    }
}
