//! Identifiers of secrets, versions and tasks, and the seeded source that makes them.

use std::fmt;

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

macro_rules! identifier {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Returns the identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

identifier!(
    /// The id of a secret: a lower-case UUID, 36 characters.
    SecretId
);
identifier!(
    /// The id of a secret's version: a lower-case UUID.
    VersionId
);
identifier!(
    /// The id of a secret task: `sm-task-` and a lower-case UUID, 44 characters. It is also the job run's name.
    TaskId
);

/// Makes ids and random values from one seed, so that a run can be repeated value for value.
#[derive(Debug, Clone)]
pub struct IdSource {
    random: ChaCha8Rng,
}

impl IdSource {
    /// Starts a source; equal seeds give equal sequences.
    pub fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Returns the next random version 4 UUID in lower case.
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0_u8; 16];
        self.random.fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// Returns a new secret id.
    pub fn secret_id(&mut self) -> SecretId {
        SecretId(self.uuid())
    }

    /// Returns a new version id.
    pub fn version_id(&mut self) -> VersionId {
        VersionId(self.uuid())
    }

    /// Returns a new task id.
    pub fn task_id(&mut self) -> TaskId {
        TaskId(format!("sm-task-{}", self.uuid()))
    }

    /// Returns `length` characters drawn evenly from `alphabet`.
    pub fn characters(&mut self, alphabet: &[u8], length: usize) -> String {
        use rand::Rng as _;
        (0..length).map(|_| char::from(alphabet[self.random.random_range(0..alphabet.len())])).collect()
    }
}
