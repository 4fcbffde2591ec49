//! Counts calls and tells which fault acts on each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Fault, FaultPlan, FaultService, FaultWhen};
use crate::journal::{Operation, Service};

/// The fault plan of one stage and the calls made since it was set. Shared by all its listeners as `Arc<FaultBook>`.
///
/// Calls count per service and operation; each third party counts for itself, also where one fault addresses all of them, but for faults that kill
/// the job.
/// Without a plan a call costs one atomic read.
#[derive(Debug, Default)]
pub struct FaultBook {
    armed: AtomicBool,
    pages: Mutex<Pages>,
}

#[derive(Debug, Default)]
struct Pages {
    plan: FaultPlan,
    /// A handful of rows at most: a scan beats hashing a service's name.
    calls: Vec<(Service, Operation, u32)>,
}

impl FaultBook {
    /// Starts a book without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces the plan; all counts start again.
    pub fn set(&self, plan: FaultPlan) {
        let mut pages = self.pages();
        self.armed.store(!plan.faults.is_empty(), Ordering::Release);
        *pages = Pages { plan, calls: Vec::new() };
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.set(FaultPlan::default());
    }

    /// Returns the plan that is set.
    pub fn plan(&self) -> FaultPlan {
        self.pages().plan.clone()
    }

    /// Counts a call and returns the first fault that acts on it.
    pub fn next(&self, service: &Service, operation: Operation) -> Option<Fault> {
        if !self.armed.load(Ordering::Acquire) {
            return None;
        }
        let mut pages = self.pages();
        let Pages { plan, calls } = &mut *pages;
        if !plan.faults.iter().any(|fault| fault.operation == operation && fault.service.covers(service)) {
            return None;
        }
        let row = calls.iter().position(|(known, of, _)| known == service && *of == operation).unwrap_or_else(|| {
            calls.push((service.clone(), operation, 0));
            calls.len() - 1
        });
        calls[row].2 = calls[row].2.saturating_add(1);
        let own = calls[row].2;
        let of_all = |of: &FaultService| {
            let covered = calls.iter().filter(|(known, called, _)| *called == operation && of.covers(known));
            covered.fold(0, |sum: u32, (_, _, count)| sum.saturating_add(*count))
        };
        // A job dies once: where several third parties share an address, a kill counts the calls of all of them.
        let count = |fault: &Fault| if fault.what.kills() { of_all(&fault.service) } else { own };
        plan.faults
            .iter()
            .find(|fault| fault.operation == operation && fault.service.covers(service) && fault.when.includes(count(fault)))
            .cloned()
    }

    /// A panic elsewhere leaves the counts as they were: they stay usable.
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultService {
    /// Tells whether a fault at this address concerns `service`.
    fn covers(&self, service: &Service) -> bool {
        matches!(
            (self, service),
            (Self::SecretsManager, Service::SecretsManager) | (Self::Iam, Service::Iam) | (Self::ThirdParty, Service::ThirdParty(_))
        )
    }
}

impl FaultWhen {
    /// Tells whether call number `count` (from 1) is meant.
    fn includes(self, count: u32) -> bool {
        match self {
            Self::Nth(n) => count == n,
            Self::First(n) => count <= n,
            Self::From(n) => count >= n,
            Self::Every => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(book: &FaultBook, service: &Service, operation: Operation, calls: usize) -> Vec<Option<String>> {
        (0..calls).map(|_| book.next(service, operation).map(|fault| fault.what.to_string())).collect()
    }

    #[test]
    fn the_first_matching_fault_acts_and_each_third_party_counts_for_itself() {
        let book = FaultBook::new();
        book.set("third_party.create@nth:2 close; third_party.create@first:2 reset; third_party.create@from:4 stall".parse().unwrap());
        let expected = [Some("reset".to_owned()), Some("close".to_owned()), None, Some("stall".to_owned())];
        assert_eq!(acts(&book, &Service::ThirdParty("a".into()), Operation::Create, 4), expected);
        assert_eq!(acts(&book, &Service::ThirdParty("b".into()), Operation::Create, 4), expected);
        assert_eq!(acts(&book, &Service::SecretsManager, Operation::Create, 1), [None]);
        assert_eq!(acts(&book, &Service::Declared, Operation::Create, 1), [None]);
    }

    #[test]
    fn a_kill_counts_the_calls_of_all_third_parties_so_that_each_of_them_can_be_met_once() {
        let book = FaultBook::new();
        book.set("third_party.create@nth:2 after_commit kill_job".parse().unwrap());
        let one_each = || {
            [
                acts(&book, &Service::ThirdParty("a".into()), Operation::Create, 1),
                acts(&book, &Service::ThirdParty("b".into()), Operation::Create, 1),
            ]
        };
        assert_eq!(one_each().concat(), [None, Some("kill_job".to_owned())]);
        // The rerun.
        assert_eq!(one_each().concat(), [None, None]);
    }

    #[test]
    fn setting_a_plan_starts_the_counts_again_and_clearing_ends_it() {
        let book = FaultBook::new();
        let plan: FaultPlan = "iam.token@nth:1 reset".parse().unwrap();
        book.set(plan.clone());
        assert_eq!(book.plan(), plan);
        assert!(book.next(&Service::Iam, Operation::Token).is_some());
        assert!(book.next(&Service::Iam, Operation::Token).is_none());
        book.set(plan);
        assert!(book.next(&Service::Iam, Operation::Token).is_some());
        book.set("iam.token@every reset".parse().unwrap());
        book.clear();
        assert!(book.next(&Service::Iam, Operation::Token).is_none());
    }

    #[test]
    fn calls_from_many_threads_are_each_counted_once() {
        let book = FaultBook::new();
        book.set("iam.token@first:100 reset".parse().unwrap());
        let hits: usize = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..100).filter(|_| book.next(&Service::Iam, Operation::Token).is_some()).count())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(hits, 100);
    }
}
