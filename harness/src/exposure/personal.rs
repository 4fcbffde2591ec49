//! E-mail addresses and bank account numbers.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{ExposureKind, groups, pattern};

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^A-Za-z0-9._%+/:@-])([A-Za-z0-9][A-Za-z0-9._%+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,24})(?:$|[^A-Za-z0-9@:/.-]|\.(?:\s|$))",
    )
});

/// `\b` would take the underscore of a name for a part of the number.
static IBAN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:^|[^A-Za-z0-9])([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)(?:$|[^A-Za-z0-9])"));

/// Names that no person bears, and domains that belong to nobody.
static NOBODY: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:git|root|nobody|no-?reply|donotreply|postmaster)@|@(?:.*\.)?(?:example\.(?:com|org|net)|example|invalid|test|local|localhost|localdomain)$|@(?:users\.)?noreply\.",
    )
});

/// What stands behind the last dot of files and services rather than of domains.
const NO_DOMAIN: [&str; 28] = [
    "conf", "deb", "exe", "gz", "jar", "js", "json", "md", "mount", "patch", "pem", "py", "rpm", "sh", "sig", "service", "slice", "so",
    "socket", "tar", "target", "tgz", "timer", "txt", "whl", "xz", "yaml", "zip",
];

/// Length of a number, by country.
const LENGTHS: [(&str, usize); 44] = [
    ("AD", 24),
    ("AE", 23),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("BR", 29),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("TR", 26),
    ("UA", 29),
];

/// Returns every personal value in a text, with its length.
pub(super) fn find(text: &str) -> Vec<(ExposureKind, usize)> {
    let accounts = ibans(text).into_iter().map(|range| (ExposureKind::Iban, compact(&text[range]).len()));
    emails(text).into_iter().map(|range| (ExposureKind::Email, range.len())).chain(accounts).collect()
}

/// Returns where e-mail addresses stand in a text.
pub(super) fn emails(text: &str) -> Vec<Range<usize>> {
    let somebody = |range: &Range<usize>| {
        let address = &text[range.clone()];
        let end = address.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        !NO_DOMAIN.contains(&end.as_str()) && !NOBODY.is_match(address)
    };
    groups(&EMAIL, text).filter(somebody).collect()
}

/// Returns where bank account numbers stand in a text.
pub(super) fn ibans(text: &str) -> Vec<Range<usize>> {
    groups(&IBAN, text).filter(|range| is_iban(&compact(&text[range.clone()]))).collect()
}

fn compact(number: &str) -> String {
    number.chars().filter(|character| *character != ' ').collect()
}

/// Tells whether a number has its country's length and the right check digits.
fn is_iban(number: &str) -> bool {
    let Some((country, _)) = number.split_at_checked(2) else { return false };
    if !LENGTHS.iter().any(|(of, length)| *of == country && *length == number.len()) {
        return false;
    }
    let (head, rest) = number.split_at(4);
    remainder_of_97(&format!("{rest}{head}")) == 1
}

/// Returns the remainder that ISO 13616 takes of a number, with letters as 10 to 35.
pub(crate) fn remainder_of_97(number: &str) -> u32 {
    let digits = number.chars().filter_map(|character| character.to_digit(36));
    digits.fold(0, |remainder, digit| (if digit > 9 { remainder * 100 } else { remainder * 10 } + digit) % 97)
}
