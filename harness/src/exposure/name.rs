//! What the name of a variable or label says about its value.

/// What a name promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A password: any word may be one.
    Password,
    /// A key or token, which is not a word of a language.
    Key,
}

/// Words after which something is told about a secret, and not the secret.
const ABOUT: [&str; 75] = [
    "ALG",
    "ALGO",
    "ALGORITHM",
    "AUDIENCE",
    "AUTH",
    "BACKEND",
    "BYTES",
    "CACHE",
    "CHECKSUM",
    "CLASS",
    "COUNT",
    "DIGEST",
    "DIR",
    "DIRECTORY",
    "DISABLED",
    "ENABLED",
    "ENCODER",
    "ENCODING",
    "ENCRYPTION",
    "ENDPOINT",
    "ENV",
    "EXPIRATION",
    "EXPIRES",
    "EXPIRY",
    "FIELD",
    "FILE",
    "FILES",
    "FOLDER",
    "FORMAT",
    "GRANT",
    "GROUP",
    "HASH",
    "HEADER",
    "HELPER",
    "HOST",
    "ID",
    "IDS",
    "INTERVAL",
    "ISSUER",
    "LENGTH",
    "LIFETIME",
    "LIMIT",
    "LOCATION",
    "MANAGER",
    "MAX",
    "METHOD",
    "MIN",
    "MODE",
    "NAME",
    "NAMES",
    "NAMESPACE",
    "PARAM",
    "PATH",
    "POLICY",
    "PREFIX",
    "PROVIDER",
    "REF",
    "REGEX",
    "RENEWAL",
    "REQUIRED",
    "ROTATION",
    "SCOPE",
    "SHA256",
    "SIZE",
    "SOURCE",
    "STORE",
    "STRATEGY",
    "TASK",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URI",
    "URL",
    "USER",
    "VERSION",
];

/// Returns what a name promises; none where it promises nothing secret.
pub fn meaning(name: &str) -> Option<Meaning> {
    let words = words(name);
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| words.get(before)).map_or("", String::as_str);
        let found = match word.as_str() {
            word if ["PASSWORD", "PASSWD", "PASSPHRASE"].iter().any(|end| word.ends_with(end)) => Meaning::Password,
            word if ["SECRET", "TOKEN", "APIKEY"].iter().any(|end| word.ends_with(end)) => Meaning::Key,
            "CREDENTIAL" | "CREDENTIALS" | "PRIVATEKEY" | "ACCESSKEY" | "SECRETKEY" => Meaning::Key,
            "KEY" if matches!(before, "API" | "PRIVATE" | "ACCESS") => Meaning::Key,
            _ => continue,
        };
        return (!words[at..].iter().any(|word| ABOUT.contains(&word.as_str()))).then_some(found);
    }
    None
}

/// Tells whether a label is there to name a person or a team on purpose.
pub(super) fn is_contact(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let last = lower.rsplit(['.', '-', '_', '/']).next().unwrap_or(&lower);
    lower.starts_with("org.label-schema.")
        || matches!(last, "author" | "authors" | "maintainer" | "maintainers" | "contact" | "vendor" | "support")
}

/// Splits `dbPassword`, `DB_PASSWORD` and `db.password` into words, in capitals.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_lower = false;
    for character in name.chars() {
        let begins = character.is_ascii_uppercase() && before_lower;
        before_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
        if begins || !character.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| character.is_ascii_alphanumeric()) {
            word.push(character.to_ascii_uppercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
