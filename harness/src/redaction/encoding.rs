//! The forms in which a secret may appear.
//!
//! Escapes of URLs and of JSON are no forms: there are too many ways to escape a part of a text, so the text is looked at without them (see
//! [`view`](super::view)).

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::finder::WINDOW;
use super::view::View;
use super::{SHORTEST_SECRET, SecretKind};

/// Digits or letters that stand together where a number is written in groups.
const GROUP: usize = 4;

/// A form of a secret.
pub(super) struct Form {
    /// Its name.
    pub(super) encoding: &'static str,
    /// What stands in a text.
    pub(super) bytes: Vec<u8>,
    /// The bytes that tell something. A part of the form is a find only where it holds enough of them.
    pub(super) telling: Range<usize>,
}

/// Returns every form in which `value` is looked for, plain first, without duplicates and without those that would be found everywhere.
pub(super) fn forms(kind: SecretKind, value: &str, digests: &[(&'static str, Vec<u8>)]) -> Vec<Form> {
    let secret = telling(kind, value);
    let mut forms = vec![Form { encoding: "plain", bytes: value.as_bytes().to_vec(), telling: secret.clone() }];
    // A private key has lines of its own, and the text is looked at without line breaks too.
    forms.extend(View::unfolded(value.as_bytes()).map(|view| Form::whole("plain", view.into_bytes())));
    if value.len() >= WINDOW {
        forms.push(Form { encoding: "lower-case", bytes: value.to_ascii_lowercase().into_bytes(), telling: secret.clone() });
        forms.push(Form { encoding: "upper-case", bytes: value.to_ascii_uppercase().into_bytes(), telling: secret.clone() });
    }
    // A blank of a form that is sent; other escapes are undone where they stand.
    forms.push(Form { encoding: "url", bytes: value.replace(' ', "+").into_bytes(), telling: secret.clone() });
    let backwards = value.len() - secret.end..value.len() - secret.start;
    forms.push(Form { encoding: "reversed", bytes: value.chars().rev().collect::<String>().into_bytes(), telling: backwards });
    if kind == SecretKind::Personal {
        forms.extend(grouped(value));
    }
    let (hex, doubled) = (hex::encode(value), 2 * secret.start..2 * secret.end);
    forms.push(Form { encoding: "hex", bytes: hex.to_uppercase().into_bytes(), telling: doubled.clone() });
    forms.push(Form { encoding: "hex", bytes: hex.into_bytes(), telling: doubled });
    forms.extend(base64_forms(value.as_bytes(), &secret));
    for (name, digest) in digests {
        let hex = hex::encode(digest);
        forms.push(Form::whole(name, hex.to_uppercase().into_bytes()));
        forms.push(Form::whole(name, hex.into_bytes()));
        forms.push(Form::whole(name, STANDARD_NO_PAD.encode(digest).into_bytes()));
        forms.push(Form::whole(name, URL_SAFE_NO_PAD.encode(digest).into_bytes()));
    }
    let mut seen = HashSet::new();
    forms.retain(|form| form.bytes.len() >= SHORTEST_SECRET && seen.insert(form.bytes.clone()));
    forms
}

impl Form {
    fn whole(encoding: &'static str, bytes: Vec<u8>) -> Self {
        let telling = 0..bytes.len();
        Self { encoding, bytes, telling }
    }
}

/// The head of a JSON web token is the same for every token of an issuer: its signature alone is secret.
fn telling(kind: SecretKind, value: &str) -> Range<usize> {
    let signature = value.rfind('.').map(|dot| dot + 1).filter(|start| kind == SecretKind::Token && start + WINDOW <= value.len());
    signature.unwrap_or(0)..value.len()
}

/// Numbers of people are written in groups, with and without signs between them.
fn grouped(value: &str) -> Vec<Form> {
    if value.contains(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '+' | '-')) {
        return Vec::new();
    }
    let compact: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let apart = [b' ', b'-'].map(|sign| Form::whole("grouped", compact.chunks(GROUP).collect::<Vec<_>>().join(&sign)));
    apart.into_iter().chain([Form::whole("grouped", compact)]).collect()
}

/// Returns the digests that people take of secrets.
pub(super) fn digests(value: &str) -> [(&'static str, Vec<u8>); 5] {
    [
        ("sha384", Sha384::digest(value).to_vec()),
        ("sha256", Sha256::digest(value).to_vec()),
        ("sha1", Sha1::digest(value).to_vec()),
        ("sha512", Sha512::digest(value).to_vec()),
        ("md5", Md5::digest(value).to_vec()),
    ]
}

/// Returns the value's base64 at the three alignments it can have inside a longer encoded text, less the characters at both
/// ends that depend on its neighbours; in the standard and the URL-safe alphabet.
fn base64_forms(value: &[u8], secret: &Range<usize>) -> impl Iterator<Item = Form> {
    (0..3_usize).flat_map(move |before| {
        let mut padded = vec![0_u8; before];
        padded.extend_from_slice(value);
        let skipped = [0, 2, 3][before];
        let end = (padded.len() / 3 * 4).max(skipped);
        let telling = ((before + secret.start) * 4).div_ceil(3).clamp(skipped, end) - skipped..end - skipped;
        [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)].map(|text| {
            let bytes = text.as_bytes().get(skipped..end).unwrap_or_default().to_vec();
            Form { encoding: "base64", bytes, telling: telling.clone() }
        })
    })
}
