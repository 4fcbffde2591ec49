//! The kinds of faults that schedules are made of: what each does, where it makes sense, and how long it has a provider wait.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use hallmark_harness::fault::{Fault, FaultPhase, FaultService, FaultWhat, FaultWhen};
use hallmark_harness::journal::Operation;

/// The pause before a second attempt that a careful provider makes, roughly; it doubles with each further one.
const PAUSE: Duration = Duration::from_millis(500);

/// Longest that schedules have a job wait in one act, and in all, unless silence is asked for: a search is as quick as its waits are short.
pub const WAIT_OF_ACT: Duration = Duration::from_secs(5);
/// See [`WAIT_OF_ACT`].
pub const WAIT_IN_ALL: Duration = Duration::from_secs(10);

/// An operation of a service at which faults act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// IAM gives a token.
    Token,
    /// Secrets Manager hands a secret out.
    GetSecret,
    /// The third party creates a credential.
    Create,
    /// Secrets Manager takes a report.
    UpdateTask,
    /// Secrets Manager shows the task.
    GetTask,
    /// The third party lists credentials.
    List,
    /// The third party shows one credential.
    Get,
    /// The third party revokes a credential.
    Revoke,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 8] =
        [Self::Token, Self::GetSecret, Self::Create, Self::UpdateTask, Self::GetTask, Self::List, Self::Get, Self::Revoke];

    /// Returns its service and operation.
    pub fn place(self) -> (FaultService, Operation) {
        match self {
            Self::Token => (FaultService::Iam, Operation::Token),
            Self::GetSecret => (FaultService::SecretsManager, Operation::GetSecret),
            Self::UpdateTask => (FaultService::SecretsManager, Operation::UpdateTask),
            Self::GetTask => (FaultService::SecretsManager, Operation::GetTask),
            Self::Create => (FaultService::ThirdParty, Operation::Create),
            Self::List => (FaultService::ThirdParty, Operation::List),
            Self::Get => (FaultService::ThirdParty, Operation::Get),
            Self::Revoke => (FaultService::ThirdParty, Operation::Revoke),
        }
    }

    /// Returns the target of an operation; none where schedules have no faults for it.
    pub fn of(operation: Operation) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.place().1 == operation)
    }

    /// Returns its name, as in a fault's line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "iam.token",
            Self::GetSecret => "secrets_manager.get_secret",
            Self::UpdateTask => "secrets_manager.update_task",
            Self::GetTask => "secrets_manager.get_task",
            Self::Create => "third_party.create",
            Self::List => "third_party.list",
            Self::Get => "third_party.get",
            Self::Revoke => "third_party.revoke",
        }
    }

    /// Tells whether it changes something, so that it matters whether a fault comes before or after that.
    pub fn commits(self) -> bool {
        matches!(self, Self::Create | Self::UpdateTask | Self::Revoke)
    }
}

/// A kind of fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Kind {
    /// Its name, in coverage tables.
    pub name: &'static str,
    /// What happens.
    pub what: FaultWhat,
    /// How many attempts it costs: none where a provider has no reason to try again.
    cost: Cost,
    /// At which moments it is played.
    moments: Moments,
    /// How much it asks of a reader: the less, the sooner a shrunk schedule has it.
    pub rank: u8,
    /// Only where silence is asked for.
    pub slow: bool,
}

/// What a provider makes of a fault. Faults of one class call for the same reaction, so that trying one is nearly as good as trying all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Whatever may pass, where nothing is changed and so nothing is in doubt.
    Passing,
    /// A status that may pass.
    Failing,
    /// No answer at all.
    Silent,
    /// An answer that cannot be read.
    Unreadable,
    /// A status that says when to come again.
    Limited,
    /// A status that is final; which one makes a difference where reports are taken.
    Final(Option<u16>),
    /// The task ends by itself.
    Ended,
    /// The job ends, and is run again.
    Killed,
    /// The right answer, late or in a form that is allowed and rare.
    Odd,
}

/// What a fault costs the provider in waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// Nothing: the answer is final.
    Final,
    /// A pause, and another attempt.
    Attempt,
    /// So long, and nothing else.
    Wait(Duration),
    /// So long, a pause, and another attempt.
    WaitAndAttempt(Duration),
}

/// At which moments a kind is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moments {
    /// Before the commit only.
    Before,
    /// On either side of it, where there is one.
    Either,
    /// After it only, since it acts on the right answer.
    After,
}

impl Kind {
    /// Returns the phases in which it is played at a target; none where it makes no sense there.
    pub fn phases(&self, target: Target) -> &'static [FaultPhase] {
        let (service, operation) = target.place();
        let sample = Fault { service, operation, when: FaultWhen::Every, phase: FaultPhase::BeforeCommit, what: self.what.clone() };
        // A revocation's answer has no body.
        let bodiless = target == Target::Revoke && self.moments == Moments::After && !self.what.kills();
        // To be told that something is not there is a lie about what is; whoever believes it does nothing wrong.
        let lies = matches!(self.what, FaultWhat::Status { status: 404, .. })
            && matches!(target, Target::Revoke | Target::GetTask | Target::List | Target::Get);
        if !sample.can_act() || bodiless || lies {
            return &[];
        }
        match self.moments {
            Moments::After => &[FaultPhase::AfterCommit],
            Moments::Either if target.commits() => &[FaultPhase::BeforeCommit, FaultPhase::AfterCommit],
            Moments::Before | Moments::Either => &[FaultPhase::BeforeCommit],
        }
    }

    /// Returns its class at a target.
    pub fn class(&self, target: Target) -> Class {
        match &self.what {
            _ if self.is_transient() && !target.commits() => Class::Passing,
            FaultWhat::Status { status: 429, .. } | FaultWhat::RateLimit { .. } => Class::Limited,
            // A report that is not allowed and one that conflicts are refused alike.
            FaultWhat::Status { status: 403 | 409, .. } if target == Target::UpdateTask => Class::Final(Some(403)),
            FaultWhat::Status { status, .. } if self.cost == Cost::Final => Class::Final((target == Target::UpdateTask).then_some(*status)),
            FaultWhat::Status { .. } | FaultWhat::GatewayHtml { .. } => Class::Failing,
            FaultWhat::CutBody { .. }
            | FaultWhat::ResetMidBody { .. }
            | FaultWhat::InvalidJson
            | FaultWhat::MalformedChunk
            | FaultWhat::WrongLength { .. } => Class::Unreadable,
            FaultWhat::CancelTask | FaultWhat::ExpireTask => Class::Ended,
            what if what.kills() => Class::Killed,
            FaultWhat::ExpireToken => Class::Final((target == Target::UpdateTask).then_some(401)),
            FaultWhat::Stall | FaultWhat::Close | FaultWhat::Reset | FaultWhat::HalfOpen => Class::Silent,
            _ => Class::Odd,
        }
    }

    /// Tells whether an attempt that met it is worth another, so that it may last only for a few.
    pub fn is_transient(&self) -> bool {
        matches!(self.cost, Cost::Attempt | Cost::WaitAndAttempt(_))
    }

    /// Returns how long it has a careful provider wait when it meets the n-th attempt.
    fn wait(&self, attempt: u32) -> Duration {
        let pause = || PAUSE * 2_u32.saturating_pow(attempt.saturating_sub(1).min(6));
        match self.cost {
            Cost::Final => Duration::ZERO,
            Cost::Attempt => pause(),
            Cost::Wait(wait) => wait,
            Cost::WaitAndAttempt(wait) => wait + pause(),
        }
    }

    /// Returns how long it has a careful provider wait where it acts on these calls.
    pub fn waits(&self, when: FaultWhen) -> Duration {
        match when {
            FaultWhen::Nth(n) => self.wait(n),
            FaultWhen::First(n) => (1..=n).map(|attempt| self.wait(attempt)).sum(),
            FaultWhen::Chance(_) => self.wait(1) * 2,
            FaultWhen::Window { to_milliseconds: Some(to), .. } => self.wait(1) * 2 + Duration::from_millis(to),
            // As long as a provider tries; schedules that are to be quick have none of these that is worth an attempt.
            FaultWhen::From(_) | FaultWhen::Every | FaultWhen::Window { .. } => self.wait(1) * 4,
        }
    }
}

/// Returns every kind.
pub fn all() -> &'static [Kind] {
    static ALL: LazyLock<Vec<Kind>> = LazyLock::new(kinds);
    &ALL
}

fn kinds() -> Vec<Kind> {
    let plain = |name, what, cost, moments, rank| Kind { name, what, cost, moments, rank, slow: false };
    let status = |name, status, cost, moments, rank| {
        plain(name, FaultWhat::Status { status, headers: BTreeMap::new(), body: None }, cost, moments, rank)
    };
    let limited = FaultWhat::Status { status: 429, headers: BTreeMap::from([("retry-after".to_owned(), "1".to_owned())]), body: None };
    let second = Duration::from_secs(1);
    let delay = Duration::from_millis(700);
    let mut kinds = vec![
        status("503", 503, Cost::Attempt, Moments::Either, 0),
        plain("reset", FaultWhat::Reset, Cost::Attempt, Moments::Either, 1),
        plain("close", FaultWhat::Close, Cost::Attempt, Moments::Either, 2),
        status("500", 500, Cost::Attempt, Moments::Either, 2),
        status("502", 502, Cost::Attempt, Moments::Either, 2),
        status("504", 504, Cost::Attempt, Moments::Either, 2),
        plain("gateway page", FaultWhat::GatewayHtml { status: 502 }, Cost::Attempt, Moments::Either, 3),
        plain("429 with Retry-After", limited, Cost::WaitAndAttempt(second), Moments::Before, 3),
        plain("cut body", FaultWhat::CutBody { after: 20 }, Cost::Attempt, Moments::After, 3),
        plain("reset in the body", FaultWhat::ResetMidBody { after: 20 }, Cost::Attempt, Moments::After, 3),
        plain("broken JSON", FaultWhat::InvalidJson, Cost::Attempt, Moments::After, 3),
        status("400", 400, Cost::Final, Moments::Before, 1),
        status("401", 401, Cost::Final, Moments::Before, 1),
        status("403", 403, Cost::Final, Moments::Before, 1),
        status("404", 404, Cost::Final, Moments::Before, 1),
        status("409", 409, Cost::Final, Moments::Before, 1),
        plain("task cancelled", FaultWhat::CancelTask, Cost::Final, Moments::Before, 2),
        plain("task timed out", FaultWhat::ExpireTask, Cost::Final, Moments::Before, 2),
        plain("killed", FaultWhat::KillJob, Cost::Final, Moments::Either, 2),
        plain("killed after the answer", FaultWhat::KillJobAfterReply, Cost::Final, Moments::After, 2),
        plain("delay", FaultWhat::Delay { milliseconds: 700 }, Cost::Wait(delay), Moments::Before, 4),
    ];
    kinds.extend([
        plain("half open", FaultWhat::HalfOpen, Cost::Attempt, Moments::Either, 3),
        plain("malformed chunk", FaultWhat::MalformedChunk, Cost::Attempt, Moments::After, 4),
        plain("wrong length", FaultWhat::WrongLength { by: 7 }, Cost::Attempt, Moments::After, 4),
        plain("token expired", FaultWhat::ExpireToken, Cost::Final, Moments::Before, 2),
        plain("slow body", FaultWhat::SlowBody { bytes_per_second: 2000 }, Cost::Wait(delay), Moments::After, 5),
        plain("answered twice", FaultWhat::Duplicate, Cost::Final, Moments::After, 5),
        // Other interim answers are legal as well, and confuse clients that many use, such as Python's own.
        plain("interim answer", FaultWhat::Informational { status: 100 }, Cost::Final, Moments::After, 5),
        plain("long header", FaultWhat::OversizeHeader { bytes: 6000 }, Cost::Final, Moments::After, 5),
        plain("long body", FaultWhat::OversizeBody { bytes: 1_000_000 }, Cost::Final, Moments::After, 5),
        plain("clock skew", FaultWhat::Skew { seconds: 3600 }, Cost::Final, Moments::After, 5),
    ]);
    let limit = FaultWhat::RateLimit { calls: 1, window_seconds: 1 };
    kinds.push(Kind { slow: true, ..plain("rate limit", limit, Cost::WaitAndAttempt(second), Moments::Before, 4) });
    kinds.push(Kind { slow: true, ..plain("silence", FaultWhat::Stall, Cost::WaitAndAttempt(10 * second), Moments::Either, 4) });
    kinds
}

/// Returns the kind of what a fault does: the same, or what differs in numbers only.
pub fn of(what: &FaultWhat) -> Option<&'static Kind> {
    let alike = |kind: &&Kind| match (&kind.what, what) {
        (FaultWhat::Status { status, headers, .. }, FaultWhat::Status { status: other, headers: others, .. }) => {
            status == other && headers.is_empty() == others.is_empty()
        }
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    };
    all().iter().find(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own_and_a_place_where_it_acts() {
        let kinds = all();
        for (index, kind) in kinds.iter().enumerate() {
            assert!(kinds[index + 1..].iter().all(|other| other.name != kind.name), "{} stands twice", kind.name);
            assert!(Target::ALL.iter().any(|target| !kind.phases(*target).is_empty()), "{} acts nowhere", kind.name);
            assert_eq!(of(&kind.what).map(|found| found.name), Some(kind.name));
        }
    }

    #[test]
    fn the_waits_of_attempts_double_and_final_answers_cost_none() {
        let find = |name: &str| all().iter().find(|kind| kind.name == name).unwrap();
        let reset = find("reset");
        assert_eq!(reset.waits(FaultWhen::Nth(1)), PAUSE);
        assert_eq!(reset.waits(FaultWhen::First(3)), PAUSE * 7);
        assert_eq!(find("403").waits(FaultWhen::Every), Duration::ZERO);
        assert!(find("429 with Retry-After").waits(FaultWhen::Nth(1)) > Duration::from_secs(1));
    }

    #[test]
    fn what_commits_is_disturbed_on_both_sides() {
        let reset = of(&FaultWhat::Reset).unwrap();
        assert_eq!(reset.phases(Target::Create), [FaultPhase::BeforeCommit, FaultPhase::AfterCommit]);
        assert_eq!(reset.phases(Target::List), [FaultPhase::BeforeCommit]);
        assert!(of(&FaultWhat::CutBody { after: 1 }).unwrap().phases(Target::Revoke).is_empty());
        assert!(of(&FaultWhat::CancelTask).unwrap().phases(Target::Create).is_empty());
    }
}
