//! Numbers and judgements in words.

use crate::classifier::{Classification, Family, Told};
use crate::comparison::Change;
use crate::metrics::Spread;
use crate::outcome::{Classified, Measurement, Mode};
use crate::policy::{Growth, Jitter, Policy};
use crate::statistics::Quantile;
use crate::trial::Arm;

/// Stands where there is nothing to say.
pub(super) const NOTHING: &str = "-";

/// Returns the word for an arm.
pub(super) fn arm(arm: Arm) -> &'static str {
    match arm {
        Arm::Subject => "subject",
        Arm::Baseline => "baseline",
    }
}

/// Returns what is to be known of where the jobs ran; nothing of processes, of which everything is measured.
pub(super) fn mode(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Process => None,
        Mode::Container => Some(
            "Jobs ran in containers: their processor time and memory are not measured, nor is a herd, as containers start one after another.",
        ),
    }
}

/// Returns the provider with its variant and image.
pub(super) fn provider(measurement: &Measurement) -> String {
    let variant = measurement.variant.as_ref().map(|variant| format!(" ({variant})")).unwrap_or_default();
    let image = measurement.image.as_ref().map(|image| format!(", image {image},")).unwrap_or_default();
    format!("{}{variant}{image}", measurement.provider)
}

/// Reasons that are told.
const MOST_REASONS: usize = 3;

/// Returns why nothing can be said of some trials, the commonest reason first, with how many they are. Reasons that differ in their numbers only are
/// one.
pub(super) fn inconclusive(measurement: &Measurement) -> Vec<String> {
    let mut reasons: Vec<(String, usize, &str)> = Vec::new();
    for reason in measurement.trials.iter().filter_map(|trial| trial.inconclusive.as_deref()) {
        let kind: String = reason.chars().filter(|character| !matches!(character, '0'..='9' | '.')).collect();
        match reasons.iter_mut().find(|(known, ..)| *known == kind) {
            Some((_, count, _)) => *count += 1,
            None => reasons.push((kind, 1, reason)),
        }
    }
    reasons.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    let told =
        reasons.iter().take(MOST_REASONS).map(|(_, count, reason)| format!("{count} of {} trials: {reason}", measurement.trials.len()));
    let rest: usize = reasons.iter().skip(MOST_REASONS).map(|(_, count, _)| count).sum();
    told.chain((rest > 0).then(|| format!("{rest} more, for other reasons, which bench.json has"))).collect()
}

/// Returns a time with as many digits as matter.
pub(super) fn seconds(seconds: f64) -> String {
    if seconds.abs() >= 9.95 { format!("{seconds:.0} s") } else { format!("{seconds:.2} s") }
}

/// Returns a median with the extremes.
pub(super) fn spread(spread: Option<Spread>) -> String {
    let Some(spread) = spread else { return NOTHING.into() };
    let short = |value: f64| if value.abs() >= 9.95 { format!("{value:.0}") } else { format!("{value:.2}") };
    format!("{} ({}..{})", short(spread.median.value), short(spread.least), short(spread.most))
}

/// Returns a count's median with the extremes.
pub(super) fn counts(spread: Option<Spread>) -> String {
    let Some(spread) = spread else { return NOTHING.into() };
    format!("{:.0} ({:.0}..{:.0})", spread.median.value, spread.least, spread.most)
}

/// Returns sizes of memory.
pub(super) fn mebibytes(spread: Option<Spread>) -> String {
    let Some(spread) = spread else { return NOTHING.into() };
    let mebibytes = |bytes: f64| bytes / f64::from(1 << 20);
    format!("{:.0} MiB ({:.0}..{:.0})", mebibytes(spread.median.value), mebibytes(spread.least), mebibytes(spread.most))
}

/// Returns a share with its interval.
pub(super) fn share(share: Option<Quantile>) -> String {
    let Some(share) = share else { return NOTHING.into() };
    let interval = share.interval.map(|interval| format!(" ({:.0}..{:.0})", interval.low * 100.0, interval.high * 100.0));
    format!("{:.0} %{}", share.value * 100.0, interval.unwrap_or_default())
}

/// Returns what a policy looks like, in one sentence.
pub(super) fn classified(classified: &Classified) -> String {
    match &classified.classification {
        Classification::Insufficient { reason } => format!("insufficient: {reason}"),
        Classification::Told(told) => told_in_words(told),
    }
}

fn told_in_words(told: &Told) -> String {
    let growth = match (told.family, told.policy) {
        (Family::None, _) => return format!("none: nothing is tried again ({} runs)", told.runs),
        (Family::Immediate, _) => {
            return format!("immediate: tried again without a wait, up to {} times ({} runs)", told.retries, told.runs);
        }
        (_, Some(policy)) => policy_in_words(&policy),
        (_, None) => String::new(),
    };
    let retries = match told.retries {
        1 => "1 retry".to_owned(),
        several => format!("up to {several} retries"),
    };
    let or = match told.or {
        Some(Family::Constant) => ", or constant",
        Some(Family::Linear) => ", or linear",
        Some(Family::Exponential) => ", or exponential",
        Some(Family::Decorrelated) => ", or decorrelated",
        _ => "",
    };
    format!("{growth}; {retries}; {:.0} % sure of the family{or} ({} runs)", (told.confidence * 100.0).floor(), told.runs)
}

/// Returns a policy's growth and band.
fn policy_in_words(policy: &Policy) -> String {
    let first = if policy.first_at_once { "the first retry at once, then " } else { "" };
    let growth = match policy.growth {
        Growth::Constant => format!("constant, {}", seconds(policy.base)),
        Growth::Linear => format!("linear, {} more each time", seconds(policy.base)),
        Growth::Exponential { factor } => format!("exponential, {} times {factor:.2}", seconds(policy.base)),
        Growth::ExponentialLessOne { factor } => format!("exponential less one, {} times {factor:.2}", seconds(policy.base)),
        Growth::Decorrelated => format!("decorrelated, from {}", seconds(policy.base)),
    };
    let cap = policy.cap.map(|cap| format!(" up to {}", seconds(cap))).unwrap_or_default();
    let band = match policy.jitter {
        Jitter::None if policy.growth == Growth::Decorrelated => String::new(),
        Jitter::None => ", no jitter".to_owned(),
        Jitter::Proportional { low, high } => format!(", jitter from {:.0} to {:.0} % of that", low * 100.0, high * 100.0),
        Jitter::Floor { floor } => format!(", jitter from {} to that", seconds(floor)),
    };
    format!("{first}{growth}{cap}{band}")
}

/// Returns the known policies that explain the waits as well.
pub(super) fn consistent(classified: &Classified) -> Option<String> {
    match &classified.classification {
        Classification::Told(told) if !told.consistent_with.is_empty() => Some(told.consistent_with.join(", ")),
        _ => None,
    }
}

/// Returns the word for what a metric did.
pub(super) fn change(change: Change) -> &'static str {
    match change {
        Change::None => "unchanged",
        Change::Worse => "WORSE",
        Change::Better => "better",
        Change::TooFewPairs => "too few pairs",
    }
}
