//! What a stage is set up with: the fake cloud's contents, as data that travels over the admin API.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud::hosts;
use crate::cloud::iam::Role;
use crate::cloud::third_party::ThirdPartySpec;
use crate::contract::{OutputSpec, SecretType};
use crate::engine::Knobs;

/// Everything that a fake cloud holds at the start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct StageSetup {
    /// Seed of ids, keys and generated values.
    pub seed: u64,
    /// The service's choices where the documentation is silent.
    pub knobs: Knobs,
    /// Milliseconds after which a task without a report fails. The service allows 5 minutes to 24 hours; less is for tests.
    pub task_timeout_milliseconds: u64,
    /// Whether jobs get the real-looking `https://<instance>.<region>.secrets-manager.appdomain.cloud` as SM_INSTANCE_URL, to
    /// be reached through the proxy; otherwise plain http on loopback.
    pub real_instance_url: bool,
    /// Whether what jobs reach on loopback speaks TLS, with a certificate for the address, instead of plain http.
    pub secure_loopback: bool,
    /// The outputs that the provider declares.
    pub outputs: Vec<OutputSpec>,
    /// The third parties. None at all is legal.
    pub third_parties: Vec<ThirdPartySetup>,
    /// Secrets that inputs may name.
    pub secrets: Vec<SecretSetup>,
    /// Input values by lower-case name.
    pub parameters: BTreeMap<String, ParameterSource>,
    /// Further hosts that may be contacted by name; the fake answers them with an empty 200, those below `.invalid` with an empty 404.
    pub hosts: Vec<String>,
    /// The provider's service id.
    pub account: AccountSetup,
}

impl Default for StageSetup {
    fn default() -> Self {
        Self {
            seed: 1,
            knobs: Knobs::default(),
            task_timeout_milliseconds: 600_000,
            real_instance_url: false,
            secure_loopback: false,
            outputs: Vec::new(),
            third_parties: Vec::new(),
            secrets: Vec::new(),
            parameters: BTreeMap::new(),
            hosts: Vec::new(),
            account: AccountSetup::default(),
        }
    }
}

impl StageSetup {
    /// Gives every third party without a real host name an invented one.
    pub(crate) fn name_third_parties(&mut self) {
        for party in &mut self.third_parties {
            let spec = party.spec.clone().or_else(|| party.preset.as_deref().and_then(ThirdPartySpec::preset));
            if party.hosts.is_empty() && spec.is_none_or(|spec| spec.hosts.is_empty()) {
                party.hosts.push(hosts::invented(&party.name));
            }
        }
    }
}

/// The identity behind SM_ACCESS_APIKEY, or behind the trusted profile that takes its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AccountSetup {
    /// Its roles, limited to the secret group of the secrets that are set up.
    pub roles: BTreeSet<Role>,
    /// The trusted profile, where jobs sign in with one and get no SM_ACCESS_APIKEY.
    pub trusted_profile: Option<TrustedProfileSetup>,
}

/// A trusted profile that jobs assume with the compute resource token that Code Engine gives them. No client agrees with another on the names of
/// these variables, so the job's own are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrustedProfileSetup {
    /// The variable that gets the profile's id.
    pub id_variable: String,
    /// The variable that gets the path of the token's file.
    pub token_file_variable: String,
}

impl Default for AccountSetup {
    fn default() -> Self {
        Self { roles: BTreeSet::from([Role::SecretTaskUpdater, Role::SecretsReader]), trusted_profile: None }
    }
}

/// A third party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThirdPartySetup {
    /// Its name.
    pub name: String,
    /// A shipped description, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// An own description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<ThirdPartySpec>,
    /// Further host names under which it answers through the proxy.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The address of a real service that answers in place of the description's simulation, e.g. `https://127.0.0.1:8443`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// A real service of any other protocol, in place of a description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpServiceSetup>,
}

impl ThirdPartySetup {
    /// Starts a third party that is simulated from a shipped description.
    pub fn simulated(name: &str, preset: &str) -> Self {
        Self { name: name.to_owned(), preset: Some(preset.to_owned()), spec: None, hosts: Vec::new(), service: None, tcp: None }
    }
}

/// A real service behind a TCP proxy, and the commands (a program and its arguments) that ask and change it. They run where the fake cloud does.
/// `{{ credential.id }}` in an argument is a credential's id.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TcpServiceSetup {
    /// Host and port.
    pub address: String,
    /// Prints the ids of all living credentials, one a line.
    #[serde(default)]
    pub list: Vec<String>,
    /// Ends with 0 where a credential exists and with 1 where it does not.
    #[serde(default)]
    pub exists: Vec<String>,
    /// Takes a credential away.
    #[serde(default)]
    pub revoke: Vec<String>,
    /// Makes the service refuse creations and revocations.
    #[serde(default)]
    pub refuse: Vec<String>,
    /// Ends that.
    #[serde(default)]
    pub recover: Vec<String>,
    /// Variables of the commands beside PATH. They may hold secrets.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Folder in which they run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
    /// Milliseconds that a command may take.
    #[serde(default = "TcpServiceSetup::ten_seconds")]
    pub time_limit_milliseconds: u64,
}

impl TcpServiceSetup {
    fn ten_seconds() -> u64 {
        10_000
    }
}

/// Without the values of the environment.
impl std::fmt::Debug for TcpServiceSetup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&String> = self.environment.keys().collect();
        formatter.debug_struct("TcpServiceSetup").field("address", &self.address).field("environment", &names).finish_non_exhaustive()
    }
}

/// A secret that an input may name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretSetup {
    /// Its name.
    pub name: String,
    /// Its type.
    pub secret_type: SecretType,
    /// The field that holds the value, for types with several; default the type's main field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Where the value comes from.
    pub source: SecretSource,
    /// Whether IAM knows the value as an API key.
    #[serde(default)]
    pub iam: bool,
}

/// Where a secret's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// The login secret of a third party, by its name.
    LoginOf(String),
    /// A value as it stands.
    Value(String),
    /// A random value: 44 characters like an API key.
    Generate,
}

/// Where an input's value comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParameterSource {
    /// A value as it stands.
    Literal(String),
    /// The id of a secret, by its name.
    Secret(String),
    /// The address of a third party, by its name.
    ThirdParty(String),
    /// A planted value that must not turn up in metadata.
    Canary(CanaryKind),
}

/// Kinds of planted values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CanaryKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A national id number.
    NationalId,
    /// A payment card number.
    Card,
    /// A bank account number.
    Iban,
    /// An API key.
    ApiKey,
    /// A token.
    Token,
}

/// What a scenario does to a secret that an input names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// It is deleted.
    Missing,
    /// It is moved to a secret group that the provider's service id does not cover.
    Forbidden,
    /// It becomes a secret of another type, holding the same value.
    OtherType,
    /// Its value is spoiled: the right value, in the middle of text with line breaks and control characters.
    Malformed,
    /// It is as it was set up.
    Restored,
}

/// Where the fake cloud's services are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageAddresses {
    /// SM_INSTANCE_URL.
    pub instance_url: String,
    /// Secrets Manager on loopback, whatever the jobs get.
    pub secrets_manager_url: String,
    /// IAM on loopback.
    pub iam_url: String,
    /// The proxy that catches real host names.
    pub proxy_url: String,
    /// Third parties on loopback, by name.
    pub third_parties: BTreeMap<String, String>,
    /// The run's certificate authority, PEM.
    pub authority: String,
    /// Every host name that is declared: of the services, of third parties, and those of the set-up.
    #[serde(default)]
    pub hosts: Vec<String>,
}
