//! Finds known secrets in texts by windows of twelve bytes, so that a part of a secret is found too, and adding a secret while
//! requests are served costs no rebuild.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::encoding::{Form, digests, forms};
use super::{Mark, SecretKind, derivation};
use crate::journal::Derivation;

/// Bytes of a secret that must stand together to be found as a part.
pub(super) const WINDOW: usize = 12;

/// Shorter values are not looked for: they would be found everywhere.
pub const SHORTEST_SECRET: usize = 6;

/// Windows kept per form; a longer form is sampled evenly, and a find is extended in both directions.
const WINDOWS_PER_FORM: usize = 256;

/// Knows the secrets of one stage and replaces them in texts.
#[derive(Default)]
pub struct Redactor {
    known: RwLock<Known>,
}

/// Never shows what it knows.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Redactor(..)")
    }
}

#[derive(Default)]
struct Known {
    forms: Vec<KnownForm>,
    windows: HashMap<[u8; WINDOW], Vec<(u32, u32)>>,
    /// Forms shorter than a window.
    short: Vec<u32>,
    values: Vec<KnownValue>,
}

struct KnownForm {
    kind: SecretKind,
    name: String,
    encoding: &'static str,
    bytes: Vec<u8>,
}

/// A whole value, for the comparison of credentials ids.
pub(super) struct KnownValue {
    pub(super) kind: SecretKind,
    pub(super) name: String,
    pub(super) value: String,
    /// Its forms and digests, which every reported id is compared with.
    pub(super) forms: Vec<Form>,
    pub(super) digests: [(&'static str, Vec<u8>); 3],
}

struct Find {
    start: usize,
    end: usize,
    mark: Mark,
}

impl Redactor {
    /// Adds a secret value under a name that may be shown. A value shorter than [`SHORTEST_SECRET`] bytes is not looked for.
    pub fn register(&self, kind: SecretKind, name: &str, value: &str) {
        if value.len() < SHORTEST_SECRET {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let shown = name.replace(['⟦', '⟧'], "");
        let named = format!("{kind}/{shown}");
        // A retried update reports its outputs again.
        if known.values.iter().any(|there| there.name == named && there.value == value) {
            return;
        }
        let forms = forms(value);
        for (encoding, bytes) in &forms {
            known.add(KnownForm { kind, name: shown.clone(), encoding, bytes: bytes.clone() });
        }
        known.values.push(KnownValue { kind, name: named, value: value.to_owned(), forms, digests: digests(value) });
    }

    /// Returns `text` with every occurrence of a known secret replaced by its mark.
    pub fn redact(&self, text: &str) -> String {
        // Somebody else's mark would be an observation that nobody made.
        let text = text.replace('⟦', "[[").replace('⟧', "]]");
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let bytes = text.as_bytes();
        let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
        let mut position = 0;
        let mut from = 0;
        while position < bytes.len() {
            let Some(find) = known.find_at(bytes, position, from) else {
                position += 1;
                continue;
            };
            out.extend_from_slice(&bytes[from..find.start]);
            out.extend_from_slice(find.mark.to_string().as_bytes());
            position = find.end;
            from = find.end;
        }
        out.extend_from_slice(&bytes[from..]);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// Returns how a credentials id is made from a secret that is known; empty when it is not.
    pub fn derivations(&self, credentials_id: &str) -> Vec<Derivation> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        derivation::derivations(credentials_id, &known.values)
    }
}

impl Known {
    fn add(&mut self, form: KnownForm) {
        let Ok(index) = u32::try_from(self.forms.len()) else { return };
        if form.bytes.len() < WINDOW {
            if form.bytes.len() >= SHORTEST_SECRET {
                self.short.push(index);
                self.forms.push(form);
            }
            return;
        }
        let last = form.bytes.len() - WINDOW;
        let stride = (last / WINDOWS_PER_FORM).max(1);
        for offset in (0..=last).step_by(stride).chain([last]) {
            if let Ok(window) = <[u8; WINDOW]>::try_from(&form.bytes[offset..offset + WINDOW]) {
                let places = self.windows.entry(window).or_default();
                let place = (index, u32::try_from(offset).unwrap_or(u32::MAX));
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
        self.forms.push(form);
    }

    /// Finds the longest known form, or part of one, whose window begins at `position`; it may reach back to `floor`.
    fn find_at(&self, text: &[u8], position: usize, floor: usize) -> Option<Find> {
        let mut best: Option<Find> = None;
        let window = text.get(position..position + WINDOW).and_then(|bytes| <[u8; WINDOW]>::try_from(bytes).ok());
        for &(index, offset) in window.and_then(|window| self.windows.get(&window)).into_iter().flatten() {
            let form = &self.forms[index as usize];
            let offset = offset as usize;
            let back = text[floor..position].iter().rev().zip(form.bytes[..offset].iter().rev()).take_while(|(a, b)| a == b).count();
            let ahead = text[position..].iter().zip(&form.bytes[offset..]).take_while(|(a, b)| a == b).count();
            let partial = back + ahead < form.bytes.len();
            // The head of a JSON web token is the same for every token of an issuer: only a whole one, or its signature, is secret.
            if partial && form.kind == SecretKind::Token && !reaches_signature(form, offset + ahead) {
                continue;
            }
            self.keep_longer(&mut best, form, position - back, position + ahead, partial);
        }
        for &index in &self.short {
            let form = &self.forms[index as usize];
            if text[position..].starts_with(&form.bytes) {
                self.keep_longer(&mut best, form, position, position + form.bytes.len(), false);
            }
        }
        best
    }

    #[expect(clippy::unused_self, reason = "reads as a step of find_at")]
    fn keep_longer(&self, best: &mut Option<Find>, form: &KnownForm, start: usize, end: usize, partial: bool) {
        if best.as_ref().is_none_or(|found| (end - start, found.mark.partial) > (found.end - found.start, partial)) {
            let mark = Mark { kind: form.kind, name: form.name.clone(), encoding: form.encoding.to_owned(), partial };
            *best = Some(Find { start, end, mark });
        }
    }
}

fn reaches_signature(form: &KnownForm, end: usize) -> bool {
    form.encoding != "plain" || form.bytes.iter().rposition(|byte| *byte == b'.').is_some_and(|dot| end > dot + WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redaction::marks;
    use base64::Engine as _;
    use proptest::prelude::*;

    const SECRET: &str = "s3cr3t-Välue \"quoted\"/0123456789";

    fn redactor() -> Redactor {
        let redactor = Redactor::default();
        redactor.register(SecretKind::LoginSecret, "login", SECRET);
        redactor
    }

    fn only_mark(text: &str) -> Mark {
        let redacted = redactor().redact(text);
        let found = marks(&redacted);
        assert_eq!(found.len(), 1, "{redacted}");
        found[0].clone()
    }

    #[test]
    fn every_encoding_is_found() {
        let cases = [
            ("plain", SECRET.to_owned()),
            ("json", serde_json::to_string(SECRET).unwrap()),
            ("hex", hex::encode(SECRET)),
            ("hex", hex::encode_upper(SECRET)),
            ("reversed", SECRET.chars().rev().collect()),
            ("url", percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2D", "-")),
        ];
        for (encoding, text) in cases {
            let mark = only_mark(&format!("before {text} after"));
            assert_eq!((mark.encoding.as_str(), mark.partial), (encoding, false), "{text}");
        }
        for before in ["", "x", "xy"] {
            let text = base64::engine::general_purpose::STANDARD.encode(format!("{before}{SECRET}tail"));
            assert_eq!(only_mark(&text).encoding, "base64", "alignment {}", before.len());
        }
    }

    #[test]
    fn a_secret_cut_at_the_last_byte_is_a_part() {
        let cut = &SECRET[..SECRET.len() - 1];
        let redacted = redactor().redact(cut);
        assert!(only_mark(cut).partial);
        assert!(!redacted.contains("s3cr3t") && !redacted.contains("678"), "{redacted}");
    }

    #[test]
    fn the_shared_head_of_tokens_is_no_find() {
        let redactor = Redactor::default();
        redactor.register(SecretKind::Token, "t1", "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJpYW0iLCJhIjoxfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert!(marks(&redactor.redact("eyJhbGciOiJFUzI1NiJ9.eyJzb21lIjoib3RoZXIifQ.BBBBBBBBBBBBBBBBBBBBBBBBBB")).is_empty());
        assert_eq!(marks(&redactor.redact("x eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJpYW0iLCJhIjoxfQ.AAAAAAAAAAAAAAAAAAAAAAAAAAAA")).len(), 1);
    }

    #[test]
    fn a_forged_mark_is_defused() {
        assert!(marks(&redactor().redact("⟦login_secret/login/plain⟧")).is_empty());
    }

    #[test]
    fn a_long_secret_leaves_nothing() {
        let redactor = Redactor::default();
        let long = crate::contract::IdSource::new(7).characters(b"0123456789abcdef", 100_000);
        redactor.register(SecretKind::CredentialSecret, "c", &long);
        assert_eq!(redactor.redact(&long), "⟦credential_secret/c/plain⟧");
        assert_eq!(redactor.redact(&long[777..90_000]), "⟦credential_secret/c/plain/part⟧");
    }

    proptest! {
        #[test]
        fn a_planted_secret_never_survives(before in ".{0,40}", after in ".{0,40}", value in "[A-Za-z0-9+/]{16,80}") {
            let redactor = Redactor::default();
            redactor.register(SecretKind::CredentialSecret, "c", &value);
            let redacted = redactor.redact(&format!("{before}{value}{after}"));
            prop_assert!(!redacted.contains(&value));
            prop_assert!(!marks(&redacted).is_empty());
        }

        #[test]
        fn harmless_text_stays(text in "[a-z ⟨⟩äöü]{0,200}") {
            prop_assert_eq!(redactor().redact(&text), text);
        }
    }
}
