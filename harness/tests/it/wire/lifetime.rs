//! Start, stop and trouble of a listener.

use std::net::SocketAddr;

use hallmark_harness::cloud::wire::{Entrance, Router, WireError, WireServer, Wiring};
use hallmark_harness::journal::{Delivery, EventKind, Journal};
use tokio::runtime::Handle;

use super::bench::{Bench, End, get, put};

#[tokio::test]
async fn a_taken_port_is_named() {
    let bench = Bench::plain();
    let wiring = Wiring::new(Journal::new(std::sync::Arc::default()), std::sync::Arc::default());
    let address = bench.server.address();
    let error = WireServer::start(&Handle::current(), address, Entrance::Plain, Router::new(), &wiring).expect_err("the port is taken");
    assert!(matches!(error, WireError::PortTaken { address: named } if named == address), "{error}");
    assert!(error.to_string().contains("choose another port"));
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    let wiring = Wiring::new(Journal::new(std::sync::Arc::default()), std::sync::Arc::default());
    let address = SocketAddr::from(([192, 0, 2, 1], 0));
    let error = WireServer::start(&Handle::current(), address, Entrance::Plain, Router::new(), &wiring).expect_err("not our address");
    assert!(matches!(error, WireError::Listen { .. }), "{error}");
}

#[tokio::test]
async fn stopping_ends_connections_and_journals_what_was_under_way() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@every after_commit stall");
    let mut idle = bench.connect().await;
    idle.send(&get("/other")).await;
    idle.answer().await;
    let mut stalled = bench.connect().await;
    stalled.send(&put("{}")).await;
    while bench.server.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    let address = bench.server.address();
    let exchanges = bench.stop().await;
    assert_eq!(exchanges.len(), 2);
    assert_eq!(exchanges[1].delivery, Delivery::Stalled);
    assert_eq!(idle.rest().await, (String::new(), End::Fin));
    assert_eq!(stalled.rest().await.0, "");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_panic_in_a_service_is_trouble_of_ours_and_of_nobody_else() {
    let bench = Bench::plain();
    let mut client = bench.connect().await;
    client.send(&get("/panic")).await;
    assert_eq!(client.rest().await, (String::new(), End::Fin));
    bench.server.drained().await;
    let events = bench.events();
    let trouble: Vec<&String> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::EngineTrouble { what } => Some(what),
            _ => None,
        })
        .collect();
    assert_eq!(trouble.len(), 1);
    assert!(trouble[0].contains("a service that panics"), "{trouble:?}");
    assert_eq!(bench.exchanges().await[0].delivery, Delivery::Closed);
    let mut other = bench.connect().await;
    other.send(&get("/task")).await;
    assert!(other.answer().await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn quiesce_waits_for_what_is_in_flight() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.update_task@every after_commit delay(50ms)");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    while bench.server.in_flight() == 0 {
        tokio::task::yield_now().await;
    }
    bench.server.quiesce().await;
    assert_eq!(bench.server.in_flight(), 0);
    assert_eq!(bench.journal.len(), 1);
    client.answer().await;
}

#[tokio::test]
async fn a_plan_that_nobody_checked_is_trouble_of_ours() {
    let bench = Bench::plain();
    let json = r#"{"faults":[{"service":"secrets_manager","operation":"get_task","when":"every",
                   "what":{"status":{"status":42,"headers":{"a b":"1"}}}}]}"#;
    bench.faults.set(serde_json::from_str(json).expect("it has the shape of a plan"));
    let mut client = bench.connect().await;
    client.send(&get("/task")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 500 "));
    bench.server.quiesce().await;
    let troubles = bench.events().iter().filter(|event| matches!(event.kind, EventKind::EngineTrouble { .. })).count();
    assert_eq!(troubles, 2);
}
