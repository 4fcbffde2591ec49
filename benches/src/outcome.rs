//! Everything that a benchmark of retries came to: what is written, read again as a baseline, and rendered.
//!
//! The main type is [`Outcome`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::classifier::{Classification, Waited, classify};
use crate::comparison::Comparison;
use crate::experiment::{Call, Cause, Experiment, Question, Size};
use crate::metrics::{Summary, summarize};
use crate::statistics::Resampling;
use crate::trial::{Arm, Client, Trial};

/// Version of the file's format. Another one is refused, never misread. In the first one, reports of a failure were attempts at the report that was
/// given up.
pub const FORMAT: u32 = 2;

/// Where the provider's jobs ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As processes of this machine.
    Process,
    /// As containers of a local Docker Engine.
    Container,
}

impl Mode {
    /// Returns what the jobs were.
    pub fn word(self) -> &'static str {
        match self {
            Self::Process => "processes",
            Self::Container => "containers",
        }
    }
}

/// What was measured, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of hallmark.
    pub hallmark: String,
    /// The provider's name.
    pub provider: String,
    /// Its variant, where there are several.
    pub variant: Option<String>,
    /// SHA-256 of its executable in hexadecimal, or nothing; of an image, its digest.
    pub digest: String,
    /// Where its jobs ran.
    pub mode: Mode,
    /// The image that they ran, as it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// How much was measured.
    pub size: Size,
    /// Repetitions that were asked for.
    pub runs: u32,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Seconds of the task timeout.
    pub task_timeout: f64,
    /// Seconds after which a job was ended.
    pub limit: f64,
    /// The experiments.
    pub experiments: Vec<Experiment>,
    /// The trials of all arms.
    pub trials: Vec<Trial>,
}

/// A policy that was told from the waits of one call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classified {
    /// The call.
    pub call: Call,
    /// How it failed.
    pub cause: Cause,
    /// What is known.
    #[serde(flatten)]
    pub classification: Classification,
}

/// The numbers of one arm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArmOutcome {
    /// Whose.
    pub arm: Arm,
    /// One for each experiment, in their order.
    pub summaries: Vec<Summary>,
    /// One for each call and cause.
    pub policies: Vec<Classified>,
}

/// A measurement with everything that follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was measured.
    pub measurement: Measurement,
    /// The numbers of each arm that there is, the subject first.
    pub arms: Vec<ArmOutcome>,
    /// How the arms differ, where there are two.
    pub comparison: Option<Comparison>,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It cannot be read.
    #[error("reading the baseline {path}: {source}; give the bench.json of an earlier `hallmark bench retry`")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("reading the baseline {path}: {source}; give the bench.json of an earlier `hallmark bench retry`")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Another version wrote it.
    #[error("the baseline {path} has format {found}, this hallmark reads format {FORMAT}; measure the baseline again")]
    Format {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// Its jobs ran elsewhere, and starting a container takes longer than a process.
    #[error(
        "the jobs of the baseline {path} were {before} and those of this run are {now}, whose times are not comparable; measure both alike"
    )]
    Elsewhere {
        /// Which file.
        path: PathBuf,
        /// What its jobs were.
        before: &'static str,
        /// What they are now.
        now: &'static str,
    },
    /// Nothing in it was measured now.
    #[error("the baseline {path} has no experiment in common with this run; measure it with the same size, --quick or --full")]
    Unrelated {
        /// Which file.
        path: PathBuf,
    },
}

impl Outcome {
    /// Returns what an arm is called in headings.
    pub fn name(&self, arm: Arm) -> &str {
        match (arm, &self.comparison) {
            (Arm::Baseline, Some(comparison)) => &comparison.baseline,
            _ => self.measurement.subject(),
        }
    }
}

impl Measurement {
    /// Reads an earlier measurement.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = std::fs::read_to_string(path).map_err(|source| BaselineError::Io { path: path.to_owned(), source })?;
        let malformed = |source| BaselineError::Malformed { path: path.to_owned(), source };
        let value: serde_json::Value = serde_json::from_str(&text).map_err(malformed)?;
        let measurement = &value["measurement"];
        if let Some(found) = measurement["format"].as_u64().filter(|found| *found != u64::from(FORMAT)) {
            return Err(BaselineError::Format { path: path.to_owned(), found: u32::try_from(found).unwrap_or(u32::MAX) });
        }
        Self::deserialize(measurement).map_err(malformed)
    }

    /// Checks that an earlier measurement, read from `path`, can be compared with what this one is about to measure.
    pub fn check_baseline(&self, earlier: &Self, path: &Path) -> Result<(), BaselineError> {
        if earlier.mode != self.mode {
            return Err(BaselineError::Elsewhere { path: path.to_owned(), before: earlier.mode.word(), now: self.mode.word() });
        }
        if !earlier.trials.iter().any(|trial| self.has_in_common(trial)) {
            return Err(BaselineError::Unrelated { path: path.to_owned() });
        }
        Ok(())
    }

    /// Takes the subject's trials of an earlier measurement for the baseline.
    pub fn compare_with(&mut self, earlier: Self) {
        let common = earlier.trials.into_iter().filter(|trial| self.has_in_common(trial));
        let trials: Vec<Trial> = common.map(|trial| Trial { arm: Arm::Baseline, ..trial }).collect();
        self.trials.extend(trials);
    }

    fn has_in_common(&self, earlier: &Trial) -> bool {
        earlier.arm == Arm::Subject && self.experiments.iter().any(|experiment| experiment.id == earlier.experiment)
    }

    /// Returns what was measured, for headings.
    pub fn subject(&self) -> &str {
        self.image.as_deref().unwrap_or(&self.provider)
    }

    /// Draws every conclusion. `baseline` names what the subject is compared with, where there is something.
    pub fn conclude(mut self, baseline: Option<&str>) -> Outcome {
        // They are as they ended, which says nothing.
        self.trials.sort_by(|one, other| (&one.experiment, one.arm, one.round).cmp(&(&other.experiment, other.arm, other.round)));
        let arms = [Arm::Subject, Arm::Baseline];
        let arms = arms.into_iter().filter(|arm| self.trials.iter().any(|trial| trial.arm == *arm));
        let arms: Vec<ArmOutcome> = arms.map(|arm| self.arm(arm)).collect();
        let comparison = baseline.map(|name| {
            let resampling = Resampling { seed: self.seed, ..Resampling::default() };
            Comparison::new(name, &self.experiments, &self.trials, resampling)
        });
        Outcome { measurement: self, arms, comparison }
    }

    fn arm(&self, arm: Arm) -> ArmOutcome {
        let summaries = self.experiments.iter().map(|experiment| {
            let own = self.trials.iter().filter(|trial| trial.arm == arm && trial.experiment == experiment.id);
            summarize(experiment, &own.collect::<Vec<_>>())
        });
        ArmOutcome { arm, summaries: summaries.collect(), policies: self.policies(arm) }
    }

    /// Tells the policies. Waits of all lengths of outages are of the same policy.
    fn policies(&self, arm: Arm) -> Vec<Classified> {
        let mut waited: BTreeMap<(Call, Cause), Vec<Waited>> = BTreeMap::new();
        // The longest outages show the most waits.
        let mut experiments: Vec<&Experiment> = self.experiments.iter().collect();
        experiments.sort_by(|one, other| length(other).total_cmp(&length(one)));
        for experiment in experiments {
            let Some(cause) = experiment.free_cause() else { continue };
            let own = self.trials.iter().filter(|trial| trial.arm == arm && trial.experiment == experiment.id);
            let clients = own.flat_map(Trial::sound).map(waits);
            waited.entry((experiment.call, cause)).or_default().extend(clients);
        }
        waited.into_iter().map(|((call, cause), runs)| Classified { call, cause, classification: classify(&runs) }).collect()
    }
}

fn length(experiment: &Experiment) -> f64 {
    match experiment.question {
        Question::Lasting { .. } => f64::INFINITY,
        _ => experiment.outage_seconds().unwrap_or_default(),
    }
}

fn waits(client: &Client) -> Waited {
    Waited { gaps: client.gaps(), gave_up: client.gave_up(false).is_some() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::metrics::tests::{client, experiment, trial};

    /// Ten runs each of a provider that waits 1, 2 and 4 seconds and then gives up, in two experiments.
    pub(crate) fn measurement() -> Measurement {
        let refused = [0.0, 1.01, 3.02, 7.03];
        let mut trials = Vec::new();
        for round in 0..10 {
            // No two runs are the same to the millisecond.
            let late = f64::from(round) * 0.001;
            let shifted: Vec<f64> = refused.iter().zip(0_u32..).map(|(at, before)| at + late * f64::from(before)).collect();
            trials.push(trial("update-503-5s", Arm::Subject, round, vec![client(&shifted[..3], Some(7.03 + 3.0 * late))]));
            trials.push(trial("update-503-lasting", Arm::Subject, round, vec![client(&shifted, None)]));
        }
        Measurement {
            format: FORMAT,
            hallmark: "0.1.0".into(),
            provider: "sample-provider".into(),
            variant: None,
            digest: String::new(),
            mode: Mode::Process,
            image: None,
            started: "2026-11-29T10:00:00Z".into(),
            size: Size::Quick,
            runs: 10,
            seed: 1,
            task_timeout: 60.0,
            limit: 61.0,
            experiments: ["update-503-5s", "update-503-lasting"].map(experiment).into(),
            trials,
        }
    }

    #[test]
    fn the_policy_is_told_over_all_outages() {
        let outcome = measurement().conclude(None);
        let [arm] = &*outcome.arms else { panic!("one arm") };
        let [classified] = &*arm.policies else { panic!("one call and cause") };
        assert_eq!((classified.call, classified.cause), (Call::Update, Cause::Unavailable));
        let Classification::Told(told) = &classified.classification else { panic!("{classified:?}") };
        assert_eq!((told.family, told.runs, told.retries), (crate::classifier::Family::Exponential, 20, 3));
        assert!(told.consistent_with.contains(&"backon".to_owned()), "{told:?}");
    }

    #[test]
    fn an_earlier_outcome_is_a_baseline() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("bench.json");
        let outcome = measurement().conclude(None);
        std::fs::write(&file, serde_json::to_string(&outcome).unwrap()).unwrap();
        let mut now = measurement();
        let earlier = Measurement::read(&file).unwrap();
        now.check_baseline(&earlier, &file).unwrap();
        now.compare_with(earlier.clone());
        let outcome = now.conclude(Some("before"));
        assert_eq!(outcome.arms.len(), 2);
        let comparison = outcome.comparison.unwrap();
        assert!(!comparison.is_regression());
        assert_eq!(comparison.metrics[0].shift.unwrap().pairs, 20);

        let mut unrelated = measurement();
        unrelated.experiments = vec![experiment("token-503-1s")];
        let error = unrelated.check_baseline(&earlier, &file).unwrap_err();
        assert!(error.to_string().contains("--quick"), "{error}");
        let contained = Measurement { mode: Mode::Container, ..measurement() };
        let error = contained.check_baseline(&earlier, &file).unwrap_err();
        assert!(error.to_string().contains("were processes and those of this run are containers"), "{error}");

        std::fs::write(&file, serde_json::to_string(&measurement().conclude(None)).unwrap().replacen("\"format\":2", "\"format\":99", 1))
            .unwrap();
        assert!(Measurement::read(&file).unwrap_err().to_string().contains("format 99"));
        std::fs::write(&file, "{}").unwrap();
        assert!(Measurement::read(&file).unwrap_err().to_string().contains("bench.json"));
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(Measurement::read(&file), Err(BaselineError::Io { .. })));
    }
}
