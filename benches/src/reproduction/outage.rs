//! What an outage of a given length does to clients with well-known policies that all met it at the same moment.
//!
//! An attempt that begins in the outage fails 10 ms later; the first one that begins after it succeeds. Clients give up as their policy says.

use std::fmt::Write as _;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::metrics::peak_share;
use crate::policy::{Growth, Jitter, Policy, known_policies};

/// Seconds until a failed attempt is answered.
const ERROR: f64 = 0.010;

/// Clients in one simulation.
const CLIENTS: u32 = 200;

/// Simulations of which the mean is taken, so that chance does not show in what is printed.
const ROUNDS: u32 = 50;

/// Lengths of outages in seconds.
pub const LENGTHS: [u32; 4] = [1, 5, 30, 120];

/// What became of all clients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Part of clients that succeeded, 0 to 1.
    pub success: f64,
    /// Mean attempts of a client.
    pub attempts: f64,
    /// Mean seconds from the outage's end to a client's success; none where nobody succeeded.
    pub lag: Option<f64>,
    /// The largest part of all clients that succeeded within the same 100 ms; none where nobody succeeded.
    pub peak: Option<f64>,
}

/// Returns the compared policies with the names under which they are printed.
pub fn policies() -> Vec<(&'static str, Policy)> {
    let doubling = Policy::unbounded(Growth::Exponential { factor: 2.0 }, 1.0).capped(30.0);
    let known = |start: &str| known_policies().into_iter().find(|known| known.name.starts_with(start)).expect("a known policy").policy;
    vec![
        ("constant 1 s", Policy::unbounded(Growth::Constant, 1.0)),
        ("exponential, cap 30", doubling),
        ("equal jitter", doubling.jittered(0.5, 1.0)),
        ("full jitter", doubling.jittered(0.0, 1.0)),
        ("decorrelated", Policy::unbounded(Growth::Decorrelated, 1.0).capped(30.0)),
        ("IBM Go SDK", known("IBM Go SDK")),
        ("IBM Python SDK", known("IBM Python SDK")),
        ("Polly v8", known("Polly")),
        ("AWS SDK before 2026", known("AWS SDK")),
        ("AWS SDK of 2026", Policy { jitter: Jitter::Proportional { low: 0.0, high: 1.0 }, ..doubling_from(0.05).retrying(2) }),
        ("gRPC A6 example", known("gRPC")),
        ("backoff crate", known("backoff")),
    ]
}

const fn doubling_from(base: f64) -> Policy {
    Policy::unbounded(Growth::Exponential { factor: 2.0 }, base)
}

/// Simulates many clients, again and again, in an outage of `length` seconds.
pub fn simulate(policy: &Policy, length: f64) -> Outcome {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut attempts, mut lags, mut peaks) = (0_u32, Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut arrivals = Vec::new();
        for _ in 0..CLIENTS {
            let (made, succeeded) = client(policy, length, &mut random);
            attempts += made;
            arrivals.extend(succeeded.map(|at| at - length));
        }
        peaks.extend(peak_share(&arrivals, CLIENTS as usize));
        lags.extend(arrivals);
    }
    let clients = f64::from(ROUNDS * CLIENTS);
    Outcome { success: count(&lags) / clients, attempts: f64::from(attempts) / clients, lag: mean(&lags), peak: mean(&peaks) }
}

/// Returns the attempts of one client, and when the last one began if it succeeded.
fn client(policy: &Policy, length: f64, random: &mut ChaCha8Rng) -> (u32, Option<f64>) {
    let mut waits = policy.waits();
    let (mut at, mut made) = (0.0, 1);
    while at < length {
        at += ERROR;
        let Some(wait) = waits.next(at, random) else { return (made, None) };
        at += wait;
        made += 1;
    }
    (made, Some(at))
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn count(values: &[f64]) -> f64 {
    values.len() as f64
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / count(values))
}

/// Returns the table as it is printed.
pub fn table() -> String {
    let mut text = String::from(
        "200 clients that meet an outage of L s at once, errors after 10 ms, mean of 50 simulations:\n\
         success % / attempts / s from the outage's end to success / largest part within 100 ms\n\n",
    );
    let lengths = LENGTHS.map(|length| format!("{:<26}", format!("L = {length}")));
    text.push_str(format!("{:<22}{}", "policy", lengths.concat()).trim_end());
    for (name, policy) in policies() {
        let cells = LENGTHS.map(|length| format!("{:<26}", cell(simulate(&policy, f64::from(length)))));
        write!(text, "\n{}", format!("{name:<22}{}", cells.concat()).trim_end()).ok();
    }
    text.push('\n');
    text
}

fn cell(outcome: Outcome) -> String {
    let Outcome { success, attempts, lag, peak } = outcome;
    let head = format!("{:.0} / {attempts:.1}", success * 100.0);
    match (lag, peak) {
        (Some(lag), Some(peak)) => format!("{head} / {lag:.2} / {:.0}%", peak * 100.0),
        _ => format!("{head} / - / -"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one simulation of the table of reference gave: success, attempts, lag and peak for each length; none where nobody succeeded.
    type Row = [Option<(f64, f64, f64, f64)>; 4];

    const REFERENCE: [(&str, Row); 12] = [
        (
            "constant 1 s",
            [Some((1.0, 2.0, 0.01, 1.0)), Some((1.0, 6.0, 0.05, 1.0)), Some((1.0, 31.0, 0.30, 1.0)), Some((1.0, 120.0, 0.19, 1.0))],
        ),
        (
            "exponential, cap 30",
            [Some((1.0, 2.0, 0.01, 1.0)), Some((1.0, 4.0, 2.03, 1.0)), Some((1.0, 6.0, 1.05, 1.0)), Some((1.0, 9.0, 1.08, 1.0))],
        ),
        (
            "equal jitter",
            [Some((1.0, 3.0, 1.24, 0.13)), Some((1.0, 4.3, 2.35, 0.09)), Some((1.0, 7.0, 15.8, 0.03)), Some((1.0, 10.9, 12.4, 0.02))],
        ),
        (
            "full jitter",
            [Some((1.0, 3.3, 1.05, 0.09)), Some((1.0, 5.1, 4.04, 0.04)), Some((1.0, 7.7, 10.1, 0.02)), Some((1.0, 13.7, 10.8, 0.02))],
        ),
        (
            "decorrelated",
            [Some((1.0, 2.0, 0.98, 0.08)), Some((1.0, 3.6, 2.36, 0.06)), Some((1.0, 7.3, 8.4, 0.04)), Some((1.0, 12.8, 13.0, 0.03))],
        ),
        ("IBM Go SDK", [Some((1.0, 2.0, 0.01, 1.0)), Some((1.0, 4.0, 2.03, 1.0)), None, None]),
        ("IBM Python SDK", [Some((1.0, 3.0, 1.02, 1.0)), Some((1.0, 4.0, 1.03, 1.0)), None, None]),
        ("Polly v8", [Some((1.0, 2.0, 1.01, 1.0)), Some((1.0, 4.0, 1.03, 1.0)), None, None]),
        ("AWS SDK before 2026", [Some((0.82, 3.0, 0.72, 0.10)), None, None, None]),
        ("AWS SDK of 2026", [None, None, None, None]),
        ("gRPC A6 example", [None, None, None, None]),
        (
            "backoff crate",
            [Some((1.0, 3.2, 0.48, 0.17)), Some((1.0, 6.0, 1.60, 0.09)), Some((1.0, 10.0, 7.9, 0.03)), Some((1.0, 13.3, 26.4, 0.02))],
        ),
    ];

    /// Within 5 %, the last digit that is printed, or what chance does to a mean over 200 clients: the table of reference is one simulation.
    fn is_near(found: f64, expected: f64, digit: f64, chance: f64) -> bool {
        let off = (found - expected).abs();
        off <= 0.05 * expected || off <= digit || off <= chance
    }

    #[test]
    fn the_table_of_reference_comes_out() {
        for ((name, row), (own, policy)) in REFERENCE.into_iter().zip(policies()) {
            assert_eq!(name, own);
            for (length, expected) in LENGTHS.into_iter().zip(row) {
                let found = simulate(&policy, f64::from(length));
                let about = format!("{name}, L = {length}: {found:?}, expected {expected:?}");
                let Some((success, attempts, lag, peak)) = expected else {
                    assert_eq!((found.success, found.lag), (0.0, None), "{about}");
                    continue;
                };
                let jittered = if policy.is_jittered() { 1.0 } else { 0.0 };
                // A lag has about its own size as deviation: three standard errors of 200 are a fifth of it.
                assert!(is_near(found.success, success, 0.01, 0.08 * jittered), "success: {about}");
                assert!(is_near(found.attempts, attempts, 0.1, 0.05 * jittered), "attempts: {about}");
                assert!(is_near(found.lag.unwrap(), lag, 0.01, 0.2 * lag * jittered), "lag: {about}");
                assert!(is_near(found.peak.unwrap(), peak, 0.01, 0.03 * jittered), "peak: {about}");
            }
        }
    }

    #[test]
    fn the_table_is_as_checked_in() {
        assert_eq!(table(), include_str!("../../examples/outage_table.txt"), "cargo run -p hallmark-benches --example outage_table");
    }
}
