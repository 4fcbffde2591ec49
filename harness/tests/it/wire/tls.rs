//! The TLS entrance, and the run's authority.

use hallmark_harness::cloud::certificates::Authority;
use hallmark_harness::journal::EventKind;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::bench::{Bench, HOST, connector, get};

fn aborted(bench: &Bench) -> Vec<String> {
    let events = bench.events();
    let aborted = events.iter().filter_map(|event| match &event.kind {
        EventKind::TlsAborted { host, reason, .. } => Some(format!("{host}: {reason}")),
        _ => None,
    });
    aborted.collect()
}

#[tokio::test]
async fn the_certificate_is_for_the_host_that_the_client_names() {
    let bench = Bench::tls();
    for host in [HOST, "another.example", "127.0.0.1"] {
        let tcp = TcpStream::connect(bench.server.address()).await.expect("it listens");
        let name = ServerName::try_from(host).expect("a host");
        let mut client = super::bench::Client::over(connector(&bench.authority).connect(name, tcp).await.expect(host));
        client.send(&get("/task")).await;
        assert!(client.answer().await.0.starts_with("http/1.1 200 "));
    }
    assert!(bench.exchanges().await.iter().all(|exchange| exchange.tls));
}

#[tokio::test]
async fn bytes_that_are_no_handshake_leave_an_abort() {
    let bench = Bench::tls();
    let mut tcp = TcpStream::connect(bench.server.address()).await.expect("it listens");
    tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("it reads");
    bench.server.drained().await;
    assert_eq!(aborted(&bench).len(), 1);
}

#[tokio::test]
async fn a_peer_that_leaves_right_after_the_handshake_leaves_an_abort() {
    let bench = Bench::tls();
    drop(bench.connect().await);
    bench.server.drained().await;
    let aborted = aborted(&bench);
    assert_eq!(aborted.len(), 1, "{aborted:?}");
    assert!(aborted[0].starts_with(HOST), "{aborted:?}");
}

#[test]
fn the_bundle_is_the_authoritys_certificate() {
    let authority = Authority::new().expect("an authority can be made");
    let folder = tempfile::tempdir().expect("a folder");
    let path = authority.write_bundle(folder.path()).expect("written");
    let text = std::fs::read_to_string(path).expect("readable");
    assert_eq!(text, authority.pem());
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----"));
    let error = authority.write_bundle(&folder.path().join("missing")).expect_err("no such folder");
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn a_certificate_is_made_once_per_host() {
    let authority = Authority::new().expect("an authority can be made");
    let first = authority.server_config(HOST, None).expect("made");
    assert!(std::sync::Arc::ptr_eq(&first, &authority.server_config(HOST, None).expect("kept")));
    assert_eq!(first.alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(authority.server_config("not a host name \u{7f}ü", None).is_err());
}
