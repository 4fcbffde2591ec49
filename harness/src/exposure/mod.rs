//! Secrets and personal values in what an image tells everybody who may pull it: its labels, its environment and its history; and those of any
//! text whose form can be checked.
//!
//! The main functions are [`find`], for images, and [`validated`], for texts. What they return says where something stands, of what kind it is and how
//! long, and never the value: it goes into recordings and reports. An image is made by others, so a sign has to be plain before it is one: the name and
//! the value of a variable together, or a form that nothing else has.

mod assignment;
mod form;
mod name;
mod number;
mod personal;
mod validated;
mod value;

use std::ops::Range;

use regex::Regex;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

pub use name::{Meaning, meaning, words};
pub(crate) use number::luhn_digit;
pub(crate) use personal::remainder_of_97;
pub use validated::{Validated, ValidatedKind, unescaped, validated};

use crate::redaction::SHORTEST_SECRET;

/// What an image tells about itself.
#[derive(Clone, Default)]
pub struct Description {
    /// Its labels, by name.
    pub labels: Vec<(String, String)>,
    /// Its environment, by name.
    pub environment: Vec<(String, String)>,
    /// The commands that made it, the oldest first.
    pub history: Vec<String>,
}

/// A secret of the manifest.
pub struct KnownSecret {
    /// What a person calls it.
    pub name: String,
    /// The value.
    pub value: SecretString,
}

/// Something in an image's description that should not be there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Exposure {
    /// Where it stands, such as `the variable API_KEY`.
    pub place: String,
    /// What it is.
    pub kind: ExposureKind,
    /// How many characters it has.
    pub length: usize,
}

/// What stands in an image's description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExposureKind {
    /// A secret of the manifest, by name.
    Known(String),
    /// A private key in PEM.
    PrivateKey,
    /// A JSON Web Token.
    WebToken,
    /// A token that its beginning tells to be one of this issuer's.
    IssuedToken(String),
    /// A password within a URL.
    UrlPassword,
    /// Credentials of a request.
    Authorization,
    /// The value of something that is called a secret, by that name.
    Named(String),
    /// An e-mail address.
    Email,
    /// A bank account number.
    Iban,
}

impl ExposureKind {
    /// Tells whether it opens a door; otherwise it is about a person.
    pub fn is_secret(&self) -> bool {
        !matches!(self, Self::Email | Self::Iban)
    }
}

/// Finds what should not be there; each place and kind once, in the order of labels, environment, history.
pub fn find(description: &Description, known: &[KnownSecret]) -> Vec<Exposure> {
    let mut found: Vec<Exposure> = Vec::new();
    let mut add = |place: &str, remarks: Vec<(ExposureKind, usize)>| {
        for (kind, length) in remarks {
            let exposure = Exposure { place: place.to_owned(), kind, length };
            if !found.contains(&exposure) {
                found.push(exposure);
            }
        }
    };
    for (label, value) in &description.labels {
        let personal = if name::is_contact(label) { Vec::new() } else { personal::find(value) };
        add(&format!("the label {label}"), [text(value, known), named(label, value), personal].concat());
    }
    for (variable, value) in &description.environment {
        add(&format!("the variable {variable}"), [text(value, known), named(variable, value), personal::find(value)].concat());
    }
    for (step, line) in description.history.iter().enumerate() {
        let named = assignment::all(line).iter().flat_map(|(name, value)| named(name, value)).collect();
        let personal = personal::find(&assignment::without_contacts(line));
        add(&format!("step {} of the history", step + 1), [text(line, known), named, personal].concat());
    }
    found
}

/// Returns what a text holds whatever it belongs to.
fn text(text: &str, known: &[KnownSecret]) -> Vec<(ExposureKind, usize)> {
    let known = known.iter().filter_map(|secret| {
        let value = secret.value.expose_secret();
        let long = value.len() >= SHORTEST_SECRET;
        (long && text.contains(value)).then(|| (ExposureKind::Known(secret.name.clone()), value.chars().count()))
    });
    known.chain(form::find(text)).collect()
}

/// Returns a value whose name says that it is secret. One that has a form of its own is told by that.
fn named(name: &str, value: &str) -> Vec<(ExposureKind, usize)> {
    let value = value::unquoted(value);
    let found = name::meaning(name).filter(|meaning| form::find(value).is_empty() && value::looks_like_one(value, *meaning));
    found.map(|_| (ExposureKind::Named(name.to_owned()), value.chars().count())).into_iter().collect()
}

/// Returns where the first group of a form stands, each time. Two finds may share the sign between them, so each search begins where the last
/// find ended.
fn groups<'text>(form: &'static Regex, text: &'text str) -> impl Iterator<Item = Range<usize>> + 'text {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = form.captures_at(text, from)?.get(1)?;
        from = found.end();
        Some(found.range())
    })
}

#[expect(clippy::expect_used, reason = "the patterns of this module are constants, and each is used by a test")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

#[cfg(test)]
mod tests;
