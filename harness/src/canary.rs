//! Planted values: unique, well-formed, and nowhere else, so that whatever shows one got it from its input.

use crate::contract::IdSource;
use crate::exposure::{luhn_digit, remainder_of_97};
use crate::redaction::SecretKind;
use crate::stage::CanaryKind;

const DIGITS: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const ALPHANUMERICS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl CanaryKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [Self::Email, Self::Phone, Self::NationalId, Self::Card, Self::Iban, Self::ApiKey, Self::Token];

    /// Returns the word of the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::NationalId => "national_id",
            Self::Card => "card",
            Self::Iban => "iban",
            Self::ApiKey => "api_key",
            Self::Token => "token",
        }
    }

    /// Returns how a find of it is marked.
    pub fn secret_kind(self) -> SecretKind {
        match self {
            Self::Email | Self::Phone | Self::NationalId | Self::Card | Self::Iban => SecretKind::Personal,
            Self::ApiKey | Self::Token => SecretKind::Confidential,
        }
    }

    /// Makes a value that a validator of its kind accepts.
    pub fn value(self, ids: &mut IdSource) -> String {
        match self {
            Self::Email => format!("{}.{}@{}.example", ids.characters(LETTERS, 6), ids.characters(LETTERS, 8), ids.characters(LETTERS, 7)),
            Self::Phone => format!("+4915{}", ids.characters(DIGITS, 9)),
            Self::NationalId => {
                format!("{}-{}-{}", ids.characters(b"12345678", 3), ids.characters(b"123456789", 2), ids.characters(b"123456789", 4))
            }
            Self::Card => {
                let body = format!("4{}", ids.characters(DIGITS, 14));
                format!("{body}{}", luhn_digit(&body))
            }
            Self::Iban => {
                let account = ids.characters(DIGITS, 18);
                // ISO 13616: the country's letters as 13 and 14, check digits 00, behind the account.
                format!("DE{:02}{account}", 98 - remainder_of_97(&format!("{account}131400")))
            }
            Self::ApiKey => ids.characters(ALPHANUMERICS, 44),
            Self::Token => format!("tok_{}", ids.characters(ALPHANUMERICS, 40)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_right() {
        assert_eq!(luhn_digit("453201511283036"), 6, "a published example: 4532015112830366");
        assert_eq!(98 - remainder_of_97("370400440532013000131400"), 89, "a published example: DE89 3704 0044 0532 0130 00");
    }

    #[test]
    fn values_are_unique_and_long_enough_to_be_found() {
        let mut ids = IdSource::new(1);
        for kind in CanaryKind::ALL {
            let values = [kind.value(&mut ids), kind.value(&mut ids)];
            assert_ne!(values[0], values[1]);
            assert!(values[0].len() >= crate::redaction::SHORTEST_SECRET);
        }
    }
}
