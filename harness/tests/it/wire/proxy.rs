//! The proxy: tunnels, absolute form, and hosts that nobody declared.

use hallmark_harness::journal::{Delivery, EventKind};
use reqwest::{Certificate, Client as WebClient, Proxy};
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;

use super::bench::{Bench, Client, HOST, connector, get};

/// A client that goes through the proxy and trusts the run's authority.
fn web_client(bench: &Bench) -> WebClient {
    // Another test may have been first; any of them installs the same.
    rustls::crypto::ring::default_provider().install_default().ok();
    let root = Certificate::from_pem(bench.authority.pem().as_bytes()).expect("the authority's PEM is one");
    let proxy = Proxy::all(format!("http://{}", bench.server.address())).expect("an address is a proxy");
    WebClient::builder().proxy(proxy).tls_certs_only([root]).build().expect("a client can be built")
}

fn refused_hosts(bench: &Bench) -> Vec<(String, u16)> {
    let events = bench.events();
    let refused = events.iter().filter_map(|event| match &event.kind {
        EventKind::HostRefused { host, port, .. } => Some((host.clone(), *port)),
        _ => None,
    });
    refused.collect()
}

fn aborted(bench: &Bench) -> Vec<(String, String)> {
    let events = bench.events();
    let aborted = events.iter().filter_map(|event| match &event.kind {
        EventKind::TlsAborted { host, reason, .. } => Some((host.clone(), reason.clone())),
        _ => None,
    });
    aborted.collect()
}

#[tokio::test]
async fn https_goes_through_a_tunnel_with_the_runs_certificate() {
    let bench = Bench::proxy();
    let client = web_client(&bench);
    for _ in 0..2 {
        let answer = client.put(format!("https://{HOST}/task")).body("{}").send().await.expect("answered");
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.text().await.expect("a body"), r#"{"done":"0123456789"}"#);
    }
    let exchanges = bench.exchanges().await;
    assert_eq!(exchanges.len(), 2);
    assert!(exchanges.iter().all(|exchange| exchange.tls && exchange.host == HOST && exchange.target == "/task"));
    assert!(exchanges.iter().all(|exchange| exchange.delivery == Delivery::Complete && exchange.connection == 0));
    drop(client);
    bench.server.drained().await;
    assert!(aborted(&bench).is_empty());
}

#[tokio::test]
async fn plain_http_goes_in_absolute_form() {
    let bench = Bench::proxy();
    let answer = web_client(&bench).get(format!("http://{HOST}/task?a=b")).send().await.expect("answered");
    assert_eq!(answer.status(), 200);
    let exchange = bench.exchanges().await.remove(0);
    assert_eq!((exchange.tls, exchange.host.as_str(), exchange.target.as_str()), (false, HOST, "/task?a=b"));
}

#[tokio::test]
async fn a_host_that_nobody_declared_is_refused_and_journalled() {
    let bench = Bench::proxy();
    let client = web_client(&bench);
    client.get("https://telemetry.example/x").send().await.expect_err("the tunnel is refused");
    let answer = client.get("http://telemetry.example/x").send().await.expect("the proxy answers itself");
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.expect("a reason").contains("nobody declared"));
    client.get("https://127.0.0.1:9/x").send().await.expect_err("a loopback port that is not ours");
    let hosts = [("telemetry.example", 443), ("telemetry.example", 80), ("127.0.0.1", 9)];
    assert_eq!(refused_hosts(&bench), hosts.map(|(host, port)| (host.to_owned(), port)));
    assert!(bench.exchanges().await.is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_leaves_an_abort() {
    let bench = Bench::proxy();
    let stranger = Bench::proxy();
    let root = Certificate::from_pem(stranger.authority.pem().as_bytes()).expect("a PEM");
    web_client(&bench);
    let proxy = Proxy::all(format!("http://{}", bench.server.address())).expect("an address is a proxy");
    let client = WebClient::builder().proxy(proxy).tls_certs_only([root]).build().expect("a client can be built");
    client.get(format!("https://{HOST}/task")).send().await.expect_err("another authority");
    drop(client);
    bench.server.drained().await;
    let aborted = aborted(&bench);
    assert_eq!(aborted.len(), 1, "{aborted:?}");
    assert_eq!(aborted[0].0, HOST);
    assert!(aborted[0].1.contains("UnknownCA"), "{aborted:?}");
    assert!(bench.exchanges().await.is_empty());
}

#[tokio::test]
async fn bad_certificates_are_refused_by_a_careful_client() {
    for flaw in ["expired", "wrong_host", "unknown_authority"] {
        let bench = Bench::proxy();
        let line = format!("secrets_manager.handshake@first:1 before_commit certificate({flaw})");
        bench.faults.set(line.parse().expect("a plan"));
        let client = web_client(&bench);
        client.get(format!("https://{HOST}/task")).send().await.expect_err("a flaw");
        client.get(format!("https://{HOST}/task")).send().await.expect("good again");
        let exchanges = bench.exchanges().await;
        assert_eq!(exchanges.iter().map(|exchange| exchange.fault.clone()).collect::<Vec<_>>(), [None], "{flaw}");
        let events = bench.events();
        let faults = events.iter().filter_map(|event| match &event.kind {
            EventKind::TlsAborted { fault, .. } => Some(fault.clone()),
            _ => None,
        });
        assert_eq!(faults.collect::<Vec<_>>(), [Some(line)], "{flaw}");
    }
}

#[tokio::test]
async fn a_careless_client_is_served_and_every_request_tells_of_the_certificate() {
    let bench = Bench::proxy();
    let line = "secrets_manager.handshake@every before_commit certificate(expired)";
    bench.faults.set(format!("{line}; secrets_manager.update_task@nth:2 reset").parse().expect("a plan"));
    web_client(&bench);
    let proxy = Proxy::all(format!("http://{}", bench.server.address())).expect("an address is a proxy");
    let careless = WebClient::builder().proxy(proxy).tls_danger_accept_invalid_certs(true).build().expect("a client can be built");
    careless.put(format!("https://{HOST}/task")).body("{}").send().await.expect("served");
    careless.put(format!("https://{HOST}/task")).body("{}").send().await.expect_err("reset");
    let faults: Vec<_> = bench.exchanges().await.into_iter().map(|exchange| exchange.fault.expect("a fault")).collect();
    assert_eq!(faults, [line.to_owned(), format!("{line}; secrets_manager.update_task@nth:2 before_commit reset")]);
}

#[tokio::test]
async fn a_tunnel_may_carry_plain_http() {
    let bench = Bench::proxy();
    let mut client = Client::over(TcpStream::connect(bench.server.address()).await.expect("it listens"));
    client.send(&format!("CONNECT {HOST}:80 HTTP/1.1\r\nhost: {HOST}:80\r\n\r\n")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    client.send(&get("/task")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    assert!(!bench.exchanges().await[0].tls);
}

#[tokio::test]
async fn a_client_may_send_its_handshake_with_the_connect() {
    let bench = Bench::proxy();
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    // Holds the first bytes of the handshake back until they can leave in one packet with the CONNECT.
    let address = bench.server.address();
    let relay = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut theirs = theirs;
        let mut hello = vec![0; 16 * 1024];
        let length = theirs.read(&mut hello).await.expect("a handshake begins");
        let mut first = format!("CONNECT {HOST}:443 HTTP/1.1\r\n\r\n").into_bytes();
        first.extend_from_slice(&hello[..length]);
        let mut tcp = TcpStream::connect(address).await.expect("it listens");
        tcp.write_all(&first).await.expect("it reads");
        let mut granted = [0; 4096];
        let mut seen = Vec::new();
        while !seen.windows(4).any(|window| window == b"\r\n\r\n") {
            let read = tcp.read(&mut granted[..1]).await.expect("it answers");
            seen.extend_from_slice(&granted[..read]);
        }
        tokio::io::copy_bidirectional(&mut theirs, &mut tcp).await.ok();
    });
    let name = ServerName::try_from(HOST).expect("a host name");
    let mut client = Client::over(connector(&bench.authority).connect(name, ours).await.expect("our certificate is trusted"));
    client.send(&get("/task")).await;
    assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    assert!(bench.exchanges().await[0].tls);
    drop(client);
    relay.await.expect("the relay ends with its ends");
}

#[tokio::test]
async fn a_request_to_the_proxy_itself_is_told_what_it_is() {
    let bench = Bench::proxy();
    let mut client = Client::over(TcpStream::connect(bench.server.address()).await.expect("it listens"));
    client.send(&get("/task")).await;
    let (head, body) = client.answer().await;
    assert!(head.starts_with("http/1.1 400 "), "{head}");
    assert!(body.contains("HTTP proxy"), "{body}");
}
