//! Which retry policy explains the waits that were observed: by maximum likelihood, with BIC against needless parameters.
//!
//! Growth and the band of chance are what can be told; a name is only ever one that the waits are consistent with. Constant waits with chance on
//! top and constant waits with chance either way, for example, are the same thing seen from outside.

mod candidates;
mod likelihood;

use serde::{Deserialize, Serialize};

use crate::policy::{Growth, Jitter, Policy, known_policies};
use candidates::candidates;
use likelihood::{Noise, log_likelihood};

/// Runs below which nothing is claimed.
pub const ENOUGH_RUNS: usize = 10;

/// A wait below this many seconds is none: the client went round at once.
const AT_ONCE: f64 = 0.05;

/// Waits of one run that are looked at. What has not shown by then does not grow.
const LONGEST: usize = 20;

/// Runs that are looked at.
const MOST_RUNS: usize = 60;

/// How waits grow, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Nothing is tried again.
    None,
    /// It is tried again at once, every time.
    Immediate,
    /// Waits do not grow.
    Constant,
    /// Waits grow by the same time.
    Linear,
    /// Waits grow by the same factor.
    Exponential,
    /// A wait depends on the one before and on chance.
    Decorrelated,
}

/// The waits of one job, and whether it gave up by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Waited {
    /// Seconds.
    pub gaps: Vec<f64>,
    /// Whether it stopped although calls still failed, and by itself.
    pub gave_up: bool,
}

/// What is known about a policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "judged")]
pub enum Classification {
    /// Too little was seen.
    Insufficient {
        /// Why.
        reason: String,
    },
    /// The policy.
    Told(Box<Told>),
}

/// A policy as it was told from the waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// How waits grow.
    pub family: Family,
    /// Whether there is chance in them.
    pub jittered: bool,
    /// The best explanation, none where there are no waits to explain.
    pub policy: Option<Policy>,
    /// Probability of the family among all that were tried, 0 to 1.
    pub confidence: f64,
    /// The next best family, where it is not far behind: growth that a cap ends at once, for example, looks the same in both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub or: Option<Family>,
    /// The most retries that were seen.
    pub retries: usize,
    /// Runs that it was told from.
    pub runs: usize,
    /// Known policies with which the waits are consistent.
    pub consistent_with: Vec<String>,
}

/// An explanation and how good it is.
#[derive(Debug, Clone, Copy)]
struct Fit {
    policy: Policy,
    log_likelihood: f64,
    bic: f64,
}

/// Tells the policy from the waits of several jobs.
pub fn classify(runs: &[Waited]) -> Classification {
    if runs.len() < ENOUGH_RUNS {
        return insufficient(format!("{} runs, and {ENOUGH_RUNS} are needed", runs.len()));
    }
    let retries = runs.iter().map(|run| run.gaps.len()).max().unwrap_or_default();
    let told = |family, policy, jittered, confidence| Told {
        family,
        jittered,
        policy,
        confidence,
        or: None,
        retries,
        runs: runs.len(),
        consistent_with: Vec::new(),
    };
    let tried_again = runs.iter().filter(|run| !run.gaps.is_empty()).count();
    if tried_again == 0 {
        return Classification::Told(Box::new(told(Family::None, None, false, 1.0)));
    }
    if tried_again < ENOUGH_RUNS {
        return insufficient(format!("{tried_again} of {} runs tried again, and {ENOUGH_RUNS} are needed", runs.len()));
    }
    let waits: Vec<&[f64]> = runs.iter().map(|run| &run.gaps[..run.gaps.len().min(LONGEST)]).filter(|gaps| !gaps.is_empty()).collect();
    let waits = &waits[..waits.len().min(MOST_RUNS)];
    if most_are_at_once(waits.iter().copied().flatten()) {
        let policy = Policy::unbounded(Growth::Constant, 0.0);
        return Classification::Told(Box::new(told(Family::Immediate, Some(policy), false, 1.0)));
    }
    if retries < 2 {
        return insufficient("no run tried again more than once, so growth does not show".to_owned());
    }
    let fits = fits(waits);
    let Some(best) = fits.iter().min_by(|one, other| one.bic.total_cmp(&other.bic)).copied() else {
        return insufficient("no policy explains the waits".to_owned());
    };
    let (family, jittered) = (family(&best.policy), best.policy.is_jittered());
    Classification::Told(Box::new(Told {
        runs: waits.len(),
        or: next_best(&fits, family),
        consistent_with: consistent_with(runs, waits, &best),
        ..told(family, Some(best.policy), jittered, confidence(&fits, family, jittered))
    }))
}

fn insufficient(reason: String) -> Classification {
    Classification::Insufficient { reason }
}

/// Tells whether 95 of 100 waits are none.
fn most_are_at_once<'waits>(waits: impl Iterator<Item = &'waits f64>) -> bool {
    let (mut short, mut all) = (0, 0);
    for wait in waits {
        all += 1;
        short += usize::from(*wait < AT_ONCE);
    }
    short * 100 >= all * 95
}

/// Tries every explanation under every noise, and keeps the best of each family.
fn fits(waits: &[&[f64]]) -> Vec<Fit> {
    let first_at_once = most_are_at_once(waits.iter().filter_map(|run| run.first()));
    let count = crate::metrics::number(waits.iter().map(|run| run.len()).sum());
    let mut best: Vec<Fit> = Vec::new();
    for noise in Noise::LEVELS {
        for policy in candidates(waits, first_at_once, noise.overhead) {
            let log_likelihood = log_likelihood(&policy, noise, waits);
            let fit = Fit { policy, log_likelihood, bic: parameters(&policy) * count.ln() - 2.0 * log_likelihood };
            let kind = |other: &Fit| family(&other.policy) == family(&policy) && other.policy.is_jittered() == policy.is_jittered();
            match best.iter_mut().find(|other| kind(other)) {
                Some(other) if other.bic <= fit.bic => {}
                Some(other) => *other = fit,
                None => best.push(fit),
            }
        }
    }
    best
}

/// Returns how many numbers a policy could have chosen to fit.
fn parameters(policy: &Policy) -> f64 {
    let growth = match policy.growth {
        // Two is what everybody takes.
        Growth::Exponential { factor } if (factor - 2.0).abs() > 1e-9 => 2.0,
        Growth::Exponential { .. } | Growth::ExponentialLessOne { .. } | Growth::Constant | Growth::Linear | Growth::Decorrelated => 1.0,
    };
    let jitter = if policy.jitter == Jitter::None { 0.0 } else { 1.0 };
    growth + jitter + if policy.cap.is_some() { 1.0 } else { 0.0 }
}

fn family(policy: &Policy) -> Family {
    match policy.growth {
        Growth::Constant => Family::Constant,
        Growth::Linear => Family::Linear,
        Growth::Exponential { .. } | Growth::ExponentialLessOne { .. } => Family::Exponential,
        Growth::Decorrelated => Family::Decorrelated,
    }
}

/// Returns the weight of a family among the best of each.
fn confidence(fits: &[Fit], chosen: Family, jittered: bool) -> f64 {
    let least = fits.iter().map(|fit| fit.bic).fold(f64::INFINITY, f64::min);
    let weight = |fit: &Fit| ((least - fit.bic) / 2.0).exp();
    let own = fits.iter().filter(|fit| family(&fit.policy) == chosen && fit.policy.is_jittered() == jittered);
    own.map(weight).sum::<f64>() / fits.iter().map(weight).sum::<f64>()
}

/// Returns the best family beside the chosen one, where it has a tenth of the weight.
fn next_best(fits: &[Fit], chosen: Family) -> Option<Family> {
    let weight = |family: Family| confidence(fits, family, false) + confidence(fits, family, true);
    let others =
        [Family::Constant, Family::Linear, Family::Exponential, Family::Decorrelated].into_iter().filter(|family| *family != chosen);
    others
        .map(|family| (weight(family), family))
        .filter(|(weight, _)| *weight >= 0.1)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, family)| family)
}

/// Returns the names of policies that explain the waits about as well as the best one, and allow as many retries as were seen.
fn consistent_with(runs: &[Waited], waits: &[&[f64]], best: &Fit) -> Vec<String> {
    /// Twice the difference of log-likelihoods of one in a thousand at four degrees of freedom.
    const MOST: f64 = 18.5;
    let consistent = known_policies().into_iter().filter(|known| {
        let retries = known.policy.retries.map_or(usize::MAX, |retries| usize::try_from(retries).unwrap_or(usize::MAX));
        let allowed = runs.iter().all(|run| {
            let made = run.gaps.len();
            // Whoever stops earlier follows another policy; without a number of its own any number is right.
            made <= retries && (!run.gave_up || retries == usize::MAX || made == retries)
        });
        let explains = || Noise::every().map(|noise| log_likelihood(&known.policy, noise, waits)).fold(f64::NEG_INFINITY, f64::max);
        allowed && 2.0 * (best.log_likelihood - explains()) <= MOST
    });
    consistent.map(|known| known.name.to_owned()).collect()
}

#[cfg(test)]
mod tests;
