//! What the fake Secrets Manager adds to a task update, against an axum handler that only reads JSON and answers as much, and beside two mock
//! servers that answer as much whatever they are asked.
//!
//! All are asked over one kept connection on loopback by the same client, in turns, so that what disturbs one disturbs the others.
//! The ratios at the end are the result; the times before them are of the machine. A `failed` update shows the wire, the engine and
//! the journal; a `credentials_created` one also the comparison of what is reported with what was issued. One that reports what nobody issued shows
//! what it costs to learn a new secret, so that it can be found in any encoding: only a wrong provider sends that.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::routing::put;
use criterion::Criterion;
use hallmark_harness::cloud::certificates::Authority;
use hallmark_harness::cloud::iam::TokenSigner;
use hallmark_harness::cloud::{Cloud, SecretOrder};
use hallmark_harness::contract::{IdSource, OutputSpec, SecretType, ValueType};
use hallmark_harness::stage::{ParameterSource, SecretSetup, SecretSource, StageAddresses, StageSetup, ThirdPartySetup};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Updates on one set-up, each of a task and a secret of its own: of the suite's 520 scenarios, all but six make fewer.
const UPDATES: u64 = 16;

/// Turns of which the middle ratio is reported.
const TURNS: usize = 101;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let fake = Fake::new(&runtime);
    let peers = [Peer::bare_axum(&runtime), Peer::wiremock(&runtime), Peer::httpmock(&runtime)];
    let mut criterion = Criterion::default().configure_from_args();
    for report in Report::ALL {
        let mut group = criterion.benchmark_group(format!("task_update/{}", report.name()));
        group.bench_function("fake", |bencher| bencher.iter_custom(|updates| fake.time(report, updates)));
        for peer in &peers {
            group.bench_function(peer.name, |bencher| bencher.iter_custom(|updates| peer.time(report, updates)));
        }
        group.finish();
    }
    criterion.final_summary();
    let rehearsal = std::env::args().any(|argument| argument == "--test");
    for report in Report::ALL {
        for peer in &peers {
            compare(&fake, peer, report, if rehearsal { 1 } else { TURNS });
        }
    }
}

/// What the updates say.
#[derive(Debug, Clone, Copy)]
enum Report {
    /// The third party refused.
    Failed,
    /// A credential as the third party issued it.
    Created,
    /// A value that no third party issued.
    Unknown,
}

impl Report {
    const ALL: [Self; 3] = [Self::Failed, Self::Created, Self::Unknown];

    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Created => "credentials_created",
            Self::Unknown => "credentials_created_unknown",
        }
    }

    fn status(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Created | Self::Unknown => "credentials_created",
        }
    }

    /// Returns the body that reports a credential, or that there is none.
    fn body(self, number: usize, (id, token): &(String, String)) -> String {
        let status = self.status();
        let body = match self {
            Self::Failed => json!({ "status": status, "errors": [
                { "code": "CREATE_REFUSED", "description": format!("The third party refused attempt {number}; check the login secret.") },
            ] }),
            Self::Created | Self::Unknown => json!({ "status": status, "credentials": { "id": id, "payload": { "token": token } } }),
        };
        body.to_string()
    }
}

#[expect(clippy::print_stdout, reason = "the ratio is what this bench is for")]
fn compare(fake: &Fake<'_>, peer: &Peer, report: Report, turns: usize) {
    let mut ratios: Vec<f64> =
        (0..turns).map(|_| peer.time(report, UPDATES).as_secs_f64() / fake.time(report, UPDATES).as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "{}: the fake serves {:.2} times as many updates as {} (middle of {turns} turns; half of them {:.2} to {:.2})",
        report.name(),
        ratios[turns / 2],
        peer.name,
        ratios[turns / 4],
        ratios[turns * 3 / 4]
    );
}

/// The fake cloud, set up anew for each round so that no round carries another's tasks.
struct Fake<'runtime> {
    runtime: &'runtime Runtime,
    cloud: Arc<Cloud>,
}

impl<'runtime> Fake<'runtime> {
    fn new(runtime: &'runtime Runtime) -> Self {
        let authority = Arc::new(Authority::new().expect("an authority"));
        let signer = Arc::new(TokenSigner::new().expect("a signer"));
        Self { runtime, cloud: Cloud::new(authority, signer, runtime.handle().clone()) }
    }

    /// Times `updates` updates, each of a task of its own that is being processed, in rounds of [`UPDATES`].
    fn time(&self, report: Report, updates: u64) -> Duration {
        let mut left = updates;
        let mut spent = Duration::ZERO;
        while left > 0 {
            let round = left.min(UPDATES);
            spent += self.round(report, round);
            left -= round;
        }
        spent
    }

    fn round(&self, report: Report, updates: u64) -> Duration {
        let addresses = self.runtime.block_on(self.cloud.set_up(setup())).expect("a set-up");
        self.cloud.seed_credential("artifactory").expect("a seeded credential");
        let tasks: Vec<Task> = (0..=updates).map(|_| self.task()).collect();
        let token = token(&addresses, &tasks[0].key);
        let credentials = match report {
            Report::Created => issued(&addresses, &token, &tasks[0].login, updates + 1),
            Report::Failed | Report::Unknown => (0..=updates).map(unknown).collect(),
        };
        let mut connection = Connection::open(address(&addresses.secrets_manager_url));
        let requests: Vec<Vec<u8>> = tasks
            .iter()
            .zip(&credentials)
            .enumerate()
            .map(|(number, (task, made))| {
                request("PUT", &task.path, &format!("Bearer {token}"), "application/json", &report.body(number, made))
            })
            .collect();
        connection.time(&requests)
    }

    /// Makes a secret and starts its create job.
    fn task(&self) -> Task {
        let secret = self.cloud.create_secret(SecretOrder::default()).expect("a secret");
        let request = self.cloud.claim().expect("a claim").expect("a job for the new secret");
        self.runtime.block_on(self.cloud.job_started(&request.job)).expect("a start");
        let path = format!("/api/v2/secrets/{secret}/tasks/{}", request.job.task);
        let variable = |name: &str| request.variables[name].clone();
        Task { path, key: variable("SM_ACCESS_APIKEY"), login: variable("SM_LOGIN_VALUE") }
    }
}

/// What the job of a task is given.
struct Task {
    /// The path of the task.
    path: String,
    /// The access key.
    key: String,
    /// The id of the login secret.
    login: String,
}

/// Has the third party issue credentials; returns the id and the token of each.
fn issued(addresses: &StageAddresses, token: &str, login: &str, count: u64) -> Vec<(String, String)> {
    let mut connection = Connection::open(address(&addresses.secrets_manager_url));
    let read = request("GET", &format!("/api/v2/secrets/{login}"), &format!("Bearer {token}"), "application/json", "");
    let secret: Value = serde_json::from_slice(&connection.ask(&read)).expect("a secret");
    let login = format!("Bearer {}", secret["payload"].as_str().expect("a login"));
    let mut connection = Connection::open(address(&addresses.third_parties["artifactory"]));
    let create = request("POST", "/access/api/v1/tokens", &login, "application/json", r#"{"username":"bench"}"#);
    let issue = |_| {
        let made: Value = serde_json::from_slice(&connection.ask(&create)).expect("a credential");
        let text = |name: &str| made[name].as_str().expect("a text").to_owned();
        (text("token_id"), text("access_token"))
    };
    (0..count).map(issue).collect()
}

/// Characters of a token that nobody issued: about as many as an issued one has.
const TOKEN: usize = 400;

/// Makes up a credential that no other number has.
fn unknown(number: u64) -> (String, String) {
    let mut ids = IdSource::new(number);
    (ids.uuid(), ids.characters(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", TOKEN))
}

fn setup() -> StageSetup {
    StageSetup {
        outputs: vec![OutputSpec {
            name: "token".into(),
            value_type: ValueType::String,
            required: true,
            public: false,
            equals: Some("{{ credential.secret }}".into()),
        }],
        third_parties: vec![ThirdPartySetup::simulated("artifactory", "artifactory")],
        secrets: vec![SecretSetup {
            name: "login".into(),
            secret_type: SecretType::Arbitrary,
            field: None,
            source: SecretSource::LoginOf("artifactory".into()),
            iam: false,
        }],
        parameters: BTreeMap::from([("login".to_owned(), ParameterSource::Secret("login".into()))]),
        ..StageSetup::default()
    }
}

fn token(addresses: &StageAddresses, key: &str) -> String {
    let form = format!("grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey={key}");
    let mut connection = Connection::open(address(&addresses.iam_url));
    let answer = connection.ask(&request("POST", "/identity/token", "none", "application/x-www-form-urlencoded", &form));
    let answer: Value = serde_json::from_slice(&answer).expect("a token answer");
    answer["access_token"].as_str().expect("a token").to_owned()
}

/// The path that peers are asked for.
const PATH: &str = "/api/v2/secrets/one/tasks/two";

/// Another server that answers task updates.
struct Peer {
    name: &'static str,
    address: SocketAddr,
    /// Keeps a mock server alive.
    _server: Option<Box<dyn std::any::Any>>,
}

/// Returns a task of the size that the fake answers.
fn answer(status: &Value) -> Value {
    json!({
        "id": "sm-task-0b1c5f7e-5a0d-4a41-9f39-1f6f2a7e90c1", "secret_id": "3b4f1a2e-9a77-4bb0-a7a0-5e5a0b9a61d2",
        "secret_version_id": "5d9a5d0c-5d4c-4a6e-8b8e-0c1d2e3f4a5b", "type": "create_credentials",
        "trigger": "secret_creation", "status": status, "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:01Z", "updated_by": "iam-ServiceId-5d9a5d0c", "errors": [],
    })
}

impl Peer {
    /// A handler that reads an update and answers a task.
    fn bare_axum(runtime: &Runtime) -> Self {
        async fn updated(Json(update): Json<Value>) -> Json<Value> {
            Json(answer(&update["status"]))
        }
        let application = axum::Router::new().route("/api/v2/secrets/{secret}/tasks/{task}", put(updated));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async move { axum::serve(listener, application).await });
        Self { name: "bare_axum", address, _server: None }
    }

    /// wiremock, which keeps every request.
    fn wiremock(runtime: &Runtime) -> Self {
        let server = runtime.block_on(async {
            let server = wiremock::MockServer::start().await;
            let answer = wiremock::ResponseTemplate::new(200).set_body_json(answer(&json!("failed")));
            let asked = wiremock::Mock::given(wiremock::matchers::method("PUT")).and(wiremock::matchers::path(PATH));
            asked.respond_with(answer).mount(&server).await;
            server
        });
        Self { name: "wiremock", address: *server.address(), _server: Some(Box::new(server)) }
    }

    /// httpmock, which keeps a history of requests.
    fn httpmock(runtime: &Runtime) -> Self {
        let server = runtime.block_on(async {
            let server = httpmock::MockServer::start_async().await;
            server
                .mock_async(|when, then| {
                    when.method(httpmock::Method::PUT).path(PATH);
                    then.status(200).json_body(answer(&json!("failed")));
                })
                .await;
            server
        });
        Self { name: "httpmock", address: *server.address(), _server: Some(Box::new(server)) }
    }

    /// Times `updates` updates in rounds of [`UPDATES`], each on a fresh connection, as [`Fake::time`] does.
    fn time(&self, report: Report, updates: u64) -> Duration {
        let mut left = updates;
        let mut spent = Duration::ZERO;
        while left > 0 {
            let round = left.min(UPDATES);
            let mut connection = Connection::open(self.address);
            let requests: Vec<Vec<u8>> = (0..=usize::try_from(round).unwrap_or(usize::MAX))
                .map(|number| request("PUT", PATH, "Bearer none", "application/json", &report.body(number, &unknown(number as u64))))
                .collect();
            spent += connection.time(&requests);
            left -= round;
        }
        spent
    }
}

fn request(method: &str, path: &str, authorization: &str, content_type: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {authorization}\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn address(url: &str) -> SocketAddr {
    let authority = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
    authority.parse().expect("a loopback address")
}

/// One kept connection. The plainest client there is, so that it weighs little in the ratio.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream: BufReader::new(stream) }
    }

    /// Times all requests but the first, with which the connection begins.
    fn time(&mut self, requests: &[Vec<u8>]) -> Duration {
        let Some((first, others)) = requests.split_first() else { return Duration::ZERO };
        self.ask(first);
        let started = Instant::now();
        for request in others {
            self.ask(request);
        }
        started.elapsed()
    }

    /// Sends a request and returns the body of the answer, which must be a 200 with a Content-Length.
    fn ask(&mut self, request: &[u8]) -> Vec<u8> {
        self.stream.get_mut().write_all(request).expect("the request is sent");
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a status line");
        assert!(line.starts_with("HTTP/1.1 200"), "an update is accepted: {line}");
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            let header = line.trim_end();
            if header.is_empty() {
                break;
            }
            if let Some((name, value)) = header.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a body");
        body
    }
}
