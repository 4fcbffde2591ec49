//! What an input asks for, as far as its name and its type tell (PRV-007).
//!
//! A parameter is metadata, so a secret or something about a person does not belong there: it is passed as the id of a secret that holds it. A name has
//! to be plain before it counts: asking for nothing and being told off is as bad as the reverse. The name of a user or an account is not counted,
//! as providers work with service accounts, and IBM's own ask for one.

use std::fmt;

use hallmark_harness::contract::ValueType;
use hallmark_harness::exposure::{Meaning, meaning, words};

use super::Declaration;

/// What to do about an input that asks for such a thing.
pub const ADVICE: &str = "declare it as `type:secret_id`: the provider then reads the value from a secret; where the name says more than is meant, rename it \
                          or waive PRV-007 with a reason";

/// What an input asks for that should not be passed as plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A password or passphrase.
    Password,
    /// A key or token.
    Key,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A number by which a state knows a person.
    NationalId,
    /// A date of birth.
    BirthDate,
    /// Where a person lives.
    PostalAddress,
    /// What a person is called.
    PersonName,
    /// A card or a bank account.
    Payment,
}

impl Asked {
    /// Tells whether it is about a person; otherwise it opens a door.
    pub fn is_personal(self) -> bool {
        !matches!(self, Self::Password | Self::Key)
    }

    /// Tells whether a whole number can be one.
    fn is_number(self) -> bool {
        matches!(self, Self::Phone | Self::NationalId | Self::BirthDate | Self::Payment)
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Password => "a password",
            Self::Key => "a key or token",
            Self::Email => "an e-mail address",
            Self::Phone => "a telephone number",
            Self::NationalId => "a national identity number",
            Self::BirthDate => "a date of birth",
            Self::PostalAddress => "a postal address",
            Self::PersonName => "the name of a person",
            Self::Payment => "a card or bank account number",
        })
    }
}

/// Words after which something is told about a secret or a person, beyond those that [`meaning`] knows.
const ABOUT: [&str; 62] = [
    "ACCOUNT",
    "AGE",
    "ALIAS",
    "CATEGORY",
    "CHARACTERS",
    "CHARSET",
    "CLAIM",
    "CLAIMS",
    "COMMENT",
    "COMPLEXITY",
    "DAYS",
    "DELIMITER",
    "DESCRIPTION",
    "DOMAIN",
    "DURATION",
    "ENGINE",
    "ENFORCED",
    "FILTER",
    "HOURS",
    "INSTANCE",
    "KIND",
    "LABEL",
    "LANGUAGE",
    "MINUTES",
    "NOTE",
    "OPERATION",
    "OWNER",
    "PATTERN",
    "PERIOD",
    "PERMISSION",
    "PERMISSIONS",
    "PLUGIN",
    "PORT",
    "PROFILE",
    "PROJECT",
    "PURPOSE",
    "REALM",
    "REGION",
    "ROLE",
    "ROLES",
    "ROUND",
    "ROUNDS",
    "RULE",
    "RULES",
    "SCOPES",
    "SECONDS",
    "SERVER",
    "SERVICE",
    "STATE",
    "STATUS",
    "STRENGTH",
    "SUBJECT",
    "SUFFIX",
    "SYMBOLS",
    "TAG",
    "TAGS",
    "TEMPLATE",
    "TITLE",
    "USAGE",
    "USERNAME",
    "VALID",
    "VALIDITY",
];

/// The same of people's things: a template of an e-mail is none.
const ABOUT_CONTACT: [&str; 14] =
    ["BODY", "CODE", "COUNTRY", "ENABLED", "FOOTER", "FORMAT", "HEADER", "HOST", "ID", "PREFIX", "PROVIDER", "REGEX", "TYPE", "URL"];

/// Returns what an input asks for, or none where it asks for nothing that should not be passed as plain text.
pub fn of(input: &Declaration) -> Option<Asked> {
    let asked = match input.value_type {
        ValueType::String | ValueType::Integer => by_name(&input.name)?,
        // One of a list that everybody can read, yes or no, or the right way.
        ValueType::Enum(_) | ValueType::Boolean | ValueType::SecretId => return None,
    };
    (input.value_type == ValueType::String || asked.is_number()).then_some(asked)
}

fn by_name(name: &str) -> Option<Asked> {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    personal(&words).or_else(|| secret(name, &words))
}

fn secret(name: &str, words: &[&str]) -> Option<Asked> {
    if words.iter().any(|word| ABOUT.contains(word)) {
        return None;
    }
    match meaning(name) {
        Some(Meaning::Password) => return Some(Asked::Password),
        Some(Meaning::Key) => return Some(Asked::Key),
        None => {}
    }
    match words {
        [.., "PWD" | "PASS" | "PASSCODE"] => Some(Asked::Password),
        [.., "JWT"] | [.., "SIGNING" | "ENCRYPTION" | "MASTER" | "SHARED" | "ACCOUNT" | "SSH", "KEY"] => Some(Asked::Key),
        _ => None,
    }
}

/// Words for somebody, before `FULL_NAME`.
const PERSONS: [&str; 9] = ["USER", "PERSON", "CONTACT", "OWNER", "EMPLOYEE", "CUSTOMER", "SIGNER", "MEMBER", "ADMIN"];

fn personal(words: &[&str]) -> Option<Asked> {
    (0..words.len()).find_map(|at| {
        let (before, from) = words.split_at(at);
        let (asked, length) = begins(from)?;
        let after = &from[length..];
        let about = after.iter().any(|word| ABOUT.contains(word) || ABOUT_CONTACT.contains(word));
        // The address of a program's account is nobody's.
        let of_program = before.iter().any(|word| matches!(*word, "SERVICE" | "ROBOT" | "BOT" | "NOREPLY"));
        // A company, a repository has a full name too.
        let of_thing = from.starts_with(&["FULL", "NAME"]) && before.last().is_some_and(|word| !PERSONS.contains(word));
        let nobodys = of_program && asked == Asked::Email || of_thing;
        (!about && !nobodys).then_some(asked)
    })
}

/// Returns what the first of some words ask for, and how many words that are.
fn begins(words: &[&str]) -> Option<(Asked, usize)> {
    Some(match words {
        ["EMAIL" | "EMAILS" | "EMAILADDRESS", ..] => (Asked::Email, 1),
        ["E", "MAIL", ..] | ["MAIL", "ADDRESS", ..] => (Asked::Email, 2),
        ["PHONE" | "TELEPHONE" | "CELLPHONE" | "PHONENUMBER" | "MSISDN", ..] => (Asked::Phone, 1),
        ["MOBILE" | "CELL", "NUMBER", ..] => (Asked::Phone, 2),
        ["SSN" | "NATIONALID", ..] => (Asked::NationalId, 1),
        ["SOCIAL", "SECURITY", ..] | ["NATIONAL", "ID" | "IDENTITY" | "IDENTIFIER", ..] | ["PASSPORT", "NUMBER" | "NO" | "ID", ..] => {
            (Asked::NationalId, 2)
        }
        ["DOB" | "BIRTHDATE" | "BIRTHDAY", ..] => (Asked::BirthDate, 1),
        ["BIRTH", "DATE" | "DAY", ..] => (Asked::BirthDate, 2),
        ["DATE", "OF", "BIRTH", ..] => (Asked::BirthDate, 3),
        ["HOME" | "STREET" | "POSTAL" | "MAILING" | "BILLING" | "SHIPPING" | "RESIDENTIAL", "ADDRESS", ..] => (Asked::PostalAddress, 2),
        ["FIRST" | "LAST" | "FULL" | "GIVEN" | "FAMILY" | "MAIDEN", "NAME", ..] => (Asked::PersonName, 2),
        ["FIRSTNAME" | "LASTNAME" | "FULLNAME" | "SURNAME", ..] => (Asked::PersonName, 1),
        ["IBAN" | "CVV" | "CVC" | "CARDNUMBER", ..] => (Asked::Payment, 1),
        ["CARD", "NUMBER", ..] | ["CREDIT", "CARD", ..] | ["BANK", "ACCOUNT", ..] => (Asked::Payment, 2),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, value_type: ValueType) -> Option<Asked> {
        of(&Declaration { name: name.to_owned(), value_type, required: true })
    }

    #[test]
    fn names_tell_what_is_asked_for() {
        for (name, expected) in [
            ("password", Asked::Password),
            ("db_password", Asked::Password),
            ("dbpassword", Asked::Password),
            ("admin_passwd", Asked::Password),
            ("key_passphrase", Asked::Password),
            ("password_value", Asked::Password),
            ("db_pass", Asked::Password),
            ("user_pwd", Asked::Password),
            ("token", Asked::Key),
            ("access_token", Asked::Key),
            ("refresh_token", Asked::Key),
            ("api_key", Asked::Key),
            ("apikey", Asked::Key),
            ("artifactory_api_key", Asked::Key),
            ("private_key", Asked::Key),
            ("private_key_pem", Asked::Key),
            ("secret", Asked::Key),
            ("client_secret", Asked::Key),
            ("secret_access_key", Asked::Key),
            ("signing_key", Asked::Key),
            ("credentials", Asked::Key),
            ("login_jwt", Asked::Key),
            ("email", Asked::Email),
            ("e_mail", Asked::Email),
            ("user_email", Asked::Email),
            ("owner_email", Asked::Email),
            ("email_address", Asked::Email),
            ("phone", Asked::Phone),
            ("phone_number", Asked::Phone),
            ("mobile_number", Asked::Phone),
            ("ssn", Asked::NationalId),
            ("national_id", Asked::NationalId),
            ("social_security_number", Asked::NationalId),
            ("birth_date", Asked::BirthDate),
            ("date_of_birth", Asked::BirthDate),
            ("home_address", Asked::PostalAddress),
            ("billing_address", Asked::PostalAddress),
            ("first_name", Asked::PersonName),
            ("iban", Asked::Payment),
            ("card_number", Asked::Payment),
            ("credit_card_number", Asked::Payment),
        ] {
            assert_eq!(asked(name, ValueType::String), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_only_sounds_like_it_is_not_counted() {
        for name in [
            // IBM's own providers ask for names of users: a service's account has one too.
            "username",
            "user_name",
            "user",
            "account_name",
            "owner",
            "login",
            "admin",
            "client_id",
            "common_name",
            "display_name",
            "ip_address",
            "address",
            "email_domain",
            "server_address",
            "mac_address",
            "url",
            "token_url",
            "token_type",
            "token_ttl",
            "token_endpoint",
            "token_scope",
            "token_description",
            "token_name",
            "token_id",
            "tokens",
            "max_tokens",
            "password_policy",
            "password_length",
            "password_encryption",
            "password_min_length",
            "secret_name",
            "secret_group_id",
            "secret_engine",
            "secret_path",
            "login_secret_id",
            "api_key_id",
            "api_key_name",
            "api_key_description",
            "access_key_id",
            "public_key",
            "partition_key",
            "issue_key",
            "key",
            "key_algorithm",
            "key_size",
            "pagerduty_service",
            "scope",
            "expires_in",
            "phone_type",
            "email_template",
            "email_provider",
            "service_account_email",
            "card_type",
            "birthplace",
            "mobile_app",
            "compass",
            "bypass",
            "passport_strategy",
            "tokenizer",
            "secretary",
            "certificate",
            "namespace",
            "file_name",
            "hostname",
            "last_name_filter",
            "credentials_type",
        ] {
            assert_eq!(asked(name, ValueType::String), None, "{name}");
        }
    }

    #[test]
    fn types_count_as_much_as_names() {
        let option = || ValueType::Enum(vec!["email".to_owned(), "token".to_owned()]);
        for name in ["password", "token", "email", "ssn", "secret", "token_type"] {
            for value_type in [option(), ValueType::Boolean, ValueType::SecretId] {
                assert_eq!(asked(name, value_type.clone()), None, "{name}: {value_type:?}");
            }
        }
        // No password is a number, and a telephone is.
        assert_eq!(asked("token", ValueType::Integer), None);
        assert_eq!(asked("send_email", ValueType::Integer), None);
        assert_eq!(asked("phone_number", ValueType::Integer), Some(Asked::Phone));
        assert_eq!(asked("ssn", ValueType::Integer), Some(Asked::NationalId));
    }
}
