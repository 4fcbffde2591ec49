//! Whether one provider retries otherwise than another, or than it did before.
//!
//! The metrics, their directions and the margin are fixed beforehand, so that nobody picks what suits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::experiment::Experiment;
use crate::metrics::{lag, smallest_gap};
use crate::statistics::{Location, Resampling, Shift, holm, median, shift};
use crate::trial::{Arm, Client, Trial};

/// By how much of the baseline's value a metric may shift without being flagged.
pub const MARGIN: f64 = 0.2;

/// The probability at which chance is no longer taken for the reason.
const SIGNIFICANT: f64 = 0.05;

/// Pairs below which nothing is flagged.
const ENOUGH_PAIRS: usize = 6;

/// The primary metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Attempts of a client. More load a service that is down.
    Attempts,
    /// Part of the clients whose call succeeded in the end.
    Survival,
    /// Seconds from an outage's end to success.
    RecoveryLag,
    /// Seconds after which a client gave up. Earlier loses longer outages.
    GiveUp,
    /// Seconds of a client's smallest wait. Less hammers a service that is down.
    SmallestGap,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Attempts, Self::Survival, Self::RecoveryLag, Self::GiveUp, Self::SmallestGap];

    /// Returns its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Attempts => "attempts",
            Self::Survival => "survival",
            Self::RecoveryLag => "recovery lag",
            Self::GiveUp => "give-up time",
            Self::SmallestGap => "smallest gap",
        }
    }

    /// Tells whether more of it is worse.
    fn more_is_worse(self) -> bool {
        matches!(self, Self::Attempts | Self::RecoveryLag)
    }

    /// Returns its value in a trial; none where it has none there.
    fn value(self, experiment: &Experiment, trial: &Trial) -> Option<f64> {
        let of = |value: &dyn Fn(&Client) -> Option<f64>| median(&trial.sound().iter().filter_map(value).collect::<Vec<_>>());
        match self {
            Self::Attempts => of(&|client| Some(crate::metrics::number(client.attempts.len()))),
            Self::Survival => of(&|client| Some(if client.succeeded_at().is_some() { 1.0 } else { 0.0 })),
            Self::RecoveryLag => {
                let outage = experiment.outage_seconds()?;
                of(&|client| client.succeeded_at().map(|at| lag(at, outage)))
            }
            Self::GiveUp => of(&|client| client.gave_up(experiment.is_unseen())),
            Self::SmallestGap => of(&|client| smallest_gap(client)),
        }
    }

    fn location(self) -> Location {
        if self == Self::Survival { Location::Mean } else { Location::HodgesLehmann }
    }

    /// Returns in what a difference is measured: the baseline's own size, or the whole of a share. A size near nothing is taken for a tenth of a
    /// second, below which no difference matters.
    fn scale(self, baseline: &[f64]) -> f64 {
        const LEAST: f64 = 0.1;
        match self {
            Self::Survival => 1.0,
            _ => median(baseline).unwrap_or_default().abs().max(LEAST),
        }
    }
}

/// What a metric did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Nothing that can be told from chance and matters.
    None,
    /// It is worse.
    Worse,
    /// It is better.
    Better,
    /// There are too few pairs.
    TooFewPairs,
}

/// One metric compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The metric.
    pub metric: Metric,
    /// The baseline's median over all pairs.
    pub baseline: Option<f64>,
    /// The subject's.
    pub subject: Option<f64>,
    /// The differences in parts of the baseline's value.
    pub shift: Option<Shift>,
    /// The shift's p, adjusted for all metrics by Holm's method.
    pub p: Option<f64>,
    /// What it did.
    pub change: Change,
}

/// Two arms compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What the subject is compared with.
    pub baseline: String,
    /// The metrics, in the order of [`Metric::ALL`].
    pub metrics: Vec<Compared>,
    /// Parts of the trials of which nothing can be said, where they are too many for a judgement.
    pub inconclusive: Option<f64>,
}

/// Part of the trials of which something must be said.
const MOST_INCONCLUSIVE: f64 = 1.0 / 3.0;

impl Comparison {
    /// Compares the subject's trials with the baseline's, pair by pair.
    pub fn new(baseline: &str, experiments: &[Experiment], trials: &[Trial], resampling: Resampling) -> Self {
        let pairs = pairs(trials);
        let lost = pairs.values().filter(|(one, other)| one.inconclusive.is_some() || other.inconclusive.is_some()).count();
        let lost = crate::metrics::number(lost) / crate::metrics::number(pairs.len().max(1));
        let mut metrics: Vec<Compared> = Metric::ALL.map(|metric| compare(metric, experiments, &pairs, resampling)).into();
        let known: Vec<usize> = (0..metrics.len()).filter(|index| metrics[*index].shift.is_some()).collect();
        let adjusted = holm(&known.iter().filter_map(|index| metrics[*index].shift.map(|shift| shift.p)).collect::<Vec<_>>());
        for (index, p) in known.into_iter().zip(adjusted) {
            metrics[index].p = Some(p);
            metrics[index].change = change(&metrics[index], p);
        }
        Self { baseline: baseline.to_owned(), metrics, inconclusive: Some(lost).filter(|lost| *lost > MOST_INCONCLUSIVE) }
    }

    /// Tells whether a metric is worse beyond the margin, surely.
    pub fn is_regression(&self) -> bool {
        self.inconclusive.is_none() && self.metrics.iter().any(|compared| compared.change == Change::Worse)
    }
}

/// Trials of the same experiment and round: the baseline's and the subject's.
type Pairs<'trials> = BTreeMap<(&'trials str, u32), (&'trials Trial, &'trials Trial)>;

fn pairs(trials: &[Trial]) -> Pairs<'_> {
    let of = |arm: Arm| trials.iter().filter(move |trial| trial.arm == arm).map(|trial| ((&*trial.experiment, trial.round), trial));
    let subjects: BTreeMap<_, _> = of(Arm::Subject).collect();
    of(Arm::Baseline).filter_map(|(key, baseline)| Some((key, (baseline, *subjects.get(&key)?)))).collect()
}

fn compare(metric: Metric, experiments: &[Experiment], pairs: &Pairs<'_>, resampling: Resampling) -> Compared {
    let mut differences = Vec::new();
    let (mut baselines, mut subjects) = (Vec::new(), Vec::new());
    for experiment in experiments {
        let values: Vec<(f64, f64)> = pairs
            .iter()
            .filter(|((id, _), _)| *id == experiment.id)
            .filter_map(|(_, (baseline, subject))| Some((metric.value(experiment, baseline)?, metric.value(experiment, subject)?)))
            .collect();
        let own: Vec<f64> = values.iter().map(|(baseline, _)| *baseline).collect();
        // Experiments differ in size: each is measured in its own.
        let scale = metric.scale(&own);
        differences.extend(values.iter().map(|(baseline, subject)| (subject - baseline) / scale));
        baselines.extend(own);
        subjects.extend(values.into_iter().map(|(_, subject)| subject));
    }
    let enough = differences.len() >= ENOUGH_PAIRS;
    Compared {
        metric,
        baseline: median(&baselines),
        subject: median(&subjects),
        shift: enough.then(|| shift(&differences, metric.location(), resampling)).flatten(),
        p: None,
        change: if enough { Change::None } else { Change::TooFewPairs },
    }
}

fn change(compared: &Compared, p: f64) -> Change {
    let Some(shift) = compared.shift else { return Change::TooFewPairs };
    let (more, less) = (shift.interval.low > MARGIN, shift.interval.high < -MARGIN);
    match (p < SIGNIFICANT && (more || less), more == compared.metric.more_is_worse()) {
        (false, _) => Change::None,
        (true, true) => Change::Worse,
        (true, false) => Change::Better,
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::metrics::tests::{client, experiment, trial};
    use crate::policy::{Growth, Policy};

    const QUICK: Resampling = Resampling { seed: 1, permutations: 400, bootstraps: 200 };

    const EXPERIMENTS: [&str; 3] = ["update-503-1s", "update-503-5s", "update-503-lasting"];

    fn policy(base: f64) -> Policy {
        Policy::unbounded(Growth::Exponential { factor: 2.0 }, base).capped(64.0).jittered(0.5, 1.0).retrying(6)
    }

    /// A trial as a client with this policy makes it.
    fn simulated(policy: &Policy, id: &str, arm: Arm, round: u32, random: &mut ChaCha8Rng) -> Trial {
        let outage = experiment(id).outage_seconds().unwrap_or(f64::INFINITY);
        let mut waits = policy.waits();
        let (mut at, mut refused) = (0.0, Vec::new());
        let done = loop {
            if at >= outage {
                break Some(at);
            }
            refused.push(at);
            let Some(wait) = waits.next(at, random) else { break None };
            at += 0.01 + wait + random.random_range(0.001..0.01);
        };
        trial(id, arm, round, vec![client(&refused, done)])
    }

    fn trials(baseline: &Policy, subject: &Policy, rounds: u32, seed: u64) -> Vec<Trial> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut trials = Vec::new();
        for round in 0..rounds {
            for id in EXPERIMENTS {
                trials.push(simulated(baseline, id, Arm::Baseline, round, &mut random));
                trials.push(simulated(subject, id, Arm::Subject, round, &mut random));
            }
        }
        trials
    }

    fn compared(trials: &[Trial], resampling: Resampling) -> Comparison {
        Comparison::new("before", &EXPERIMENTS.map(experiment), trials, resampling)
    }

    fn changed(comparison: &Comparison, metric: Metric) -> Change {
        comparison.metrics.iter().find(|compared| compared.metric == metric).unwrap().change
    }

    #[test]
    fn a_halved_backoff_is_flagged() {
        let comparison = compared(&trials(&policy(1.0), &policy(0.5), 10, 1), Resampling::default());
        assert!(comparison.is_regression(), "{comparison:#?}");
        assert_eq!(changed(&comparison, Metric::SmallestGap), Change::Worse);
        assert_eq!(changed(&comparison, Metric::GiveUp), Change::Worse, "it gives up in half the time");
    }

    #[test]
    fn a_doubled_backoff_is_better_for_the_service() {
        let comparison = compared(&trials(&policy(1.0), &policy(2.0), 10, 1), Resampling::default());
        assert_eq!(changed(&comparison, Metric::SmallestGap), Change::Better, "{comparison:#?}");
    }

    #[test]
    fn of_a_thousand_resamplings_of_the_same_runs_at_most_one_percent_are_flagged() {
        let recorded = trials(&policy(1.0), &policy(1.0), 30, 7);
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let flagged = (0..1000).filter(|seed| {
            let mut drawn = Vec::new();
            for id in EXPERIMENTS {
                let own: Vec<&Trial> = recorded.iter().filter(|trial| trial.experiment == id).collect();
                for (round, arm) in (0..10).flat_map(|round| [(round, Arm::Baseline), (round, Arm::Subject)]) {
                    drawn.push(Trial { arm, round, ..own[random.random_range(0..own.len())].clone() });
                }
            }
            let comparison = compared(&drawn, Resampling { seed: *seed, ..QUICK });
            comparison.metrics.iter().any(|compared| matches!(compared.change, Change::Worse | Change::Better))
        });
        let flagged = flagged.count();
        assert!(flagged <= 10, "{flagged} of 1000");
    }

    #[test]
    fn late_threads_and_few_pairs_flag_nothing() {
        let mut spoiled = trials(&policy(1.0), &policy(0.5), 10, 1);
        for trial in spoiled.iter_mut().filter(|trial| trial.round < 4) {
            trial.inconclusive = Some("our threads were late".into());
        }
        let comparison = compared(&spoiled, Resampling::default());
        assert!(comparison.inconclusive.is_some() && !comparison.is_regression(), "{comparison:#?}");
        let few = compared(&trials(&policy(1.0), &policy(0.5), 1, 1), Resampling::default());
        assert!(!few.is_regression());
        assert_eq!(changed(&few, Metric::Attempts), Change::TooFewPairs);
    }
}
