//! A part of the scenarios, for runs that share the work.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// One of several equal parts of a plan. Written `slice:1/4` or `hash:1/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Partition {
    /// How scenarios are dealt out.
    pub by: DealtBy,
    /// Which part, from 1.
    pub part: u32,
    /// How many parts there are.
    pub parts: u32,
}

/// How scenarios are dealt out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DealtBy {
    /// In turn, in the plan's order: the parts take about the same time.
    Slice,
    /// By the SHA-256 of the scenario's id: a scenario stays in its part when others come or go.
    Hash,
}

/// Why a text names no part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` names no part; write slice:1/4 or hash:1/4 for the first of four", .0.escape_debug())]
pub struct PartitionError(String);

impl Partition {
    /// Tells whether a scenario belongs to the part: by its place in the plan, from 0, or by its id.
    pub fn has(&self, place: usize, id: &str) -> bool {
        let number = match self.by {
            DealtBy::Slice => place as u64,
            DealtBy::Hash => Sha256::digest(id).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)),
        };
        number % u64::from(self.parts) == u64::from(self.part - 1)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.by {
            DealtBy::Slice => "slice",
            DealtBy::Hash => "hash",
        };
        write!(formatter, "{by}:{}/{}", self.part, self.parts)
    }
}

impl FromStr for Partition {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || PartitionError(text.to_owned());
        let (by, rest) = text.split_once(':').ok_or_else(wrong)?;
        let by = match by {
            "slice" => DealtBy::Slice,
            "hash" => DealtBy::Hash,
            _ => return Err(wrong()),
        };
        let (part, parts) = rest.split_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or_else(wrong);
        let (part, parts) = (number(part)?, number(parts)?);
        if part == 0 || part > parts { Err(wrong()) } else { Ok(Self { by, part, parts }) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_names_no_part_is_refused() {
        for text in ["", "slice", "slice:1", "slice:0/4", "slice:5/4", "count:1/4", "hash:+1/4", "hash:a/b", "hash:1/0"] {
            let error = text.parse::<Partition>().unwrap_err().to_string();
            assert!(error.contains("slice:1/4") && error.contains(text), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_scenario_is_in_exactly_one_part(by in prop::sample::select(vec!["slice", "hash"]), parts in 1_u32..9, ids in prop::collection::vec("[a-z/:0-9]{1,12}", 0..40)) {
            for (place, id) in ids.iter().enumerate() {
                let having = (1..=parts).filter(|part| {
                    let text = format!("{by}:{part}/{parts}");
                    let partition: Partition = text.parse().unwrap();
                    assert_eq!(partition.to_string(), text);
                    partition.has(place, id)
                });
                prop_assert_eq!(having.count(), 1);
            }
        }
    }
}
