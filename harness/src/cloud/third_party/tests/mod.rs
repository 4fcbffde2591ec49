//! The presets against literal bodies, the ledger against a model, and descriptions that are wrong.

mod artifactory;
mod description;
mod inline;
mod ledger;
mod pagerduty;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{ThirdParty, ThirdPartySpec};
use crate::cloud::wire::{Backend as _, Handled, Received};
use crate::contract::TaskId;
use crate::journal::{JobRef, Journal};
use crate::redaction::Redactor;

/// A third party with its journal, and a client that knows how to log in.
struct Fixture {
    journal: Arc<Journal>,
    third_party: ThirdParty,
}

impl Fixture {
    fn preset(name: &str) -> Self {
        Self::new(name, ThirdPartySpec::preset(name).unwrap())
    }

    fn new(name: &str, spec: ThirdPartySpec) -> Self {
        let journal = Journal::new(Arc::new(Redactor::default()));
        let third_party = ThirdParty::new(name, spec, journal.clone(), 42).unwrap();
        Self { journal, third_party }
    }

    /// Sends a request with the right login.
    fn send(&self, method: Method, target: &str, body: Option<&Value>) -> Handled {
        self.third_party.handle(&self.request(method, target, body))
    }

    fn request(&self, method: Method, target: &str, body: Option<&Value>) -> Received {
        let login = &self.third_party.spec().login;
        let value = login.format.replace("{{ login }}", self.third_party.login_secret().expose_secret());
        let mut request = anonymous(method, target, body);
        request.headers.insert(HeaderName::try_from(&login.header).unwrap(), HeaderValue::try_from(value).unwrap());
        request
    }
}

fn anonymous(method: Method, target: &str, body: Option<&Value>) -> Received {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
    let mut headers = HeaderMap::new();
    if body.is_some() {
        headers.insert("content-type", HeaderValue::from_static("application/json; charset=utf-8"));
    }
    Received {
        connection: 1,
        tls: true,
        host: "third-party.example".to_owned(),
        method,
        path: path.to_owned(),
        query,
        headers,
        body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default(),
        clock_skew: 0,
    }
}

fn job(run: u32) -> JobRef {
    JobRef { task: TaskId::from("sm-task-b49ad24d-81d4-5ebc-b9b9-b0937d1c84d5"), run }
}

fn json(handled: &Handled) -> Value {
    assert_eq!(handled.headers["content-type"], "application/json");
    serde_json::from_slice(&handled.body).unwrap()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} in {value}"))
}
