//! Faults of connections: at an address that one service has alone, at one that all share, and at the proxy.

use std::time::{Duration, Instant};

use hallmark_harness::journal::{EventKind, Service};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::bench::{Bench, Client, End, HOST, get, put};

/// Returns host and fault of each connection that a fault acted on.
fn spoilt(bench: &Bench) -> Vec<(String, String)> {
    let events = bench.events();
    let spoilt = events.iter().filter_map(|event| match &event.kind {
        EventKind::ConnectionSpoilt { service, host, fault, .. } => {
            assert_eq!(*service, Service::SecretsManager);
            Some((host.clone(), fault.clone()))
        }
        _ => None,
    });
    spoilt.collect()
}

async fn tcp(bench: &Bench) -> TcpStream {
    TcpStream::connect(bench.server.address()).await.expect("our listener listens")
}

/// Connects, says nothing, and tells how the connection ended.
async fn knock(bench: &Bench) -> (String, End) {
    Client::over(tcp(bench).await).rest().await
}

async fn at_an_address_of_its_own(tls: bool) {
    let bench = Bench::alone(tls);
    let line = |nth: u32, what: &str| format!("secrets_manager.connect@nth:{nth} before_commit {what}");
    let plan = [line(1, "reset"), line(2, "close"), line(3, "stall"), line(4, "delay(40ms)")];
    bench.spoil(&plan.join("; "));
    assert_eq!(knock(&bench).await, (String::new(), End::Reset));
    assert_eq!(knock(&bench).await, (String::new(), End::Fin));
    let mut silent = tcp(&bench).await;
    silent.write_all(get("/task").as_bytes()).await.expect("it is accepted");
    let started = Instant::now();
    let mut late = bench.connect().await;
    late.send(&put("{}")).await;
    assert!(late.answer().await.0.starts_with("http/1.1 200 "));
    assert!(started.elapsed() >= Duration::from_millis(40));
    late.send(&put("{}")).await;
    assert!(late.answer().await.0.starts_with("http/1.1 200 "), "the connection is counted once");
    silent.shutdown().await.expect("it is open");
    assert_eq!(silent.read(&mut [0; 8]).await.expect("it ends when its peer leaves"), 0);
    assert_eq!(spoilt(&bench), plan.map(|fault| (String::new(), fault)));
    let exchanges = bench.exchanges().await;
    assert!(exchanges.len() == 2 && exchanges.iter().all(|exchange| exchange.fault.is_none()), "{exchanges:?}");
}

#[tokio::test]
async fn faults_act_as_soon_as_a_connection_is_accepted_where_a_service_is_alone() {
    at_an_address_of_its_own(false).await;
}

#[tokio::test]
async fn faults_act_as_soon_as_a_connection_is_accepted_where_a_service_is_alone_over_tls() {
    at_an_address_of_its_own(true).await;
}

#[tokio::test]
async fn where_services_share_an_address_faults_act_at_the_head_of_the_first_request() {
    let bench = Bench::plain();
    bench.spoil("secrets_manager.connect@nth:1 reset; secrets_manager.connect@nth:2 close");
    for expected in [End::Reset, End::Fin] {
        let mut client = bench.connect().await;
        client.send(&put("{}")).await;
        assert_eq!(client.rest().await, (String::new(), expected));
    }
    let mut client = bench.connect().await;
    for _ in 0..2 {
        client.send(&put("{}")).await;
        assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    }
    bench.spoil("secrets_manager.connect@every refuse");
    let mut client = bench.connect().await;
    client.send(&put("{}")).await;
    assert_eq!(client.rest().await, (String::new(), End::Reset), "nobody can refuse what is accepted");
    assert_eq!(spoilt(&bench).iter().map(|(host, _)| host.as_str()).collect::<Vec<_>>(), [HOST; 3]);
    assert_eq!(bench.exchanges().await.len(), 2);
}

#[tokio::test]
async fn where_services_share_an_address_faults_act_when_the_handshake_names_the_host() {
    use rustls::pki_types::ServerName;

    let bench = Bench::tls();
    let connector = super::bench::connector(&bench.authority);
    let name = |host: &'static str| ServerName::try_from(host).expect("a host name");
    for (what, expected) in [("reset", "reset"), ("refuse", "reset"), ("close", "eof")] {
        bench.spoil(&format!("secrets_manager.connect@every {what}"));
        let error = connector.connect(name(HOST), tcp(&bench).await).await.expect_err(what);
        assert!(error.to_string().to_lowercase().contains(expected), "{what}: {error}");
        connector.connect(name("another.example"), tcp(&bench).await).await.expect("another host");
    }
    bench.server.drained().await;
    let hosts: Vec<String> = spoilt(&bench).into_iter().map(|(host, _)| host).collect();
    assert_eq!(hosts, [HOST; 3]);
}

#[tokio::test]
async fn the_proxy_lets_faults_act_when_it_is_asked_for_the_host() {
    let bench = Bench::proxy();
    let connect = format!("CONNECT {HOST}:443 HTTP/1.1\r\nhost: {HOST}:443\r\n\r\n");
    let absolute = format!("GET http://{HOST}/task HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    for request in [&connect, &absolute] {
        for (what, expected) in [("reset", End::Reset), ("close", End::Fin)] {
            bench.spoil(&format!("secrets_manager.connect@every {what}"));
            let mut client = Client::over(tcp(&bench).await);
            client.send(request).await;
            assert_eq!(client.rest().await, (String::new(), expected), "{what} {request}");
        }
        bench.spoil("secrets_manager.connect@every refuse");
        let mut client = Client::over(tcp(&bench).await);
        client.send(request).await;
        let (head, body) = client.answer().await;
        assert!(head.starts_with("http/1.1 502 ") && body.contains("refused"), "{head}{body}");
        bench.spoil("secrets_manager.connect@every stall");
        let mut client = Client::over(tcp(&bench).await);
        client.send(request).await;
        client.finish_sending().await;
        assert_eq!(client.rest().await.0, "", "{request}");
    }
    bench.spoil("secrets_manager.connect@nth:1 delay(30ms); secrets_manager.connect@nth:2 reset");
    let mut client = Client::over(tcp(&bench).await);
    let started = Instant::now();
    for _ in 0..2 {
        client.send(&absolute).await;
        assert!(client.answer().await.0.starts_with("http/1.1 200 "), "a second request needs no connection");
    }
    assert!(started.elapsed() >= Duration::from_millis(30));
}
