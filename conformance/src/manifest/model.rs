//! A manifest that has been checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hallmark_harness::contract::{OutputSpec, SecretType, ValueType};
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::words::{AuthorityDelivery, CanaryKind, Generator, InstanceUrl, Preset};
use crate::job_config::JobConfig;

/// What is known about a provider before it runs. Read it with [`Manifest::load`].
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file, as it was named.
    pub path: PathBuf,
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits.
    pub digest: String,
    /// The provider's name in reports.
    pub name: String,
    /// The program as written; [`Manifest::program`] says where it is.
    pub command: String,
    /// Arguments of the program.
    pub args: Vec<String>,
    /// A command to run in [`Manifest::directory`] before the provider is judged. Never empty.
    pub build: Option<Vec<String>>,
    /// Declared inputs and outputs.
    pub job_config: JobConfig,
    /// The `job_config.json`, or none when inputs and outputs are declared in the manifest itself.
    pub job_config_path: Option<PathBuf>,
    /// SHA-256 of the `job_config.json`, in hexadecimal, when there is one.
    pub job_config_digest: Option<String>,
    /// The text of the `job_config.json`, when there is one: what is wrong with it is judged.
    pub job_config_text: Option<String>,
    /// How long Secrets Manager waits for a task. Above zero, at most 24 hours.
    pub task_timeout: Duration,
    /// Further hosts that the provider may contact by name.
    pub hosts: Vec<String>,
    /// Where the provider finds Secrets Manager.
    pub sm_url: InstanceUrl,
    /// How a provider in a container gets to trust the run's certificate authority. Never empty, each once.
    pub ca: Vec<AuthorityDelivery>,
    /// The job definition's own variables.
    pub env: BTreeMap<String, String>,
    /// How the provider deals with deletions that the third party refuses.
    pub delete: DeletePolicy,
    /// Rules that need not be kept for a while.
    pub waivers: Vec<Waiver>,
    pub(super) variants: Vec<Variant>,
}

impl Manifest {
    /// Returns the folder in which the manifest stands; paths in it are relative to this.
    pub fn directory(&self) -> &Path {
        directory_of(&self.path)
    }

    /// Returns the program to start: an absolute path where [`Self::command`] has a slash, else a name to look up in `PATH`.
    pub fn program(&self) -> PathBuf {
        if !self.command.contains('/') {
            return PathBuf::from(&self.command);
        }
        let program = self.directory().join(&self.command);
        // Fails only when the current directory is gone; the relative path then says as much as can be said.
        std::path::absolute(&program).unwrap_or(program)
    }

    /// Returns what is to be certified, in alphabetical order: each declared variant, or one without a name. Never empty.
    pub fn variants(&self) -> Vec<Variant> {
        self.variants.clone()
    }
}

/// Returns the folder of the manifest at `path`.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The provider with one set of values.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its name, or none where the manifest declares no variants.
    pub name: Option<String>,
    /// Whether inputs and outputs are declared by a `job_config.json`, and not by the manifest itself.
    pub job_config: bool,
    /// Every declared input, in the order of the declaration.
    pub inputs: Vec<DeclaredInput>,
    /// Every declared output, in the order of the declaration.
    pub outputs: Vec<OutputSpec>,
    /// The third parties, by name. None at all is legal.
    pub third_parties: BTreeMap<String, ThirdPartySource>,
    /// The secrets that exist before the provider runs, by name.
    pub secrets: BTreeMap<String, SecretSource>,
    /// The variables of its trusted profile, where the job signs in with one instead of an API key.
    pub trusted_profile: Option<TrustedProfile>,
}

impl Variant {
    /// Returns the variant of a name, or the first where none is asked for; otherwise the names that there are, in words.
    pub fn choose<'variants>(variants: &'variants [Self], name: Option<&str>) -> Result<&'variants Self, String> {
        let chosen = variants.iter().find(|variant| name.is_none_or(|name| variant.name.as_deref() == Some(name)));
        chosen.ok_or_else(|| {
            let names: Vec<&str> = variants.iter().filter_map(|variant| variant.name.as_deref()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        })
    }

    /// Returns the third parties that are real services.
    pub fn real_services(&self) -> impl Iterator<Item = (&str, &ThirdPartySource)> {
        self.third_parties.iter().filter(|(_, source)| source.is_real()).map(|(name, source)| (name.as_str(), source))
    }

    /// Tells whether scenarios have to be played one after another: each sees all that is alive at a service behind a TCP proxy.
    pub fn plays_alone(&self) -> bool {
        self.third_parties.values().any(|source| source.tcp.is_some())
    }
}

/// The variables in which a provider expects its trusted profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProfile {
    /// Gets the profile's id.
    pub id: String,
    /// Gets the path of the file with the compute resource token.
    pub token_file: String,
}

/// An input with the value that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredInput {
    /// Lower-case name.
    pub name: String,
    /// Declared type.
    pub value_type: ValueType,
    /// Whether it must have a value.
    pub required: bool,
    /// The value; never none for a required input.
    pub value: Option<InputValue>,
}

/// Where the value of an input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputValue {
    /// The text that stands in the environment. It suits the input's type.
    Literal(String),
    /// The id of the secret of this name in [`Variant::secrets`].
    Secret(String),
    /// The address of the third party of this name in [`Variant::third_parties`].
    ThirdParty(String),
    /// A planted value, drawn anew for each scenario.
    Canary(CanaryKind),
}

/// How a third party is described. Exactly one of `preset`, `spec` and `tcp` is there.
#[derive(Debug, Clone)]
pub struct ThirdPartySource {
    /// One that comes with hallmark.
    pub preset: Option<Preset>,
    /// The author's own description, not yet validated.
    pub spec: Option<toml::Table>,
    /// Real host names under which it answers too, through the proxy.
    pub hosts: Vec<String>,
    /// The address of a real service that answers what the description tells of.
    pub service: Option<String>,
    /// A real service of another protocol.
    pub tcp: Option<TcpSource>,
}

impl ThirdPartySource {
    /// Tells whether it is a real service, which hallmark does not play.
    pub fn is_real(&self) -> bool {
        self.service.is_some() || self.tcp.is_some()
    }
}

/// A real service behind a TCP proxy. A command is a program with its arguments, empty where there is none.
#[derive(Debug, Clone)]
pub struct TcpSource {
    /// Host and port.
    pub address: String,
    /// Prints the ids of all living credentials.
    pub list: Vec<String>,
    /// Tells whether a credential exists.
    pub exists: Vec<String>,
    /// Takes a credential away.
    pub revoke: Vec<String>,
    /// Makes the service refuse.
    pub refuse: Vec<String>,
    /// Ends that.
    pub recover: Vec<String>,
    /// Variables of the commands.
    pub environment: BTreeMap<String, SecretString>,
    /// How long a command may take. Above zero.
    pub time_limit: Duration,
}

/// A secret that exists before the provider runs.
#[derive(Debug, Clone)]
pub struct SecretSource {
    /// Its type.
    pub secret_type: SecretType,
    /// Where its data comes from.
    pub data: SecretData,
    /// The field that holds the data; none for [`SecretType::Arbitrary`], which has no fields.
    pub field: Option<String>,
    /// Whether IAM knows the data as an API key.
    pub iam: bool,
}

/// Where the data of a secret comes from.
#[derive(Debug, Clone)]
pub enum SecretData {
    /// It is the login secret of the third party of this name.
    LoginOf(String),
    /// It stands in the manifest.
    Value(SecretString),
    /// It is drawn from the run's seed.
    Generate(Generator),
}

/// How the provider deals with deletions that the third party refuses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeletePolicy {
    /// Statuses after which the provider reports the credential as deleted although it lives, so that Secrets Manager does not
    /// try again. Out of 401, 403, 409 and 423, ascending.
    pub not_resubmitted: Vec<u16>,
}

/// A rule that need not be kept until a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waiver {
    /// Id of the rule. Whether there is such a rule is not checked here.
    pub rule: String,
    /// Why it may be broken.
    pub reason: String,
    /// The last day on which the waiver holds. Whether it is over is not checked here.
    #[serde(with = "day")]
    #[schemars(with = "String")]
    pub expires: time::Date,
}

// A day as it is written in manifests.
time::serde::format_description!(day, Date, "[year]-[month]-[day]");
