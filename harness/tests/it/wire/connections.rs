//! Connections: kept alive, cut off in the middle of a request, unreadable.

use hallmark_harness::cloud::wire::{Backend, Router};
use hallmark_harness::journal::{Delivery, Operation, Service};
use std::sync::Arc;

use super::bench::{Bench, Counter, End, HOST, get, put};

async fn kept_alive(bench: Bench) {
    let mut client = bench.connect().await;
    for number in 0..4 {
        client.send(&put(&"x".repeat(number))).await;
        let (head, body) = client.answer().await;
        assert!(head.starts_with("http/1.1 200 ") && head.contains("date: "), "{head}");
        assert_eq!(body, r#"{"done":"0123456789"}"#);
        client.send(&get("/task?a=b%20c")).await;
        client.answer().await;
    }
    drop(client);
    bench.server.drained().await;
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 8);
    assert!(exchanges.iter().all(|exchange| exchange.connection == 0 && exchange.delivery == Delivery::Complete && exchange.host == HOST));
    assert_eq!(exchanges[0].operation, Operation::UpdateTask);
    assert_eq!((exchanges[6].body.as_str(), exchanges[6].body_bytes), ("xxx", 3));
    assert_eq!((exchanges[7].method.as_str(), exchanges[7].target.as_str()), ("GET", "/task?a=b%20c"));
    assert!(exchanges[0].headers.contains(&("host".to_owned(), HOST.to_owned())));
    assert!(exchanges.windows(2).all(|pair| pair[0].accepted_at == pair[1].accepted_at && pair[0].body_at <= pair[1].head_at));
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    kept_alive(Bench::plain()).await;
}

#[tokio::test]
async fn one_connection_carries_many_requests_over_tls() {
    kept_alive(Bench::tls()).await;
}

#[tokio::test]
async fn requests_in_one_packet_are_answered_in_order() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&[get("/task"), put("{}"), get("/other")].concat()).await;
    for _ in 0..3 {
        assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    }
    let targets: Vec<String> = bench.exchanges().await.into_iter().map(|exchange| exchange.method + &exchange.target).collect();
    assert_eq!(targets, ["GET/task", "PUT/task", "GET/other"]);
}

#[tokio::test]
async fn a_body_in_parts_is_read_whole() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&format!("PUT /task HTTP/1.1\r\nhost: {HOST}\r\ntransfer-encoding: chunked\r\n\r\n")).await;
    client.send("3\r\nabc\r\n").await;
    client.send("2\r\nde\r\n0\r\n\r\n").await;
    assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    assert_eq!(bench.exchanges().await[0].body, "abcde");
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_answered_413_and_counted() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&put(&"x".repeat(8 * 1024 * 1024 + 1))).await;
    let (head, body) = client.answer().await;
    assert!(head.starts_with("http/1.1 413 "), "{head}");
    assert_eq!(body, r#"{"error":413}"#);
    client.send(&put("small")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    let exchanges = bench.exchanges().await;
    assert_eq!((exchanges[0].body_bytes, exchanges[0].applied), (8 * 1024 * 1024 + 1, false));
    assert_eq!(bench.service.taken(), ["handle PUT /task 5"]);
}

#[tokio::test]
async fn who_asks_before_sending_too_much_is_told_at_once() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&format!("PUT /task HTTP/1.1\r\nhost: {HOST}\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 413 "));
}

#[tokio::test]
async fn a_go_ahead_is_given_to_who_asks() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&format!("PUT /task HTTP/1.1\r\nhost: {HOST}\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 100 "));
    client.send("{}").await;
    assert!(client.answer().await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn a_whole_request_counts_even_if_its_sender_left_right_after() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    drop(client);
    bench.server.drained().await;
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 1);
    assert!(exchanges[0].applied);
    assert_eq!(bench.service.taken(), ["handle PUT /task 2"]);
}

#[tokio::test]
async fn a_request_is_answered_to_a_peer_that_only_stopped_sending() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    client.finish_sending().await;
    let (bytes, end) = client.rest().await;
    assert!(bytes.starts_with("HTTP/1.1 200 "), "{bytes}");
    assert_eq!(end, End::Fin);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_journalled_as_far_as_it_came() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&format!("PUT /task HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 100\r\n\r\nhalf a bo")).await;
    drop(client);
    bench.server.drained().await;
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 1);
    let exchange = &exchanges[0];
    assert_eq!((exchange.operation, exchange.delivery, exchange.applied), (Operation::UpdateTask, Delivery::PeerGone, false));
    assert_eq!(exchange.service, Service::SecretsManager, "whom it was for is known by its head");
    assert_eq!((exchange.target.as_str(), exchange.body.as_str(), exchange.body_bytes), ("/task", "half a bo", 9));
    assert_eq!(bench.service.taken(), [""; 0]);
}

#[tokio::test]
async fn a_head_that_breaks_off_is_journalled_as_far_as_it_came() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send("PUT /task?a=b HTTP/1.1\r\nhost: somewhere\r\nauthorization: Bea").await;
    drop(client);
    bench.server.drained().await;
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 1);
    let exchange = &exchanges[0];
    assert_eq!((exchange.method.as_str(), exchange.target.as_str(), exchange.host.as_str()), ("PUT", "/task?a=b", "somewhere"));
    assert_eq!(exchange.headers, [("host".to_owned(), "somewhere".to_owned())]);
    assert_eq!((exchange.delivery, &exchange.response), (Delivery::PeerGone, &None));
}

#[tokio::test]
async fn a_connection_without_a_byte_leaves_no_exchange() {
    let bench = Bench::plain();
    drop(bench.connect().await);
    bench.server.drained().await;
    assert!(bench.exchanges().await.is_empty());
}

#[tokio::test]
async fn what_is_no_request_is_answered_400_and_journalled() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send("this is \u{1}no request\r\n\r\n").await;
    client.finish_sending().await;
    let (bytes, end) = client.rest().await;
    assert!(bytes.starts_with("HTTP/1.1 400 "), "{bytes}");
    assert_eq!(end, End::Fin);
    bench.server.drained().await;
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 1);
    let exchange = &exchanges[0];
    assert_eq!((&exchange.service, exchange.operation, exchange.delivery), (&Service::Declared, Operation::Other, Delivery::Complete));
    assert_eq!(exchange.response.as_ref().expect("answered").status, 400);
    assert!(exchange.body.starts_with("this is"), "{exchange:?}");
}

#[test]
fn a_router_prefers_the_port_and_the_longest_whole_prefix() {
    let [any, v1, port, other] = [(); 4].map(|()| Arc::new(Counter::default()) as Arc<dyn Backend>);
    let router = Router::new().route("Api.Example.", "", Arc::clone(&any)).route("api.example", "/v1/", Arc::clone(&v1)).route(
        "127.0.0.1:81",
        "",
        Arc::clone(&port),
    );
    let found =
        |router: &Router, host: &str, number, path: &str| router.find(host, number, path).map(|found| Arc::as_ptr(found).cast::<()>());
    let at = |backend: &Arc<dyn Backend>| Some(Arc::as_ptr(backend).cast::<()>());
    assert_eq!(found(&router, "api.example", None, "/v1/keys"), at(&v1));
    assert_eq!(found(&router, "api.example", Some(8443), "/v1"), at(&v1));
    assert_eq!(found(&router, "api.example", None, "/v10"), at(&any));
    assert_eq!(found(&router, "127.0.0.1", Some(81), "/"), at(&port));
    assert_eq!(found(&router, "127.0.0.1", Some(82), "/"), None);
    assert!(router.knows("127.0.0.1", 81) && !router.knows("127.0.0.1", 82) && router.knows("api.example", 1));
    assert_eq!(found(&router.or(Arc::clone(&other)), "127.0.0.1", Some(82), "/"), at(&other));
}
