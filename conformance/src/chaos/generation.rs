//! Draws schedules: by proptest's strategies, reproducibly, and those first that try what was not tried yet.
//!
//! The main type is [`Generator`]. What it draws depends on its seed and on what it drew before, never on how that was played: the same seed
//! gives the same schedules, however many play at once.
//!
//! A schedule's faults form chains: each after the first meets a call that the one before brings about, for there a provider does what it seldom
//! does. What is drawn seldom so far weighs most: first single faults, then pairs of cause and consequence.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hallmark_harness::fault::{Fault, FaultPhase, FaultPlan, FaultWhat, FaultWhen, Millionths};
use proptest::prelude::{Just, Strategy, prop};
use proptest::strategy::{Union, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use sha2::{Digest as _, Sha256};

use super::consequence::{Paths, home};
use super::kind::{self, Class, Kind, Target, WAIT_IN_ALL, WAIT_OF_ACT};
use super::schedule::{Act, Deed, Schedule};

/// The weight of what was never drawn; it is divided by the square of how often it was.
const HEAVIEST: u32 = 10_000;

/// Every other call.
const HALF: Millionths = Millionths::new(500_000);

/// Attempts to add a fault that fits; a schedule that is full already stays as it is.
const ATTEMPTS: u32 = 20;

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// Seed of everything.
    pub seed: u64,
    /// Most faults of a schedule.
    pub most_faults: u32,
    /// Whether silence is among the faults, and waits are not limited.
    pub slow: bool,
}

/// A fault as far as it matters for what a provider does about it: where, of which class, whether after the commit.
type Trait = (Target, Class, bool);

/// Returns what matters of a kind at a target in a phase.
fn of_kind(kind: &Kind, target: Target, phase: FaultPhase) -> Trait {
    (target, kind.class(target), phase == FaultPhase::AfterCommit && target.commits())
}

/// What was drawn: a fault in an act, and the one that brought its call about, with whether that was the act's first.
type Step = (Deed, Option<(Trait, bool)>, Trait);

/// Draws one schedule after another.
pub struct Generator {
    wishes: Wishes,
    variants: Vec<Option<String>>,
    paths: Paths,
    kinds: Vec<&'static Kind>,
    drawn: BTreeMap<Step, u32>,
    index: u64,
}

/// A fault that may be drawn.
#[derive(Debug, Clone)]
struct Offer {
    step: Step,
    kind: usize,
    phase: FaultPhase,
    call: u32,
}

impl Generator {
    /// Starts anew. `variants` are the manifest's, one without a name where it has none; `paths` says what a provider calls when nothing goes wrong.
    pub fn new(wishes: Wishes, variants: Vec<Option<String>>, paths: Paths) -> Self {
        let kinds = kind::all().iter().filter(|kind| wishes.slow || !kind.slow).collect();
        Self { wishes, variants, paths, kinds, drawn: BTreeMap::new(), index: 0 }
    }

    /// Returns the next schedule.
    pub fn draw(&mut self) -> Schedule {
        let mut runner = self.runner();
        let variant = self.variants[usize::try_from(self.index).unwrap_or(0) % self.variants.len().max(1)].clone();
        let seed = self.wishes.seed.wrapping_mul(1_000_003).wrapping_add(self.index) | 1;
        self.index += 1;
        let acts = one(&mut runner, &deeds());
        let mut schedule = Schedule { variant, seed, acts };
        let mut left = self.wishes.most_faults.max(1);
        for at in Self::homes(&mut runner, &schedule) {
            let length = one(&mut runner, &Union::new_weighted(vec![(1, Just(1)), (3, Just(2)), (5, Just(3)), (3, Just(4))]));
            left -= self.chain(&mut runner, &mut schedule, at, length.min(left));
            if left == 0 {
                break;
            }
        }
        schedule
    }

    fn runner(&self) -> TestRunner {
        let digest = Sha256::new().chain_update(self.wishes.seed.to_be_bytes()).chain_update(self.index.to_be_bytes()).finalize();
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &digest))
    }

    /// Draws the acts in which faults are in force.
    ///
    /// A creation that fails leaves nothing to be deleted: where deletions are disturbed, one of the creations before is not.
    fn homes(runner: &mut TestRunner, schedule: &Schedule) -> Vec<usize> {
        let of = |deeds: &[Deed]| -> Vec<usize> {
            schedule.acts.iter().enumerate().filter(|(_, act)| deeds.contains(&act.deed)).map(|(at, _)| at).collect()
        };
        let one_of = |runner: &mut TestRunner, among: Vec<usize>| one(runner, &prop::sample::select(among));
        let (first, rotations, deletions) = (of(&[Deed::Create, Deed::Rerun]), of(&[Deed::Rotate]), of(&[Deed::Delete, Deed::Day]));
        let mut homes = vec![one_of(runner, first)];
        homes.extend(rotations);
        if !deletions.is_empty() {
            let clean = one_of(runner, (0..homes.len()).collect());
            // With one creation only, it is either that or the deletion.
            if homes.len() > 1 || one(runner, &prop::bool::ANY) {
                homes.remove(clean);
                // Most fail at the first try, which then is the one that counts.
                let deletion = if one(runner, &prop::bool::weighted(0.8)) { deletions[0] } else { one_of(runner, deletions) };
                homes.push(deletion);
            }
        }
        homes
    }

    /// Adds a chain of faults to an act; returns how many.
    fn chain(&mut self, runner: &mut TestRunner, schedule: &mut Schedule, at: usize, length: u32) -> u32 {
        let mut added = 0;
        let mut cause: Option<Fault> = None;
        while added < length {
            let Some(fault) = self.link(runner, schedule, at, cause.as_ref().map(|cause| (cause, added == 1))) else { break };
            cause = Some(fault);
            added += 1;
        }
        added
    }

    /// Adds a fault to an act, at a call that its cause brings about. Nothing that would make the provider wait too long.
    fn link(&mut self, runner: &mut TestRunner, schedule: &mut Schedule, at: usize, cause: Option<(&Fault, bool)>) -> Option<Fault> {
        let deed = schedule.acts[at].deed;
        let offers = self.offers(deed, cause);
        if offers.is_empty() {
            return None;
        }
        let offers = Union::new_weighted(offers);
        for _ in 0..ATTEMPTS {
            let offer = one(runner, &offers);
            let fault = self.fault(runner, &offer);
            let hides = |other: &Fault| other.operation == fault.operation && meets(other.when, offer.call);
            if schedule.acts[at].faults.faults.iter().any(hides) {
                continue;
            }
            // What is left to chance is left to the same chance again.
            if matches!(fault.when, FaultWhen::Chance(_)) {
                schedule.acts[at].faults.seed = schedule.seed;
            }
            schedule.acts[at].faults.faults.push(fault.clone());
            if self.wishes.slow || fits(schedule) {
                *self.drawn.entry(offer.step).or_insert(0) += 1;
                return Some(fault);
            }
            schedule.acts[at].faults.faults.pop();
        }
        None
    }

    /// Returns every fault that may follow its cause, weighed: what was drawn seldom, and what is near a commit.
    fn offers(&self, deed: Deed, cause: Option<(&Fault, bool)>) -> Vec<(u32, Just<Offer>)> {
        let home = home(deed);
        let calls = match cause {
            Some((cause, _)) => self.paths.consequences(deed, cause),
            None => {
                let mut first: Vec<(Target, u32)> = self.paths.of(deed).iter().map(|target| (*target, 1)).collect();
                first.dedup();
                // A provider that called nobody: anything may be tried.
                if first.is_empty() { Target::ALL.map(|target| (target, 1)).to_vec() } else { first }
            }
        };
        let cause = cause.and_then(|(cause, first)| Some((traits(cause)?, first)));
        let mut offers = Vec::new();
        // Kinds of one class are alike in everything but their name: what is left to try behind one is so behind all.
        let mut untried: BTreeMap<(Trait, u32), u32> = BTreeMap::new();
        for (target, call) in calls {
            for (index, kind) in self.kinds.iter().enumerate() {
                for phase in kind.phases(target) {
                    let own = of_kind(kind, target, *phase);
                    let offer = Offer { step: (home, cause, own), kind: index, phase: *phase, call };
                    let untried = *untried.entry((own, call)).or_insert_with(|| self.untried(deed, &offer));
                    offers.push((self.weight(&offer, untried), Just(offer)));
                }
            }
        }
        offers
    }

    /// Weighs a fault by how seldom it was drawn, and by how much of what it brings about was not drawn yet.
    fn weight(&self, offer: &Offer, untried: u32) -> u32 {
        let (_, cause, own) = offer.step;
        let (target, class, _) = own;
        let drawn = self.drawn.get(&offer.step).copied().unwrap_or(0);
        let seldom = HEAVIEST / (1 + 99 * drawn * drawn);
        let worth = match cause {
            // Each first fault once; from then on those that bring most about that was not tried.
            None if drawn == 0 => seldom * 10,
            None => seldom + HEAVIEST / 4 * untried,
            // What only another fault brings about, before what happens anyway.
            Some(_) => seldom * interest(own) + HEAVIEST / 100 * untried,
        };
        // Kinds of one class share its weight.
        let alike = self.kinds.iter().filter(|other| other.class(target) == class && !other.phases(target).is_empty()).count();
        (worth / u32::try_from(alike).unwrap_or(1)).max(1)
    }

    /// Weighs the faults that may follow an offered one and never did.
    fn untried(&self, deed: Deed, offer: &Offer) -> u32 {
        let (home, cause, own) = offer.step;
        // Time alone seldom changes anything.
        if is_dull(own.1) {
            return 0;
        }
        let follows = Some((own, cause.is_none()));
        let mut steps: BTreeSet<Step> = BTreeSet::new();
        for (target, _) in self.paths.consequences(deed, &self.sample(offer)) {
            for kind in &self.kinds {
                steps.extend(kind.phases(target).iter().map(|phase| (home, follows, of_kind(kind, target, *phase))));
            }
        }
        steps.iter().filter(|step| !self.drawn.contains_key(step)).map(|(_, _, own)| interest(*own)).sum()
    }

    /// Returns an offered fault as it acts on one call.
    fn sample(&self, offer: &Offer) -> Fault {
        let (_, _, (target, ..)) = offer.step;
        let (service, operation) = target.place();
        Fault { service, operation, when: FaultWhen::Nth(offer.call), phase: offer.phase, what: self.kinds[offer.kind].what.clone() }
    }

    /// Draws the calls that an offered fault acts on.
    fn fault(&self, runner: &mut TestRunner, offer: &Offer) -> Fault {
        let (_, _, (_, class, _)) = offer.step;
        let nth = FaultWhen::Nth(offer.call);
        let whens = match class {
            Class::Final(_) if self.kinds[offer.kind].what != FaultWhat::ExpireToken => {
                vec![(2, Just(nth)), (1, Just(FaultWhen::From(offer.call)))]
            }
            // It keeps its own count of calls.
            Class::Limited if matches!(self.kinds[offer.kind].what, FaultWhat::RateLimit { .. }) => vec![(1, Just(FaultWhen::Every))],
            Class::Failing | Class::Silent | Class::Passing if offer.call == 1 => {
                let half = FaultWhen::Chance(HALF);
                let outage = FaultWhen::Window { from_milliseconds: 0, to_milliseconds: Some(700) };
                vec![(20, Just(nth)), (2, Just(FaultWhen::First(2))), (1, Just(half)), (1, Just(outage))]
            }
            _ => vec![(1, Just(nth))],
        };
        Fault { when: one(runner, &Union::new_weighted(whens)), ..self.sample(offer) }
    }
}

/// Time, and being asked for it, seldom change anything.
fn is_dull(class: Class) -> bool {
    matches!(class, Class::Odd | Class::Limited)
}

/// Returns how much is to be learnt from a fault that another one brings about: most where the call itself is seldom made.
fn interest((target, class, _): Trait) -> u32 {
    match target {
        _ if is_dull(class) => 0,
        Target::Revoke | Target::List | Target::Get | Target::GetTask | Target::Token => 3,
        Target::Create | Target::UpdateTask => 2,
        Target::GetSecret => 1,
    }
}

/// Returns what matters of a fault for what a provider does about it.
fn traits(fault: &Fault) -> Option<Trait> {
    let target = Target::of(fault.operation)?;
    Some(of_kind(kind::of(&fault.what)?, target, fault.phase))
}

/// Tells whether a fault acts on a call.
fn meets(when: FaultWhen, call: u32) -> bool {
    match when {
        FaultWhen::Nth(n) => call == n,
        FaultWhen::First(n) => call <= n,
        FaultWhen::From(n) => call >= n,
        _ => true,
    }
}

/// Tells whether a schedule's faults have a careful provider wait no longer than a quick search allows.
pub fn fits(schedule: &Schedule) -> bool {
    let wait = |act: &Act| -> Duration {
        act.faults.faults.iter().map(|fault| kind::of(&fault.what).map_or(Duration::ZERO, |kind| kind.waits(fault.when))).sum()
    };
    schedule.acts.iter().all(|act| wait(act) <= WAIT_OF_ACT) && schedule.acts.iter().map(wait).sum::<Duration>() <= WAIT_IN_ALL
}

/// The acts of a lifecycle: created, perhaps run again, mostly rotated once or twice, mostly deleted, and perhaps some days after that.
fn deeds() -> impl Strategy<Value = Vec<Act>> {
    let sometimes = |yes: u32, no: u32| Union::new_weighted(vec![(yes, Just(true)), (no, Just(false))]);
    let rotations = Union::new_weighted(vec![(1, Just(0)), (2, Just(1)), (3, Just(2))]);
    (sometimes(1, 5), rotations, sometimes(7, 1), 0..=2_usize).prop_map(|(again, rotations, deleted, days)| {
        let mut deeds = vec![Deed::Create];
        deeds.extend(again.then_some(Deed::Rerun));
        deeds.extend(std::iter::repeat_n(Deed::Rotate, rotations));
        if deleted {
            deeds.push(Deed::Delete);
            deeds.extend(std::iter::repeat_n(Deed::Day, days));
        }
        deeds.into_iter().map(|deed| Act { deed, faults: FaultPlan::default() }).collect()
    })
}

/// Draws one value.
fn one<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    // These strategies reject nothing, so a tree is always made.
    match strategy.new_tree(runner) {
        Ok(tree) => tree.current(),
        Err(reason) => unreachable!("a strategy without a filter rejected: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generator(seed: u64, most_faults: u32) -> Generator {
        let mut paths = Paths::default();
        paths.note(Deed::Create, vec![Target::Token, Target::GetSecret, Target::Create, Target::UpdateTask]);
        paths.note(Deed::Delete, vec![Target::Token, Target::GetSecret, Target::Revoke, Target::UpdateTask]);
        let variants = vec![Some("one".to_owned()), Some("two".to_owned())];
        Generator::new(Wishes { seed, most_faults, slow: false }, variants, paths)
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_seed_something_else() {
        let lines = |seed| {
            let mut generator = generator(seed, 8);
            (0..50).map(|_| generator.draw().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(lines(1), lines(1));
        assert_ne!(lines(1), lines(2));
    }

    #[test]
    fn every_schedule_reads_back_keeps_its_limits_and_takes_turns_with_variants() {
        for most in [1, 8] {
            let mut generator = generator(7, most);
            for index in 0..400 {
                let schedule = generator.draw();
                assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
                assert!((1..=most as usize).contains(&schedule.faults().count()), "{schedule}");
                assert!(fits(&schedule), "{schedule}");
                assert_eq!(schedule.variant.as_deref(), Some(if index % 2 == 0 { "one" } else { "two" }));
            }
        }
    }

    #[test]
    fn every_first_fault_is_tried_soon_and_pairs_of_cause_and_consequence_after_that() {
        let mut generator = generator(3, 8);
        for _ in 0..300 {
            generator.draw();
        }
        let tried: BTreeSet<&Step> = generator.drawn.keys().collect();
        let all: BTreeSet<Step> = [Deed::Create, Deed::Delete]
            .into_iter()
            .flat_map(|deed| generator.offers(deed, None))
            .map(|(_, Just(offer))| offer.step)
            .collect();
        let telling = |step: &&Step| !is_dull(step.2.1);
        let missing: Vec<&Step> = all.iter().filter(telling).filter(|step| !tried.contains(step)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        let pairs = tried.iter().filter(|(_, cause, _)| cause.is_some()).count();
        // Drawn blindly, as many schedules try a third of these.
        assert!(pairs > 550, "{pairs} pairs were tried");
    }
}
