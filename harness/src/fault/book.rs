//! Counts calls and tells which faults act on each.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::draw::{self, Call};
use super::limit::{Limits, Quota};
use super::{Fault, FaultPlan, FaultService, FaultWhat, FaultWhen};
use crate::journal::{Operation, Service};

/// Longest delay of those that know no bound by themselves.
const LONGEST_DELAY: Duration = Duration::from_mins(10);

/// A fault that acts on a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Acting {
    /// The fault.
    pub fault: Fault,
    /// How long it has the call wait, where it delays it.
    pub delay: Duration,
    /// What a limit says to the call, where it is one.
    pub quota: Option<Quota>,
}

impl Acting {
    /// Tells whether it says how the call ends.
    pub(crate) fn decides(&self) -> bool {
        self.fault.what.decides() && !self.lets_pass()
    }

    /// Tells whether it is a limit within which the call is.
    fn lets_pass(&self) -> bool {
        self.quota.is_some_and(|quota| quota.passes)
    }

    /// Returns faults as one line, which is a plan's; none where none spoils anything. A limit that lets a call pass does not.
    pub(crate) fn line(acting: &[Self]) -> Option<String> {
        let spoiling = acting.iter().filter(|acting| !acting.lets_pass());
        spoiling.map(|acting| acting.fault.to_string()).reduce(|line, fault| format!("{line}; {fault}"))
    }
}

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
    /// None before any plan was.
    set_at: Option<Instant>,
    /// A handful of rows at most: a scan beats hashing a service's name.
    calls: Vec<Row>,
    limits: Limits,
}

/// The calls of one operation of one service.
#[derive(Debug)]
struct Row {
    service: Service,
    operation: Operation,
    count: u32,
    first: Instant,
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
        *pages = Pages { plan, set_at: Some(Instant::now()), ..Pages::default() };
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.set(FaultPlan::default());
    }

    /// Returns the plan that is set.
    pub fn plan(&self) -> FaultPlan {
        self.pages().plan.clone()
    }

    /// Counts a call and returns the faults that act on it together, in the plan's order. Of those that decide how it ends, that is one at most.
    pub fn next(&self, service: &Service, operation: Operation) -> Vec<Acting> {
        if !self.armed.load(Ordering::Acquire) {
            return Vec::new();
        }
        self.pages().next(service, operation, Instant::now())
    }

    /// A panic elsewhere leaves the counts as they were: they stay usable.
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn next(&mut self, service: &Service, operation: Operation, now: Instant) -> Vec<Acting> {
        let Self { plan, set_at, calls, limits } = self;
        let meant = |fault: &&Fault| fault.operation == operation && fault.service.covers(service);
        if !plan.faults.iter().any(|fault| meant(&fault)) {
            return Vec::new();
        }
        let place = calls.iter().position(|row| row.service == *service && row.operation == operation).unwrap_or_else(|| {
            calls.push(Row { service: service.clone(), operation, count: 0, first: now });
            calls.len() - 1
        });
        calls[place].count = calls[place].count.saturating_add(1);
        let mut acting: Vec<Acting> = Vec::new();
        let mut decided = false;
        for (place_in_plan, fault) in plan.faults.iter().enumerate().filter(|(_, fault)| meant(fault)) {
            if decided && fault.what.decides() {
                continue;
            }
            // A job dies once: where several third parties share an address, a kill counts the calls of all of them.
            let covered = |row: &&Row| row.operation == operation && fault.service.covers(&row.service);
            let number = if fault.what.kills() {
                calls.iter().filter(covered).fold(0, |sum: u32, row| sum.saturating_add(row.count))
            } else {
                calls[place].count
            };
            // Nobody knows of the first one that was refused.
            let start = if fault.what == FaultWhat::Refuse { *set_at } else { Some(calls[place].first) };
            let elapsed = start.map_or(Duration::ZERO, |start| now.saturating_duration_since(start));
            let call = Call { service, operation, number };
            if fault.means(plan.seed, call, elapsed) {
                let quota = limits.ask(place_in_plan, service, &fault.what, now);
                let fault = Acting { delay: fault.delay(plan.seed, call), fault: fault.clone(), quota };
                decided |= fault.decides();
                acting.push(fault);
            }
        }
        acting
    }
}

impl FaultService {
    /// Tells whether a fault at this address concerns `service`.
    pub(super) fn covers(&self, service: &Service) -> bool {
        matches!(
            (self, service),
            (Self::SecretsManager, Service::SecretsManager) | (Self::Iam, Service::Iam) | (Self::ThirdParty, Service::ThirdParty(_))
        )
    }
}

impl Fault {
    /// Returns how long it has a call wait.
    fn delay(&self, seed: u64, call: Call<'_>) -> Duration {
        let drawn = || draw::draw(seed, "delay", &self.to_string(), call);
        match self.what {
            FaultWhat::Delay { milliseconds } => Duration::from_millis(milliseconds),
            FaultWhat::DelayBetween { least_milliseconds, most_milliseconds } => {
                Duration::from_millis(draw::between(drawn(), least_milliseconds, most_milliseconds))
            }
            FaultWhat::DelayLognormal { median_milliseconds, sigma } => {
                let factor = (f64::from(sigma) * draw::normal(drawn())).exp();
                let median = Duration::from_millis(median_milliseconds).as_secs_f64();
                Duration::try_from_secs_f64(median * factor).map_or(LONGEST_DELAY, |delay| delay.min(LONGEST_DELAY))
            }
            _ => Duration::ZERO,
        }
    }

    /// Tells whether a call is meant that comes so long after the first one.
    fn means(&self, seed: u64, call: Call<'_>, elapsed: Duration) -> bool {
        match self.when {
            FaultWhen::Nth(n) => call.number == n,
            FaultWhen::First(n) => call.number <= n,
            FaultWhen::From(n) => call.number >= n,
            FaultWhen::Every => true,
            FaultWhen::Chance(probability) => draw::hits(draw::draw(seed, "chance", &self.to_string(), call), probability),
            FaultWhen::Window { from_milliseconds, to_milliseconds } => {
                let at = elapsed.as_millis();
                at >= u128::from(from_milliseconds) && to_milliseconds.is_none_or(|to| at < u128::from(to))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(acting: &[Acting]) -> Option<String> {
        let whats: Vec<String> = acting.iter().map(|acting| acting.fault.what.to_string()).collect();
        (!whats.is_empty()).then(|| whats.join(" "))
    }

    fn acts(book: &FaultBook, service: &Service, operation: Operation, calls: usize) -> Vec<Option<String>> {
        (0..calls).map(|_| told(&book.next(service, operation))).collect()
    }

    #[test]
    fn the_first_fault_that_decides_acts_and_each_third_party_counts_for_itself() {
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
        assert!(book.next(&Service::Iam, Operation::Token).len() == 1);
        assert!(book.next(&Service::Iam, Operation::Token).is_empty());
        book.set(plan);
        assert!(book.next(&Service::Iam, Operation::Token).len() == 1);
        book.set("iam.token@every reset".parse().unwrap());
        book.clear();
        assert!(book.next(&Service::Iam, Operation::Token).is_empty());
    }

    #[test]
    fn calls_from_many_threads_are_each_counted_once() {
        let book = FaultBook::new();
        book.set("iam.token@first:100 reset".parse().unwrap());
        let hits: usize = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..100).map(|_| book.next(&Service::Iam, Operation::Token).len()).sum::<usize>())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(hits, 100);
    }

    #[test]
    fn all_faults_that_match_act_in_their_order_and_one_of_those_that_decide() {
        let book = FaultBook::new();
        let plan = "iam.token@first:1 delay(5ms); iam.token@nth:2 reset; iam.token@first:2 status(503); iam.token@every cancel_task; \
                    iam.token@every after_commit close; iam.token@from:2 wrong_content_type";
        book.set(plan.parse().unwrap());
        let expected =
            ["delay(5ms) status(503) cancel_task", "reset cancel_task wrong_content_type", "cancel_task close wrong_content_type"];
        assert_eq!(acts(&book, &Service::Iam, Operation::Token, 3), expected.map(|text| Some(text.to_owned())));
    }

    /// Returns for each of a hundred calls whether the fault hits it.
    fn hits(plan: &str, others: bool) -> Vec<bool> {
        let book = FaultBook::new();
        book.set(plan.parse().unwrap());
        let hit = |_| {
            if others {
                book.next(&Service::SecretsManager, Operation::UpdateTask);
            }
            !book.next(&Service::Iam, Operation::Token).is_empty()
        };
        (0..100).map(hit).collect()
    }

    #[test]
    fn a_chance_depends_on_the_seed_and_the_call_and_on_nothing_else() {
        let plan = "iam.token@chance:0.3 reset";
        let unseeded = hits(plan, false);
        let count = unseeded.iter().filter(|hit| **hit).count();
        assert!((15..=45).contains(&count), "{count} of 100");
        assert_eq!(hits(plan, true), unseeded);
        assert_eq!(hits(&format!("secrets_manager.update_task@chance:0.5 close; {plan}"), true), unseeded, "another fault before it");
        assert_eq!(hits(&format!("seed:0; {plan}"), false), unseeded);
        assert_ne!(hits(&format!("seed:1; {plan}"), false), unseeded);
        assert_ne!(hits("iam.token@chance:0.3 close", false), unseeded, "two faults hit apart");
        assert!(hits("iam.token@chance:1 reset", false).iter().all(|hit| *hit));
        assert!(hits("iam.token@chance:0.000001 reset", false).iter().filter(|hit| **hit).count() < 2);
    }

    #[test]
    fn a_window_is_counted_from_the_first_call_and_ends_before_its_end() {
        let plan: FaultPlan = "iam.token@window:500ms..1500ms reset; iam.token@window:2000ms.. close".parse().unwrap();
        let mut pages = Pages { plan, ..Pages::default() };
        let first = Instant::now();
        let mut at = |milliseconds| {
            let acting = pages.next(&Service::Iam, Operation::Token, first + Duration::from_millis(milliseconds));
            told(&acting)
        };
        let (reset, close) = (Some("reset".to_owned()), Some("close".to_owned()));
        for (milliseconds, expected) in
            [(0, &None), (499, &None), (500, &reset), (1499, &reset), (1500, &None), (2000, &close), (900_000, &close)]
        {
            assert_eq!(at(milliseconds), *expected, "at {milliseconds} ms");
        }
    }

    #[test]
    fn a_drawn_delay_stays_within_its_bounds_and_is_the_same_in_every_play() {
        let delays = |plan: &str| {
            let book = FaultBook::new();
            book.set(plan.parse().unwrap());
            (0..50).map(|_| book.next(&Service::Iam, Operation::Token)[0].delay).collect::<Vec<_>>()
        };
        let between = delays("iam.token@every delay(10ms..500ms)");
        let bounds = Duration::from_millis(10)..=Duration::from_millis(500);
        assert!(between.iter().all(|delay| bounds.contains(delay)) && between[0] != between[1], "{between:?}");
        assert_eq!(delays("iam.token@every delay(10ms..500ms)"), between);
        let lognormal = delays("seed:3; iam.token@every delay(lognormal 200ms 0.8)");
        let below = lognormal.iter().filter(|delay| **delay < Duration::from_millis(200)).count();
        assert!((15..=35).contains(&below), "the median is about in the middle: {lognormal:?}");
        assert!(delays("iam.token@every delay(lognormal 3600000ms 2)").iter().all(|delay| *delay <= LONGEST_DELAY));
        assert_eq!(delays("iam.token@every delay(lognormal 200ms 0)")[7], Duration::from_millis(200));
    }

    #[test]
    fn a_limit_that_lets_a_call_pass_decides_nothing() {
        let book = FaultBook::new();
        book.set("iam.token@every rate_limit(2, 3600s); iam.token@every reset".parse().unwrap());
        let calls: Vec<_> = (0..3).map(|_| Acting::line(&book.next(&Service::Iam, Operation::Token)).unwrap()).collect();
        let (reset, limited) = ("iam.token@every before_commit reset", "iam.token@every before_commit rate_limit(2, 3600s)");
        assert_eq!(calls, [reset, reset, limited]);
    }
}
