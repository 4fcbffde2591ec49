//! `hallmark doctor`: whether this machine can run the suite.

mod containers;
mod machine;
mod table;

use anyhow::Context as _;
use hallmark_harness::cloud::wire::fidelity::{self, Proof};

use super::Stop;
use super::machinery::Machinery;
use super::output::{colored, print};
use crate::exit_code;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Check {
    /// What was checked, in a word or two.
    what: String,
    /// What was seen.
    seen: String,
    /// What to do when it is not good enough; none when it is. What only containers need does not count as failed: process mode needs no Docker.
    remedy: Option<String>,
}

impl Check {
    fn good(what: &str, seen: impl Into<String>) -> Self {
        Self { what: what.to_owned(), seen: seen.into(), remedy: None }
    }

    fn bad(what: &str, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.to_owned(), seen: seen.into(), remedy: Some(remedy.into()) }
    }
}

/// What to do when a fault is not on the wire what it says it is.
const UNFAITHFUL: &str = "the fake cannot do on this machine what it says: look for a firewall, a proxy or a sandbox that changes loopback \
                          traffic; verdicts about this fault would be wrong here";

/// Returns a check for each fault, plain and over TLS in one where both are proved.
fn faults(proofs: &[Proof]) -> Vec<Check> {
    let mut checks = Vec::new();
    for proof in proofs {
        let twin = |way: &str, other: &str| {
            let kind = format!("{}{other}", proof.kind.strip_suffix(way)?);
            proofs.iter().find(|twin| twin.kind == kind && twin.proved && proof.proved)
        };
        if !proof.proved {
            checks.push(Check::bad(&proof.kind, &proof.observed, UNFAITHFUL));
        } else if twin(PLAIN, TLS).is_some() {
            checks.push(Check::good(proof.kind.trim_end_matches(PLAIN), &proof.observed));
        } else if twin(TLS, PLAIN).is_none() {
            checks.push(Check::good(&proof.kind, &proof.observed));
        }
    }
    checks
}

const PLAIN: &str = " (plain)";
const TLS: &str = " (tls)";

/// Checks everything and prints what was found.
pub(super) fn doctor() -> Result<u8, Stop> {
    let machinery = Machinery::start(1)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the checks' runtime")?;
    let (machine, wire, containers) = runtime.block_on(async {
        let machine = machine::checks(&machinery.resources.launcher).await;
        let wire = faults(&fidelity::prove().await);
        (machine, wire, containers::checks().await)
    });
    let failed = machine.iter().chain(&wire).filter(|check| check.remedy.is_some()).count();
    print(&table::render(&machine, &wire, &containers, colored()))?;
    Ok(if failed == 0 { exit_code::CONFORMANT } else { exit_code::INCONCLUSIVE })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(kind: &str, proved: bool) -> Proof {
        Proof { kind: kind.to_owned(), proved, observed: format!("{kind} seen") }
    }

    #[test]
    fn a_fault_that_is_proved_both_ways_takes_one_line_and_any_other_its_own() {
        let proofs = [
            proof("reset (plain)", true),
            proof("stall (plain)", true),
            proof("set-up", false),
            proof("reset (tls)", true),
            proof("stall (tls)", false),
        ];
        let checks: Vec<(String, bool)> = faults(&proofs).into_iter().map(|check| (check.what, check.remedy.is_none())).collect();
        let expected = [("reset", true), ("stall (plain)", true), ("set-up", false), ("stall (tls)", false)];
        assert_eq!(checks, expected.map(|(what, good)| (what.to_owned(), good)));
    }
}
