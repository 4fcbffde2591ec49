//! What one set-up of the fake cloud holds: the services' state, made from a [`StageSetup`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::access::{ACCESS, Access};
use super::iam::{Iam, Identity, Scope, TokenSigner};
use super::secrets_manager::{Issued, SecretsManager, StoredSecret, StoredSecrets};
use super::tcp_service::{CommandError, TcpService};
use super::third_party::{RealService, SpecError, ThirdParty, ThirdPartySpec};
use super::wire::Backend;
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
    /// A real service can only be reached from where the cloud is.
    #[error(
        "setting up the third party {0}: a real service needs a cloud on loopback, and this one is in a network without a way out; certify a command \
         instead of an image"
    )]
    OutOfReach(String),
    /// A secret is to hold a login that nobody here knows.
    #[error("setting up the secret {secret}: the login of the real service {third_party} is not known; give the secret a `value`")]
    UnknownLogin {
        /// The secret.
        secret: String,
        /// The third party.
        third_party: String,
    },
    /// A command of a real service failed.
    #[error(transparent)]
    Command(#[from] CommandError),
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
    /// Those with a description.
    pub(super) third_parties: Vec<Arc<ThirdParty>>,
    /// Real services behind some of the descriptions.
    pub(super) real_services: Vec<(String, RealService)>,
    /// Those behind a TCP proxy.
    pub(super) tcp_services: Vec<Arc<TcpService>>,
    pub(super) group: String,
    pub(super) instance: String,
    pub(super) access: Access,
    /// Secrets as they were set up, by name.
    secrets: BTreeMap<String, StoredSecret>,
    ids: Mutex<IdSource>,
    setup: StageSetup,
}

/// Third parties as Secrets Manager's fake asks them what they issued.
struct Everybody(Vec<Arc<ThirdParty>>, Vec<Arc<TcpService>>);

impl Issued for Everybody {
    fn matching(&self, template: &str, value: &Value) -> Vec<String> {
        // A template that cannot be rendered matches nothing; the manifest was checked for that before.
        let described = self.0.iter().flat_map(|party| party.matching(template, value).unwrap_or_default());
        described.chain(self.1.iter().flat_map(|service| service.matching(template, value))).collect()
    }
}

impl Contents {
    pub(super) fn new(setup: StageSetup, signer: Arc<TokenSigner>) -> Result<Self, SetupError> {
        let redactor = Arc::new(Redactor::default());
        let journal = Journal::new(redactor.clone());
        let mut ids = IdSource::new(setup.seed);
        let third_parties = third_parties(&setup, &journal)?;
        let real_services = real_services(&setup, &third_parties)?;
        let tcp_services = tcp_services(&setup, &journal)?;
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
            Arc::new(Everybody(third_parties.clone(), tcp_services.clone())),
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
            real_services,
            tcp_services,
            group,
            instance,
            access,
            secrets: BTreeMap::new(),
            ids: Mutex::new(ids),
            setup,
        };
        contents.store_secrets()?;
        // Somebody else's credential and secret are always there, so that touching them can be seen.
        for party in contents.third_parties.iter().filter(|party| contents.real_service(party.name()).is_none()) {
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
            SecretSource::LoginOf(name) if self.is_real(name) => {
                return Err(SetupError::UnknownLogin { secret: secret.name.clone(), third_party: name.clone() });
            }
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

    /// Returns the real service behind a third party's description, where there is one.
    pub(super) fn real_service(&self, name: &str) -> Option<&RealService> {
        self.real_services.iter().find(|(known, _)| known == name).map(|(_, service)| service)
    }

    /// Returns the service behind a TCP proxy that has this name.
    pub(super) fn tcp_service(&self, name: &str) -> Option<&Arc<TcpService>> {
        self.tcp_services.iter().find(|service| service.name() == name)
    }

    fn is_real(&self, name: &str) -> bool {
        self.real_service(name).is_some() || self.tcp_service(name).is_some()
    }

    /// Returns what answers for a third party with a description.
    pub(super) fn backend(&self, party: &Arc<ThirdParty>) -> Arc<dyn Backend> {
        match self.real_service(party.name()) {
            Some(service) => Arc::new(service.clone()),
            None => party.clone(),
        }
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
        .filter(|(_, party)| party.tcp.is_none())
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

fn real_services(setup: &StageSetup, described: &[Arc<ThirdParty>]) -> Result<Vec<(String, RealService)>, SetupError> {
    let real = described.iter().filter_map(|party| {
        let address = setup.third_parties.iter().find(|known| known.name == party.name())?.service.as_ref()?;
        let named = |source| SetupError::ThirdParty { name: party.name().to_owned(), source };
        Some(RealService::new(party.clone(), address).map(|service| (party.name().to_owned(), service)).map_err(named))
    });
    real.collect()
}

fn tcp_services(setup: &StageSetup, journal: &Arc<Journal>) -> Result<Vec<Arc<TcpService>>, SetupError> {
    let real = setup.third_parties.iter().filter_map(|party| {
        let made = TcpService::new(&party.name, party.tcp.clone()?, journal.clone());
        Some(made.map(Arc::new).map_err(|source| SetupError::ThirdParty { name: party.name.clone(), source }))
    });
    real.collect()
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
