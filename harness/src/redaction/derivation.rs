//! Tells how a credentials id is made from a secret: a part of it, of its encoding, or of its hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memmem;

use super::SecretKind;
use super::finder::{Finder, KnownValue};
use super::view::View;
use crate::journal::Derivation;

/// Characters that must agree. A random id of 32 hexadecimal digits agrees by chance with the head of one of a stage's
/// digests less than once in ten million comparisons.
const AGREEMENT: usize = 8;

/// Shorter secrets are compared whole only.
const SHORTEST_COMPARED: usize = 16;

/// Returns every relation between `credentials_id` and the values that are not public.
pub(super) fn derivations(credentials_id: &str, known: &Finder) -> Vec<Derivation> {
    let id = Id::new(credentials_id);
    let mut found = Vec::new();
    for value in known.values().iter().filter(|value| compared(value.kind)) {
        let relation = whole(&id, known, value).or_else(|| part(credentials_id, value, known)).or_else(|| hash(&id, value));
        found.extend(relation.map(|relation| Derivation { secret: value.name.clone(), relation }));
    }
    found
}

/// A credentials id as it is compared.
struct Id {
    /// As it is, and without escapes where it has some.
    texts: Vec<Vec<u8>>,
    /// Without signs, in lower case: hexadecimal digits are often grouped.
    hex: String,
    /// With the signs of the URL-safe alphabet.
    base64: String,
}

impl Id {
    fn new(text: &str) -> Self {
        let texts = std::iter::once(text.as_bytes().to_vec()).chain(View::decoded(text.as_bytes()).map(View::into_bytes)).collect();
        let hex = text.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect();
        Self { texts, hex, base64: text.replace('+', "-").replace('/', "_") }
    }

    fn contains(&self, form: &[u8]) -> bool {
        self.texts.iter().any(|text| memmem::find(text, form).is_some())
    }
}

/// A token's head is public, and a planted personal value has its own rule.
fn compared(kind: SecretKind) -> bool {
    matches!(kind, SecretKind::AccessKey | SecretKind::LoginSecret | SecretKind::CredentialSecret | SecretKind::Output)
}

fn whole(id: &Id, known: &Finder, value: &KnownValue) -> Option<String> {
    let found = known.forms_of(value).iter().find(|form| form.bytes.len() >= AGREEMENT && id.contains(&form.bytes))?;
    Some(if found.encoding == "plain" { "the value itself".to_owned() } else { format!("the value in {} form", found.encoding) })
}

fn part(credentials_id: &str, known: &KnownValue, all: &Finder) -> Option<String> {
    if known.value.len() < SHORTEST_COMPARED {
        return None;
    }
    let id = credentials_id.as_bytes();
    let value = known.value.as_bytes();
    let agrees = |part: &[u8]| memmem::find(id, part).is_some() && !is_constant(part, known, all);
    let offset = value.windows(AGREEMENT).position(agrees)?;
    let start = id.windows(AGREEMENT).position(|window| window == &value[offset..offset + AGREEMENT])?;
    let length = value[offset..].iter().zip(&id[start..]).take_while(|(a, b)| a == b).count();
    Some(format!("{length} characters of the value, from its character {}", offset + 1))
}

/// Tells whether a part says nothing about a value, because another one has it too: the prefix with which a service begins all that it issues.
fn is_constant(part: &[u8], known: &KnownValue, all: &Finder) -> bool {
    // The same value is known by several names, and within others.
    let same = |other: &KnownValue| other.value.contains(known.value.as_str()) || known.value.contains(other.value.as_str());
    let others = all.values().iter().filter(|other| compared(other.kind) && !same(other));
    others.into_iter().any(|other| memmem::find(other.value.as_bytes(), part).is_some())
}

fn hash(id: &Id, known: &KnownValue) -> Option<String> {
    known.digests.iter().find_map(|(name, digest)| {
        if id.hex.contains(&hex::encode(&digest[..AGREEMENT / 2])) {
            return Some(format!("the head of its {name} in hex"));
        }
        id.base64.contains(&URL_SAFE_NO_PAD.encode(digest)[..AGREEMENT]).then(|| format!("the head of its {name} in base64"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    const VALUE: &str = "kJ8sLq2VbN4xZ7pWmT1yRc5uHd9gFe3a";

    fn relation(id: &str) -> Option<String> {
        let mut known = Finder::default();
        known.add(SecretKind::CredentialSecret, "c", VALUE);
        derivations(id, &known).pop().map(|derivation| derivation.relation)
    }

    #[test]
    fn parts_hashes_and_encodings_are_found() {
        assert_eq!(relation(VALUE).as_deref(), Some("the value itself"));
        assert_eq!(relation(&format!("id-{}", hex::encode(VALUE))).as_deref(), Some("the value in hex form"));
        assert_eq!(relation(&VALUE[..8]).as_deref(), Some("8 characters of the value, from its character 1"));
        let digest = hex::encode(sha2::Sha256::digest(VALUE));
        assert_eq!(relation(&format!("{}-{}", &digest[..4], &digest[4..12])).as_deref(), Some("the head of its sha256 in hex"));
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha512::digest(VALUE));
        assert_eq!(relation(&format!("id.{}", &digest[..9])).as_deref(), Some("the head of its sha512 in base64"));
    }

    #[test]
    fn a_random_id_is_not_derived() {
        assert_eq!(relation("b49ad24d-81d4-5ebc-b9b9-b0937d1c84d5"), None);
        assert_eq!(relation(&VALUE[..7]), None);
    }

    #[test]
    fn a_prefix_of_all_that_a_service_issues_says_nothing() {
        let mut known = Finder::default();
        let [own, other] = ["brokerkey-9sLq2VbN4xZ7pWmT", "brokerkey-Yc5uHd9gFe3aPq8r"];
        known.add(SecretKind::CredentialSecret, "c", own);
        known.add(SecretKind::CredentialSecret, "d", other);
        // The same value again, by the name of the output and within another.
        known.add(SecretKind::Output, "token", own);
        known.add(SecretKind::Output, "header", &format!("Bearer {own}"));
        assert_eq!(derivations("brokerkey-b49ad24d", &known), []);
        let derived = derivations("brokerkey-9sLq2VbN", &known);
        assert!(derived.iter().any(|one| one.secret.contains('c')), "{derived:?}");
        assert!(derived.iter().all(|one| !one.secret.contains("/d")), "{derived:?}");
    }
}
