//! One small stateful server that plays IAM, Secrets Manager and both third-party systems.
//!
//! It answers well by itself; a test scripts what goes wrong as a list of [`Fault`]s per [`Operation`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The secrets of a run; none may be seen anywhere but where it belongs.
pub(crate) const API_KEY: &str = "canary-api-key";
pub(crate) const LOGIN: &str = "canary-login-secret";
pub(crate) const TOKEN: &str = "canary-issued-token";
pub(crate) const ACCESS_TOKEN: &str = "canary-access-token";

pub(crate) const TASK: &str = "sm-task-00000000-0000-0000-0000-000000000001";
pub(crate) const SECRET: &str = "00000000-0000-0000-0000-000000000002";
pub(crate) const LOGIN_SECRET: &str = "00000000-0000-0000-0000-000000000003";

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Token,
    LoginSecret,
    ReadTask,
    Update,
    Create,
    Find,
    Revoke,
    Other,
}

/// What goes wrong with one request.
#[derive(Clone)]
pub(crate) enum Fault {
    /// It is answered like this and changes nothing.
    Answer(ResponseTemplate),
    /// It takes effect, and is answered like this.
    Applied(ResponseTemplate),
    /// It takes effect, and the connection is closed without an answer.
    AppliedAndClosed,
    /// The connection is closed without an answer, and nothing changes.
    Closed,
}

impl Fault {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(ResponseTemplate::new(status))
    }
}

#[derive(Default)]
pub(crate) struct State {
    faults: HashMap<Operation, VecDeque<Fault>>,
    /// The status for all further requests of an operation, after its faults.
    pub(crate) lasting: HashMap<Operation, u16>,
    pub(crate) journal: Vec<(Operation, String)>,
    /// Live credentials: id, and the task id that each carries.
    pub(crate) live: BTreeMap<String, String>,
    created: usize,
    pub(crate) task_status: String,
    pub(crate) reported: Option<Value>,
    pub(crate) login_answer: Value,
}

/// The server with its state.
pub(crate) struct Cloud {
    server: MockServer,
    state: Arc<Mutex<State>>,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let state = Arc::new(Mutex::new(State {
            task_status: "processing".to_owned(),
            login_answer: json!({"secret_type": "arbitrary", "payload": LOGIN}),
            ..State::default()
        }));
        let closing = Arc::clone(&state);
        Mock::given(move |request: &Request| lock(&closing).close(request))
            .respond_with_err(|_: &Request| std::io::Error::other("closed"))
            .with_priority(1)
            .mount(&server)
            .await;
        let answering = Arc::clone(&state);
        Mock::given(any()).respond_with(move |request: &Request| lock(&answering).answer(request)).mount(&server).await;
        Self { server, state }
    }

    pub(crate) fn url(&self) -> String {
        self.server.uri()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn script(&self, operation: Operation, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.entry(operation).or_default().extend(faults);
    }

    pub(crate) fn lasting(&self, operation: Operation, status: u16) {
        self.state().lasting.insert(operation, status);
    }

    pub(crate) fn count(&self, operation: Operation) -> usize {
        self.bodies(operation).len()
    }

    pub(crate) fn bodies(&self, operation: Operation) -> Vec<String> {
        let state = self.state();
        let of = |(seen, _): &&(Operation, String)| *seen == operation;
        state.journal.iter().filter(of).map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn order(&self) -> Vec<Operation> {
        self.state().journal.iter().map(|(operation, _)| *operation).collect()
    }

    pub(crate) fn live(&self) -> Vec<String> {
        self.state().live.keys().cloned().collect()
    }

    pub(crate) fn leave(&self, id: &str, task: &str) {
        self.state().live.insert(id.to_owned(), task.to_owned());
    }
}

fn lock(state: &Arc<Mutex<State>>) -> MutexGuard<'_, State> {
    state.lock().expect("no test panics while it holds the state")
}

fn operation(request: &Request) -> Operation {
    let path = request.url.path();
    let third_party = path.starts_with("/access/api/v1/tokens") || path.starts_with("/event_orchestrations/orchestration/integrations");
    match (request.method.as_str(), path) {
        ("POST", "/identity/token") => Operation::Token,
        ("GET", path) if path == format!("/api/v2/secrets/{LOGIN_SECRET}") => Operation::LoginSecret,
        (method, path) if path == format!("/api/v2/secrets/{SECRET}/tasks/{TASK}") => match method {
            "GET" => Operation::ReadTask,
            "PUT" => Operation::Update,
            _ => Operation::Other,
        },
        ("POST", _) if third_party => Operation::Create,
        ("GET", _) if third_party => Operation::Find,
        ("DELETE", _) if third_party => Operation::Revoke,
        _ => Operation::Other,
    }
}

impl State {
    /// Takes the request away from `answer` if it is to be closed.
    fn close(&mut self, request: &Request) -> bool {
        let operation = operation(request);
        let next = self.faults.get(&operation).and_then(|faults| faults.front());
        let applied = match next {
            Some(Fault::AppliedAndClosed) => true,
            Some(Fault::Closed) => false,
            _ => return false,
        };
        self.next_fault(operation);
        self.record(operation, request);
        if applied {
            self.apply(operation, request);
        }
        true
    }

    fn answer(&mut self, request: &Request) -> ResponseTemplate {
        let operation = operation(request);
        self.record(operation, request);
        match self.next_fault(operation) {
            Some(Fault::Answer(answer)) => answer,
            Some(Fault::Applied(answer)) => {
                self.apply(operation, request);
                answer
            }
            _ => match self.lasting.get(&operation) {
                Some(status) => ResponseTemplate::new(*status),
                None => self.apply(operation, request),
            },
        }
    }

    fn next_fault(&mut self, operation: Operation) -> Option<Fault> {
        self.faults.get_mut(&operation)?.pop_front()
    }

    fn record(&mut self, operation: Operation, request: &Request) {
        assert_authorised(operation, request);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.journal.push((operation, body));
    }

    fn apply(&mut self, operation: Operation, request: &Request) -> ResponseTemplate {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let is_pagerduty = request.url.path().starts_with("/event_orchestrations");
        let json = |status, body: Value| ResponseTemplate::new(status).set_body_json(body);
        match operation {
            Operation::Token => json(200, json!({"access_token": ACCESS_TOKEN, "expires_in": 3600})),
            Operation::LoginSecret => json(200, self.login_answer.clone()),
            Operation::ReadTask => json(200, json!({"id": TASK, "status": self.task_status})),
            Operation::Update if !matches!(self.task_status.as_str(), "queued" | "processing") => {
                json(400, json!({"errors": [{"code": "bad_request", "message": "final"}]}))
            }
            Operation::Update => {
                body["status"].as_str().unwrap_or_default().clone_into(&mut self.task_status);
                self.reported = Some(body);
                json(200, json!({"id": TASK, "status": self.task_status}))
            }
            Operation::Create => self.create(&body, is_pagerduty),
            Operation::Find if is_pagerduty => {
                let one = |(id, label): (&String, &String)| json!({"id": id, "label": label});
                let integrations: Vec<_> = self.live.iter().map(one).collect();
                json(200, json!({"integrations": integrations, "total": integrations.len()}))
            }
            Operation::Find => {
                let one = |(id, task): (&String, &String)| json!({"token_id": id, "description": task});
                json(200, json!({"tokens": self.live.iter().map(one).collect::<Vec<_>>()}))
            }
            Operation::Revoke => {
                let id = request.url.path().rsplit('/').next().unwrap_or_default();
                let status = match (self.live.remove(id), is_pagerduty) {
                    (None, _) => 404,
                    (Some(_), true) => 204,
                    (Some(_), false) => 200,
                };
                ResponseTemplate::new(status)
            }
            Operation::Other => ResponseTemplate::new(404),
        }
    }

    fn create(&mut self, body: &Value, is_pagerduty: bool) -> ResponseTemplate {
        self.created += 1;
        let id = format!("credential-{}", self.created);
        let carried = if is_pagerduty { &body["integration"]["label"] } else { &body["description"] };
        let carried = carried.as_str().unwrap_or_default().to_owned();
        self.live.insert(id.clone(), carried.clone());
        let token = format!("{TOKEN}-{}", self.created);
        if is_pagerduty {
            ResponseTemplate::new(201).set_body_json(json!({"integration":
                {"id": id, "label": carried, "parameters": {"routing_key": token, "type": "global"}}}))
        } else {
            ResponseTemplate::new(200).set_body_json(json!({"token_id": id, "access_token": token}))
        }
    }
}

/// Each secret goes to its own service alone.
fn assert_authorised(operation: Operation, request: &Request) {
    let header = request.headers.get("authorization");
    let authorization = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let expected = match operation {
        Operation::Token => String::new(),
        Operation::Create | Operation::Find | Operation::Revoke => {
            if request.url.path().starts_with("/event_orchestrations") {
                format!("Token token={LOGIN}")
            } else {
                format!("Bearer {LOGIN}")
            }
        }
        _ => format!("Bearer {ACCESS_TOKEN}"),
    };
    assert_eq!(authorization, expected, "{operation:?}");
    assert!(!request.url.as_str().contains("canary"), "{}", request.url);
}

/// An answer that comes later than any request of a test may take.
pub(crate) fn late(answer: ResponseTemplate) -> ResponseTemplate {
    answer.set_delay(Duration::from_mins(1))
}
