//! Marks: what stands in a recorded text where a secret stood.

use std::fmt;
use std::str::FromStr;

/// What kind of thing must not be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// `SM_ACCESS_APIKEY` or another API key that IAM knows.
    AccessKey,
    /// A token that IAM issued.
    Token,
    /// A field of a secret that an input names.
    LoginSecret,
    /// What the third party issued.
    CredentialSecret,
    /// An output value that the manifest does not mark public and that no third party issued.
    Output,
    /// A planted personal value (e-mail address, phone number, ...).
    Personal,
    /// A planted confidential value.
    Confidential,
    /// The admin API's token.
    AdminToken,
}

impl SecretKind {
    /// Tells whether it opens a door; otherwise it was planted to see where it goes.
    pub fn is_secret(self) -> bool {
        !matches!(self, Self::Personal | Self::Confidential)
    }
}

const WORDS: [(SecretKind, &str); 8] = [
    (SecretKind::AccessKey, "access_key"),
    (SecretKind::Token, "token"),
    (SecretKind::LoginSecret, "login_secret"),
    (SecretKind::CredentialSecret, "credential_secret"),
    (SecretKind::Output, "output"),
    (SecretKind::Personal, "personal"),
    (SecretKind::Confidential, "confidential"),
    (SecretKind::AdminToken, "admin_token"),
];

impl fmt::Display for SecretKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(kind, _)| kind == self).map_or("secret", |(_, word)| word);
        formatter.write_str(word)
    }
}

/// One mark: which secret stood there, in which encoding, whether only a part of it, and whether on several lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Kind of the secret.
    pub kind: SecretKind,
    /// Its name, which may be shown.
    pub name: String,
    /// The encoding in which it stood: `plain`, `base64`, `hex`, `url`, `json`, `reversed`, `grouped`, `lower-case`, `sha256`, ...
    pub encoding: String,
    /// Whether only a part (at least twelve bytes) stood there.
    pub partial: bool,
    /// Whether it went on on another line, which has a mark of its own.
    pub split: bool,
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = if self.partial { "/part" } else { "" };
        let split = if self.split { "/split" } else { "" };
        write!(formatter, "⟦{}/{}/{}{part}{split}⟧", self.kind, self.name, self.encoding)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let inner = text.strip_prefix('⟦').and_then(|rest| rest.strip_suffix('⟧')).ok_or(())?;
        let (inner, split) = inner.strip_suffix("/split").map_or((inner, false), |rest| (rest, true));
        let (inner, partial) = inner.strip_suffix("/part").map_or((inner, false), |rest| (rest, true));
        let (word, rest) = inner.split_once('/').ok_or(())?;
        let (name, encoding) = rest.rsplit_once('/').ok_or(())?;
        let kind = WORDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind).ok_or(())?;
        Ok(Self { kind, name: name.to_owned(), encoding: encoding.to_owned(), partial, split })
    }
}

/// Returns the marks in a redacted text, in order.
pub fn marks(text: &str) -> Vec<Mark> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('⟦') {
        rest = &rest[start..];
        let Some(end) = rest.find('⟧') else { break };
        let end = end + '⟧'.len_utf8();
        found.extend(rest[..end].parse::<Mark>());
        rest = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_prints_and_parses() {
        for (partial, split) in [(false, false), (true, false), (false, true), (true, true)] {
            let mark = Mark { kind: SecretKind::LoginSecret, name: "a/b".into(), encoding: "base64".into(), partial, split };
            assert_eq!(mark.to_string().parse(), Ok(mark.clone()));
            assert_eq!(marks(&format!("x {mark} y ⟦nonsense⟧ {mark}")), [mark.clone(), mark]);
        }
    }
}
