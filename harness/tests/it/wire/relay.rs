//! Connections through the TCP proxy, as a client and the service behind it see them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallmark_harness::cloud::wire::{Entrance, Router, Upstream, WireServer, Wiring};
use hallmark_harness::contract::TaskId;
use hallmark_harness::fault::FaultBook;
use hallmark_harness::journal::{Connection, ConnectionEnd, EventKind, JobRef, Journal};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::bench::{Client, End};

const GREETING: &str = "hello, this is a service with more to say than seven bytes";

/// What the service behind the proxy does with a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// It greets, sends back what comes, and closes when the other side does.
    Echo,
    /// It greets and closes.
    Leave,
    /// It resets at the first byte that comes.
    Reset,
}

struct Proxied {
    server: WireServer,
    journal: Arc<Journal>,
    faults: Arc<FaultBook>,
    /// What came on each connection to the service, when it has ended.
    came: UnboundedReceiver<String>,
}

impl Proxied {
    async fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port exists");
        let address = listener.local_addr().expect("it is bound").to_string();
        let (tell, came) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let tell = tell.clone();
                tokio::spawn(async move { tell.send(serve(stream, behaviour).await).ok() });
            }
        });
        Self { came, ..Self::before(address) }
    }

    fn before(address: String) -> Self {
        let journal = Journal::new(Arc::default());
        journal.jobs().started(&JobRef { task: TaskId("t".to_owned()), run: 0 });
        let faults = Arc::new(FaultBook::new());
        let wiring = Wiring::new(Arc::clone(&journal), Arc::clone(&faults));
        let upstream = Upstream { third_party: "database".to_owned(), address };
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let server =
            WireServer::start(&Handle::current(), loopback, Entrance::Relay(upstream), Router::new(), &wiring).expect("a free port exists");
        Self { server, journal, faults, came: unbounded_channel().1 }
    }

    fn spoil(&self, what: &str) {
        self.faults.set(format!("third_party.connect@every {what}").parse().expect("the test's plan is well-formed"));
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.address()).await.expect("our listener listens")
    }

    /// Sends a text, ends its own side, and returns all that came and how it ended.
    async fn talk(&self, text: &str) -> (String, End) {
        let mut client = Client::over(self.connect().await);
        client.send(text).await;
        client.finish_sending().await;
        client.rest().await
    }

    /// Returns the connections so far, when none is open any more.
    async fn connections(&self) -> Vec<Connection> {
        self.server.drained().await;
        let events = self.journal.all();
        let connections = events.iter().filter_map(|event| match &event.kind {
            EventKind::Connection(connection) => Some((**connection).clone()),
            _ => None,
        });
        connections.collect()
    }

    async fn only_connection(&self) -> Connection {
        let mut connections = self.connections().await;
        assert_eq!(connections.len(), 1, "{connections:?}");
        connections.remove(0)
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour) -> String {
    let (mut buffer, mut came) = ([0; 1024], Vec::new());
    stream.write_all(GREETING.as_bytes()).await.ok();
    if behaviour == Behaviour::Leave {
        return String::new();
    }
    loop {
        match stream.read(&mut buffer).await {
            Ok(read) if read > 0 => came.extend_from_slice(&buffer[..read]),
            _ => break,
        }
        if behaviour == Behaviour::Reset {
            stream.set_zero_linger().ok();
            break;
        }
        stream.write_all(&came).await.ok();
    }
    String::from_utf8_lossy(&came).into_owned()
}

#[tokio::test]
async fn bytes_pass_as_they_are_and_only_their_number_is_kept() {
    let mut proxied = Proxied::start(Behaviour::Echo).await;
    assert_eq!(proxied.talk("SELECT 'secret'").await, (format!("{GREETING}SELECT 'secret'"), End::Fin));
    assert_eq!(proxied.came.recv().await.as_deref(), Some("SELECT 'secret'"));
    let connection = proxied.only_connection().await;
    assert_eq!((connection.to_service, connection.to_job), (15, GREETING.len() as u64 + 15));
    assert_eq!((connection.end, connection.fault.as_deref()), (ConnectionEnd::ByJob, None));
    assert_eq!(connection.job.expect("a job ran").run, 0);
    assert!(!format!("{:?}", proxied.journal.all()).contains("SELECT"));
}

#[tokio::test]
async fn the_ends_of_the_service_are_passed_on() {
    let proxied = Proxied::start(Behaviour::Leave).await;
    assert_eq!(Client::over(proxied.connect().await).rest().await, (GREETING.to_owned(), End::Fin));
    assert_eq!(proxied.only_connection().await.end, ConnectionEnd::ByService);

    let proxied = Proxied::start(Behaviour::Reset).await;
    let mut client = Client::over(proxied.connect().await);
    client.send("x").await;
    assert_eq!(client.rest().await.1, End::Reset);
    assert_eq!(proxied.only_connection().await.end, ConnectionEnd::ResetByService);
}

#[tokio::test]
async fn close_is_a_fin_and_reset_a_rst_and_the_service_hears_of_neither() {
    let mut proxied = Proxied::start(Behaviour::Echo).await;
    for (what, end, ended) in [("close", End::Fin, ConnectionEnd::Closed), ("reset", End::Reset, ConnectionEnd::Reset)] {
        proxied.spoil(what);
        assert_eq!(Client::over(proxied.connect().await).rest().await, (String::new(), end), "{what}");
        let connection = proxied.connections().await.pop().expect("a connection");
        assert_eq!((connection.end, connection.to_service, connection.to_job), (ended, 0, 0), "{what}");
        assert_eq!(connection.fault, Some(format!("third_party.connect@every before_commit {what}")));
    }
    // What the client sent before must not turn the FIN into a RST.
    proxied.spoil("close");
    assert_eq!(proxied.talk("early").await, (String::new(), End::Fin));
    assert!(proxied.came.try_recv().is_err());
}

#[tokio::test]
async fn a_cut_comes_after_its_bytes() {
    let proxied = Proxied::start(Behaviour::Echo).await;
    for (what, bytes, end, ended) in [
        ("cut_body(7)", &GREETING[..7], End::Fin, ConnectionEnd::Closed),
        ("cut_body(0)", "", End::Fin, ConnectionEnd::Closed),
        ("reset_mid_body(0)", "", End::Reset, ConnectionEnd::Reset),
    ] {
        proxied.spoil(what);
        assert_eq!(Client::over(proxied.connect().await).rest().await, (bytes.to_owned(), end), "{what}");
        let connection = proxied.connections().await.pop().expect("a connection");
        assert_eq!((connection.end, connection.to_job), (ended, bytes.len() as u64), "{what}");
    }
    proxied.spoil("reset_mid_body(7)");
    let mut stream = proxied.connect().await;
    let mut first = [0; 7];
    // A reset throws away what was not read yet.
    let read = stream.read_exact(&mut first).await;
    assert!(read.is_err() || first == GREETING.as_bytes()[..7]);
    assert_eq!(Client::over(stream).rest().await.1, End::Reset);
}

#[tokio::test]
async fn a_stalled_connection_stays_half_open_until_its_client_leaves() {
    let mut proxied = Proxied::start(Behaviour::Echo).await;
    proxied.spoil("stall");
    let mut stream = proxied.connect().await;
    stream.write_all(b"anybody?").await.expect("the connection is open");
    assert!(timeout(Duration::from_millis(50), stream.read(&mut [0; 8])).await.is_err(), "nothing comes, not even an end");
    drop(stream);
    let connection = proxied.only_connection().await;
    assert_eq!((connection.end, connection.to_service), (ConnectionEnd::Stalled, 0));
    assert!(proxied.came.try_recv().is_err());
}

#[tokio::test]
async fn a_delay_comes_before_the_service_is_asked() {
    let proxied = Proxied::start(Behaviour::Leave).await;
    proxied.spoil("delay(60ms)");
    let started = Instant::now();
    assert_eq!(Client::over(proxied.connect().await).rest().await, (GREETING.to_owned(), End::Fin));
    assert!(started.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn a_bandwidth_slows_both_ways_and_loses_nothing() {
    let proxied = Proxied::start(Behaviour::Leave).await;
    proxied.spoil(&format!("bandwidth({})", GREETING.len() * 10));
    let started = Instant::now();
    assert_eq!(Client::over(proxied.connect().await).rest().await, (GREETING.to_owned(), End::Fin));
    // All of it takes a tenth of a second; the wait after the last portion may still be under way.
    assert!(started.elapsed() >= Duration::from_millis(80), "{:?}", started.elapsed());
}

#[tokio::test]
async fn only_the_connections_that_are_meant_suffer() {
    let proxied = Proxied::start(Behaviour::Leave).await;
    proxied.faults.set("third_party.connect@nth:2 reset; third_party.create@every close".parse().expect("a plan"));
    for end in [End::Fin, End::Reset, End::Fin] {
        assert_eq!(Client::over(proxied.connect().await).rest().await.1, end);
    }
}

#[tokio::test]
async fn a_job_can_be_killed_at_a_connection_or_when_it_ends() {
    let mut proxied = Proxied::start(Behaviour::Echo).await;
    let asked = |proxied: &Proxied| proxied.journal.all().iter().any(|event| matches!(event.kind, EventKind::KillAsked { .. }));
    proxied.spoil("kill_job");
    let stream = proxied.connect().await;
    proxied.journal.grown_beyond(0).await;
    assert!(asked(&proxied));
    drop(stream);
    assert_eq!(proxied.only_connection().await.end, ConnectionEnd::Stalled);
    assert!(proxied.came.try_recv().is_err());

    let mut proxied = Proxied::start(Behaviour::Echo).await;
    proxied.spoil("kill_job_after_reply");
    assert_eq!(proxied.talk("CREATE ROLE x").await.1, End::Fin);
    assert_eq!(proxied.came.recv().await.as_deref(), Some("CREATE ROLE x"));
    proxied.server.drained().await;
    assert!(asked(&proxied));
    // What the job begins from then on has no effect.
    let held = proxied.connect().await;
    drop(held);
    assert_eq!(proxied.connections().await.pop().expect("a connection").end, ConnectionEnd::Stalled);
    assert!(proxied.came.try_recv().is_err());
}

#[tokio::test]
async fn a_service_that_is_not_there_is_our_trouble() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port exists");
    let address = listener.local_addr().expect("it is bound").to_string();
    drop(listener);
    let proxied = Proxied::before(address.clone());
    assert_eq!(Client::over(proxied.connect().await).rest().await.1, End::Reset);
    assert_eq!(proxied.only_connection().await.end, ConnectionEnd::Unreachable);
    let trouble = proxied.journal.all().iter().find_map(|event| match &event.kind {
        EventKind::EngineTrouble { what } => Some(what.clone()),
        _ => None,
    });
    let trouble = trouble.expect("the journal says so");
    assert!(trouble.starts_with(&format!("connect to the third party database at {address}: ")), "{trouble}");
}

#[tokio::test]
async fn a_connection_that_is_open_at_the_end_is_journalled() {
    let proxied = Proxied::start(Behaviour::Echo).await;
    let mut stream = proxied.connect().await;
    stream.read_exact(&mut [0; 5]).await.expect("the greeting");
    let Proxied { server, journal, .. } = proxied;
    server.stop().await;
    let events = journal.all();
    let [event] = &events[..] else { panic!("{events:?}") };
    assert!(matches!(&event.kind, EventKind::Connection(connection) if connection.end == ConnectionEnd::Stopped), "{event:?}");
}
