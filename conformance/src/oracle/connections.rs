//! What jobs make of the connections to a service behind a TCP proxy: there are no calls to be seen, but their ends.

use hallmark_harness::journal::{Connection, ConnectionEnd};

use super::{At, History, Run};
use crate::verdict::Judgement;

/// Returns each run with a connection that a fault spoilt, and all its connections.
pub(super) fn spoilt<'history, 'recording>(
    history: &'history History<'recording>,
) -> impl Iterator<Item = (&'history Run<'recording>, &'history [At<'recording, Connection>])> {
    let met = |run: &&Run<'_>| run.connections.iter().any(|connection| connection.what.fault.is_some());
    history.runs.iter().filter(met).map(|run| (run, run.connections.as_slice()))
}

/// A connection that broke is made again, and the job then succeeds.
pub(super) fn made_again(history: &History<'_>, rule: &str, succeeded: impl Fn(&Run<'_>) -> bool) -> Vec<Judgement> {
    let judged = spoilt(history).map(|(run, connections)| {
        let first = connections.iter().position(|connection| connection.what.fault.is_some()).unwrap_or_default();
        let again = connections.len() - first - 1;
        let actual = format!("{}: a connection was broken and {again} were made after it", run.describe());
        let evidence = connections.iter().map(|connection| connection.event).chain(run.outcome.map(|outcome| outcome.event));
        match (again, succeeded(run)) {
            (0, _) => Judgement::fail(rule, "the connection made again", actual, evidence),
            (_, false) => Judgement::fail(rule, "the connection made again until the job succeeds", actual, evidence),
            (_, true) => Judgement::pass(rule, actual, evidence),
        }
    });
    judged.collect()
}

/// Returns each run that met silence, with the connections that were held.
pub(super) fn silent<'history, 'recording>(history: &'history History<'recording>) -> Vec<(&'history Run<'recording>, Vec<u64>)> {
    let held = |connections: &[At<'_, Connection>]| {
        let held = connections.iter().filter(|connection| connection.what.end == ConnectionEnd::Stalled);
        held.map(|connection| connection.event).collect::<Vec<_>>()
    };
    spoilt(history).map(|(run, connections)| (run, held(connections))).filter(|(_, held)| !held.is_empty()).collect()
}
