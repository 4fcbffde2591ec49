//! `CE_REMOVE_COMPLETED_JOBS`: how long a finished job run is kept.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The value of `CE_REMOVE_COMPLETED_JOBS`. Secrets Manager's documents know `IMMEDIATELY` and minutes; older provider examples write days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum CompletedJobs {
    /// `IMMEDIATELY`: a finished run is removed at once, its log with it.
    #[default]
    Immediately,
    /// `4320`: kept for so many minutes.
    Minutes(u64),
    /// `3d`: kept for so many days.
    Days(u64),
}

/// A value of `CE_REMOVE_COMPLETED_JOBS` that no document knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read CE_REMOVE_COMPLETED_JOBS {0:?}: write IMMEDIATELY, minutes such as 4320, or days such as 3d")]
pub struct CompletedJobsError(pub String);

impl CompletedJobs {
    /// Tells whether a run that finished `age` ago is still there.
    pub fn keeps(self, age: Duration) -> bool {
        let minutes = match self {
            Self::Immediately => 0,
            Self::Minutes(minutes) => minutes,
            Self::Days(days) => days.saturating_mul(24 * 60),
        };
        age < Duration::from_secs(minutes.saturating_mul(60))
    }
}

impl FromStr for CompletedJobs {
    type Err = CompletedJobsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "IMMEDIATELY" {
            return Ok(Self::Immediately);
        }
        // u64's own parser takes a leading plus sign, which no document shows.
        let number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
        match text.strip_suffix('d') {
            Some(days) => number(days).map(Self::Days),
            None => number(text).map(Self::Minutes),
        }
        .ok_or_else(|| CompletedJobsError(text.to_owned()))
    }
}

impl TryFrom<String> for CompletedJobs {
    type Error = CompletedJobsError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CompletedJobs> for String {
    fn from(value: CompletedJobs) -> Self {
        value.to_string()
    }
}

impl fmt::Display for CompletedJobs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Immediately => formatter.write_str("IMMEDIATELY"),
            Self::Minutes(minutes) => write!(formatter, "{minutes}"),
            Self::Days(days) => write!(formatter, "{days}d"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_spelling_is_read_and_written_back() {
        for (text, value) in
            [("IMMEDIATELY", CompletedJobs::Immediately), ("4320", CompletedJobs::Minutes(4320)), ("3d", CompletedJobs::Days(3))]
        {
            assert_eq!(text.parse(), Ok(value));
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn other_spellings_are_refused_with_the_ones_to_use() {
        for text in ["", "immediately", "d", "-1", "+5", "3h", "3 d", "1.5d", "99999999999999999999"] {
            let error = text.parse::<CompletedJobs>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")) && error.contains("IMMEDIATELY") && error.contains("4320"), "{error}");
        }
    }

    #[test]
    fn a_run_is_kept_for_less_than_its_time() {
        let minute = Duration::from_mins(1);
        assert!(!CompletedJobs::Immediately.keeps(Duration::ZERO));
        assert!(!CompletedJobs::Minutes(0).keeps(Duration::ZERO));
        assert!(CompletedJobs::Minutes(2).keeps(minute));
        assert!(!CompletedJobs::Minutes(2).keeps(2 * minute));
        assert!(CompletedJobs::Days(1).keeps(1439 * minute));
        assert!(!CompletedJobs::Days(1).keeps(1440 * minute));
        assert!(CompletedJobs::Days(u64::MAX).keeps(1440 * minute));
    }
}
