//! What the trials of an experiment come to, in numbers.
//!
//! The main type is [`Summary`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::experiment::{Experiment, Question};
use crate::statistics::{Quantile, quantile, share};
use crate::trial::{Client, End, Trial};

/// Arrivals closer than this are one burst: seconds.
const BURST: f64 = 0.1;

/// The middle and the extremes of a quantity. Times are seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The least.
    pub least: f64,
    /// The median with its interval.
    pub median: Quantile,
    /// The upper decile with its interval.
    pub upper: Quantile,
    /// The most.
    pub most: f64,
}

/// How a Retry-After was followed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Following {
    /// Clients that tried again before the time that was asked for.
    pub early: usize,
    /// Clients that tried again at all.
    pub tried_again: usize,
    /// Seconds from the time that was asked for, or from the answer where nothing sensible was, to the next attempt.
    pub excess: Option<Spread>,
}

/// How many clients came back after an outage that all of them met.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Return {
    /// The largest part of all clients that came within the same 100 ms, in the worst trial.
    pub peak_share: f64,
    /// How evenly arrivals are spread over the time until the last: 1 is evenly, 0 is all at once. Mean of all trials.
    pub entropy: f64,
}

/// What the trials of one experiment and arm came to. Only trials of which something can be said count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Id of the experiment.
    pub experiment: String,
    /// Trials in all.
    pub trials: usize,
    /// Trials of which nothing can be said.
    pub inconclusive: usize,
    /// Clients of the others.
    pub clients: usize,
    /// Attempts of a client.
    pub attempts: Option<Spread>,
    /// How many attempts ended how.
    pub ends: BTreeMap<String, usize>,
    /// Requests while the fault acted, for each client.
    pub amplification: Option<f64>,
    /// Part of the clients whose call succeeded in the end.
    pub survival: Option<Quantile>,
    /// From the outage's end to success.
    pub recovery_lag: Option<Spread>,
    /// The median of that in parts of the outage's length.
    pub lag_ratio: Option<f64>,
    /// From the first attempt to the job's end, of clients that gave up; from the job's start, where an outage leaves no trace.
    pub give_up: Option<Spread>,
    /// Clients that had to be ended: they still tried, or waited.
    pub cut: usize,
    /// The smallest wait of each client.
    pub smallest_gap: Option<Spread>,
    /// How a Retry-After was followed.
    pub retry_after: Option<Following>,
    /// How clients came back.
    pub returned: Option<Return>,
    /// How long clients waited for an answer that never came.
    pub own_timeout: Option<Spread>,
    /// Credentials made beyond the first of a job.
    pub duplicates: u32,
    /// Credentials left alive that nobody was told of.
    pub orphans: u32,
    /// How long jobs ran.
    pub duration: Option<Spread>,
    /// Their processor time.
    #[serde(default)]
    pub processor: Option<Spread>,
    /// Their memory at its peak, in bytes.
    #[serde(default)]
    pub peak_memory: Option<Spread>,
}

impl Spread {
    /// Returns the spread of values; none of nothing.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().collect();
        let extreme = |part| quantile(&values, part).map(|quantile| quantile.value);
        Some(Self { least: extreme(0.0)?, median: quantile(&values, 0.5)?, upper: quantile(&values, 0.9)?, most: extreme(1.0)? })
    }
}

/// Sums up the trials of one arm.
pub fn summarize(experiment: &Experiment, trials: &[&Trial]) -> Summary {
    let clients: Vec<&Client> = trials.iter().flat_map(|trial| trial.sound()).collect();
    let succeeded: Vec<f64> = clients.iter().filter_map(|client| client.succeeded_at()).collect();
    let attempts = || clients.iter().flat_map(|client| &client.attempts);
    let mut ends = BTreeMap::new();
    for attempt in attempts() {
        *ends.entry(attempt.end.to_string()).or_default() += 1;
    }
    let outage = experiment.outage_seconds();
    let recovery_lag = outage.and_then(|seconds| Spread::of(succeeded.iter().map(|at| lag(*at, seconds))));
    let lag_ratio = recovery_lag.zip(outage).map(|(lag, seconds)| lag.median.value / seconds);
    Summary {
        experiment: experiment.id.clone(),
        trials: trials.len(),
        inconclusive: trials.iter().filter(|trial| trial.inconclusive.is_some()).count(),
        clients: clients.len(),
        attempts: Spread::of(clients.iter().map(|client| number(client.attempts.len()))),
        ends,
        amplification: (!clients.is_empty())
            .then(|| number(attempts().filter(|attempt| attempt.disturbed).count()) / number(clients.len())),
        survival: share(succeeded.len(), clients.len()),
        recovery_lag,
        lag_ratio,
        give_up: Spread::of(clients.iter().filter_map(|client| client.gave_up(experiment.is_unseen()))),
        cut: clients.iter().filter(|client| client.cut).count(),
        smallest_gap: Spread::of(clients.iter().filter_map(|client| smallest_gap(client))),
        retry_after: following(experiment, &clients),
        returned: returned(experiment, trials),
        own_timeout: (experiment.question == Question::Silence)
            .then(|| Spread::of(clients.iter().flat_map(|client| own_timeouts(client))))
            .flatten(),
        duplicates: clients.iter().map(|client| client.duplicates).sum(),
        orphans: clients.iter().map(|client| client.orphans).sum(),
        duration: Spread::of(clients.iter().map(|client| client.duration)),
        processor: Spread::of(clients.iter().filter_map(|client| client.processor)),
        peak_memory: Spread::of(clients.iter().filter_map(|client| client.peak_memory).map(bytes)),
    }
}

/// Returns how long a client waited for answers that never came. What it still waited for when it was ended says nothing.
fn own_timeouts(client: &Client) -> impl Iterator<Item = f64> {
    let waited = client.attempts.len() - usize::from(client.cut && !client.attempts.is_empty());
    let silent = client.attempts[..waited].iter().filter(|attempt| matches!(attempt.end, End::Abandoned | End::Unanswered));
    silent.map(|attempt| attempt.ended - attempt.head)
}

/// Returns the seconds from an outage's end to a success.
pub fn lag(succeeded: f64, outage: f64) -> f64 {
    (succeeded - outage).max(0.0)
}

/// Returns a client's smallest wait; none where it made one attempt.
pub fn smallest_gap(client: &Client) -> Option<f64> {
    client.gaps().into_iter().min_by(f64::total_cmp)
}

/// By how much a wait may look shorter than it was: a sleeping process may be woken a little early.
const EARLY: f64 = 0.05;

fn following(experiment: &Experiment, clients: &[&Client]) -> Option<Following> {
    let Question::RetryAfter { asked, .. } = &experiment.question else { return None };
    let least = asked.unwrap_or(0.0);
    let waits: Vec<f64> = clients.iter().filter_map(|client| client.gaps().first().copied()).collect();
    Some(Following {
        early: waits.iter().filter(|wait| **wait + EARLY < least).count(),
        tried_again: waits.len(),
        excess: Spread::of(waits.iter().map(|wait| wait - least)),
    })
}

fn returned(experiment: &Experiment, trials: &[&Trial]) -> Option<Return> {
    let Question::Herd { seconds, .. } = experiment.question else { return None };
    let mut found: Option<Return> = None;
    let mut entropies = Vec::new();
    for trial in trials {
        let arrivals: Vec<f64> = trial.sound().iter().filter_map(|client| Some(lag(client.succeeded_at()?, seconds))).collect();
        let Some(peak_share) = peak_share(&arrivals, trial.clients.len()) else { continue };
        entropies.push(entropy(&arrivals));
        found = Some(Return { peak_share: found.map_or(peak_share, |other| other.peak_share.max(peak_share)), entropy: 0.0 });
    }
    found.map(|found| Return { entropy: entropies.iter().sum::<f64>() / number(entropies.len()), ..found })
}

/// Returns the largest part of all clients that arrived within the same 100 ms; none where nobody did.
pub fn peak_share(arrivals: &[f64], all: usize) -> Option<f64> {
    let mut sorted = arrivals.to_vec();
    sorted.sort_by(f64::total_cmp);
    let within = |from: usize| sorted[from..].iter().take_while(|at| **at - sorted[from] < BURST).count();
    (0..sorted.len()).map(within).max().map(|peak| number(peak) / number(all))
}

/// Returns Shannon's entropy of arrivals in steps of 100 ms from 0 to the last, in parts of the most that so many can have.
fn entropy(arrivals: &[f64]) -> f64 {
    let mut steps: BTreeMap<u64, usize> = BTreeMap::new();
    for at in arrivals {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds after an outage, never negative")]
        let step = (at / BURST) as u64;
        *steps.entry(step).or_default() += 1;
    }
    let all = number(arrivals.len());
    let bits: f64 = steps.values().map(|count| number(*count) / all).map(|part| -part * part.log2()).sum();
    let places = steps.keys().last().map_or(1, |last| last + 1);
    let most = all.min(number(usize::try_from(places).unwrap_or(usize::MAX))).log2();
    if most > 0.0 { bits / most } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of jobs and requests")]
pub(crate) fn number(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "no memory is that large")]
fn bytes(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::experiment::{Possible, Size, grid};
    use crate::trial::{Arm, Attempt};

    /// A client whose disturbed attempts came at these seconds, each refused 10 ms later, and that succeeded at `done`.
    pub(crate) fn client(refused: &[f64], done: Option<f64>) -> Client {
        let attempt = |began: &f64, status| Attempt {
            began: *began,
            head: *began,
            ended: began + 0.01,
            end: End::Status(status),
            disturbed: status != 200,
        };
        let mut attempts: Vec<Attempt> = refused.iter().map(|at| attempt(at, 503)).collect();
        attempts.extend(done.iter().map(|at| attempt(at, 200)));
        let ended = attempts.last().map_or(0.0, |last| last.ended + 0.5);
        Client { attempts, ended, duration: ended + 0.2, exit_code: Some(0), ..Client::default() }
    }

    pub(crate) fn experiment(id: &str) -> Experiment {
        let all = grid(Size::Full, Possible { third_party: true, named_secret: true, herd: true });
        all.into_iter().find(|experiment| experiment.id == id).unwrap()
    }

    pub(crate) fn trial(experiment: &str, arm: Arm, round: u32, clients: Vec<Client>) -> Trial {
        Trial { experiment: experiment.to_owned(), arm, round, clients, lateness: 0.0, inconclusive: None }
    }

    fn summary(id: &str, clients: Vec<Client>) -> Summary {
        let trials: Vec<Trial> = (0..).zip(clients).map(|(round, client)| trial(id, Arm::Subject, round, vec![client])).collect();
        summarize(&experiment(id), &trials.iter().collect::<Vec<_>>())
    }

    #[test]
    fn an_outage_is_summed_up() {
        let survivor = client(&[0.0, 1.0, 3.0], Some(7.0));
        let loser = client(&[0.0, 1.0], None);
        let summary = summary("update-503-5s", vec![survivor, loser]);
        assert_eq!((summary.trials, summary.clients, summary.inconclusive), (2, 2, 0));
        let attempts = summary.attempts.unwrap();
        assert!((attempts.least - 2.0).abs() < 1e-9 && (attempts.most - 4.0).abs() < 1e-9);
        assert_eq!(summary.ends, BTreeMap::from([("200".to_owned(), 1), ("503".to_owned(), 5)]));
        assert!((summary.amplification.unwrap() - 2.5).abs() < 1e-9);
        assert!((summary.survival.unwrap().value - 0.5).abs() < 1e-9);
        assert!((summary.recovery_lag.unwrap().median.value - 2.0).abs() < 1e-9);
        assert!((summary.lag_ratio.unwrap() - 0.4).abs() < 1e-9);
        assert!((summary.give_up.unwrap().median.value - 1.51).abs() < 1e-9, "of the one that gave up");
        assert!((summary.smallest_gap.unwrap().least - 0.99).abs() < 1e-9);
    }

    #[test]
    fn what_is_inconclusive_does_not_count() {
        let mut spoiled = trial("update-503-5s", Arm::Subject, 0, vec![client(&[0.0], None)]);
        spoiled.inconclusive = Some("our threads were late".into());
        let summary = summarize(&experiment("update-503-5s"), &[&spoiled]);
        assert_eq!((summary.trials, summary.inconclusive, summary.clients), (1, 1, 0));
        assert_eq!((summary.survival, summary.attempts, summary.amplification), (None, None, None));
    }

    #[test]
    fn an_early_retry_is_counted() {
        let followed = client(&[0.0], Some(3.3));
        let early = client(&[0.0], Some(1.0));
        let found = summary("update-retry-after-3s", vec![followed, early, client(&[0.0], None)]).retry_after.unwrap();
        assert_eq!((found.early, found.tried_again), (1, 2));
        assert!((found.excess.unwrap().most - 0.29).abs() < 1e-9);
    }

    #[test]
    fn a_herd_that_comes_at_once_is_told_from_one_that_spreads() {
        let herd = |spread: f64| {
            let clients = (0..50).map(|index| client(&[0.0], Some(5.05 + f64::from(index) * spread))).collect();
            let trial = trial("herd", Arm::Subject, 0, clients);
            summarize(&experiment("update-herd-50"), &[&trial]).returned.unwrap()
        };
        let (lockstep, spread) = (herd(0.0001), herd(0.1));
        assert!(lockstep.peak_share > 0.99 && lockstep.entropy < 0.01, "{lockstep:?}");
        assert!(spread.peak_share < 0.05 && spread.entropy > 0.95, "{spread:?}");
    }

    #[test]
    fn own_timeouts_are_those_of_silence_only() {
        let mut silent = client(&[0.0], Some(12.0));
        silent.attempts[0].end = End::Unanswered;
        silent.attempts[0].ended = 10.0;
        assert!((summary("update-silence", vec![silent.clone()]).own_timeout.unwrap().median.value - 10.0).abs() < 1e-9);
        assert_eq!(summary("update-503-5s", vec![silent.clone()]).own_timeout, None);
        silent.attempts.truncate(1);
        silent.cut = true;
        assert_eq!(summary("update-silence", vec![silent]).own_timeout, None, "it was ended while it waited");
    }
}
