//! A real service behind a third party's description: calls are passed on, and the ledger follows from the service's answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, Method, StatusCode};
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::watch;

use super::answer::chain;
use super::ledger::Credential;
use super::route::{ID, Route};
use super::spec::OperationKind;
use super::{SpecError, ThirdParty};
use crate::cloud::wire::{Backend, Forwarding, Handled, Received};
use crate::journal::{EventKind, Facts, Operation, Refusal, Service};

/// How long a real service may take for an answer.
const PATIENCE: Duration = Duration::from_mins(1);

/// What concerns one connection only, or what the client sets itself.
const OF_THE_CONNECTION: [HeaderName; 8] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, TE, TRAILER, UPGRADE, ACCEPT_ENCODING];

/// A third party whose calls a real service answers. Its description tells which call does what, and where ids and secrets stand in answers.
#[derive(Clone)]
pub struct RealService {
    inner: Arc<Inner>,
}

struct Inner {
    party: Arc<ThirdParty>,
    base: String,
    http: reqwest::Client,
    /// The login with which the service last let something be created; with it, the harness takes credentials away.
    login: Mutex<Option<HeaderValue>>,
    /// Calls whose answers are not booked yet.
    under_way: watch::Sender<usize>,
}

/// An answer of the service.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl RealService {
    /// Puts the service at `base`, e.g. `https://127.0.0.1:8443`, behind the description of `party`.
    pub fn new(party: Arc<ThirdParty>, base: &str) -> Result<Self, SpecError> {
        let address = reqwest::Url::parse(base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if address.is_none() {
            return Err(SpecError::value("service", format!("`{base}` is no address; write one such as `https://127.0.0.1:8443`")));
        }
        // What a proxy or a redirect would do belongs to the provider's side.
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build();
        let http = http.map_err(|error| SpecError::value("service", format!("no client can be made: {}", chain(&error))))?;
        let base = base.trim_end_matches('/').to_owned();
        let inner = Inner { party, base, http, login: Mutex::default(), under_way: watch::Sender::new(0) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Waits until everything that was passed on is answered and booked.
    pub async fn settled(&self) {
        // The sender lives in self, so waiting cannot fail.
        self.inner.under_way.subscribe().wait_for(|count| *count == 0).await.ok();
    }

    /// Takes a credential away, with the login that created the last one. Returns whether it was there and alive.
    pub async fn revoke(&self, id: &str) -> Result<bool, String> {
        let Some(scope) = self.inner.party.scope_of(id) else { return Ok(false) };
        self.inner.revoke(id, scope).await.map(|()| true)
    }

    /// Takes away what jobs left alive, as far as the service lets it.
    pub async fn leave(&self) {
        for left in self.inner.party.ledger().into_iter().filter(|entry| entry.alive && !entry.seeded) {
            self.revoke(&left.credential).await.ok();
        }
    }
}

impl Backend for RealService {
    fn service(&self) -> Service {
        self.inner.party.service()
    }

    fn operation(&self, request: &Received) -> Operation {
        self.inner.party.operation(request)
    }

    /// The description's own answer; the wire passes on instead.
    fn handle(&self, request: &Received) -> Handled {
        self.inner.party.handle(request)
    }

    fn forward(&self, request: &Received) -> Option<Forwarding> {
        let (inner, request) = (Arc::clone(&self.inner), request.clone());
        inner.under_way.send_modify(|count| *count += 1);
        // A task of its own: what the service was asked for is booked even if the job is gone by then.
        let asking = tokio::spawn(async move {
            let _one_less = OneLess(&inner.under_way);
            inner.ask(&request).await
        });
        Some(Box::pin(async move { asking.await.unwrap_or_else(|_panicked| bad_gateway()) }))
    }

    fn is_real(&self) -> bool {
        true
    }

    fn refuse(&self, request: &Received, status: StatusCode) -> Handled {
        unjudged(self.inner.party.refuse(request, status))
    }

    fn refuse_saying(&self, request: &Received, status: StatusCode, message: &str) -> Handled {
        unjudged(self.inner.party.refuse_saying(request, status, message))
    }

    fn login_header(&self) -> &str {
        self.inner.party.login_header()
    }
}

/// Whose login it is, the service alone knows.
fn unjudged(mut handled: Handled) -> Handled {
    handled.facts.refused = None;
    handled
}

/// One call less under way when it goes, also by a panic.
struct OneLess<'a>(&'a watch::Sender<usize>);

impl Drop for OneLess<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Inner {
    async fn ask(&self, request: &Received) -> Handled {
        let target = match &request.query {
            Some(query) => format!("{}?{query}", request.path),
            None => request.path.clone(),
        };
        match self.send(request.method.clone(), &target, request.headers.clone(), request.body.clone()).await {
            Ok(answer) => self.book(request, answer),
            Err(reason) => {
                self.trouble(&reason);
                bad_gateway()
            }
        }
    }

    async fn send(&self, method: Method, target: &str, mut headers: HeaderMap, body: Bytes) -> Result<Answer, String> {
        let url = format!("{}{target}", self.base);
        // Without the query and its values.
        let path = target.split('?').next().unwrap_or_default();
        let asked = format!("ask the real service at {} for {method} {path}", self.base);
        for name in OF_THE_CONNECTION {
            headers.remove(name);
        }
        let failed = |error: reqwest::Error| format!("{asked}: {}; start it, or correct `service`", chain(&error.without_url()));
        let response = self.http.request(method, url).headers(headers).body(body).send().await.map_err(failed)?;
        let (status, mut headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(failed)?;
        for name in OF_THE_CONNECTION {
            headers.remove(name);
        }
        Ok(Answer { status, headers, body })
    }

    /// Puts into the ledger what an answer says.
    fn book(&self, request: &Received, answer: Answer) -> Handled {
        let party = &self.party;
        let mut facts = Facts::default();
        if answer.status == StatusCode::UNAUTHORIZED {
            facts.refused = Some(Refusal::Login);
        }
        let mut applied = false;
        if let Route::Operation(index, path) = party.routes.find(&request.method, &request.path) {
            facts.credential = path.get(ID).cloned();
            let operation = &party.spec.operations[index];
            match operation.operation {
                OperationKind::Create if answer.status.is_success() => match self.created(request, index, &path, &answer) {
                    Ok(id) => {
                        self.remember(request);
                        facts.credential = Some(id);
                        applied = true;
                    }
                    Err(reason) => self.trouble(&reason),
                },
                OperationKind::Revoke if answer.status.is_success() => {
                    // Where the absence of a credential has a status of its own, success means that it was there.
                    let was_there = answer.status.as_u16() != operation.missing;
                    let job = party.journal.job();
                    applied = facts.credential.as_deref().is_some_and(|id| party.note_revoked(id, was_there, job.as_ref()));
                }
                _ => {}
            }
        }
        Handled { status: answer.status, headers: answer.headers, body: answer.body, applied, facts }
    }

    /// Books a creation and returns the credential's id. The description's own answer shows where ids and secrets stand.
    fn created(&self, request: &Received, index: usize, path: &BTreeMap<String, String>, answer: &Answer) -> Result<String, String> {
        let party = &self.party;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let query = form_urlencoded::parse(request.query.as_deref().unwrap_or_default().as_bytes()).into_owned().collect();
        let mut state = party.state();
        let mut credential = party.draft(&mut state, body, path.clone(), &query).unwrap_or_else(|(credential, _)| credential);
        let described = party.described(&state, index, path, &query, &credential)?;
        learn(&mut credential, &described, &said).ok_or_else(|| {
            let place = pointer(&described, &credential.id).unwrap_or_else(|| "no place that the description names".to_owned());
            let status = answer.status.as_u16();
            format!(
                "read the id of a new credential of the third party {} in the real service's answer {status}: none at {place}",
                party.name
            )
        })?;
        let id = credential.id.clone();
        party.issue(&mut state, credential);
        Ok(id)
    }

    fn remember(&self, request: &Received) {
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        *login = request.headers.get(self.party.spec.login.header.as_str()).cloned().map(|mut value| {
            value.set_sensitive(true);
            value
        });
    }

    async fn revoke(&self, id: &str, scope: BTreeMap<String, String>) -> Result<(), String> {
        let login = self.login.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((method, target)) = self.party.revocation(id, scope) else {
            return Err(format!("revoke {id} at the third party {}: its description has no path for that", self.party.name));
        };
        let name = HeaderName::try_from(self.party.spec.login.header.as_str()).ok();
        let headers = name.zip(login).into_iter().collect();
        let answer = self.send(method, &target, headers, Bytes::new()).await?;
        if !answer.status.is_success() {
            return Err(format!(
                "revoke {id} at the third party {}: the real service answered {}",
                self.party.name,
                answer.status.as_u16()
            ));
        }
        self.party.note_revoked(id, false, None);
        Ok(())
    }

    fn trouble(&self, what: &str) {
        self.party.journal.append(EventKind::EngineTrouble { what: what.to_owned() });
    }
}

/// The answer where the service gave none.
fn bad_gateway() -> Handled {
    Handled { status: StatusCode::BAD_GATEWAY, headers: HeaderMap::new(), body: Bytes::new(), applied: false, facts: Facts::default() }
}

/// Gives a credential the id and the secrets that stand in an answer where the description has those of the credential. None without an id.
fn learn(credential: &mut Credential, described: &Value, said: &Value) -> Option<()> {
    use secrecy::ExposeSecret as _;
    let at = |value: &str| {
        let found = said.pointer(&pointer(described, value)?)?;
        match found {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let id = at(&credential.id)?;
    credential.secret = at(credential.secret.expose_secret()).map(SecretString::from).unwrap_or_default();
    for secret in credential.further_secrets.values_mut() {
        *secret = at(secret.expose_secret()).map(SecretString::from).unwrap_or_default();
    }
    credential.id = id;
    Some(())
}

/// Returns the JSON pointer of the first text that equals `wanted`.
fn pointer(document: &Value, wanted: &str) -> Option<String> {
    match document {
        Value::String(text) => (text == wanted).then(String::new),
        Value::Object(members) => members
            .iter()
            .find_map(|(name, member)| Some(format!("/{}{}", name.replace('~', "~0").replace('/', "~1"), pointer(member, wanted)?))),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| Some(format!("/{index}{}", pointer(item, wanted)?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pointer_leads_to_the_text_that_is_wanted() {
        let document = json!({"a/b": [{"c": "no"}, {"c~d": "yes"}], "e": "yes, and more"});
        let found = pointer(&document, "yes").unwrap();
        assert_eq!(found, "/a~1b/1/c~0d");
        assert_eq!(document.pointer(&found), Some(&json!("yes")));
        assert_eq!(pointer(&document, "more"), None);
    }
}
