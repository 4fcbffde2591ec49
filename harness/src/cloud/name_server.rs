//! The name server of a cloud that is reached by real host names: it answers declared names with the cloud's address and undeclared ones with
//! nothing, and journals every name that is asked for.

use std::collections::HashSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::wire::{Router, Wiring};
use crate::fault::{DnsFailure, FaultWhat};
use crate::journal::{EventKind, Operation};

/// Where resolvers ask.
const PORT: u16 = 53;

/// Seconds for which an answer may be kept. None: each job is to ask by itself.
const KEPT: u32 = 0;

/// Longest message over UDP that is read; a query is a few hundred bytes.
const DATAGRAM: usize = 4096;

/// Longest wait for the probe's answer.
const PROBE: Duration = Duration::from_secs(2);

/// The name that a probe asks for. Nobody else can tell it from an undeclared one, and it is not journalled.
const PROBE_NAME: &str = "caught-up.hallmark.invalid.";

/// A running name server. Dropping it ends it.
pub(super) struct NameServer {
    address: SocketAddr,
    serving: [JoinHandle<()>; 2],
}

/// What a name server knows.
struct Names {
    declared: HashSet<String>,
    address: Ipv4Addr,
    /// Which services are behind a name.
    services: Router,
    wiring: Arc<Wiring>,
}

/// What is said to a message.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    /// It is no question.
    None,
    /// A fault wants no answer.
    Silence,
    /// This message.
    Message(Vec<u8>),
}

impl NameServer {
    /// Listens on port 53 of `address`, for datagrams and connections.
    pub(super) fn start(
        runtime: &Handle,
        address: Ipv4Addr,
        declared: &[String],
        services: Router,
        wiring: Arc<Wiring>,
    ) -> io::Result<Self> {
        let declared = declared.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self::start_on(runtime, SocketAddr::from((address, PORT)), Names { declared, address, services, wiring })
    }

    fn start_on(runtime: &Handle, listen: SocketAddr, names: Names) -> io::Result<Self> {
        let connections = std::net::TcpListener::bind(listen)?;
        connections.set_nonblocking(true)?;
        let listen = connections.local_addr()?;
        let datagrams = std::net::UdpSocket::bind(listen)?;
        datagrams.set_nonblocking(true)?;
        let _inside = runtime.enter();
        let (datagrams, connections) = (UdpSocket::from_std(datagrams)?, TcpListener::from_std(connections)?);
        let names = Arc::new(names);
        let serving = [runtime.spawn(serve_datagrams(datagrams, names.clone())), runtime.spawn(serve_connections(connections, names))];
        Ok(Self { address: listen, serving })
    }

    /// Waits until every datagram that came before this call was dealt with: they are first come, first served, so a question of our own is answered
    /// after all of them.
    pub(super) async fn drained(&self) -> io::Result<()> {
        let asking = async {
            let socket = UdpSocket::bind((self.address.ip(), 0)).await?;
            let mut probe = Message::new(0, MessageType::Query, OpCode::Query);
            if let Ok(name) = PROBE_NAME.parse() {
                probe.add_query(Query::query(name, RecordType::A));
            }
            socket.send_to(&probe.to_vec().map_err(io::Error::other)?, self.address).await?;
            socket.recv(&mut [0; DATAGRAM]).await.map(drop)
        };
        timeout(PROBE, asking).await?
    }

    /// Ends it and waits until its port is free.
    pub(super) async fn stop(mut self) {
        for serving in &mut self.serving {
            serving.abort();
            serving.await.ok();
        }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        for serving in &self.serving {
            serving.abort();
        }
    }
}

async fn serve_datagrams(socket: UdpSocket, names: Arc<Names>) {
    let mut datagram = [0; DATAGRAM];
    loop {
        // An error here is one of an earlier answer whose asker has left.
        let Ok((length, peer)) = socket.recv_from(&mut datagram).await else { continue };
        if let Reply::Message(answer) = names.answer(&datagram[..length]) {
            socket.send_to(&answer, peer).await.ok();
        }
    }
}

async fn serve_connections(listener: TcpListener, names: Arc<Names>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve_connection(stream, names.clone()))),
                // Out of files, most likely: nobody asks over a connection then.
                Err(_) => return,
            },
        }
    }
}

/// Each message comes after its length in two bytes.
async fn serve_connection(mut stream: TcpStream, names: Arc<Names>) {
    while let Ok(length) = stream.read_u16().await {
        let mut message = vec![0; usize::from(length)];
        if stream.read_exact(&mut message).await.is_err() {
            return;
        }
        let answer = match names.answer(&message) {
            Reply::None => return,
            Reply::Silence => continue,
            Reply::Message(answer) => answer,
        };
        let Ok(length) = u16::try_from(answer.len()) else { return };
        if stream.write_u16(length).await.is_err() || stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

impl Names {
    fn answer(&self, message: &[u8]) -> Reply {
        let Ok(asked) = Message::from_vec(message) else { return Reply::None };
        if asked.metadata.message_type != MessageType::Query {
            return Reply::None;
        }
        let mut answer = Message::response(asked.metadata.id, asked.metadata.op_code);
        answer.metadata.recursion_desired = asked.metadata.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.metadata.authoritative = true;
        match asked.queries.as_slice() {
            [query] if asked.metadata.op_code == OpCode::Query => {
                if self.answer_query(query, &mut answer) == Some(DnsFailure::Silence) {
                    return Reply::Silence;
                }
            }
            _ => answer.metadata.response_code = ResponseCode::NotImp,
        }
        answer.add_queries(asked.queries);
        answer.to_vec().map_or(Reply::None, Reply::Message)
    }

    /// Answers a question, and tells how it failed.
    fn answer_query(&self, query: &Query, answer: &mut Message) -> Option<DnsFailure> {
        let asked = query.name().to_ascii();
        let name = asked.trim_end_matches('.').to_ascii_lowercase();
        let declared = self.declared.contains(&name);
        let for_address = matches!(query.query_type(), RecordType::A | RecordType::ANY);
        let (failure, fault) = if declared && for_address { self.failure(&name) } else { (None, None) };
        if asked != PROBE_NAME {
            let journal = self.wiring.journal();
            let (job, record_type) = (journal.job(), query.query_type().to_string());
            journal.append(EventKind::NameAsked { job, name, record_type, declared, fault });
        }
        match failure {
            Some(DnsFailure::Nxdomain) => answer.metadata.response_code = ResponseCode::NXDomain,
            Some(DnsFailure::Servfail) => answer.metadata.response_code = ResponseCode::ServFail,
            None if !declared => answer.metadata.response_code = ResponseCode::NXDomain,
            None if for_address => {
                answer.add_answer(Record::from_rdata(query.name().clone(), KEPT, RData::A(A(self.address))));
            }
            // A declared name has no other records: an empty answer says so. Silence needs no answer at all.
            None | Some(DnsFailure::Silence) => {}
        }
        failure
    }

    /// Returns what a fault wants said of a name, and the fault. Services that share a host share its name: the first fault of any acts.
    fn failure(&self, name: &str) -> (Option<DnsFailure>, Option<String>) {
        let mut services = self.services.at(name, None);
        let failure = services.find_map(|backend| {
            let acting = self.wiring.faults().next(&backend.service(), Operation::Lookup);
            acting.into_iter().find_map(|acting| match acting.fault.what {
                FaultWhat::Dns { failure } => Some((failure, acting.fault.to_string())),
                _ => None,
            })
        });
        failure.unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::super::iam::{Iam, TokenSigner};
    use super::*;
    use crate::fault::FaultBook;
    use crate::journal::Journal;
    use crate::redaction::Redactor;

    fn question(name: &str, record_type: RecordType) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Query, OpCode::Query);
        message.add_query(Query::query(name.parse().unwrap(), record_type));
        message.to_vec().unwrap()
    }

    fn server(plan: &str) -> (NameServer, Arc<Journal>) {
        let journal = Journal::new(Arc::new(Redactor::default()));
        let faults = Arc::new(FaultBook::new());
        faults.set(plan.parse().unwrap());
        let signer = Arc::new(TokenSigner::new().unwrap());
        let iam = Arc::new(Iam::new(signer, journal.clone(), Duration::from_secs(1)));
        let services = Router::new().route("iam.cloud.ibm.com", "", iam);
        let names = Names {
            declared: HashSet::from(["iam.cloud.ibm.com".to_owned()]),
            address: Ipv4Addr::new(198, 18, 0, 2),
            services,
            wiring: Wiring::new(journal.clone(), faults),
        };
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = NameServer::start_on(&Handle::current(), listen, names).unwrap();
        (server, journal)
    }

    async fn ask(server: &NameServer, name: &str, record_type: RecordType) -> Message {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        socket.send_to(&question(name, record_type), server.address).await.unwrap();
        let mut datagram = [0; DATAGRAM];
        let length = socket.recv(&mut datagram).await.unwrap();
        Message::from_vec(&datagram[..length]).unwrap()
    }

    fn asked(journal: &Journal) -> Vec<(String, String, bool)> {
        let names = journal.all().into_iter().filter_map(|event| match &event.kind {
            EventKind::NameAsked { name, record_type, declared, .. } => Some((name.clone(), record_type.clone(), *declared)),
            _ => None,
        });
        names.collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn declared_names_lead_to_the_cloud_and_undeclared_ones_nowhere_and_all_are_journalled() {
        let (server, journal) = server("none");
        let answer = ask(&server, "IAM.cloud.ibm.com.", RecordType::A).await;
        assert_eq!((answer.metadata.id, answer.metadata.response_code), (7, ResponseCode::NoError));
        assert_eq!(answer.answers[0].data, RData::A(A(Ipv4Addr::new(198, 18, 0, 2))));
        let answer = ask(&server, "iam.cloud.ibm.com.", RecordType::AAAA).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 0));
        let answer = ask(&server, "metrics.example.com.", RecordType::A).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NXDomain, 0));
        server.drained().await.unwrap();
        let expected = [("iam.cloud.ibm.com", "A", true), ("iam.cloud.ibm.com", "AAAA", true), ("metrics.example.com", "A", false)];
        assert_eq!(asked(&journal), expected.map(|(name, record_type, declared)| (name.to_owned(), record_type.to_owned(), declared)));
        server.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_connection_is_answered_too_and_nonsense_ends_it() {
        let (server, journal) = server("none");
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let message = question("a.example.", RecordType::A);
        stream.write_u16(u16::try_from(message.len()).unwrap()).await.unwrap();
        stream.write_all(&message).await.unwrap();
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(Message::from_vec(&answer).unwrap().metadata.response_code, ResponseCode::NXDomain);
        stream.write_all(&[0, 3, 1, 2, 3]).await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
        assert_eq!(asked(&journal).len(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_fault_fails_the_questions_for_an_address_that_it_means() {
        let line = "iam.lookup@nth:1 dns(nxdomain); iam.lookup@nth:2 dns(servfail)";
        let (server, journal) = server(line);
        let answer = ask(&server, "iam.cloud.ibm.com.", RecordType::A).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NXDomain, 0));
        let answer = ask(&server, "iam.cloud.ibm.com.", RecordType::AAAA).await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError, "it asks for no address that there is");
        let answer = ask(&server, "iam.cloud.ibm.com.", RecordType::A).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::ServFail, 0));
        let answer = ask(&server, "iam.cloud.ibm.com.", RecordType::A).await;
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (ResponseCode::NoError, 1));
        let events = journal.all();
        let faults = events.iter().map(|event| match &event.kind {
            EventKind::NameAsked { fault, .. } => fault.as_deref(),
            other => panic!("{other:?}"),
        });
        let [first, second] =
            ["nth:1 before_commit dns(nxdomain)", "nth:2 before_commit dns(servfail)"].map(|rest| format!("iam.lookup@{rest}"));
        assert_eq!(faults.collect::<Vec<_>>(), [Some(first.as_str()), None, Some(second.as_str()), None]);
        server.stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_silent_name_server_answers_other_questions_over_a_datagram_and_a_connection() {
        let (server, _) = server("iam.lookup@first:2 dns(silence)");
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        for record_type in [RecordType::A, RecordType::AAAA] {
            socket.send_to(&question("iam.cloud.ibm.com.", record_type), server.address).await.unwrap();
        }
        let mut datagram = [0; DATAGRAM];
        let length = socket.recv(&mut datagram).await.unwrap();
        let first = Message::from_vec(&datagram[..length]).unwrap();
        assert_eq!(first.queries[0].query_type(), RecordType::AAAA, "the first question is not answered");

        let mut stream = TcpStream::connect(server.address).await.unwrap();
        for record_type in [RecordType::A, RecordType::AAAA] {
            let message = question("iam.cloud.ibm.com.", record_type);
            stream.write_u16(u16::try_from(message.len()).unwrap()).await.unwrap();
            stream.write_all(&message).await.unwrap();
        }
        let mut answer = vec![0; usize::from(stream.read_u16().await.unwrap())];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(Message::from_vec(&answer).unwrap().queries[0].query_type(), RecordType::AAAA);
        server.stop().await;
    }
}
