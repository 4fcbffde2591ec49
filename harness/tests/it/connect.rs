//! Connections that a whole fake cloud refuses, and plans that it cannot carry out.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use hallmark_harness::stage::{StageSetup, TcpServiceSetup, ThirdPartySetup};
use reqwest::Method;
use tokio::net::TcpStream;

use crate::fake::Fake;

fn setup() -> StageSetup {
    StageSetup { third_parties: vec![ThirdPartySetup::simulated("tokens", "artifactory")], ..StageSetup::default() }
}

/// A real service of another protocol, of which nothing is asked here.
fn over_tcp(name: &str) -> ThirdPartySetup {
    let nothing = || vec!["true".to_owned()];
    let tcp = TcpServiceSetup {
        address: "127.0.0.1:9".to_owned(),
        list: nothing(),
        exists: Vec::new(),
        revoke: nothing(),
        refuse: nothing(),
        recover: nothing(),
        environment: BTreeMap::new(),
        directory: None,
        time_limit_milliseconds: 10_000,
    };
    ThirdPartySetup { name: name.to_owned(), preset: None, spec: None, hosts: Vec::new(), service: None, tcp: Some(tcp) }
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").trim_end_matches('/').parse().expect("an address")
}

async fn knock(url: &str) -> Result<(), io::ErrorKind> {
    TcpStream::connect(address(url)).await.map(drop).map_err(|error| error.kind())
}

async fn plan(fake: &Fake, line: &str) {
    let (status, body) = fake.admin_call(Method::PUT, "/faults", "text/plain", line).await;
    assert_eq!(status, 204, "{body}");
}

const REFUSED: Result<(), io::ErrorKind> = Err(io::ErrorKind::ConnectionRefused);

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_connections_keeps_its_port_and_takes_them_again() {
    let (fake, addresses) = Fake::with(&setup()).await;
    let [secrets_manager, iam, tokens] = [&addresses.secrets_manager_url, &addresses.iam_url, &addresses.third_parties["tokens"]];
    for round in 0..3 {
        plan(&fake, "secrets_manager.connect@every refuse; third_party.connect@every refuse").await;
        for _ in 0..2 {
            assert_eq!((knock(secrets_manager).await, knock(tokens).await, knock(iam).await), (REFUSED, REFUSED, Ok(())), "round {round}");
        }
        plan(&fake, "iam.connect@every refuse").await;
        assert_eq!((knock(secrets_manager).await, knock(tokens).await, knock(iam).await), (Ok(()), Ok(()), REFUSED), "round {round}");
        assert_eq!(fake.admin_call(Method::DELETE, "/faults", "", "").await.0, 204);
        let answer = fake.http.get(format!("{iam}/identity/keys")).send().await.expect("it listens again");
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_begins_and_ends_by_itself() {
    let (fake, addresses) = Fake::with(&setup()).await;
    plan(&fake, "iam.connect@window:0ms..80ms refuse").await;
    assert_eq!(knock(&addresses.iam_url).await, REFUSED);
    while knock(&addresses.iam_url).await.is_err() {
        tokio::task::yield_now().await;
    }
    let answer = fake.http.get(format!("{}/identity/keys", addresses.iam_url)).send().await.expect("it listens again");
    assert_eq!(answer.status(), 200);
    plan(&fake, "iam.connect@window:60ms.. refuse").await;
    while knock(&addresses.iam_url).await != REFUSED {
        tokio::task::yield_now().await;
    }
    // Neither an end nor another set-up waits for who cannot come.
    fake.admin.set_up(&setup()).await.expect("it is set up again");
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_third_party_behind_the_tcp_proxy_connections_to_others_are_left_alone() {
    let setup = StageSetup {
        third_parties: vec![ThirdPartySetup::simulated("tokens", "artifactory"), over_tcp("database")],
        ..StageSetup::default()
    };
    let (fake, addresses) = Fake::with(&setup).await;
    plan(&fake, "third_party.connect@every refuse").await;
    assert_eq!(knock(&addresses.third_parties["tokens"]).await, Ok(()));
    let (status, body) = fake.admin_call(Method::PUT, "/faults", "text/plain", "third_party.connect@window:0ms.. refuse").await;
    assert!(status == 400 && body["error"].as_str().is_some_and(|error| error.contains("leave the window out")), "{body}");
    plan(&fake, "third_party.connect@every reset").await;
    let answer = fake.http.get(&addresses.third_parties["tokens"]).send().await.expect("its connections are not meant");
    assert_ne!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_act_on_what_is_set_up_is_refused_with_advice() {
    let (fake, _) = Fake::with(&setup()).await;
    for (line, reason) in [
        ("iam.lookup@first:2 dns(nxdomain)", "on loopback no name is looked up"),
        ("iam.lookup@every reset", "lookup takes dns(..) alone"),
        ("iam.token@every dns(silence)", "dns(..) on lookup"),
        ("third_party.connect@every bandwidth(10)", "no third party is behind the TCP proxy"),
        ("third_party.connect@nth:1 refuse", "of every connection or of those of a window"),
        ("iam.connect@nth:1 refuse", "of every connection or of those of a window"),
        ("iam.connect@every kill_job", "connect takes delay, stall, close and reset"),
        ("iam.connect@every after_commit reset", "without a phase"),
        ("iam.handshake@every reset", "handshake takes certificate(..) alone"),
        ("iam.token@every refuse", "refuse on connect"),
    ] {
        let (status, body) = fake.admin_call(Method::PUT, "/faults", "text/plain", line).await;
        let error = body["error"].as_str().unwrap_or_else(|| panic!("{line}: {body}"));
        assert!(status == 400 && error.contains(reason), "{line}: {status} {error}");
    }
}
