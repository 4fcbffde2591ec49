//! What one set-up of the fake cloud holds: the services' state, made from a [`StageSetup`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::access::{ACCESS, Access};
use super::iam::{Iam, Identity, Scope, TokenSigner};
use super::secrets_manager::{Issued, SecretsManager, StoredSecret, StoredSecrets};
use super::third_party::{SpecError, ThirdParty, ThirdPartySpec};
use crate::contract::{IdSource, SecretId, SecretType};
use crate::engine::{Clock, Engine};
use crate::journal::Journal;
use crate::redaction::{Redactor, SecretKind};
use crate::stage::{Alteration, ParameterSource, SecretSetup, SecretSource, StageSetup};

pub(super) const KEY_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// Why a set-up cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A third party's description is wrong.
    #[error("setting up the third party {name}: {source}")]
    ThirdParty {
        /// Its name.
        name: String,
        /// What is wrong.
        source: SpecError,
    },
    /// A third party has neither or an unknown preset.
    #[error("setting up the third party {0}: give either a known preset or a spec")]
    NoDescription(String),
    /// A name is used that nothing has.
    #[error("setting up {place}: there is no {what} named {name}; name one of those that the set-up lists")]
    UnknownName {
        /// Where it is used.
        place: String,
        /// What it should name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A socket could not be opened.
    #[error("setting up the fake cloud: {0}")]
    Listen(String),
}

/// The state behind one set-up's sockets.
pub(super) struct Contents {
    pub(super) journal: Arc<Journal>,
    pub(super) engine: Arc<Mutex<Engine>>,
    pub(super) iam: Arc<Iam>,
    pub(super) stored: Arc<StoredSecrets>,
    pub(super) secrets_manager: Arc<SecretsManager>,
    pub(super) third_parties: Vec<Arc<ThirdParty>>,
    pub(super) group: String,
    pub(super) instance: String,
    pub(super) access: Access,
    /// Secrets as they were set up, by name.
    secrets: BTreeMap<String, StoredSecret>,
    ids: Mutex<IdSource>,
    setup: StageSetup,
}

/// Third parties as Secrets Manager's fake asks them what they issued.
struct Everybody(Vec<Arc<ThirdParty>>);

impl Issued for Everybody {
    fn matching(&self, template: &str, value: &Value) -> Vec<String> {
        // A template that cannot be rendered matches nothing; the manifest was checked for that before.
        self.0.iter().flat_map(|party| party.matching(template, value).unwrap_or_default()).collect()
    }
}

impl Contents {
    pub(super) fn new(setup: StageSetup, signer: Arc<TokenSigner>) -> Result<Self, SetupError> {
        let redactor = Arc::new(Redactor::default());
        let journal = Journal::new(redactor.clone());
        let mut ids = IdSource::new(setup.seed);
        let third_parties = third_parties(&setup, &journal)?;
        let group = ids.uuid();
        let instance = ids.uuid();
        let iam = Arc::new(Iam::new(signer, journal.clone(), Duration::from_secs(setup.knobs.token_lifetime_seconds)));
        let access = Access::new(&setup.account, &group, &iam, &mut ids);
        redactor.register(SecretKind::AccessKey, ACCESS, access.secret().expose_secret());
        let service = format!("iam-ServiceId-{}", ids.uuid());
        let timeout = Duration::from_millis(setup.task_timeout_milliseconds);
        let engine =
            Engine::new(Clock::wall(), IdSource::new(ids_seed(setup.seed)), setup.knobs.clone(), timeout, &service, journal.clone());
        let engine = Arc::new(Mutex::new(engine));
        let stored = Arc::new(StoredSecrets::default());
        let secrets_manager = Arc::new(SecretsManager::new(
            engine.clone(),
            iam.clone(),
            stored.clone(),
            Arc::new(Everybody(third_parties.clone())),
            setup.outputs.clone(),
            journal.clone(),
            ids.uuid(),
        ));
        let mut contents = Self {
            journal,
            engine,
            iam,
            stored,
            secrets_manager,
            third_parties,
            group,
            instance,
            access,
            secrets: BTreeMap::new(),
            ids: Mutex::new(ids),
            setup,
        };
        contents.store_secrets()?;
        // Somebody else's credential and secret are always there, so that touching them can be seen.
        for party in &contents.third_parties {
            party.seed_credential();
        }
        Ok(contents)
    }

    fn store_secrets(&mut self) -> Result<(), SetupError> {
        for secret in self.setup.secrets.clone() {
            let value = self.secret_value(&secret)?;
            self.journal.redactor().register(SecretKind::LoginSecret, &secret.name, value.expose_secret());
            if secret.iam {
                let identity =
                    Identity { iam_id: format!("iam-ServiceId-{}", self.uuid()), roles: BTreeSet::new(), scope: Scope::Instance };
                self.iam.add_key(&secret.name, value.clone(), identity);
            }
            let data = data(secret.secret_type, secret.field.as_deref(), value.expose_secret());
            let id = SecretId(self.uuid());
            let stored = StoredSecret { id, name: secret.name.clone(), group: self.group.clone(), secret_type: secret.secret_type, data };
            self.stored.put(stored.clone());
            self.secrets.insert(secret.name, stored);
        }
        let decoy = SecretString::from(self.characters(44));
        self.journal.redactor().register(SecretKind::LoginSecret, "somebody-elses", decoy.expose_secret());
        self.stored.put(StoredSecret {
            id: SecretId(self.uuid()),
            name: "somebody-elses".into(),
            group: self.group.clone(),
            secret_type: SecretType::Arbitrary,
            data: data(SecretType::Arbitrary, None, decoy.expose_secret()),
        });
        Ok(())
    }

    fn secret_value(&self, secret: &SecretSetup) -> Result<SecretString, SetupError> {
        let value = match &secret.source {
            SecretSource::LoginOf(name) => self.third_party(name, &format!("the secret {}", secret.name))?.login_secret(),
            SecretSource::Value(value) => SecretString::from(value.clone()),
            SecretSource::Generate => SecretString::from(self.characters(44)),
        };
        Ok(value)
    }

    /// Returns the input values of a new secret; `urls` are the third parties' addresses.
    pub(super) fn parameters(
        &self,
        sources: &BTreeMap<String, ParameterSource>,
        urls: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, SetupError> {
        let unknown =
            |input: &str, what, name: &str| SetupError::UnknownName { place: format!("the input {input}"), what, name: name.to_owned() };
        sources
            .iter()
            .map(|(input, source)| {
                let value = match source {
                    ParameterSource::Literal(value) => value.clone(),
                    ParameterSource::Secret(name) => {
                        self.secrets.get(name).map(|secret| secret.id.to_string()).ok_or_else(|| unknown(input, "secret", name))?
                    }
                    ParameterSource::ThirdParty(name) => urls.get(name).cloned().ok_or_else(|| unknown(input, "third party", name))?,
                    ParameterSource::Canary(kind) => {
                        let value = self.with_ids(|ids| kind.value(ids));
                        self.journal.redactor().register(kind.secret_kind(), kind.word(), &value);
                        value
                    }
                };
                Ok((input.clone(), value))
            })
            .collect()
    }

    /// Returns the ids of the secrets that inputs name.
    pub(super) fn named_secrets(&self) -> Vec<SecretId> {
        let named = self.setup.parameters.values().filter_map(|source| match source {
            ParameterSource::Secret(name) => self.secrets.get(name),
            _ => None,
        });
        named.map(|secret| secret.id.clone()).collect()
    }

    /// Changes every secret that an input names.
    pub(super) fn alter_named(&self, alteration: Alteration) {
        let named = self.named_secrets();
        for secret in self.secrets.values().filter(|secret| named.contains(&secret.id)) {
            self.alter(secret, alteration);
        }
    }

    fn alter(&self, original: &StoredSecret, alteration: Alteration) {
        let mut secret = original.clone();
        match alteration {
            Alteration::Restored => {}
            Alteration::Missing => {
                self.stored.remove(&secret.id);
                return;
            }
            Alteration::Forbidden => secret.group = self.uuid(),
            Alteration::OtherType => {
                // The value is another one too, or a provider that reads several types would rightly go on.
                let unrelated = self.characters(44);
                self.journal.redactor().register(SecretKind::LoginSecret, &format!("{}/other-type", secret.name), &unrelated);
                secret.secret_type = if secret.secret_type == SecretType::Kv { SecretType::Arbitrary } else { SecretType::Kv };
                secret.data = data(secret.secret_type, Some("unrelated"), &unrelated);
            }
            Alteration::Malformed => spoil(&mut secret.data),
        }
        self.stored.put(secret);
    }

    pub(super) fn third_party(&self, name: &str, place: &str) -> Result<&Arc<ThirdParty>, SetupError> {
        self.third_parties.iter().find(|party| party.name() == name).ok_or_else(|| SetupError::UnknownName {
            place: place.to_owned(),
            what: "third party",
            name: name.to_owned(),
        })
    }

    pub(super) fn setup(&self) -> &StageSetup {
        &self.setup
    }

    fn with_ids<T>(&self, make: impl FnOnce(&mut IdSource) -> T) -> T {
        make(&mut self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    fn uuid(&self) -> String {
        self.with_ids(IdSource::uuid)
    }

    fn characters(&self, length: usize) -> String {
        self.with_ids(|ids| ids.characters(KEY_ALPHABET, length))
    }
}

/// The engine draws ids from a sequence of its own, so that what a scenario does in between does not change them.
fn ids_seed(seed: u64) -> u64 {
    seed ^ 0x5eed_0000_0000_0000
}

fn third_parties(setup: &StageSetup, journal: &Arc<Journal>) -> Result<Vec<Arc<ThirdParty>>, SetupError> {
    setup
        .third_parties
        .iter()
        .enumerate()
        .map(|(index, party)| {
            let spec = match (&party.preset, &party.spec) {
                (Some(preset), None) => ThirdPartySpec::preset(preset),
                (None, Some(spec)) => Some(spec.clone()),
                _ => None,
            };
            let mut spec = spec.ok_or_else(|| SetupError::NoDescription(party.name.clone()))?;
            spec.hosts.extend(party.hosts.iter().cloned());
            let seed = setup.seed.wrapping_add(1 + index as u64);
            let made = ThirdParty::new(&party.name, spec, journal.clone(), seed);
            made.map(Arc::new).map_err(|source| SetupError::ThirdParty { name: party.name.clone(), source })
        })
        .collect()
}

/// Returns the fields in which a secret of a type holds a value.
fn data(secret_type: SecretType, field: Option<&str>, value: &str) -> Map<String, Value> {
    let body = match secret_type {
        SecretType::Arbitrary => json!({ "payload": value }),
        SecretType::Kv => json!({ "data": { field.unwrap_or("value"): value } }),
        SecretType::UsernamePassword => json!({ "username": "hallmark-login", "password": value }),
        SecretType::IamCredentials => json!({
            "api_key": value, "api_key_id": "ApiKey-00000000-0000-4000-8000-000000000000",
            "service_id": "ServiceId-00000000-0000-4000-8000-000000000000", "ttl": "0", "reuse_api_key": true,
        }),
        SecretType::ServiceCredentials => json!({ "credentials": { field.unwrap_or("apikey"): value }, "source_service": {} }),
        SecretType::CustomCredentials => json!({ "credentials_content": { field.unwrap_or("token"): value } }),
    };
    match body {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Puts a line break and a control character into the middle of each string: no header, no form field takes it.
fn spoil(data: &mut Map<String, Value>) {
    for value in data.values_mut() {
        match value {
            Value::String(text) => {
                let middle = text.floor_char_boundary(text.len() / 2);
                *text = format!("{}\n\u{7}{}", &text[..middle], &text[middle..]);
            }
            Value::Object(inner) => spoil(inner),
            _ => {}
        }
    }
}
