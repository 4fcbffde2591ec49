//! Which calls a fault means.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which calls, counted per service and operation since the plan was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultWhen {
    /// Only call n, from 1.
    Nth(u32),
    /// Calls 1 to n.
    First(u32),
    /// Call n and all later ones.
    From(u32),
    /// Every call.
    Every,
    /// Each call with this probability, above 0 and at most 1.
    Chance(Millionths),
    /// Calls that arrive within a time, counted from the first call.
    Window {
        /// Milliseconds after which it begins.
        from_milliseconds: u64,
        /// Milliseconds after which it is over; left out, it never is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to_milliseconds: Option<u64>,
    },
}

/// A time in which a service refuses connections, counted from when the plan was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outage {
    pub(crate) from: Duration,
    /// When it is over; none for never.
    pub(crate) to: Option<Duration>,
}

impl Outage {
    /// Tells whether it goes on so long after the plan was set.
    pub(crate) fn covers(&self, after: Duration) -> bool {
        after >= self.from && self.to.is_none_or(|to| after < to)
    }
}

impl FaultWhen {
    /// Returns the outage of a service that refuses connections at these calls; none where they are counted, as nobody sees who was refused.
    pub(crate) fn outage(self) -> Option<Outage> {
        match self {
            Self::Every => Some(Outage { from: Duration::ZERO, to: None }),
            Self::Window { from_milliseconds, to_milliseconds } => {
                Some(Outage { from: Duration::from_millis(from_milliseconds), to: to_milliseconds.map(Duration::from_millis) })
            }
            Self::Nth(_) | Self::First(_) | Self::From(_) | Self::Chance(_) => None,
        }
    }
}

/// A number from 0 to 4294 with at most six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
#[schemars(with = "f64")]
pub struct Millionths(u32);

/// Parts of one.
const ONE: u32 = 1_000_000;

/// Decimals that a number may have.
const DECIMALS: usize = 6;

/// A text or number is not one from 0 to 4294 with at most six decimals.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot take `{0}`: expected a number from 0 to 4294 with at most six decimals")]
pub struct NotMillionths(String);

impl Millionths {
    /// The number 1.
    pub const ONE: Self = Self(ONE);

    /// Makes it of its millionths.
    pub const fn new(millionths: u32) -> Self {
        Self(millionths)
    }

    /// Returns its millionths.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl From<Millionths> for f64 {
    fn from(number: Millionths) -> Self {
        Self::from(number.0) / Self::from(ONE)
    }
}

impl TryFrom<f64> for Millionths {
    type Error = NotMillionths;

    fn try_from(number: f64) -> Result<Self, NotMillionths> {
        number.to_string().parse()
    }
}

impl FromStr for Millionths {
    type Err = NotMillionths;

    fn from_str(text: &str) -> Result<Self, NotMillionths> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let number = || {
            let decimals = Some(decimals).filter(|decimals| decimals.len() <= DECIMALS && digits(decimals))?;
            let decimals: u32 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
            let whole: u32 = Some(whole).filter(|whole| digits(whole))?.parse().ok()?;
            whole.checked_mul(ONE)?.checked_add(decimals)
        };
        number().map(Self).ok_or_else(|| NotMillionths(text.to_owned()))
    }
}

impl fmt::Display for Millionths {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / ONE, self.0 % ONE);
        if decimals == 0 {
            return write!(formatter, "{whole}");
        }
        let decimals = format!("{decimals:0DECIMALS$}");
        write!(formatter, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_as_it_prints_and_as_json() {
        for (text, millionths) in
            [("0", 0), ("1", ONE), ("0.25", 250_000), ("0.000001", 1), ("4294.967295", u32::MAX), ("12.5", 12_500_000)]
        {
            let number: Millionths = text.parse().unwrap();
            assert_eq!((number.get(), number.to_string().as_str()), (millionths, text));
            let json = serde_json::to_string(&number).unwrap();
            assert_eq!(serde_json::from_str::<Millionths>(&json).unwrap(), number, "{json}");
        }
        assert_eq!("0.50".parse::<Millionths>().unwrap().to_string(), "0.5");
        for text in ["", ".5", "1.", "-1", "0.0000001", "5000", "1e3", "+1", "1.2.3", "NaN"] {
            assert!(text.parse::<Millionths>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Millionths>("0.1234567").is_err());
    }
}
