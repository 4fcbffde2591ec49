//! What a person should look at although no rule is about it, or nobody can be sure.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that perhaps should not be where it is. It is shown and never counted.
///
/// It does not hold the value: only what it looks like, how long it is and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Where it stands, such as `an error description`.
    pub place: String,
    /// What it is, such as `an e-mail address`.
    pub what: String,
    /// How many characters it has, where only its form tells what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Ids of the journal's events that show it.
    pub evidence: Vec<u64>,
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} holds {}", self.place, self.what)?;
        self.length.map_or(Ok(()), |length| write!(formatter, " ({length} characters)"))
    }
}
