//! Values in any text whose form can be checked: addresses, numbers with check digits, tokens.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::{form, number, personal};

/// A value that has the form of something that is about a person, or opens a door.
///
/// It does not hold the value, and nothing that shows it can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// What it looks like.
    pub kind: ValidatedKind,
    /// Where it stands in the text.
    pub range: Range<usize>,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ValidatedKind {
    /// An e-mail address.
    Email,
    /// A bank account number with the length of its country and the right check digits.
    Iban,
    /// A card number of a known issuer with the right check digit.
    Card,
    /// A phone number with the code of a country.
    Phone,
    /// A JSON Web Token.
    WebToken,
}

impl fmt::Display for ValidatedKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Email => "an e-mail address",
            Self::Iban => "a bank account number",
            Self::Card => "a card number",
            Self::Phone => "a phone number",
            Self::WebToken => "a JSON Web Token",
        })
    }
}

/// Returns a URL as it is read, without its escapes.
pub fn unescaped(url: &str) -> Cow<'_, str> {
    percent_decode_str(url).decode_utf8_lossy()
}

/// Returns every such value in a text, by kind. What only looks like one by chance, the digits of an id or of a time, is as far as possible left out.
pub fn validated(text: &str) -> Vec<Validated> {
    type Finder = fn(&str) -> Vec<Range<usize>>;
    let finders: [(ValidatedKind, Finder); 5] = [
        (ValidatedKind::Email, personal::emails),
        (ValidatedKind::Iban, personal::ibans),
        (ValidatedKind::Card, number::cards),
        (ValidatedKind::Phone, number::phones),
        (ValidatedKind::WebToken, form::web_tokens),
    ];
    finders.into_iter().flat_map(|(kind, find)| find(text).into_iter().map(move |range| Validated { kind, range })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::IdSource;
    use crate::stage::CanaryKind;

    fn found(text: &str) -> Vec<(ValidatedKind, &str)> {
        validated(text).into_iter().map(|value| (value.kind, &text[value.range])).collect()
    }

    #[test]
    fn values_with_a_form_are_found() {
        use ValidatedKind::{Card, Email, Iban, Phone, WebToken};
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ";
        let text = format!("for ada@company.com,bob@company.co.uk; DE89 3704 0044 0532 0130 00, {token}");
        let expected = [(Email, "ada@company.com"), (Email, "bob@company.co.uk"), (Iban, "DE89 3704 0044 0532 0130 00"), (WebToken, token)];
        assert_eq!(found(&text), expected);
        for card in
            ["4532015112830366", "4532 0151 1283 0366", "4532-0151-1283-0366", "5555555555554444", "378282246310005", "6011111111111117"]
        {
            assert_eq!(found(&format!("card {card}, thanks")), [(Card, card)]);
        }
        for phone in ["49 151 23456789", "1 (415) 555-2671", "442071838750", "33 1 42 68 53 00", "353-1-679-8999"] {
            assert_eq!(found(&format!("call +{phone}.")), [(Phone, phone)]);
        }
        assert_eq!(found(&unescaped("/find?mail=ada%40company.com&to=%2B4915123456789")).len(), 2);
    }

    #[test]
    fn what_fails_its_check_is_left_alone() {
        for text in [
            "card 4532015112830367",
            "card 4444444444444444",
            "card 1234567812345670",
            "DE89370400440532013001",
            "+0049 151 23456789",
            "+999 151 23456789",
            "+49 151",
            "+4444444444444",
            "49 151 23456789",
            "git@github.com",
            "ada@example.com",
            "eyJub3QiOiJhIHRva2VuIn0.abcdefghij.abcdefghijklmnopqr",
            "1.4532015112830366",
            "4532015112830366.5e3",
            "a=/4532015112830366+b",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn ids_and_times_are_no_numbers_of_people() {
        let mut ids = IdSource::new(11);
        for number in 0..20_000_u64 {
            let second = 1_600_000_000 + number * 7919;
            let (task, uuid, hex) = (ids.task_id(), ids.uuid(), ids.characters(b"0123456789abcdef", 64));
            let text = format!(
                "2026-11-28T21:{:02}:{:02}.{:09}+01:00 {second} {second}{:03} {second}{:06} {second}{:09} {task} {uuid} sha256:{hex} \
                 /api/v2/secrets/{uuid}/tasks/{task} pid={number} 0x{} +{number}ms 192.168.0.{} {:.6}",
                number % 60,
                number / 60 % 60,
                second * 31 % 1_000_000_000,
                number % 1000,
                second % 1_000_000,
                second * 17 % 1_000_000_000,
                &hex[..16],
                number % 256,
                f64::from(u32::try_from(second).unwrap()) / 7.0,
            );
            assert_eq!(found(&text), [], "{text}");
        }
    }

    #[test]
    fn planted_values_have_the_form_of_their_kind() {
        let mut ids = IdSource::new(5);
        for (kind, validated) in
            [(CanaryKind::Phone, ValidatedKind::Phone), (CanaryKind::Card, ValidatedKind::Card), (CanaryKind::Iban, ValidatedKind::Iban)]
        {
            for _ in 0..100 {
                let value = kind.value(&mut ids);
                assert!(found(&format!("value: {value}")).iter().any(|(found, _)| *found == validated), "{value}");
            }
        }
    }
}
