//! Tells how a credentials id is made from a secret: a part of it, of its encoding, or of its hash.

use super::SecretKind;
use super::redactor::KnownValue;
use crate::journal::Derivation;

/// Characters that must agree. A random id of 32 hexadecimal digits agrees by chance with the head of one of a stage's
/// digests less than once in ten million comparisons.
const AGREEMENT: usize = 8;

/// Shorter secrets are compared whole only.
const SHORTEST_COMPARED: usize = 16;

/// Returns every relation between `credentials_id` and the values that are not public.
pub(super) fn derivations(credentials_id: &str, values: &[KnownValue]) -> Vec<Derivation> {
    let compact: String = credentials_id.chars().filter(char::is_ascii_alphanumeric).collect();
    let mut found = Vec::new();
    for known in values.iter().filter(|known| compared(known.kind)) {
        let relation = whole(credentials_id, known).or_else(|| part(credentials_id, known)).or_else(|| hash(&compact, known));
        found.extend(relation.map(|relation| Derivation { secret: known.name.clone(), relation }));
    }
    found
}

/// A token's head is public, and a planted personal value has its own rule.
fn compared(kind: SecretKind) -> bool {
    matches!(kind, SecretKind::AccessKey | SecretKind::LoginSecret | SecretKind::CredentialSecret | SecretKind::Output)
}

fn whole(credentials_id: &str, known: &KnownValue) -> Option<String> {
    let id = credentials_id.as_bytes();
    known
        .forms
        .iter()
        .find(|(_, form)| form.len() >= AGREEMENT && id.windows(form.len()).any(|window| window == form))
        .map(|(encoding, _)| if *encoding == "plain" { "the value itself".into() } else { format!("the value in {encoding} form") })
}

fn part(credentials_id: &str, known: &KnownValue) -> Option<String> {
    if known.value.len() < SHORTEST_COMPARED {
        return None;
    }
    let id = credentials_id.as_bytes();
    let value = known.value.as_bytes();
    let offset = value.windows(AGREEMENT).position(|part| id.windows(AGREEMENT).any(|window| window == part))?;
    let start = id.windows(AGREEMENT).position(|window| window == &value[offset..offset + AGREEMENT])?;
    let length = value[offset..].iter().zip(&id[start..]).take_while(|(a, b)| a == b).count();
    Some(format!("{length} characters of the value, from its character {}", offset + 1))
}

fn hash(compact: &str, known: &KnownValue) -> Option<String> {
    let lower = compact.to_ascii_lowercase();
    known.digests.iter().find_map(|(name, digest)| {
        let hex = hex::encode(digest);
        lower.contains(&hex[..AGREEMENT]).then(|| format!("the head of its {name} in hex"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    const VALUE: &str = "kJ8sLq2VbN4xZ7pWmT1yRc5uHd9gFe3a";

    fn relation(id: &str) -> Option<String> {
        let (forms, digests) = (crate::redaction::encoding::forms(VALUE), crate::redaction::encoding::digests(VALUE));
        let kind = SecretKind::CredentialSecret;
        let known = KnownValue { kind, name: "credential_secret/c".into(), value: VALUE.into(), forms, digests };
        derivations(id, &[known]).pop().map(|derivation| derivation.relation)
    }

    #[test]
    fn parts_hashes_and_encodings_are_found() {
        assert_eq!(relation(VALUE).as_deref(), Some("the value itself"));
        assert_eq!(relation(&format!("id-{}", hex::encode(VALUE))).as_deref(), Some("the value in hex form"));
        assert_eq!(relation(&VALUE[..8]).as_deref(), Some("8 characters of the value, from its character 1"));
        let digest = hex::encode(sha2::Sha256::digest(VALUE));
        assert_eq!(relation(&format!("{}-{}", &digest[..4], &digest[4..12])).as_deref(), Some("the head of its sha256 in hex"));
    }

    #[test]
    fn a_random_id_is_not_derived() {
        assert_eq!(relation("b49ad24d-81d4-5ebc-b9b9-b0937d1c84d5"), None);
        assert_eq!(relation(&VALUE[..7]), None);
    }
}
