//! How ids and secrets are made. The main type is [`Generator`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contract::IdSource;

const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const UPPER_ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE64_URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// An RS256 signature is 256 bytes, 342 characters in base64url.
const SIGNATURE_LENGTH: usize = 342;
/// Longer values serve no test and would slow every redaction.
const LONGEST: usize = 100_000;

/// Makes random values of one form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// The form.
    pub kind: GeneratorKind,
    /// Characters behind the prefix; for the forms that are made of single characters only, and needed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
    /// Text before the random part.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
}

/// The forms of random values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GeneratorKind {
    /// A lower-case UUID.
    Uuid,
    /// Lower-case hexadecimal digits.
    Hex,
    /// Letters and digits.
    Alphanumeric,
    /// Upper-case letters and digits.
    UpperAlphanumeric,
    /// Three base64url parts with dots, of a JSON Web Token's form and size; nobody can verify it.
    Jwt,
}

impl GeneratorKind {
    fn alphabet(self) -> Option<&'static [u8]> {
        match self {
            Self::Hex => Some(HEX),
            Self::Alphanumeric => Some(ALPHANUMERIC),
            Self::UpperAlphanumeric => Some(UPPER_ALPHANUMERIC),
            Self::Uuid | Self::Jwt => None,
        }
    }
}

impl Generator {
    /// Returns what is wrong with the generator, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        match (self.kind.alphabet(), self.length) {
            (Some(_), None) => Some("this kind needs a `length`".to_owned()),
            (Some(_), Some(length)) if !(8..=LONGEST).contains(&length) => {
                Some(format!("`length` is {length}, but only 8 to {LONGEST} characters are unique and still quick"))
            }
            (None, Some(_)) => Some("this kind has a size of its own: remove `length`".to_owned()),
            _ => None,
        }
    }

    /// Returns the next value.
    pub(super) fn generate(&self, source: &mut IdSource) -> String {
        let random = match (self.kind, self.kind.alphabet()) {
            (_, Some(alphabet)) => source.characters(alphabet, self.length.unwrap_or(32)),
            (GeneratorKind::Jwt, None) => jwt(source),
            (_, None) => source.uuid(),
        };
        format!("{}{random}", self.prefix)
    }
}

/// Header and claims are JSON objects of random names and values. Real ones begin alike in every token, and redaction, which finds
/// parts of secrets, would then take one token for another.
fn jwt(source: &mut IdSource) -> String {
    let mut part = |length| {
        let (name, value) = (source.characters(ALPHANUMERIC, 8), source.characters(ALPHANUMERIC, length));
        URL_SAFE_NO_PAD.encode(format!(r#"{{"{name}":"{value}"}}"#))
    };
    let (header, claims) = (part(64), part(256));
    format!("{header}.{claims}.{}", source.characters(BASE64_URL, SIGNATURE_LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(kind: GeneratorKind, length: Option<usize>) -> Generator {
        Generator { kind, length, prefix: String::new() }
    }

    #[test]
    fn forms_have_their_alphabet_and_length() {
        let mut source = IdSource::new(1);
        let hex = generator(GeneratorKind::Hex, Some(40)).generate(&mut source);
        assert!(hex.len() == 40 && hex.bytes().all(|byte| HEX.contains(&byte)), "{hex}");
        let key = generator(GeneratorKind::UpperAlphanumeric, Some(32)).generate(&mut source);
        assert!(key.len() == 32 && key.bytes().all(|byte| UPPER_ALPHANUMERIC.contains(&byte)), "{key}");
        let prefixed = Generator { prefix: "cmVm".to_owned(), ..generator(GeneratorKind::Alphanumeric, Some(60)) };
        let token = prefixed.generate(&mut source);
        assert!(token.starts_with("cmVm") && token.len() == 64, "{token}");
        assert_eq!(generator(GeneratorKind::Uuid, None).generate(&mut source).len(), 36);
    }

    #[test]
    fn a_jwt_has_three_parts_and_json_in_the_first_two() {
        let token = generator(GeneratorKind::Jwt, None).generate(&mut IdSource::new(2));
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        for part in &parts[..2] {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        }
    }

    #[test]
    fn two_jwts_share_no_twelve_characters() {
        let mut source = IdSource::new(3);
        let tokens: Vec<String> = (0..20).map(|_| generator(GeneratorKind::Jwt, None).generate(&mut source)).collect();
        let windows = |token: &String| token.as_bytes().windows(12).map(<[u8]>::to_vec).collect::<std::collections::HashSet<_>>();
        for (index, token) in tokens.iter().enumerate() {
            for other in &tokens[index + 1..] {
                assert!(windows(token).is_disjoint(&windows(other)), "{token} {other}");
            }
        }
    }

    #[test]
    fn equal_seeds_give_equal_values() {
        let jwt = generator(GeneratorKind::Jwt, None);
        assert_eq!(jwt.generate(&mut IdSource::new(7)), jwt.generate(&mut IdSource::new(7)));
        assert_ne!(jwt.generate(&mut IdSource::new(7)), jwt.generate(&mut IdSource::new(8)));
    }

    #[test]
    fn a_wrong_length_is_named() {
        assert!(generator(GeneratorKind::Hex, None).problem().is_some());
        assert!(generator(GeneratorKind::Hex, Some(0)).problem().is_some());
        assert!(generator(GeneratorKind::Jwt, Some(9)).problem().is_some());
        assert_eq!(generator(GeneratorKind::Jwt, None).problem(), None);
    }
}
