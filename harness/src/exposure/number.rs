//! Card and phone numbers, for whoever looks for them in texts of a program: there a number is more often something else.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{groups, pattern};

/// Digits in one piece, or in groups as on a card.
static CARD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^A-Za-z0-9_.+/=-])(\d{13,19}|\d{4}([ -])\d{4}[ -]\d{4}[ -]\d{1,7}|3\d{3}[ -]\d{6}[ -]\d{4,5})(?:$|[^A-Za-z0-9_./+=-]|\.(?:\s|$))",
    )
});

/// Issuers' numbers: how they begin, from and to, and how many digits they have, from and to.
const ISSUERS: [(u32, u32, usize, usize); 16] = [
    (4, 4, 13, 13),
    (4, 4, 16, 16),
    (4, 4, 19, 19),
    (51, 55, 16, 16),
    (2221, 2720, 16, 16),
    (34, 34, 15, 15),
    (37, 37, 15, 15),
    (6011, 6011, 16, 19),
    (644, 649, 16, 19),
    (65, 65, 16, 19),
    (300, 305, 14, 19),
    (36, 36, 14, 19),
    (38, 39, 16, 19),
    (3528, 3589, 16, 19),
    (62, 62, 16, 19),
    (2200, 2204, 16, 19),
];

/// A number with its country's code, as E.164 and people write it.
static PHONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^A-Za-z0-9_+/.-])(?:\+|tel:\+)([1-9]\d{0,2}[ ./-]?(?:\(\d{1,5}\)[ ./-]?)?(?:\d[ ./-]?){5,13}\d)(?:$|[^A-Za-z0-9_+/=])")
});

/// Assigned country codes of one and two digits. The crate `phonenumber` knows every number plan, and brings sixteen crates and two megabytes along
/// for it: too much for a warning.
const COUNTRIES: [&str; 46] = [
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49", "51", "52", "53",
    "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95",
    "98",
];

/// How assigned country codes of three digits begin.
const OF_THREE: [&str; 19] =
    ["21", "22", "23", "24", "25", "26", "29", "35", "37", "38", "42", "50", "59", "67", "68", "69", "85", "96", "97"];

/// How many digits a number has: E.164 allows fifteen, and one of a person has hardly fewer than nine.
const PHONE_DIGITS: Range<usize> = 9..16;

/// Returns where card numbers stand in a text.
pub(super) fn cards(text: &str) -> Vec<Range<usize>> {
    groups(&CARD, text).filter(|range| is_card(&digits(&text[range.clone()]))).collect()
}

/// Returns where phone numbers stand in a text.
pub(super) fn phones(text: &str) -> Vec<Range<usize>> {
    groups(&PHONE, text).filter(|range| is_phone(&digits(&text[range.clone()]))).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Tells whether a number is of a known issuer and length, has the right check digit, and more than one digit.
fn is_card(number: &str) -> bool {
    let begins = |from: u32, to: u32| {
        let head = number.get(..from.to_string().len()).and_then(|head| head.parse().ok());
        head.is_some_and(|head: u32| (from..=to).contains(&head))
    };
    let issued = ISSUERS.iter().any(|(from, to, shortest, longest)| (shortest..=longest).contains(&&number.len()) && begins(*from, *to));
    let Some((body, check)) = number.split_at_checked(number.len() - 1) else { return false };
    issued && varied(number) && check.parse() == Ok(luhn_digit(body))
}

fn is_phone(number: &str) -> bool {
    let country = [&COUNTRIES[..], &OF_THREE[..]].iter().any(|codes| codes.iter().any(|code| number.starts_with(code)));
    PHONE_DIGITS.contains(&number.len()) && country && varied(number)
}

fn varied(number: &str) -> bool {
    number.bytes().any(|digit| !number.as_bytes().starts_with(&[digit]))
}

/// Returns the digit that makes a card number pass the Luhn check.
pub(crate) fn luhn_digit(body: &str) -> u32 {
    let digits = body.chars().rev().filter_map(|digit| digit.to_digit(10)).enumerate();
    let sum: u32 = digits.map(|(index, digit)| if index % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }).sum();
    (10 - sum % 10) % 10
}
