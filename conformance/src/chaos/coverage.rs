//! Which operations met which faults at which moment.

use std::collections::{BTreeMap, BTreeSet};

use hallmark_harness::fault::{Fault, FaultPhase, FaultPlan, FaultWhen};
use hallmark_harness::journal::{EventKind, in_order};
use hallmark_harness::stage::Recording;

use super::kind::{self, Kind, Target};

/// Something that can be tried: a kind of fault at an operation, before or after its commit, at its first call or a later one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The operation.
    pub target: Target,
    /// Name of the kind.
    pub kind: &'static str,
    /// Whether it is after the commit.
    pub after_commit: bool,
    /// The call that it meets: 1, 2 or, for all later ones, 3.
    pub call: u32,
}

/// The last call that is told from others.
const LAST_CALL: u32 = 3;

impl Cell {
    /// Returns every cell that there is.
    pub fn all(slow: bool) -> Vec<Self> {
        let kinds: Vec<&Kind> = kind::all().iter().filter(|kind| slow || !kind.slow).collect();
        let mut cells = Vec::new();
        for target in Target::ALL {
            for kind in &kinds {
                for phase in kind.phases(target) {
                    let cell = |call| Self { target, kind: kind.name, after_commit: *phase == FaultPhase::AfterCommit, call };
                    cells.extend((1..=LAST_CALL).map(cell));
                }
            }
        }
        cells
    }

    /// Returns the cells that a fault addresses; none where it is of no kind that schedules are made of.
    pub fn of(fault: &Fault) -> Vec<Self> {
        let (Some(target), Some(kind)) = (Target::of(fault.operation), kind::of(&fault.what)) else { return Vec::new() };
        let cell =
            |call: u32| Self { target, kind: kind.name, after_commit: fault.phase == FaultPhase::AfterCommit, call: call.min(LAST_CALL) };
        match fault.when {
            FaultWhen::Nth(n) => vec![cell(n)],
            FaultWhen::First(n) => (1..=n.min(LAST_CALL)).map(cell).collect(),
            FaultWhen::From(n) => (n.min(LAST_CALL)..=LAST_CALL).map(cell).collect(),
            _ => (1..=LAST_CALL).map(cell).collect(),
        }
    }
}

/// What was tried so far.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    met: BTreeMap<Cell, u32>,
}

impl Coverage {
    /// Notes what acted in a recording.
    pub fn note(&mut self, recording: &Recording) {
        // Calls count from each plan on, as the fake cloud counts them.
        let mut calls: BTreeMap<Target, u32> = BTreeMap::new();
        for event in in_order(&recording.events) {
            match &event.kind {
                EventKind::FaultsSet { .. } => calls.clear(),
                EventKind::Exchange(exchange) => {
                    let Some(target) = Target::of(exchange.operation) else { continue };
                    let call = calls.entry(target).or_insert(0);
                    *call += 1;
                    let Some(plan) = exchange.fault.as_ref().and_then(|line| line.parse::<FaultPlan>().ok()) else { continue };
                    for fault in plan.faults {
                        let acted = Fault { when: FaultWhen::Nth(*call), ..fault };
                        for cell in Cell::of(&acted) {
                            *self.met.entry(cell).or_insert(0) += 1;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds what another one noted.
    pub fn add(&mut self, other: &Self) {
        for (cell, count) in &other.met {
            *self.met.entry(cell.clone()).or_insert(0) += count;
        }
    }

    /// Tells how often a cell was met.
    pub fn count(&self, cell: &Cell) -> u32 {
        self.met.get(cell).copied().unwrap_or(0)
    }

    /// Returns a row for each operation: cells met, cells that there are, and faults that acted.
    pub fn rows(&self, slow: bool) -> Vec<(Target, usize, usize, u32)> {
        let cells = Cell::all(slow);
        let row = |target: Target| {
            let of: BTreeSet<&Cell> = cells.iter().filter(|cell| cell.target == target).collect();
            let met = of.iter().filter(|cell| self.count(cell) > 0).count();
            (target, met, of.len(), of.iter().map(|cell| self.count(cell)).sum())
        };
        Target::ALL.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<(u32, bool)> {
        let fault: Fault = line.parse().unwrap();
        Cell::of(&fault).into_iter().map(|cell| (cell.call, cell.after_commit)).collect()
    }

    #[test]
    fn a_fault_addresses_the_calls_that_it_meets() {
        assert_eq!(cells("iam.token@nth:2 reset"), [(2, false)]);
        assert_eq!(cells("iam.token@first:2 reset"), [(1, false), (2, false)]);
        assert_eq!(cells("third_party.create@from:2 after_commit reset"), [(2, true), (3, true)]);
        assert_eq!(cells("third_party.create@nth:9 reset"), [(3, false)]);
        assert_eq!(cells("third_party.create@every gather"), []);
    }

    #[test]
    fn every_cell_is_of_an_operation_and_counted_once() {
        let cells = Cell::all(true);
        let unique: BTreeSet<&Cell> = cells.iter().collect();
        assert_eq!(unique.len(), cells.len());
        assert!(Cell::all(false).len() < cells.len());
    }
}
