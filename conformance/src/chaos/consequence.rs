//! Which calls a fault brings about: another attempt, a look for what was left, an undo, a question, a rerun. That is where a second fault counts.

use std::collections::BTreeMap;

use hallmark_harness::fault::{Fault, FaultPhase, FaultWhen};

use super::kind::{self, Class, Target};
use super::schedule::Deed;

/// The calls of one job when nothing goes wrong, in order, for a creation and for a deletion.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths {
    paths: BTreeMap<Deed, Vec<Target>>,
}

impl Paths {
    /// Notes the calls of a job, unless such a job's are known.
    pub fn note(&mut self, deed: Deed, calls: Vec<Target>) {
        self.paths.entry(home(deed)).or_insert(calls);
    }

    /// Returns the calls of an act's job.
    pub fn of(&self, deed: Deed) -> &[Target] {
        self.paths.get(&home(deed)).map_or(&[], Vec::as_slice)
    }

    /// Returns the calls, by operation and number, that a fault in an act may bring about.
    pub fn consequences(&self, deed: Deed, fault: &Fault) -> Vec<(Target, u32)> {
        let (Some(target), Some(kind)) = (Target::of(fault.operation), kind::of(&fault.what)) else { return Vec::new() };
        let path = self.of(deed);
        let usual = |target: Target| count(path, target);
        let last = match fault.when {
            FaultWhen::Nth(n) | FaultWhen::First(n) | FaultWhen::From(n) => n,
            _ => 1,
        };
        let again = (target, last + 1);
        let lost = fault.phase == FaultPhase::AfterCommit;
        // What only an undo, a look or a question would call: after those that are made anyway.
        let extra = |target: Target| (target, usual(target) + 1);
        let deletes = home(deed) == Deed::Delete;
        match (kind.class(target), target) {
            (Class::Killed, _) => rerun(path, target, last, lost),
            // A deletion has no undo.
            (Class::Final(Some(400 | 404)) | Class::Ended, Target::UpdateTask) if deletes => Vec::new(),
            (Class::Final(Some(401)), Target::UpdateTask) if deletes => vec![extra(Target::Token), again],
            (Class::Final(_), Target::UpdateTask) if deletes => vec![again],
            (_, Target::UpdateTask) if deletes && lost => vec![extra(Target::GetTask), again],
            (Class::Final(Some(401)), Target::UpdateTask) => vec![extra(Target::Token), again, extra(Target::Revoke)],
            // Nobody who knows the answer to be final tries again or asks.
            (Class::Final(Some(400 | 404)) | Class::Ended, Target::UpdateTask) => vec![extra(Target::Revoke)],
            (Class::Final(_), Target::UpdateTask) => vec![extra(Target::Revoke), again],
            (Class::Final(_), Target::Create | Target::Revoke | Target::List | Target::Get) => {
                vec![(Target::UpdateTask, 1), extra(Target::List), again]
            }
            (Class::Final(_), Target::GetSecret) => vec![(Target::UpdateTask, 1), extra(Target::Token), again],
            (Class::Final(_), Target::GetTask) => vec![extra(Target::Revoke), (Target::UpdateTask, 2), again],
            (_, Target::Create) if lost => vec![extra(Target::List), extra(Target::Revoke), again],
            (_, Target::UpdateTask) if lost => vec![extra(Target::GetTask), extra(Target::Revoke), again],
            (_, Target::Revoke) if lost => vec![again, (Target::UpdateTask, 1)],
            _ => vec![again],
        }
    }
}

/// Returns the act whose calls an act's jobs make.
pub fn home(deed: Deed) -> Deed {
    match deed {
        Deed::Rotate | Deed::Rerun | Deed::Create => Deed::Create,
        Deed::Delete | Deed::Day => Deed::Delete,
    }
}

/// Returns the calls of the run after a kill: what changes something, and what a leftover makes it do. What comes before that went well once.
fn rerun(path: &[Target], target: Target, call: u32, done: bool) -> Vec<(Target, u32)> {
    let until = path
        .iter()
        .enumerate()
        .filter(|(_, one)| **one == target)
        .nth(call.saturating_sub(1) as usize)
        .map_or(path.len(), |(at, _)| at + 1);
    // A run that was killed before it changed anything leaves nothing: the next is like any first.
    let changed = path[..until.saturating_sub(1)].iter().any(|target| target.commits()) || done && target.commits();
    if !changed {
        return Vec::new();
    }
    let before = |target: Target| count(&path[..until], target);
    let mut calls: Vec<(Target, u32)> = Vec::new();
    let commits = path.iter().copied().filter(|target| target.commits());
    for target in commits.chain([Target::List, Target::GetTask, Target::Revoke]) {
        let next = (target, before(target) + 1);
        if !calls.contains(&next) {
            calls.push(next);
        }
    }
    calls
}

fn count(path: &[Target], target: Target) -> u32 {
    u32::try_from(path.iter().filter(|one| **one == target).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Paths {
        let mut paths = Paths::default();
        paths.note(Deed::Create, vec![Target::Token, Target::GetSecret, Target::List, Target::Create, Target::UpdateTask]);
        paths.note(Deed::Delete, vec![Target::Token, Target::GetSecret, Target::Revoke, Target::UpdateTask]);
        paths
    }

    fn after(deed: Deed, fault: &str) -> Vec<(Target, u32)> {
        paths().consequences(deed, &fault.parse().unwrap())
    }

    #[test]
    fn a_lost_answer_is_looked_for_and_a_refused_report_is_undone() {
        let lost = after(Deed::Create, "third_party.create@nth:1 after_commit reset");
        assert_eq!(lost, [(Target::List, 2), (Target::Revoke, 1), (Target::Create, 2)]);
        let refused = after(Deed::Rotate, "secrets_manager.update_task@nth:1 status(401)");
        assert_eq!(refused, [(Target::Token, 2), (Target::UpdateTask, 2), (Target::Revoke, 1)]);
        let passing = after(Deed::Delete, "third_party.revoke@first:2 status(503)");
        assert_eq!(passing, [(Target::Revoke, 3)]);
    }

    #[test]
    fn after_a_kill_the_calls_begin_anew() {
        assert_eq!(after(Deed::Create, "third_party.create@nth:1 before_commit kill_job"), []);
        let calls = after(Deed::Create, "third_party.create@nth:1 after_commit kill_job");
        assert!(calls.contains(&(Target::List, 2)) && calls.contains(&(Target::Create, 2)));
        assert!(calls.contains(&(Target::UpdateTask, 1)) && calls.contains(&(Target::GetTask, 1)) && calls.contains(&(Target::Revoke, 1)));
    }
}
