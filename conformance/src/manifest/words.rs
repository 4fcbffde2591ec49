//! The closed sets of words that a manifest uses.

use hallmark_harness::contract::SecretType;

/// A set of words, each of which stands for a value.
pub(super) trait Word: Copy + 'static {
    /// What one such word is called in a message, with its article.
    const CALLED: &'static str;
    /// Every word.
    const WORDS: &'static [(&'static str, Self)];
}

macro_rules! words {
    ($(#[$meta:meta])* $called:literal $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Returns the word of the manifest.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl Word for $name {
            const CALLED: &'static str = $called;
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }
    };
}

words! {
    /// How the provider reaches Secrets Manager.
    "a kind of Secrets Manager address"
    InstanceUrl {
        /// Plain http on 127.0.0.1.
        Loopback = "loopback",
        /// `https://<instance>.<region>.secrets-manager.appdomain.cloud`, through the proxy.
        Real = "real",
    }
}

words! {
    /// How the run's certificate authority gets to a provider in a container, without a change of its image.
    "a way for the run's certificate authority"
    AuthorityDelivery {
        /// SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE name it.
        Environment = "environment",
        /// It takes the place of the system's bundle, e.g. /etc/ssl/certs/ca-certificates.crt.
        Bundle = "bundle",
        /// It takes the place of the bundle in Python's certifi package.
        Certifi = "certifi",
        /// JAVA_TOOL_OPTIONS name a keystore with it. Java's runtimes say so on standard error.
        Java = "java",
    }
}

words! {
    /// A third party that hallmark can simulate without a description.
    "a preset"
    Preset {
        /// JFrog Artifactory access tokens.
        Artifactory = "artifactory",
        /// PagerDuty integration keys.
        PagerDuty = "pagerduty",
    }
}

words! {
    /// What a planted value looks like. A provider that shows it where it must not is found out by it.
    "a kind of canary"
    CanaryKind {
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// A national id.
        NationalId = "national_id",
        /// The number of a payment card.
        Card = "card",
        /// An international bank account number.
        Iban = "iban",
        /// An API key.
        ApiKey = "api_key",
        /// A token.
        Token = "token",
    }
}

words! {
    /// What random data of a secret looks like. It is drawn from the run's seed.
    "a generator"
    Generator {
        /// An API key of IBM Cloud's form.
        ApiKey = "api_key",
        /// A password.
        Password = "password",
        /// A token.
        Token = "token",
    }
}

impl Word for SecretType {
    const CALLED: &'static str = "a type of secret";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("arbitrary", Self::Arbitrary),
        ("kv", Self::Kv),
        ("username_password", Self::UsernamePassword),
        ("iam_credentials", Self::IamCredentials),
        ("service_credentials", Self::ServiceCredentials),
        ("custom_credentials", Self::CustomCredentials),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_types_are_the_words_of_the_contract() {
        for (word, secret_type) in SecretType::WORDS {
            assert_eq!(serde_json::to_value(secret_type).unwrap(), *word);
        }
        let schema = serde_json::to_value(schemars::schema_for!(SecretType)).unwrap();
        assert_eq!(schema["oneOf"].as_array().unwrap().len(), SecretType::WORDS.len());
    }
}
