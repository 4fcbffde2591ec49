//! The third party at work: its login secrets, its ledger and what a scenario may do to both. The main type is [`ThirdParty`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;
use minijinja::{Value, context};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::ledger::{Credential, LedgerEntry};
use super::route::{ID, Routes};
use super::spec::OperationKind;
use super::template::Renderer;
use super::{IssuedForm, SpecError, ThirdPartySpec};
use crate::contract::IdSource;
use crate::journal::{EventKind, JobRef, Journal};
use crate::redaction::SecretKind;

/// A third party that behaves as its [`ThirdPartySpec`] says and keeps a ledger of what it issued.
///
/// Every secret that it makes is known to the journal's redactor before anybody can see it.
pub struct ThirdParty {
    pub(super) name: String,
    pub(super) spec: ThirdPartySpec,
    pub(super) journal: Arc<Journal>,
    pub(super) renderer: Renderer,
    pub(super) routes: Routes,
    pub(super) state: Mutex<State>,
}

/// What changes.
pub(super) struct State {
    ids: IdSource,
    /// The own login secret stands first.
    logins: Vec<SecretString>,
    login_valid: bool,
    planted: Option<SecretString>,
    form: IssuedForm,
    pub(super) url: String,
    pub(super) credentials: Vec<Credential>,
}

impl ThirdParty {
    /// Starts a third party called `name`, with a login secret of its own and no credentials. Equal seeds and names give equal
    /// values.
    pub fn new(name: &str, spec: ThirdPartySpec, journal: Arc<Journal>, seed: u64) -> Result<Self, SpecError> {
        spec.validate()?;
        let routes = Routes::new(&spec.path_prefix, &spec.operations).map_err(|problem| SpecError::value("operations", problem))?;
        let url = spec.hosts.first().map(|host| format!("https://{host}{}", spec.path_prefix)).unwrap_or_default();
        let state = State {
            ids: IdSource::new(own_seed(name, seed)),
            logins: Vec::new(),
            login_valid: true,
            planted: None,
            form: IssuedForm::Usual,
            url,
            credentials: Vec::new(),
        };
        let third_party = Self { name: name.to_owned(), spec, journal, renderer: Renderer::new(), routes, state: Mutex::new(state) };
        third_party.reset();
        Ok(third_party)
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it was made from.
    pub fn spec(&self) -> &ThirdPartySpec {
        &self.spec
    }

    /// Tells whether a request to `host` (without port) for `path` belongs here rather than to another service on that host.
    pub fn claims(&self, host: &str, path: &str) -> bool {
        let prefix = self.spec.path_prefix.as_str();
        self.spec.hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
            && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns the login secret that it made for the provider; valid until [`Self::reset`].
    pub fn login_secret(&self) -> SecretString {
        self.state().logins.first().cloned().unwrap_or_default()
    }

    /// Lets all login secrets be refused (false), as if somebody had revoked them, or be accepted again (true).
    pub fn set_login_valid(&self, valid: bool) {
        self.state().login_valid = valid;
    }

    /// Accepts one more login secret, e.g. an API key that IAM knows too; until [`Self::reset`].
    pub fn add_login(&self, login: SecretString) {
        self.journal.redactor().register(SecretKind::LoginSecret, &self.name, login.expose_secret());
        self.state().logins.push(login);
    }

    /// Sets the address that templates see as `third_party.url`; without it, `https://` and the first of the description's hosts.
    pub fn set_url(&self, url: &str) {
        url.clone_into(&mut self.state().url);
    }

    /// Lets the next credential have this secret instead of a random one, to see whether awkward text survives.
    pub fn plant_secret(&self, secret: SecretString) {
        self.state().planted = Some(secret);
    }

    /// Lets secrets that are issued from now on have this form.
    pub fn issue_in(&self, form: IssuedForm) {
        self.state().form = form;
    }

    /// Returns every credential that was ever there since [`Self::reset`], in the order of issue.
    pub fn ledger(&self) -> Vec<LedgerEntry> {
        let redactor = self.journal.redactor();
        self.state().credentials.iter().map(|credential| credential.entry(&self.name, redactor)).collect()
    }

    /// Puts a credential there that no job made: somebody else's, or the one that a version already has. Returns its id.
    pub fn seed_credential(&self) -> String {
        let mut state = self.state();
        let credential = self.somebody_elses(&mut state);
        let id = credential.id.clone();
        self.issue(&mut state, credential);
        id
    }

    /// Takes a credential away behind everybody's back, outside job runs. Returns whether it was there and alive.
    pub fn revoke_silently(&self, id: &str) -> bool {
        let mut state = self.state();
        let Some(credential) = state.credentials.iter_mut().find(|credential| credential.alive && credential.id == id) else {
            return false;
        };
        self.revoke(credential, None);
        true
    }

    /// Returns the ids of the credentials, dead ones too, for which `template` renders to exactly `value`.
    ///
    /// The text template sees `credential`, `third_party` and `request`: the create request's JSON, with the whole of it as
    /// `request.body` too. A string must equal the rendered text; a number or a boolean must be written like it. Nothing else
    /// ever matches.
    pub fn matching(&self, template: &str, value: &serde_json::Value) -> Result<Vec<String>, SpecError> {
        let expected = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(_) | serde_json::Value::Bool(_) => value.to_string(),
            _ => return Ok(Vec::new()),
        };
        let state = self.state();
        let mut ids = Vec::new();
        let plain = plain(template);
        for credential in &state.credentials {
            let matches = if let Some(text) = plain.and_then(|name| credential.text(name)) {
                text == expected
            } else {
                let request = context! { body => &credential.request, ..Value::from_serialize(&credential.request) };
                let context = context! { credential => credential.context(), request => request, third_party => self.context(&state) };
                self.renderer.text("equals", template, &context)? == expected
            };
            if matches {
                ids.push(credential.id.clone());
            }
        }
        Ok(ids)
    }

    /// Forgets all credentials and login secrets and makes a new login secret. The address stays.
    pub fn reset(&self) {
        let mut state = self.state();
        let login = SecretString::from(self.spec.login.generator.generate(&mut state.ids));
        self.journal.redactor().register(SecretKind::LoginSecret, &self.name, login.expose_secret());
        state.logins = vec![login];
        state.login_valid = true;
        state.planted = None;
        state.form = IssuedForm::Usual;
        state.credentials.clear();
    }

    /// Returns the path parameters under which a living credential was made.
    pub(super) fn scope_of(&self, id: &str) -> Option<BTreeMap<String, String>> {
        self.state()
            .credentials
            .iter()
            .find(|credential| credential.alive && credential.id == id)
            .map(|credential| credential.scope.clone())
    }

    /// Returns the request that revokes a credential which was made under these path parameters.
    pub(super) fn revocation(&self, id: &str, mut scope: BTreeMap<String, String>) -> Option<(Method, String)> {
        scope.insert(ID.to_owned(), id.to_owned());
        let mut operations = self.spec.operations.iter().enumerate().filter(|(_, operation)| operation.operation == OperationKind::Revoke);
        operations.find_map(|(index, operation)| Some((operation.method.parse().ok()?, self.routes.path(index, &scope)?)))
    }

    /// Notes that a real service revoked a credential. One that nobody here saw made is somebody else's, where it `was_there`. Returns whether
    /// something was revoked.
    pub(super) fn note_revoked(&self, id: &str, was_there: bool, job: Option<&JobRef>) -> bool {
        let mut state = self.state();
        let known = state.credentials.iter().any(|credential| credential.id == id);
        if !known && was_there {
            let credential = Credential { id: id.to_owned(), ..self.somebody_elses(&mut state) };
            self.issue(&mut state, credential);
        }
        let Some(credential) = state.credentials.iter_mut().find(|credential| credential.alive && credential.id == id) else {
            return false;
        };
        self.revoke(credential, job.cloned());
        true
    }

    /// A panic while the state was held has already been reported; the ledger is whole after each of its steps.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what templates see as `third_party`.
    pub(super) fn context(&self, state: &State) -> Value {
        context! { name => &self.name, url => &state.url }
    }

    /// Tells whether a header's value is that of a login secret that is accepted now.
    pub(super) fn accepts(&self, state: &State, presented: &str) -> bool {
        state.login_valid
            && state.logins.iter().any(|login| {
                let context = context! { login => login.expose_secret() };
                self.renderer.text("login.format", &self.spec.login.format, &context).is_ok_and(|expected| same_login(&expected, presented))
            })
    }

    /// Makes a credential of somebody else that is not in the ledger yet.
    fn somebody_elses(&self, state: &mut State) -> Credential {
        let request = self.spec.credential.example_request.clone();
        let draft = self.draft(state, request, BTreeMap::new(), &BTreeMap::new());
        // Validation has rendered the same templates on the same request, so that only a template of the time can fail here.
        Credential { seeded: true, ..draft.unwrap_or_else(|(credential, _)| credential) }
    }

    /// Makes a credential that is not in the ledger yet. Where a field cannot be rendered from the request, the error comes with
    /// the credential as far as it is.
    #[expect(clippy::result_large_err, reason = "made once per credential and taken apart at once")]
    pub(super) fn draft(
        &self,
        state: &mut State,
        request: serde_json::Value,
        scope: BTreeMap<String, String>,
        query: &BTreeMap<String, String>,
    ) -> Result<Credential, (Credential, SpecError)> {
        let spec = &self.spec.credential;
        let random = SecretString::from(state.form.shape(spec.secret.generate(&mut state.ids)));
        let mut credential = Credential {
            id: spec.id.generate(&mut state.ids),
            secret: state.planted.take().unwrap_or(random),
            further_secrets: BTreeMap::new(),
            fields: BTreeMap::new(),
            scope,
            request,
            issued_at: wall_clock(),
            issued_in: None,
            revoked_in: None,
            alive: true,
            seeded: false,
        };
        for (name, generator) in &spec.further_secrets {
            credential.further_secrets.insert(name.clone(), SecretString::from(generator.generate(&mut state.ids)));
        }
        let context = context! {
            request => context! { body => &credential.request, query => query },
            path => &credential.scope,
            now => credential.issued_at,
            third_party => self.context(state),
            credential => credential.context(),
        };
        for (name, template) in &spec.fields {
            match self.renderer.text(&format!("credential.fields.{name}"), template, &context) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => {
                    credential.fields.insert(name.clone(), text);
                }
                Err(error) => return Err((credential, error)),
            }
        }
        Ok(credential)
    }

    /// Makes the secrets of a credential known to the redactor. It comes before anything shows them.
    pub(super) fn register(&self, credential: &Credential) {
        let redactor = self.journal.redactor();
        redactor.register(SecretKind::CredentialSecret, &credential.id, credential.secret.expose_secret());
        for (name, secret) in &credential.further_secrets {
            redactor.register(SecretKind::CredentialSecret, &format!("{}/{name}", credential.id), secret.expose_secret());
        }
    }

    /// Puts a credential into the ledger and the journal.
    pub(super) fn issue(&self, state: &mut State, mut credential: Credential) {
        self.register(&credential);
        credential.issued_in = if credential.seeded { None } else { self.journal.job() };
        self.journal.append(EventKind::CredentialIssued {
            third_party: self.name.clone(),
            credential: credential.id.clone(),
            job: credential.issued_in.clone(),
        });
        state.credentials.push(credential);
    }

    /// Marks a credential as revoked, in the ledger and the journal.
    pub(super) fn revoke(&self, credential: &mut Credential, job: Option<JobRef>) {
        credential.alive = false;
        credential.revoked_in.clone_from(&job);
        self.journal.append(EventKind::CredentialRevoked { third_party: self.name.clone(), credential: credential.id.clone(), job });
    }
}

/// Wall clock, seconds since 1970.
pub(super) fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Two services of one stage must not make the same ids, though they share the run's seed.
fn own_seed(name: &str, seed: u64) -> u64 {
    let digest = Sha256::new().chain_update(b"third party").chain_update(seed.to_be_bytes()).chain_update(name).finalize();
    digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// An authentication scheme is compared without regard to case (RFC 9110, 11.1), the rest exactly.
fn same_login(expected: &str, presented: &str) -> bool {
    match (expected.split_once(' '), presented.split_once(' ')) {
        (Some((scheme, rest)), Some((other_scheme, other_rest))) => {
            scheme.eq_ignore_ascii_case(other_scheme) && rest == other_rest.trim_start_matches(' ')
        }
        _ => expected == presented,
    }
}

/// Returns NAME where a template is nothing but `{{ credential.NAME }}`: most are, and need no engine to be compared with every credential.
fn plain(template: &str) -> Option<&str> {
    let name = template.strip_prefix("{{")?.strip_suffix("}}")?.trim().strip_prefix("credential.")?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}
