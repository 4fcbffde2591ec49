//! The classifier against simulated policies whose name is known.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::policy::KnownPolicy;

/// Simulates jobs that see nothing but failures, each with so many retries at most, on a machine that adds a few milliseconds.
fn simulated(policy: &Policy, runs: usize, retries: usize, random: &mut ChaCha8Rng) -> Vec<Waited> {
    let run = |random: &mut ChaCha8Rng| {
        let mut waits = policy.waits();
        let mut gaps = Vec::new();
        let mut elapsed = 0.0;
        while gaps.len() < retries {
            let Some(wait) = waits.next(elapsed, random) else { return Waited { gaps, gave_up: true } };
            gaps.push(wait + random.random_range(0.001..0.008));
            elapsed += wait;
        }
        Waited { gaps, gave_up: false }
    };
    (0..runs).map(|_| run(random)).collect()
}

fn told(classification: Classification) -> Told {
    match classification {
        Classification::Told(told) => *told,
        Classification::Insufficient { reason } => panic!("{reason}"),
    }
}

const DOUBLING: Growth = Growth::Exponential { factor: 2.0 };

#[test]
fn nine_of_ten_simulated_policies_are_told_rightly_from_ten_runs() {
    const TRIALS: usize = 30;
    let policies = [
        ("constant", Family::Constant, Policy::unbounded(Growth::Constant, 2.0)),
        ("constant, a quarter either way", Family::Constant, Policy::unbounded(Growth::Constant, 2.0).jittered(0.75, 1.25)),
        ("linear", Family::Linear, Policy::unbounded(Growth::Linear, 1.0)),
        ("linear with chance", Family::Linear, Policy::unbounded(Growth::Linear, 1.0).jittered(0.8, 1.2)),
        ("doubling up to 30", Family::Exponential, Policy::unbounded(DOUBLING, 1.0).capped(30.0)),
        ("doubling up to 4", Family::Exponential, Policy::unbounded(DOUBLING, 1.0).capped(4.0)),
        ("doubling, a fifth either way", Family::Exponential, Policy::unbounded(DOUBLING, 1.0).jittered(0.8, 1.2)),
        (
            "times 1.5, half either way",
            Family::Exponential,
            Policy::unbounded(Growth::Exponential { factor: 1.5 }, 0.5).capped(60.0).jittered(0.5, 1.5),
        ),
        ("full jitter", Family::Exponential, Policy::unbounded(DOUBLING, 1.0).capped(30.0).jittered(0.0, 1.0)),
        ("equal jitter", Family::Exponential, Policy::unbounded(DOUBLING, 1.0).capped(30.0).jittered(0.5, 1.0)),
        ("a floor", Family::Exponential, Policy { jitter: Jitter::Floor { floor: 0.25 }, ..Policy::unbounded(DOUBLING, 0.5).capped(8.0) }),
        ("decorrelated", Family::Decorrelated, Policy::unbounded(Growth::Decorrelated, 1.0).capped(30.0)),
        ("the first at once", Family::Exponential, Policy::unbounded(DOUBLING, 2.0).at_once_first()),
        ("immediate", Family::Immediate, Policy::unbounded(Growth::Constant, 0.0)),
        ("none", Family::None, Policy::unbounded(Growth::Constant, 1.0).retrying(0)),
    ];
    let mut random = ChaCha8Rng::seed_from_u64(2026);
    for (name, family, policy) in policies {
        let mut wrong = Vec::new();
        for _ in 0..TRIALS {
            let found = told(classify(&simulated(&policy, 10, 5, &mut random)));
            let jitter_is_right = found.jittered == policy.is_jittered() || family == Family::None;
            if found.family != family || !jitter_is_right {
                wrong.push((found.family, found.jittered));
            }
        }
        assert!(wrong.len() * 10 <= TRIALS, "{name}: {} of {TRIALS} wrong: {wrong:?}", wrong.len());
    }
}

#[test]
fn the_numbers_of_a_policy_are_told_too() {
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let policy = Policy::unbounded(DOUBLING, 1.0).capped(8.0).jittered(0.5, 1.0);
    let found = told(classify(&simulated(&policy, 20, 6, &mut random)));
    let best = found.policy.unwrap();
    let Growth::Exponential { factor } = best.growth else { panic!("{best:?}") };
    assert!((factor - 2.0).abs() < 0.2, "{best:?}");
    assert!((best.base - 1.0).abs() < 0.15 && (best.cap.unwrap() - 8.0).abs() < 0.5, "{best:?}");
    let Jitter::Proportional { low, .. } = best.jitter else { panic!("{best:?}") };
    assert!((low - 0.5).abs() < 0.1 && found.confidence > 0.9, "{found:?}");
}

#[test]
fn a_known_policy_is_consistent_with_itself_and_told_from_those_that_differ() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    for KnownPolicy { name, policy, .. } in known_policies() {
        let found = told(classify(&simulated(&policy, 20, 7, &mut random)));
        assert!(found.consistent_with.iter().any(|known| known == name), "{name}: {found:?}");
    }
    let python = known_policies().into_iter().find(|known| known.name.starts_with("IBM Python")).unwrap();
    let found = told(classify(&simulated(&python.policy, 10, 7, &mut random)));
    assert_eq!(found.consistent_with, ["IBM Python SDK (enable_retries)"]);
    let own = Policy::unbounded(Growth::Exponential { factor: 3.0 }, 0.7);
    assert_eq!(told(classify(&simulated(&own, 10, 4, &mut random))).consistent_with, [""; 0]);
}

#[test]
fn growth_that_a_cap_ends_at_once_may_be_of_either_kind() {
    let mut random = ChaCha8Rng::seed_from_u64(10);
    let policy = Policy { jitter: Jitter::Floor { floor: 0.25 }, ..Policy::unbounded(DOUBLING, 0.5).capped(1.0) };
    let found = told(classify(&simulated(&policy, 20, 5, &mut random)));
    let either = [Family::Linear, Family::Exponential];
    assert!(either.contains(&found.family) && found.or.is_some_and(|or| either.contains(&or)), "{found:?}");
    assert!(found.confidence < 0.9, "{found:?}");
}

#[test]
fn a_stray_wait_does_not_hide_the_policy() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut runs = simulated(&Policy::unbounded(DOUBLING, 1.0), 10, 5, &mut random);
    runs[3].gaps[1] += 0.9;
    let found = told(classify(&runs));
    assert_eq!((found.family, found.jittered), (Family::Exponential, false), "{found:?}");
}

#[test]
fn little_is_insufficient() {
    let reason = |runs: &[Waited]| match classify(runs) {
        Classification::Insufficient { reason } => reason,
        Classification::Told(told) => panic!("{told:?}"),
    };
    let waited = |gaps: &[f64]| Waited { gaps: gaps.to_vec(), gave_up: true };
    assert_eq!(reason(&vec![waited(&[1.0, 2.0]); 9]), "9 runs, and 10 are needed");
    assert!(reason(&vec![waited(&[1.0]); 10]).contains("more than once"));
    let mut few = vec![waited(&[]); 10];
    few[0] = waited(&[1.0, 2.0]);
    assert!(reason(&few).starts_with("1 of 10 runs tried again"));
}
