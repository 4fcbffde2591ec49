//! Whether something looks like a value at all, or only tells where the value comes from.

use std::sync::LazyLock;

use regex::Regex;

use super::name::Meaning;
use super::pattern;

/// Fewest characters of a key or token.
const SHORTEST_KEY: usize = 8;

/// Fewest characters of a password.
const SHORTEST_PASSWORD: usize = 4;

/// Words that stand for no value, for a choice, or for a value that is to be put in their place.
static NO_VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^(?:true|false|yes|no|on|off|none|null|nil|undefined|unset|empty|enabled|disabled|required|optional|default|auto|prompt|ask|stdin
        |plain|plaintext|clear|md5|bcrypt|scram-sha-256|bearer|basic|jwt|opaque|password|passwd|passphrase|secret|token|api[-_]?key|key|value
        |x{3,}|\*+|\.{3,}|-+|todo|tbd|fixme|redacted|masked|hidden|dummy|example|placeholder|change[-_]?(?:me|it|this)|replace[-_]?(?:me|it|this)
        |(?:your|my|some|the|insert|enter|replace|put|example|sample|dummy|fake|test)[-_ ].*|.*[-_ ](?:here|goes[-_ ]here|placeholder))$",
    )
});

/// A number, perhaps with a unit.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^[+-]?\d+(?:[.,:_-]\d+)*(?:[a-zA-Z%]{1,3})?$"));

/// Something that is filled in later.
static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\$|\$\{|\$\(|`|\{\{|^<.*>$|^%\w+%$|^@\w+@$|^\[.*\]$"));

/// A path of a file system or an address; base64 may begin with a slash too.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:~|\.{1,2})?/[\w.@:-]*(?:/[\w.@:*-]*)*$|^(?:~|\.{1,2})/|^[A-Za-z]:\\|^[A-Za-z][A-Za-z0-9+.-]*://|^file:")
});

/// The name of something: words of small letters with signs between them.
static NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[a-z]+\d{0,2}(?:[-_./:][a-z]+\d{0,2})*$|^[A-Z]+\d{0,2}(?:[-_.][A-Z]+\d{0,2})*$"));

/// A digest says what something is, and opens nothing.
static DIGEST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^sha(?:1|256|384|512)[:-]"));

/// Returns a value without the quotation marks around it.
pub(super) fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\''].iter().find_map(|mark| value.strip_prefix(*mark)?.strip_suffix(*mark)).unwrap_or(value).trim()
}

/// Tells whether a value is one that its name promises.
pub(super) fn looks_like_one(value: &str, meaning: Meaning) -> bool {
    let nothing = value.is_empty() || value.contains(char::is_whitespace) || value.starts_with("type:");
    let elsewhere = [&NO_VALUE, &NUMBER, &TEMPLATE, &PLACE, &DIGEST].iter().any(|kind| kind.is_match(value));
    if nothing || elsewhere {
        return false;
    }
    match meaning {
        Meaning::Password => value.chars().count() >= SHORTEST_PASSWORD,
        Meaning::Key => value.chars().count() >= SHORTEST_KEY && !NAME.is_match(value) && varied(value),
    }
}

/// Tells whether letters of both cases, or letters and digits, take turns.
fn varied(value: &str) -> bool {
    let any = |is: fn(&char) -> bool| value.chars().any(|character| is(&character));
    let kinds = [any(char::is_ascii_lowercase), any(char::is_ascii_uppercase), any(char::is_ascii_digit)];
    kinds.iter().filter(|kind| **kind).count() >= 2
}
