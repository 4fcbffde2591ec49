//! How a third party answers requests.
//!
//! The order of refusals is that of most APIs: login, path, method, content type, JSON, what the JSON must hold, existence.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use minijinja::{Value, context};

use super::check;
use super::ledger::Credential;
use super::route::{ID, Route};
use super::simulator::{State, ThirdParty, wall_clock};
use super::spec::{ErrorCode, FilterSpec, OperationKind, OperationSpec};
use crate::cloud::wire::{Backend, Handled, Received};
use crate::journal::{EventKind, Facts, Operation, Refusal, Service};

/// A request that has passed the login, with the operation that it asks for.
struct Call<'a> {
    place: String,
    operation: &'a OperationSpec,
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
    body: serde_json::Value,
}

impl Call<'_> {
    fn id(&self) -> &str {
        self.path.get(ID).map_or("", String::as_str)
    }
}

impl Backend for ThirdParty {
    fn service(&self) -> Service {
        Service::ThirdParty(self.name.clone())
    }

    fn operation(&self, request: &Received) -> Operation {
        match self.routes.find(&request.method, &request.path) {
            Route::Operation(index, _) => self.spec.operations[index].operation.into(),
            Route::WrongMethod(_) | Route::UnknownPath => Operation::Other,
        }
    }

    fn handle(&self, request: &Received) -> Handled {
        let mut state = self.state();
        let (route, facts) = self.understand(&state, request);
        let refusals = &self.spec.refusals;
        if facts.refused.is_some() {
            return self.error(refusals.login, &[], facts);
        }
        let (index, path) = match route {
            Route::Operation(index, path) => (index, path),
            Route::WrongMethod(methods) => return self.wrong_method(&methods, facts),
            Route::UnknownPath => return self.error(refusals.unknown_path, &[], facts),
        };
        let operation = &self.spec.operations[index];
        let body = match body(operation, request) {
            Ok(body) => body,
            Err(BadBody::ContentType) => {
                return self.error(refusals.wrong_content_type, &["the content type must be application/json".to_owned()], facts);
            }
            Err(BadBody::Malformed) => return self.error(refusals.malformed_body, &["the body is not JSON".to_owned()], facts),
        };
        let failures = check::failures(&operation.checks, &body);
        if !failures.is_empty() {
            return self.error(refusals.failed_check, &failures, facts);
        }
        let query = form_urlencoded::parse(request.query.as_deref().unwrap_or_default().as_bytes()).into_owned().collect();
        let call = Call { place: format!("operations[{index}].body"), operation, path, query, body };
        match operation.operation {
            OperationKind::Create => self.create(&mut state, call, facts),
            OperationKind::Revoke => self.revoke_named(&mut state, &call, facts),
            OperationKind::Get => self.get(&state, &call, facts),
            OperationKind::List => self.list(&state, &call, facts),
        }
    }

    fn refuse(&self, request: &Received, status: StatusCode) -> Handled {
        let (_, facts) = self.understand(&self.state(), request);
        self.error(status.as_u16(), &[], facts)
    }

    fn refuse_saying(&self, request: &Received, status: StatusCode, message: &str) -> Handled {
        let (_, facts) = self.understand(&self.state(), request);
        self.error_saying(status.as_u16(), Some(message), &[], facts)
    }

    fn login_header(&self) -> &str {
        &self.spec.login.header
    }
}

impl ThirdParty {
    fn understand(&self, state: &State, request: &Received) -> (Route, Facts) {
        let route = self.routes.find(&request.method, &request.path);
        let credential = match &route {
            Route::Operation(_, path) => path.get(ID).cloned(),
            Route::WrongMethod(_) | Route::UnknownPath => None,
        };
        let presented = request.headers.get(self.spec.login.header.as_str()).map(HeaderValue::to_str);
        let refused = match presented {
            None => Some(Refusal::MissingToken),
            Some(Ok(text)) if self.accepts(state, text) => None,
            Some(_) => Some(Refusal::Login),
        };
        (route, Facts { refused, credential, ..Facts::default() })
    }

    fn create(&self, state: &mut State, mut call: Call<'_>, mut facts: Facts) -> Handled {
        let request = std::mem::take(&mut call.body);
        match self.draft(state, request, call.path.clone(), &call.query) {
            // The templates are good, as validation has shown, so what they cannot take is the request's fault.
            Err(_) => self.error(self.spec.refusals.failed_check, &["a value is out of range".to_owned()], facts),
            Ok(mut credential) => {
                call.body = std::mem::take(&mut credential.request);
                let answer = self.success(state, &call, context! { credential => credential.context() });
                credential.request = call.body;
                match answer {
                    Ok((headers, body)) => {
                        facts.credential = Some(credential.id.clone());
                        self.issue(state, credential);
                        Handled { status: status(call.operation.status), headers, body, applied: true, facts }
                    }
                    Err(trouble) => self.trouble(&trouble, facts),
                }
            }
        }
    }

    fn revoke_named(&self, state: &mut State, call: &Call<'_>, facts: Facts) -> Handled {
        let Some(position) = position(state, call) else { return self.missing(call.operation, facts) };
        let answer = self.success(state, call, context! { credential => state.credentials[position].context() });
        match answer {
            Ok((headers, body)) => {
                self.revoke(&mut state.credentials[position], self.journal.job());
                Handled { status: status(call.operation.status), headers, body, applied: true, facts }
            }
            Err(trouble) => self.trouble(&trouble, facts),
        }
    }

    fn get(&self, state: &State, call: &Call<'_>, facts: Facts) -> Handled {
        let Some(position) = position(state, call) else { return self.missing(call.operation, facts) };
        self.read(state, call, context! { credential => state.credentials[position].context() }, facts)
    }

    fn list(&self, state: &State, call: &Call<'_>, facts: Facts) -> Handled {
        let chosen = state
            .credentials
            .iter()
            .filter(|credential| credential.alive && credential.within(&call.path))
            .filter(|credential| call.operation.filters.iter().all(|filter| filter.admits(&call.query, credential)));
        let credentials: Vec<Value> = chosen.map(Credential::context).collect();
        self.read(state, call, context! { credentials => credentials }, facts)
    }

    fn read(&self, state: &State, call: &Call<'_>, names: Value, facts: Facts) -> Handled {
        match self.success(state, call, names) {
            Ok((headers, body)) => Handled { status: status(call.operation.status), headers, body, applied: false, facts },
            Err(trouble) => self.trouble(&trouble, facts),
        }
    }

    /// Returns the JSON that a creation would be answered with, which shows where a credential's id and secrets stand.
    pub(super) fn described(
        &self,
        state: &State,
        index: usize,
        path: &BTreeMap<String, String>,
        query: &BTreeMap<String, String>,
        credential: &Credential,
    ) -> Result<serde_json::Value, String> {
        let operation = &self.spec.operations[index];
        let place = format!("operations[{index}].body");
        let body = credential.request.clone();
        let call = Call { place, operation, path: path.clone(), query: query.clone(), body };
        let (_, body) = self.success(state, &call, context! { credential => credential.context() })?;
        serde_json::from_slice(&body).map_err(|_| format!("`operations[{index}].body` is needed to find ids in the real service's answers"))
    }

    /// Renders the answer of success, or says why the description does not allow it.
    fn success(&self, state: &State, call: &Call<'_>, names: Value) -> Result<(HeaderMap, Bytes), String> {
        let mut headers = headers(&call.operation.headers);
        let Some(template) = &call.operation.body else { return Ok((headers, Bytes::new())) };
        let context = context! {
            request => context! { body => &call.body, query => &call.query },
            path => &call.path,
            now => wall_clock(),
            third_party => self.context(state),
            ..names
        };
        let body = self.renderer.json(&call.place, template, &context).map_err(|error| chain(&error))?;
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        Ok((headers, Bytes::from(body.to_string())))
    }

    fn wrong_method(&self, methods: &[String], facts: Facts) -> Handled {
        let mut handled = self.error(self.spec.refusals.wrong_method, &[], facts);
        if handled.status == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(allow) = HeaderValue::try_from(methods.join(", "))
        {
            handled.headers.insert(ALLOW, allow);
        }
        handled
    }

    fn missing(&self, operation: &OperationSpec, facts: Facts) -> Handled {
        if operation.missing < 400 {
            let status = status(operation.missing);
            return Handled { status, headers: HeaderMap::new(), body: Bytes::new(), applied: false, facts };
        }
        self.error(operation.missing, &[], facts)
    }

    /// Returns the API's error answer for a status.
    fn error(&self, number: u16, details: &[String], facts: Facts) -> Handled {
        self.error_saying(number, None, details, facts)
    }

    /// Returns the API's error answer for a status, with another message where there is one.
    fn error_saying(&self, number: u16, said: Option<&str>, details: &[String], facts: Facts) -> Handled {
        let errors = &self.spec.errors;
        let entry = errors.statuses.iter().find(|entry| entry.status == number);
        let (code, message) = entry.map_or((&errors.generic.code, &errors.generic.message), |entry| (&entry.code, &entry.message));
        let status = status(number);
        let words = context! { status => number, reason => status.canonical_reason().unwrap_or("Unknown") };
        let text = |template: &str| self.renderer.text("errors", template, &words).unwrap_or_default();
        let code = match code {
            ErrorCode::Number(number) => Value::from(*number),
            ErrorCode::Text(template) => Value::from(text(template)),
        };
        let error =
            context! { status => number, code => code, message => said.map_or_else(|| text(message), str::to_owned), details => details };
        let mut headers = entry.map(|entry| headers(&entry.headers)).unwrap_or_default();
        match self.renderer.json("errors.body", &errors.body, &context! { error => error }) {
            Ok(body) => {
                headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
                Handled { status, headers, body: Bytes::from(body.to_string()), applied: false, facts }
            }
            Err(error) => self.trouble(&chain(&error), facts),
        }
    }

    /// Our description is wrong in a way that validation could not see: the journal says so, and the caller gets a bare 500.
    fn trouble(&self, what: &str, facts: Facts) -> Handled {
        self.journal.append(EventKind::EngineTrouble { what: format!("third party `{}`: {what}", self.name) });
        Handled { status: StatusCode::INTERNAL_SERVER_ERROR, headers: HeaderMap::new(), body: Bytes::new(), applied: false, facts }
    }
}

impl FilterSpec {
    fn admits(&self, query: &BTreeMap<String, String>, credential: &Credential) -> bool {
        let Some(wanted) = query.get(&self.query) else { return true };
        let text = credential.fields.get(&self.field).map_or("", String::as_str);
        match wanted.strip_suffix('*') {
            Some(start) if self.wildcard => text.starts_with(start),
            _ => text == wanted,
        }
    }
}

impl From<OperationKind> for Operation {
    fn from(kind: OperationKind) -> Self {
        match kind {
            OperationKind::Create => Self::Create,
            OperationKind::Revoke => Self::Revoke,
            OperationKind::List => Self::List,
            OperationKind::Get => Self::Get,
        }
    }
}

enum BadBody {
    ContentType,
    Malformed,
}

/// Reads the JSON of a request that should have some; null for the others.
fn body(operation: &OperationSpec, request: &Received) -> Result<serde_json::Value, BadBody> {
    let carries = matches!(request.method.as_str(), "POST" | "PUT" | "PATCH");
    if operation.checks.is_empty() && (!carries || request.body.is_empty()) {
        return Ok(serde_json::Value::Null);
    }
    let content_type = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
        return Err(BadBody::ContentType);
    }
    serde_json::from_slice(&request.body).map_err(|_| BadBody::Malformed)
}

fn position(state: &State, call: &Call<'_>) -> Option<usize> {
    state.credentials.iter().position(|credential| credential.alive && credential.id == call.id() && credential.within(&call.path))
}

/// Validation has seen every status, so the fallback is never taken.
fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn headers(described: &BTreeMap<String, String>) -> HeaderMap {
    described.iter().filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))).collect()
}

/// Writes an error with its causes, since the journal keeps only text.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(Cow::from(error.to_string()), |text, cause| Cow::from(format!("{text}: {cause}"))).into_owned()
}
