//! The schedules that are kept with hallmark: each breaks one wrong provider, and no right one.

use serde::Deserialize;

use super::schedule::Schedule;

/// The text of the built-in schedules.
const TEXT: &str = include_str!("../../../features/schedules.toml");

/// A schedule that is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// The mutant that it breaks.
    pub mutant: String,
    /// The schedule's line.
    pub schedule: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schedule: Vec<Saved>,
}

/// Why the schedules cannot be read: a defect, which a test excludes.
#[derive(Debug, thiserror::Error)]
#[error("reading the built-in schedules: {0}; this is a defect of hallmark, please report it")]
pub struct SavedError(String);

/// Returns the schedules that are kept, each with its mutant.
pub fn saved() -> Result<Vec<(Saved, Schedule)>, SavedError> {
    let file: File = toml::from_str(TEXT).map_err(|error| SavedError(error.to_string()))?;
    let parsed = |saved: Saved| {
        let schedule = saved.schedule.parse::<Schedule>().map_err(|error| SavedError(error.to_string()))?;
        Ok((saved, schedule))
    };
    file.schedule.into_iter().map(parsed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutant::table::schedule;

    #[test]
    fn each_mutant_that_takes_a_schedule_has_one_of_at_most_three_faults() {
        let saved = saved().unwrap();
        for mutation in schedule::ALL {
            let of = saved.iter().filter(|(saved, _)| saved.mutant == mutation.id).collect::<Vec<_>>();
            assert_eq!(of.len(), 1, "{}", mutation.id);
            let faults = of[0].1.faults().count();
            assert!((2..=3).contains(&faults), "{} takes {faults} faults", mutation.id);
        }
        assert_eq!(saved.len(), schedule::ALL.len());
    }
}
