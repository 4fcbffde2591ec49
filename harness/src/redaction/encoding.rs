//! The forms in which a secret may appear.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// RFC 3986 unreserved characters stay.
const URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A form of a secret: its name and its bytes.
pub(super) type Form = (&'static str, Vec<u8>);

/// Returns every form in which `value` is looked for, plain first, without duplicates.
pub(super) fn forms(value: &str) -> Vec<Form> {
    let mut forms: Vec<Form> = vec![("plain", value.as_bytes().to_vec())];
    if let Ok(quoted) = serde_json::to_string(value) {
        forms.push(("json", quoted.as_bytes()[1..quoted.len() - 1].to_vec()));
    }
    let url = utf8_percent_encode(value, URL).to_string();
    forms.push(("url", url.replace("%20", "+").into_bytes()));
    forms.push(("url", lower_escapes(&url).into_bytes()));
    forms.push(("url", url.into_bytes()));
    forms.push(("reversed", value.chars().rev().collect::<String>().into_bytes()));
    forms.extend(base64_forms(value.as_bytes()).map(|form| ("base64", form)));
    let hex = hex::encode(value);
    forms.push(("hex", hex.to_uppercase().into_bytes()));
    forms.push(("hex", hex.into_bytes()));
    for (name, digest) in digests(value) {
        let hex = hex::encode(&digest);
        forms.push((name, hex.to_uppercase().into_bytes()));
        forms.push((name, hex.into_bytes()));
        forms.push((name, STANDARD_NO_PAD.encode(&digest).into_bytes()));
        forms.push((name, URL_SAFE_NO_PAD.encode(&digest).into_bytes()));
    }
    let mut seen = std::collections::HashSet::new();
    forms.retain(|(_, bytes)| seen.insert(bytes.clone()));
    forms
}

/// Returns the digests that people take of secrets.
pub(super) fn digests(value: &str) -> [(&'static str, Vec<u8>); 3] {
    [("sha256", Sha256::digest(value).to_vec()), ("sha1", Sha1::digest(value).to_vec()), ("sha512", Sha512::digest(value).to_vec())]
}

/// Returns the value's base64 at the three alignments it can have inside a longer encoded text, less the characters at both
/// ends that depend on its neighbours; in the standard and the URL-safe alphabet.
fn base64_forms(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..3_usize).flat_map(move |before| {
        let mut padded = vec![0_u8; before];
        padded.extend_from_slice(value);
        let whole = padded.len() / 3 * 4;
        let skipped = [0, 2, 3][before];
        [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)]
            .map(|text| text.as_bytes().get(skipped..whole.max(skipped)).unwrap_or_default().to_vec())
    })
}

fn lower_escapes(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut escape = 0;
    for character in url.chars() {
        if character == '%' {
            escape = 2;
            out.push(character);
        } else if escape > 0 {
            escape -= 1;
            out.push(character.to_ascii_lowercase());
        } else {
            out.push(character);
        }
    }
    out
}
