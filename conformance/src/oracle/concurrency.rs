//! What jobs do to each other that run at the same time, each for a secret of its own (ROT-002). Whose a call was is then known only where it
//! names a task.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_harness::journal::EventKind;

use super::{History, Run};
use crate::verdict::Judgement;

const RULE: &str = "ROT-002";

/// Creations at once leave each secret with a credential of its own, alive.
pub fn undisturbed_creations(history: &History<'_>) -> Vec<Judgement> {
    let runs: Vec<&Run<'_>> = history.creations().filter(|run| was_beside_others(history, run)).collect();
    judged(history, &runs, "each job reports a living credential of its own", |reporters| {
        let mut found = Vec::new();
        let mut holders: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
        for (run, event) in reporters {
            let Some(update) = run.applied() else { continue };
            let named = update.facts.credentials_id.as_deref();
            for value in update.facts.payload.iter().filter(|value| value.mapped) {
                match value.equals.as_slice() {
                    [] => found.push((format!("{} of a job is no value that the third party issued", value.name), vec![*event])),
                    // A value that several share, such as an address, says nothing.
                    [one] => {
                        // One job may report several values of its credential.
                        holders.entry(one).or_default().insert(*event);
                        let other =
                            named.filter(|id| *id != one && history.recording.snapshot.ledger.iter().any(|entry| entry.credential == *id));
                        if let Some(other) = other {
                            found.push((format!("a job reported {} of {one} under the id of {other}", value.name), vec![*event]));
                        }
                    }
                    _ => {}
                }
            }
        }
        for (credential, events) in holders {
            if events.len() > 1 {
                found.push((format!("{} jobs reported the same credential {credential}", events.len()), events.iter().copied().collect()));
            }
            if !history.alive(credential) {
                let gone = revoked(history, credential);
                found.push((format!("the reported credential {credential} is not alive"), events.into_iter().chain(gone).collect()));
            }
        }
        let living = living(history);
        if history.recording.header.third_party && living < reporters.len() {
            let actual = format!("{} jobs reported a credential each, and {living} are alive", reporters.len());
            found.push((actual, reporters.iter().map(|(_, event)| *event).collect()));
        }
        found
    })
}

/// Deletions at once leave nothing alive.
pub fn undisturbed_deletions(history: &History<'_>) -> Vec<Judgement> {
    let runs: Vec<&Run<'_>> = history.deletions().filter(|run| was_beside_others(history, run)).collect();
    judged(history, &runs, "each job deletes its own credential", |reporters| {
        let living = living(history);
        if living == 0 {
            return Vec::new();
        }
        vec![(
            format!("{} jobs reported their credential deleted, and {living} are alive", reporters.len()),
            reporters.iter().map(|(_, event)| *event).collect(),
        )]
    })
}

/// A fault that was found, and the events that show it.
type Found = (String, Vec<u64>);

/// Looks for jobs that did not report success, and then for what `look` finds.
fn judged<'run, 'recording>(
    history: &History<'_>,
    runs: &[&'run Run<'recording>],
    expected: &str,
    look: impl FnOnce(&[(&'run Run<'recording>, u64)]) -> Vec<Found>,
) -> Vec<Judgement> {
    if runs.len() < 2 {
        return vec![Judgement::not_exercised(RULE, format!("{} jobs ran at once", runs.len()))];
    }
    let mut reporters = Vec::new();
    let mut found = Vec::new();
    for run in runs {
        match run.succeeded() {
            Some(moved) => reporters.push((*run, moved.event)),
            None => {
                let end = run.outcome.map(|outcome| outcome.event);
                found.push((format!("a {} beside others did not report success", run.describe()), end.into_iter().collect()));
            }
        }
    }
    found.extend(look(&reporters));
    if found.is_empty() {
        let met = met(history);
        if met < 2 {
            return vec![Judgement::inconclusive(
                RULE,
                "no two calls of jobs at once met: the machine started them too slowly; run again when it is idle",
            )];
        }
        let actual = format!("{} jobs at once, {met} of whose calls met: each as if alone", runs.len());
        return vec![Judgement::pass(RULE, actual, reporters.iter().map(|(_, at)| *at))];
    }
    found.into_iter().map(|(actual, evidence)| Judgement::fail(RULE, expected, actual, evidence)).collect()
}

/// Returns how many calls of jobs at once waited together at most.
fn met(history: &History<'_>) -> u64 {
    let met = history.recording.events.iter().filter_map(|event| match &event.kind {
        EventKind::Exchange(exchange) => exchange.met,
        EventKind::Connection(connection) => connection.met,
        _ => None,
    });
    met.max().unwrap_or_default()
}

/// Tells whether another job ran while this one did.
fn was_beside_others(history: &History<'_>, run: &Run<'_>) -> bool {
    let mut running = Vec::new();
    for event in &history.recording.events {
        match &event.kind {
            EventKind::JobStarted { job } => {
                if (job == run.job && !running.is_empty()) || running.contains(&run.job) {
                    return true;
                }
                running.push(job);
            }
            EventKind::JobEnded { job, .. } => running.retain(|other| *other != job),
            _ => {}
        }
    }
    false
}

/// Returns how many credentials live that jobs made.
fn living(history: &History<'_>) -> usize {
    history.recording.snapshot.ledger.iter().filter(|entry| entry.alive && !entry.seeded).count()
}

fn revoked(history: &History<'_>, credential: &str) -> Option<u64> {
    let gone = |kind: &EventKind| matches!(kind, EventKind::CredentialRevoked { credential: gone, .. } if gone == credential);
    history.recording.events.iter().find(|event| gone(&event.kind)).map(|event| event.id)
}
