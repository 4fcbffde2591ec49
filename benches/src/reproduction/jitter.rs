//! The simulation behind "Exponential Backoff And Jitter" (Brooker, AWS Architecture Blog, 2015): clients that update one row under optimistic
//! concurrency control, over a network with normally distributed delays.
//!
//! A client reads the row's version, then writes with it; the write succeeds where the version is still the row's. Otherwise it backs off and
//! reads again. Parameters are the authors': delays of 10 ms with a deviation of 2 ms, a base of 5 ms, a cap of 2000 ms, 100 runs. The post has
//! graphs only; the figures here are those of the authors' program, run again.

use std::collections::BinaryHeap;
use std::fmt::Write as _;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF as _, Normal};

use crate::policy::{Growth, Policy, Waits};

/// Seconds of the base and of the cap.
const BASE: f64 = 0.005;
const CAP: f64 = 2.0;

/// Runs of which the mean is taken.
const RUNS: u32 = 100;

/// Seed of the first run.
const SEED: u64 = 20_150_304;

/// Numbers of clients that contend.
pub const CLIENTS: [u32; 5] = [10, 50, 100, 150, 190];

/// The policies that are compared, by their names in the post.
pub fn policies() -> [(&'static str, Policy); 5] {
    // The program counts a client's first failure as the first doubling: its first wait is twice the base.
    let doubling = Policy::unbounded(Growth::Exponential { factor: 2.0 }, 2.0 * BASE).capped(CAP);
    [
        ("none", Policy::unbounded(Growth::Constant, 0.0)),
        ("exponential", doubling),
        ("equal", doubling.jittered(0.5, 1.0)),
        ("full", doubling.jittered(0.0, 1.0)),
        ("decorrelated", Policy::unbounded(Growth::Decorrelated, BASE).capped(CAP)),
    ]
}

/// The mean of all runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Writes that all clients made together.
    pub calls: f64,
    /// Milliseconds until the last client had its answer.
    pub completion: f64,
}

/// Simulates several runs.
pub fn simulate(policy: &Policy, clients: u32) -> Outcome {
    let delays = Normal::new(0.010, 0.002).expect("a positive deviation");
    let (mut calls, mut completion) = (0_u64, 0.0);
    for run in 0..RUNS {
        let mut contention = Contention::new(policy, clients, &delays, SEED + u64::from(run));
        completion += contention.play();
        calls += contention.calls;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few million calls")]
    let calls = calls as f64;
    Outcome { calls: calls / f64::from(RUNS), completion: completion * 1000.0 / f64::from(RUNS) }
}

/// What is under way to somebody.
#[derive(Debug, Clone, Copy)]
enum Message {
    Read,
    Version(u64),
    Write(u64),
    Written(bool),
}

/// A message and when it arrives.
struct Arrival {
    at: f64,
    client: usize,
    message: Message,
}

impl PartialEq for Arrival {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Arrival {}

impl PartialOrd for Arrival {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The earliest is the greatest: the heap hands out the greatest.
impl Ord for Arrival {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.at.total_cmp(&self.at).then(other.client.cmp(&self.client))
    }
}

struct Contention<'policy> {
    clients: Vec<Waits<'policy>>,
    under_way: BinaryHeap<Arrival>,
    version: u64,
    calls: u64,
    delays: &'policy Normal,
    random: ChaCha8Rng,
}

impl<'policy> Contention<'policy> {
    fn new(policy: &'policy Policy, clients: u32, delays: &'policy Normal, seed: u64) -> Self {
        let mut contention = Self {
            clients: (0..clients).map(|_| policy.waits()).collect(),
            under_way: BinaryHeap::new(),
            version: 0,
            calls: 0,
            delays,
            random: ChaCha8Rng::seed_from_u64(seed),
        };
        for client in 0..contention.clients.len() {
            contention.send(0.0, client, Message::Read);
        }
        contention
    }

    fn send(&mut self, at: f64, client: usize, message: Message) {
        // The open interval: no delay is infinite.
        let part = self.random.random_range(f64::EPSILON..1.0);
        let delay = self.delays.inverse_cdf(part).abs();
        self.under_way.push(Arrival { at: at + delay, client, message });
    }

    /// Returns when the last answer arrived, in seconds.
    fn play(&mut self) -> f64 {
        let mut now = 0.0;
        while let Some(Arrival { at, client, message }) = self.under_way.pop() {
            now = at;
            match message {
                Message::Read => self.send(at, client, Message::Version(self.version)),
                Message::Version(version) => self.send(at, client, Message::Write(version)),
                Message::Write(version) => {
                    self.calls += 1;
                    let current = version == self.version;
                    self.version += u64::from(current);
                    self.send(at, client, Message::Written(current));
                }
                Message::Written(true) => {}
                Message::Written(false) => {
                    let wait = self.clients[client].next(at, &mut self.random).expect("these policies never give up");
                    self.send(at + wait, client, Message::Read);
                }
            }
        }
        now
    }
}

/// Returns the table as it is printed: mean calls and milliseconds until all are done.
pub fn table() -> String {
    let mut text = String::from(
        "Clients under optimistic concurrency control, mean of 100 runs: calls / ms until the last is done\n\
         network 10 ms, deviation 2 ms; base 5 ms, cap 2000 ms; seed 20150304\n\n",
    );
    write!(text, "{:>8}", "clients").ok();
    for (name, _) in policies() {
        write!(text, "{name:>17}").ok();
    }
    text.push('\n');
    for clients in CLIENTS {
        write!(text, "{clients:>8}").ok();
        for (_, policy) in policies() {
            let Outcome { calls, completion } = simulate(&policy, clients);
            write!(text, "{:>17}", format!("{calls:.0} / {completion:.0}")).ok();
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The authors' program with the same parameters: calls and milliseconds of each policy, in the order of [`policies`].
    const AUTHORS: [(u32, [(f64, f64); 5]); 5] = [
        (10, [(50.0, 374.0), (51.0, 3486.0), (42.0, 724.0), (39.0, 463.0), (38.0, 443.0)]),
        (50, [(690.0, 1137.0), (621.0, 36278.0), (346.0, 4104.0), (333.0, 2838.0), (375.0, 2215.0)]),
        (100, [(2420.0, 2025.0), (1849.0, 63290.0), (812.0, 6574.0), (795.0, 4893.0), (998.0, 4678.0)]),
        (150, [(5146.0, 2876.0), (3539.0, 85587.0), (1324.0, 8317.0), (1317.0, 6358.0), (1763.0, 6540.0)]),
        (190, [(8004.0, 3541.0), (5165.0, 101_357.0), (1758.0, 9312.0), (1774.0, 7503.0), (2428.0, 7855.0)]),
    ];

    #[test]
    fn the_authors_figures_come_out_within_five_percent() {
        for (clients, figures) in AUTHORS {
            for ((name, policy), (calls, completion)) in policies().into_iter().zip(figures) {
                let outcome = simulate(&policy, clients);
                for (what, found, expected) in [("calls", outcome.calls, calls), ("ms", outcome.completion, completion)] {
                    // Or the last digit that is printed.
                    let off = (found - expected).abs();
                    assert!(
                        off <= 0.05 * expected || off <= 1.0,
                        "{name}, {clients} clients: {found:.1} {what}, the authors have {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_table_is_as_checked_in() {
        assert_eq!(
            table(),
            include_str!("../../examples/jitter_simulation.txt"),
            "cargo run -p hallmark-benches --example jitter_simulation"
        );
    }
}
