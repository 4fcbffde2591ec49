//! The rules as data: `features/catalog.toml`, built in.
//!
//! The main types are [`Rule`] and [`Catalog`].

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

/// The text of the built-in catalog.
const TEXT: &str = include_str!("../../features/catalog.toml");

/// A rule's id, such as `CRE-001`. Never renumbered, never reused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RuleId(pub String);

impl RuleId {
    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the chapter: the letters before the dash.
    pub fn chapter(&self) -> &str {
        self.0.split('-').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl From<&str> for RuleId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// How strongly a rule binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good engineering: reported, never scored.
    Info,
    /// The documents recommend it, or IBM's own providers imply it.
    Should,
    /// The documents say it or the flow chart draws it.
    Must,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::Info => "info",
        })
    }
}

/// Which rules count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// All must rules.
    #[default]
    Core,
    /// Core and all should rules.
    Resilient,
    /// Resilient, of an image, without waivers, and 300 fault schedules that are survived.
    Hardened,
}

impl Profile {
    /// Tells whether rules of this level count.
    pub fn counts(self, level: Level) -> bool {
        match self {
            Self::Core => level == Level::Must,
            Self::Resilient | Self::Hardened => level >= Level::Should,
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Core => "core",
            Self::Resilient => "resilient",
            Self::Hardened => "hardened",
        })
    }
}

/// What a manifest must have for a rule to apply to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Applies {
    /// Always.
    Always,
    /// The provider talks to a third party.
    ThirdParty,
    /// An input names a secret.
    LoginSecret,
    /// An input names a secret, or the provider talks to a third party, or both.
    LoginSecretOrThirdParty,
    /// Some input is optional and has a value in the manifest.
    OptionalInput,
    /// Some input is required, or is an integer, a boolean or an enum.
    CheckedInput,
    /// The provider's inputs and outputs are declared by a `job_config.json`.
    JobConfig,
    /// The provider is an image, run in containers.
    Image,
}

impl Applies {
    /// Returns the condition as a sentence.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Always => "To every provider.",
            Self::ThirdParty => "To providers that talk to a third party.",
            Self::LoginSecret => "To providers with an input of type secret_id.",
            Self::LoginSecretOrThirdParty => "To providers with an input of type secret_id or a third party.",
            Self::OptionalInput => "To providers with an optional input that has a value in the manifest.",
            Self::CheckedInput => "To providers with an input that is required, or is an integer, a boolean or an enum.",
            Self::JobConfig => "To providers with a job_config.json.",
            Self::Image => "To images: with --image.",
        }
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its level.
    pub level: Level,
    /// What is required, in one sentence.
    pub requirement: String,
    /// The document and section that say so; several are separated by a semicolon.
    pub source: String,
    /// Why it matters, how to keep it and how it is tested, for `hallmark explain`. One paragraph without line breaks.
    #[serde(deserialize_with = "paragraph")]
    pub explanation: String,
    /// When it applies.
    #[serde(default = "always")]
    pub applies: Applies,
    /// Rules without which it cannot be judged.
    #[serde(default)]
    pub needs: Vec<RuleId>,
}

fn always() -> Applies {
    Applies::Always
}

/// Reads text that is broken into lines in the file and is one paragraph to every reader.
fn paragraph<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// All rules, in the order of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// The rules.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

impl Catalog {
    /// Returns the built-in catalog. A test proves that it parses.
    pub fn built_in() -> Result<Self, toml::de::Error> {
        toml::from_str(TEXT)
    }

    /// Returns the rule with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id.as_str() == id)
    }

    /// Returns the SHA-256 of the catalog's text in hex.
    pub fn digest() -> String {
        hex::encode(Sha256::digest(TEXT))
    }
}
