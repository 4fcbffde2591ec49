//! Tells how a credentials id is made from a secret: a part of it, of its encoding, or of its hash.

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use data_encoding::BASE32_NOPAD;
use memchr::memmem;

use super::SecretKind;
use super::finder::{Finder, KnownValue};
use super::view::View;
use crate::journal::Derivation;

/// Characters that must agree. A random id of 32 hexadecimal digits agrees by chance with the head of one of a stage's
/// digests less than once in ten million comparisons.
pub(super) const AGREEMENT: usize = 8;

/// Characters that must agree where they are hexadecimal digits only, or stand anywhere in a digest: of those, eight agree by chance now and then.
pub(super) const HEX_AGREEMENT: usize = 12;

/// Characters of an encoded secret that stand for eight of its bytes.
pub(super) const HEX_OF_8: usize = 16;
pub(super) const BASE64_OF_8: usize = 11;
pub(super) const BASE32_OF_8: usize = 13;

/// Characters that two secrets of a service share at their beginning where it begins all of them so.
const SHORTEST_PREFIX: usize = 4;

/// Shorter secrets are compared whole only.
const SHORTEST_COMPARED: usize = 16;

/// Returns every relation between `credentials_id` and the values that are not public.
pub(super) fn derivations(credentials_id: &str, known: &Finder) -> Vec<Derivation> {
    let id = Id::new(credentials_id);
    compare(&id, credentials_id, known, alike(&id, credentials_id, known))
}

/// Returns every relation to some of the values.
fn compare<'known>(
    id: &Id,
    credentials_id: &str,
    known: &'known Finder,
    values: impl Iterator<Item = &'known KnownValue>,
) -> Vec<Derivation> {
    let mut found = Vec::new();
    for value in values {
        let in_part = || {
            let telling = telling_part(value, known)?;
            part(credentials_id, &telling, value, known).or_else(|| scattered(id, &telling, value, known))
        };
        let relation = whole(id, known, value).or_else(in_part).or_else(|| hash(id, value));
        found.extend(relation.map(|relation| Derivation { secret: value.name.clone(), relation }));
    }
    found
}

/// Returns the values that the id may have something of, in the order in which they became known.
fn alike<'known>(id: &Id, credentials_id: &str, known: &'known Finder) -> impl Iterator<Item = &'known KnownValue> {
    // A prefix that says nothing becomes blanks, which no gram knows.
    let all = credentials_id.contains(' ');
    let texts = id.texts.iter().map(Vec::as_slice).chain([credentials_id, &id.bare, &id.hex, &id.base64].map(str::as_bytes));
    let numbers: BTreeSet<u32> = if all { BTreeSet::new() } else { known.alike(texts) };
    let values = known.values().iter().zip(0_u32..);
    values.filter(move |(value, number)| compared(value.kind) && (all || numbers.contains(number))).map(|(value, _)| value)
}

/// A credentials id as it is compared.
struct Id {
    /// As it is, and without escapes where it has some.
    texts: Vec<Vec<u8>>,
    /// Without signs, in lower case: hexadecimal digits are often grouped.
    hex: String,
    /// With the signs of the URL-safe alphabet.
    base64: String,
    /// Letters and digits alone: signs between them hide nothing from a reader.
    bare: String,
}

impl Id {
    fn new(text: &str) -> Self {
        let texts = std::iter::once(text.as_bytes().to_vec()).chain(View::decoded(text.as_bytes()).map(View::into_bytes)).collect();
        let hex = text.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_lowercase()).collect();
        // Colours have letters and digits of their own.
        let bare = bare(
            &View::unfolded(text.as_bytes()).map_or_else(|| text.into(), |view| String::from_utf8_lossy(&view.into_bytes()).into_owned()),
        );
        Self { texts, bare, hex, base64: text.replace('+', "-").replace('/', "_") }
    }

    fn contains(&self, form: &[u8]) -> bool {
        self.texts.iter().any(|text| memmem::find(text, form).is_some())
    }
}

/// Returns letters and digits alone.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Finds a part of a secret, or of an encoding of it, among signs.
fn scattered(id: &Id, value: &str, known: &KnownValue, all: &Finder) -> Option<String> {
    let plain = bare(value);
    if common(&id.bare, plain.as_bytes(), AGREEMENT, |part| !is_hex(part) && !is_constant(part, known, all)).is_some()
        || common(&id.bare, plain.as_bytes(), HEX_AGREEMENT, |part| !is_constant(part, known, all)).is_some()
    {
        return Some("a part of the value, with signs between its characters".to_owned());
    }
    if common(&id.hex, hex::encode(value).as_bytes(), HEX_OF_8, |_| true).is_some() {
        return Some("a part of the value in hex form".to_owned());
    }
    let base32 = BASE32_NOPAD.encode(value.as_bytes()).to_ascii_lowercase();
    if common(&id.hex, base32.as_bytes(), BASE32_OF_8, |_| true).is_some() {
        return Some("a part of the value in base32 form".to_owned());
    }
    let base64 = (0..3_usize).any(|before| {
        // Of other alignments the first characters depend on what stands before.
        let text = URL_SAFE_NO_PAD.encode([&b"\0\0\0"[..before], known.value.as_bytes()].concat());
        let own = bare(text.get([0, 2, 3][before]..).unwrap_or_default());
        common(&id.bare, own.as_bytes(), BASE64_OF_8, |_| true).is_some()
    });
    base64.then(|| "a part of the value in base64 form".to_owned())
}

/// Returns where the first `length` bytes stand in `id` and in `value` that both have and that tell something. An id is short and a value may be
/// long: each part of the id is looked for.
fn common(id: &str, value: &[u8], length: usize, tells: impl Fn(&[u8]) -> bool) -> Option<(usize, usize)> {
    // Most have not even the shortest part in common, which one look at each place of the value tells.
    let shortest: HashSet<&[u8; AGREEMENT], foldhash::fast::RandomState> = id.as_bytes().array_windows().collect();
    if !value.array_windows().any(|part| shortest.contains(part)) {
        return None;
    }
    let mut parts = id.as_bytes().windows(length).enumerate();
    parts.find_map(|(start, part)| Some((start, memmem::find(value, part).filter(|_| tells(part))?)))
}

fn is_hex(part: &[u8]) -> bool {
    part.iter().all(u8::is_ascii_hexdigit)
}

/// Returns a value with blanks in place of the prefix with which its service begins all that it issues; none where too little is left to be
/// compared.
fn telling_part(known: &KnownValue, all: &Finder) -> Option<String> {
    let others: Vec<&KnownValue> = issued(known, all).collect();
    let shared = |own: &KnownValue| {
        let lengths = others.iter().map(|other| own.value.chars().zip(other.value.chars()).take_while(|(one, other)| one == other).count());
        own.value.chars().take(lengths.max().unwrap_or(0)).collect::<String>()
    };
    // The value itself, or what was issued within it.
    let own = all.values().iter().filter(|own| is_issued(own) && known.value.contains(&*own.value));
    let prefix = own.map(shared).max_by_key(String::len).filter(|prefix| prefix.len() >= SHORTEST_PREFIX);
    let rest = prefix.map_or_else(|| known.value.to_string(), |prefix| known.value.replace(&prefix, &" ".repeat(prefix.len())));
    Some(rest).filter(|rest| rest.bytes().filter(|byte| *byte != b' ').count() >= SHORTEST_COMPARED)
}

fn is_issued(value: &KnownValue) -> bool {
    matches!(value.kind, SecretKind::LoginSecret | SecretKind::CredentialSecret)
}

/// Returns the secrets of others that services issued: what is reported is up to the provider, and would make anything constant.
fn issued<'a>(known: &'a KnownValue, all: &'a Finder) -> impl Iterator<Item = &'a KnownValue> {
    // The same value is known by several names, and within others.
    let same = |other: &KnownValue| other.value.contains(&*known.value) || known.value.contains(&*other.value);
    all.values().iter().filter(|other| is_issued(other)).filter(move |other| !same(other))
}

/// A token's head is public, and a planted personal value has its own rule.
pub(super) fn compared(kind: SecretKind) -> bool {
    matches!(kind, SecretKind::AccessKey | SecretKind::LoginSecret | SecretKind::CredentialSecret | SecretKind::Output)
}

fn whole(id: &Id, known: &Finder, value: &KnownValue) -> Option<String> {
    let found = known.forms_of(value).iter().find(|form| form.bytes.len() >= AGREEMENT && id.contains(&form.bytes))?;
    Some(if found.encoding == "plain" { "the value itself".to_owned() } else { format!("the value in {} form", found.encoding) })
}

fn part(credentials_id: &str, value: &str, known: &KnownValue, all: &Finder) -> Option<String> {
    let (id, value) = (credentials_id.as_bytes(), value.as_bytes());
    // Eight hexadecimal digits of two random texts agree now and then.
    let whole = common(credentials_id, value, AGREEMENT, |part| !is_hex(part) && !is_constant(part, known, all));
    let (start, offset) = whole.or_else(|| common(credentials_id, value, HEX_AGREEMENT, |part| !is_constant(part, known, all)))?;
    let length = value[offset..].iter().zip(&id[start..]).take_while(|(a, b)| a == b).count();
    Some(format!("{length} characters of the value, from its character {}", offset + 1))
}

/// Tells whether a part says nothing about a value, because another one has it too.
fn is_constant(part: &[u8], known: &KnownValue, all: &Finder) -> bool {
    issued(known, all).any(|other| memmem::find(other.value.as_bytes(), part).is_some())
}

fn hash(id: &Id, known: &KnownValue) -> Option<String> {
    known.digests.iter().find_map(|(name, digest)| {
        if id.hex.contains(&hex::encode(&digest[..AGREEMENT / 2])) {
            return Some(format!("the head of its {name} in hex"));
        }
        let base64 = URL_SAFE_NO_PAD.encode(digest);
        if id.base64.contains(&base64[..AGREEMENT]) {
            return Some(format!("the head of its {name} in base64"));
        }
        let in_hex = || common(&id.hex, hex::encode(digest).as_bytes(), HEX_AGREEMENT, |_| true);
        let part = common(&id.base64, base64.as_bytes(), BASE64_OF_8, |_| true).or_else(in_hex);
        part.map(|_| format!("a part of its {name}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
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
    fn signs_between_the_characters_hide_nothing() {
        let spread = |text: &str, every: usize, sign: &str| {
            let pieces: Vec<String> = text.as_bytes().chunks(every).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect();
            pieces.join(sign)
        };
        let base64 = base64::engine::general_purpose::STANDARD.encode(VALUE);
        let base32 = BASE32_NOPAD.encode(VALUE.as_bytes());
        let sha384 = hex::encode(sha2::Sha384::digest(VALUE));
        for id in [
            spread(VALUE, 7, "-"),
            spread(VALUE, 3, " "),
            spread(VALUE, 5, "\u{1b}[31m"),
            spread(&hex::encode(VALUE), 8, "-"),
            spread(&hex::encode(VALUE), 2, ":"),
            base64[..11].to_owned(),
            spread(&base64, 4, "."),
            base32[..16].to_owned(),
            base32.to_ascii_lowercase(),
            sha384.clone(),
            sha384[84..].to_owned(),
        ] {
            assert!(relation(&id).is_some(), "{id:?}");
        }
    }

    #[test]
    fn what_a_provider_reports_makes_nothing_constant() {
        let mut known = Finder::default();
        known.add(SecretKind::CredentialSecret, "c", VALUE);
        known.add(SecretKind::Output, "hint", &format!("x{}y, for whoever looks", &VALUE[..8]));
        assert!(!derivations(&VALUE[..8], &known).is_empty());
    }

    /// Ids that are made from a secret in some way, and some that are not.
    fn id() -> impl Strategy<Value = String> {
        let form = prop_oneof![
            Just(VALUE.to_owned()),
            Just("brokerkey-9sLq2VbN4xZ7pWmT".to_owned()),
            Just("Bearer brokerkey-9sLq2VbN4xZ7pWmT".to_owned()),
            "[a-z0-9]{20,40}",
        ];
        let encoded = (form, 0..9_usize).prop_map(|(value, how)| match how {
            0 => value,
            1 => hex::encode(value),
            2 => BASE32_NOPAD.encode(value.as_bytes()),
            3 => base64::engine::general_purpose::STANDARD.encode(value),
            4 => base64::engine::general_purpose::STANDARD.encode(format!("a{value}")),
            5 => hex::encode(sha2::Sha256::digest(value)),
            6 => base64::engine::general_purpose::STANDARD.encode(sha2::Sha512::digest(value)),
            7 => value.to_uppercase(),
            _ => value.chars().rev().collect(),
        });
        let cut = (encoded, any::<prop::sample::Index>(), 1..60_usize, 1..12_usize, prop::sample::select(vec!["", "-", ".", " ", "%20"]));
        cut.prop_map(|(text, from, length, every, sign)| {
            let from = from.index(text.len());
            let part = &text[from..(from + length).min(text.len())];
            part.as_bytes().chunks(every).map(String::from_utf8_lossy).collect::<Vec<_>>().join(sign)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn looking_grams_up_misses_nothing_that_a_comparison_with_every_value_finds(text in id()) {
            let mut known = Finder::default();
            known.add(SecretKind::CredentialSecret, "c", VALUE);
            known.add(SecretKind::CredentialSecret, "d", "brokerkey-9sLq2VbN4xZ7pWmT");
            known.add(SecretKind::CredentialSecret, "e", "brokerkey-Yc5uHd9gFe3aPq8r");
            known.add(SecretKind::Output, "header", "Bearer brokerkey-9sLq2VbN4xZ7pWmT");
            known.add(SecretKind::Output, "short", "s3cr3t");
            known.add(SecretKind::Output, "twin", VALUE);
            let every = known.values().iter().filter(|value| compared(value.kind));
            prop_assert_eq!(derivations(&text, &known), compare(&Id::new(&text), &text, &known, every));
        }
    }

    #[test]
    fn a_value_under_a_second_name_is_compared_under_both_and_its_forms_are_kept_once() {
        let mut known = Finder::default();
        known.add(SecretKind::CredentialSecret, "c", VALUE);
        known.add(SecretKind::Output, "token", VALUE);
        let [first, second] = known.values() else { panic!("two values") };
        assert!(std::ptr::eq(known.forms_of(first), known.forms_of(second)));
        let named: Vec<String> = derivations(&VALUE[..20], &known).into_iter().map(|one| one.secret).collect();
        assert_eq!(named, ["credential_secret/c", "output/token"]);
        // Of a token only the signature is looked for in part, so its forms are others.
        known.add(SecretKind::Token, "t", VALUE);
        let [first, .., third] = known.values() else { panic!("three values") };
        assert!(!std::ptr::eq(known.forms_of(first), known.forms_of(third)));
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
        assert_eq!(derivations("brokerkey-9b49ad24", &known), [], "by chance it goes on for a character");
        let derived = derivations("brokerkey-9sLq2VbN", &known);
        assert!(derived.iter().any(|one| one.secret.contains('c')), "{derived:?}");
        assert!(derived.iter().all(|one| !one.secret.contains("/d")), "{derived:?}");
    }
}
