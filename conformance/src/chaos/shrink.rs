//! Makes a failing schedule as small as it gets: fewest faults, fewest acts, simplest kinds. Then plays it again and again to know how often it fails.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallmark_harness::fault::{Fault, FaultPhase, FaultWhen};
use hallmark_harness::stage::Recording;

use super::invariant::Counted;
use super::kind;
use super::schedule::{Act, Deed, Schedule};
use super::search::{Player, Trial};
use crate::catalog::RuleId;
use crate::verdict::Judgement;

/// How often the smallest schedule is played to confirm it.
pub const CONFIRMATIONS: u32 = 3;

/// Longest that one schedule is shrunk.
pub const SHRINK_LIMIT: Duration = Duration::from_mins(2);

/// A failing schedule, made small.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// Number of the schedule that it was made from.
    pub from: u64,
    /// The smallest schedule that was found.
    pub schedule: Schedule,
    /// What it breaks.
    pub judgement: Judgement,
    /// What happened when it broke that.
    pub recording: Option<Arc<Recording>>,
    /// How often it broke that of [`CONFIRMATIONS`] further plays.
    pub confirmed: u32,
    /// Schedules that were tried on the way.
    pub tried: u64,
}

impl Shrunk {
    /// Returns a failed trial as it was drawn: nobody had the time to make it small.
    pub fn not_yet(trial: &Trial, judgement: &Judgement) -> Self {
        Self {
            from: trial.index,
            schedule: trial.schedule.clone(),
            judgement: judgement.clone(),
            recording: trial.recording.clone(),
            confirmed: 0,
            tried: 0,
        }
    }

    /// Tells whether it fails each time.
    pub fn is_steady(&self) -> bool {
        self.confirmed == CONFIRMATIONS
    }
}

/// Shrinks a trial that failed, keeping what it breaks. Candidates play side by side.
pub async fn shrink(player: &Player, counted: &Counted, failed: &Trial, judgement: &Judgement, limit: Duration) -> Shrunk {
    let started = Instant::now();
    let rule = judgement.rule.clone();
    let mut best = (failed.schedule.clone(), judgement.clone(), failed.recording.clone());
    let mut tried = 0;
    while started.elapsed() < limit {
        let candidates = candidates(&best.0);
        if candidates.is_empty() {
            break;
        }
        tried += candidates.len() as u64;
        let playing = candidates.into_iter().map(|schedule| broken(player, failed.index, schedule, &rule, counted));
        let played = tokio::time::timeout(limit.saturating_sub(started.elapsed()), futures::future::join_all(playing)).await;
        // The first in order is the simplest.
        let Some(simpler) = played.ok().and_then(|played| played.into_iter().flatten().next()) else { break };
        best = simpler;
    }
    let again = (0..CONFIRMATIONS).map(|_| broken(player, failed.index, best.0.clone(), &rule, counted));
    let again: Vec<_> = futures::future::join_all(again).await.into_iter().flatten().collect();
    let confirmed = u32::try_from(again.len()).unwrap_or(CONFIRMATIONS);
    tried += u64::from(CONFIRMATIONS);
    let (schedule, judgement, recording) = best;
    Shrunk { from: failed.index, schedule, judgement, recording, confirmed, tried }
}

/// A schedule that breaks a rule, how, and what happened.
type Broken = (Schedule, Judgement, Option<Arc<Recording>>);

/// Plays a schedule and returns it where it breaks the rule.
async fn broken(player: &Player, index: u64, schedule: Schedule, rule: &RuleId, counted: &Counted) -> Option<Broken> {
    let trial = player.play(index, schedule).await;
    let judgement = trial.findings.counted(counted).find(|judgement| judgement.rule == *rule)?.clone();
    Some((trial.schedule, judgement, trial.recording))
}

/// Returns every schedule that is one step simpler, the simplest first.
pub fn candidates(schedule: &Schedule) -> Vec<Schedule> {
    let mut candidates = Vec::new();
    let mut offer = |acts: Vec<Act>| {
        let candidate = Schedule { acts, ..schedule.clone() };
        // What is not in the order of a lifecycle cannot be played.
        if candidate != *schedule && candidate.to_string().parse::<Schedule>().is_ok() && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    };
    let acts = &schedule.acts;
    // Without an act and all of its faults; a deletion goes with the days after it.
    for at in 1..acts.len() {
        let until = if acts[at].deed == Deed::Delete { acts.len() } else { at + 1 };
        offer([&acts[..at], &acts[until..]].concat());
    }
    for (at, act) in acts.iter().enumerate() {
        for without in 0..act.faults.faults.len() {
            let mut fewer = acts.clone();
            fewer[at].faults.faults.remove(without);
            offer(fewer);
        }
    }
    for (at, act) in acts.iter().enumerate() {
        for (place, fault) in act.faults.faults.iter().enumerate() {
            for simpler in simpler(fault) {
                let mut changed = acts.clone();
                changed[at].faults.faults[place] = simpler;
                offer(changed);
            }
        }
    }
    candidates
}

/// Returns every fault that is one step simpler: acts less often, earlier, or is easier to understand.
fn simpler(fault: &Fault) -> Vec<Fault> {
    let when = match fault.when {
        FaultWhen::Every => vec![FaultWhen::Nth(1)],
        FaultWhen::From(n) => vec![FaultWhen::Nth(n)],
        FaultWhen::First(n) => (1..n).rev().map(FaultWhen::First).chain([FaultWhen::Nth(n)]).collect(),
        FaultWhen::Nth(n) => (1..n).map(FaultWhen::Nth).collect(),
        FaultWhen::Chance(_) | FaultWhen::Window { .. } => vec![FaultWhen::Nth(1), FaultWhen::Nth(2), FaultWhen::First(2)],
    };
    let mut simpler: Vec<Fault> = when.into_iter().map(|when| Fault { when, ..fault.clone() }).collect();
    let Some((kind, target)) = kind::of(&fault.what).zip(kind::Target::of(fault.operation)) else { return simpler };
    // A kind only gives way to one that a provider has to deal with alike.
    let alike = kind::all()
        .iter()
        .filter(|other| other.rank < kind.rank && other.is_transient() == kind.is_transient() && other.what.kills() == kind.what.kills());
    for other in alike.filter(|other| other.phases(target).contains(&fault.phase)) {
        simpler.push(Fault { what: other.what.clone(), ..fault.clone() });
    }
    if fault.phase == FaultPhase::AfterCommit && kind.phases(target).contains(&FaultPhase::BeforeCommit) {
        simpler.push(Fault { phase: FaultPhase::BeforeCommit, ..fault.clone() });
    }
    simpler
}

/// Tells whether a schedule holds the faults of another one, so that it fails for the same reason: the same operations, on the same side of the commit,
/// in acts of the same kind.
pub fn holds(schedule: &Schedule, other: &Schedule) -> bool {
    let mut left: Vec<_> = schedule.faults().map(traits).collect();
    other.faults().map(traits).all(|wanted| match left.iter().position(|one| *one == wanted) {
        Some(found) => {
            left.swap_remove(found);
            true
        }
        None => false,
    })
}

fn traits((deed, fault): (Deed, &Fault)) -> (bool, hallmark_harness::journal::Operation, FaultPhase) {
    (matches!(deed, Deed::Delete | Deed::Day), fault.operation, fault.phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(line: &str) -> Schedule {
        line.parse().unwrap()
    }

    fn lines(line: &str) -> Vec<String> {
        candidates(&schedule(line)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn candidates_are_simpler_and_the_simplest_come_first() {
        let found = lines("create: iam.token@first:2 before_commit close | rotate | delete | day");
        assert_eq!(found[0], "create: iam.token@first:2 before_commit close | delete | day");
        assert_eq!(found[1], "create: iam.token@first:2 before_commit close | rotate");
        assert!(found.contains(&"create | rotate | delete | day".to_owned()));
        assert!(found.contains(&"create: iam.token@nth:2 before_commit close | rotate | delete | day".to_owned()));
        assert!(found.contains(&"create: iam.token@first:2 before_commit status(503) | rotate | delete | day".to_owned()));
        for candidate in found {
            candidate.parse::<Schedule>().unwrap();
        }
    }

    #[test]
    fn shrinking_ends() {
        let mut schedule = schedule(
            "create: secrets_manager.update_task@from:3 before_commit status(404); third_party.create@first:3 after_commit gateway_html(502) | \
             rerun: iam.token@nth:3 before_commit status(429, retry-after: 1) | rotate | delete: third_party.revoke@nth:2 before_commit close | day",
        );
        let mut steps = 0;
        // Whatever is accepted, the last candidate too, it ends.
        while let Some(last) = candidates(&schedule).pop() {
            schedule = last;
            steps += 1;
            assert!(steps < 100, "{schedule}");
        }
        assert_eq!(schedule.to_string(), "create");
    }

    #[test]
    fn a_schedule_holds_another_ones_faults() {
        let small =
            schedule("create: secrets_manager.update_task@nth:1 after_commit reset; third_party.revoke@nth:1 before_commit status(503)");
        let large = schedule(
            "create: third_party.revoke@first:2 before_commit close; secrets_manager.update_task@nth:2 after_commit status(504); \
             iam.token@nth:1 before_commit reset | delete",
        );
        assert!(holds(&large, &small) && !holds(&small, &large));
        assert!(!holds(&schedule("create | delete: third_party.revoke@nth:1 before_commit close"), &small));
    }
}
