//! The experiments, as data: what goes wrong, what is ordered meanwhile, and how often.
//!
//! The main type is [`Experiment`]; [`grid`] returns those of a [`Size`].

use std::time::Duration;

use hallmark_harness::fault::FaultPlan;
use hallmark_harness::journal::{Operation, Service};
use serde::{Deserialize, Serialize};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// About a minute.
    Quick,
    /// At most five minutes, of a command.
    #[default]
    Usual,
    /// The whole grid.
    Full,
}

/// The call that is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// The update of the task.
    Update,
    /// The token request.
    Token,
    /// Reading the login secret.
    GetSecret,
    /// Creating a credential at the third party.
    Create,
    /// Revoking one there.
    Revoke,
}

impl Call {
    /// Returns the word in ids and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Token => "token",
            Self::GetSecret => "get-secret",
            Self::Create => "create",
            Self::Revoke => "revoke",
        }
    }

    /// Returns what a plan calls it.
    fn in_plan(self) -> &'static str {
        match self {
            Self::Update => "secrets_manager.update_task",
            Self::Token => "iam.token",
            Self::GetSecret => "secrets_manager.get_secret",
            Self::Create => "third_party.create",
            Self::Revoke => "third_party.revoke",
        }
    }

    /// Returns what a plan calls the connections over which it is made.
    fn connections_in_plan(self) -> &'static str {
        match self {
            Self::Update | Self::GetSecret => "secrets_manager.connect",
            Self::Token => "iam.connect",
            Self::Create | Self::Revoke => "third_party.connect",
        }
    }

    /// Tells whether a request is such a call.
    pub fn is(self, service: &Service, operation: Operation) -> bool {
        let (is_there, expected) = match self {
            Self::Update => (*service == Service::SecretsManager, Operation::UpdateTask),
            Self::GetSecret => (*service == Service::SecretsManager, Operation::GetSecret),
            Self::Token => (*service == Service::Iam, Operation::Token),
            Self::Create => (matches!(service, Service::ThirdParty(_)), Operation::Create),
            Self::Revoke => (matches!(service, Service::ThirdParty(_)), Operation::Revoke),
        };
        is_there && operation == expected
    }

    /// Tells whether a provider can make the call at all.
    fn is_possible(self, has: Possible) -> bool {
        match self {
            Self::Update | Self::Token => true,
            Self::GetSecret => has.named_secret,
            Self::Create | Self::Revoke => has.third_party,
        }
    }
}

/// How the disturbed calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// 503.
    Unavailable,
    /// 429.
    TooMany,
    /// A reset connection.
    Reset,
    /// No answer.
    Stall,
    /// Nobody listens: the system refuses the connection, which leaves no trace. Such an outage begins before the job.
    Refused,
}

impl Cause {
    /// Returns the word in ids and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unavailable => "503",
            Self::TooMany => "429",
            Self::Reset => "reset",
            Self::Stall => "stall",
            Self::Refused => "refused",
        }
    }

    fn in_plan(self) -> &'static str {
        match self {
            Self::Unavailable => "status(503)",
            Self::TooMany => "status(429)",
            Self::Reset => "reset",
            Self::Stall => "stall",
            Self::Refused => "refuse",
        }
    }
}

/// What an experiment asks about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "question")]
pub enum Question {
    /// Whether and how a provider gets over an outage that begins with its first such call.
    Outage {
        /// How calls fail.
        cause: Cause,
        /// Seconds.
        seconds: f64,
    },
    /// When it gives up, where calls fail for ever.
    Lasting {
        /// How calls fail.
        cause: Cause,
    },
    /// Whether it waits as long as it is asked to.
    RetryAfter {
        /// The header's value, as the plan has it.
        value: String,
        /// Seconds that it asks for; none where it asks for nothing that can be followed.
        asked: Option<f64>,
    },
    /// How long it waits for an answer that never comes.
    Silence,
    /// What many jobs do after an outage that all of them met.
    Herd {
        /// How many.
        jobs: u32,
        /// Seconds.
        seconds: f64,
    },
    /// What it makes of calls that fail by chance.
    ErrorRate {
        /// Probability that a call fails, 0 to 1.
        probability: f64,
    },
}

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    /// Its name; the same in every version that measures the same.
    pub id: String,
    /// The call that is disturbed.
    pub call: Call,
    /// What it asks about.
    #[serde(flatten)]
    pub question: Question,
    /// The fault plan, as its one line.
    pub plan: String,
}

/// What a provider has, and can therefore be disturbed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Possible {
    /// A third party that hallmark plays.
    pub third_party: bool,
    /// An input that names a secret.
    pub named_secret: bool,
    /// Jobs that start together. Containers start one after another, for longer than an outage lasts that all of them are to meet.
    pub herd: bool,
}

impl Experiment {
    fn new(call: Call, name: &str, what: &str, question: Question) -> Self {
        Self { id: format!("{}-{name}", call.word()), call, question, plan: format!("{}@{what}", call.in_plan()) }
    }

    fn outage(call: Call, cause: Cause, seconds: f64) -> Self {
        let what = format!("window:0ms..{:.0}ms {}", seconds * 1000.0, cause.in_plan());
        let question = Question::Outage { cause, seconds };
        let outage = Self::new(call, &format!("{}-{seconds}s", cause.word()), &what, question);
        match cause {
            Cause::Refused => Self { plan: format!("{}@{what}", call.connections_in_plan()), ..outage },
            _ => outage,
        }
    }

    fn lasting(call: Call, cause: Cause) -> Self {
        Self::new(call, &format!("{}-lasting", cause.word()), &format!("every {}", cause.in_plan()), Question::Lasting { cause })
    }

    fn retry_after(call: Call, name: &str, value: &str, asked: Option<f64>) -> Self {
        let what = format!("first:1 status(503, retry-after: \"{value}\", date: date+0s)");
        Self::new(call, &format!("retry-after-{name}"), &what, Question::RetryAfter { value: value.to_owned(), asked })
    }

    fn silence(call: Call) -> Self {
        Self::new(call, "silence", "first:1 stall", Question::Silence)
    }

    fn herd(jobs: u32, seconds: f64) -> Self {
        let what = format!("window:0ms..{:.0}ms {}", seconds * 1000.0, Cause::Unavailable.in_plan());
        Self::new(Call::Update, &format!("herd-{jobs}"), &what, Question::Herd { jobs, seconds })
    }

    fn error_rate(call: Call, probability: f64) -> Self {
        let what = format!("chance:{probability} status(503)");
        Self::new(call, &format!("errors-{probability}"), &what, Question::ErrorRate { probability })
    }

    /// Returns the plan. The seed decides what happens by chance.
    pub fn fault_plan(&self, seed: u64) -> Result<FaultPlan, hallmark_harness::fault::FaultParseError> {
        match self.question {
            Question::ErrorRate { .. } => format!("seed:{seed}; {}", self.plan).parse(),
            _ => self.plan.parse(),
        }
    }

    /// Returns the seconds of the outage, where there is one.
    pub fn outage_seconds(&self) -> Option<f64> {
        match self.question {
            Question::Outage { seconds, .. } | Question::Herd { seconds, .. } => Some(seconds),
            _ => None,
        }
    }

    /// Tells whether what fails leaves no trace, and the outage begins with the plan.
    pub fn is_unseen(&self) -> bool {
        matches!(self.question, Question::Outage { cause: Cause::Refused, .. })
    }

    /// Returns how calls fail, where the policy can be told from the waits: nobody asked for any of them. A 429 of Secrets Manager's asks.
    pub fn free_cause(&self) -> Option<Cause> {
        let free = |cause: &Cause| match cause {
            Cause::Stall | Cause::Refused => false,
            Cause::TooMany => !matches!(self.call, Call::Update | Call::GetSecret),
            Cause::Unavailable | Cause::Reset => true,
        };
        match self.question {
            Question::Outage { cause, .. } | Question::Lasting { cause } => Some(cause).filter(free),
            _ => None,
        }
    }

    /// Returns how often it is repeated, where `runs` are asked for: herds are many jobs each, and a silent server is waited for long.
    pub fn repetitions(&self, runs: u32) -> u32 {
        match self.question {
            Question::Herd { .. } | Question::Silence => runs.min(3),
            _ => runs,
        }
    }

    /// Returns the jobs that one repetition runs.
    pub fn jobs(&self) -> u32 {
        match self.question {
            Question::Herd { jobs, .. } => jobs,
            _ => 1 + u32::from(self.call == Call::Revoke),
        }
    }

    /// Returns about how long one repetition takes, for estimates: outages are waited for, and once more as long for what follows.
    fn duration(&self, longest: Duration) -> Duration {
        let seconds = match self.question {
            Question::Outage { seconds, .. } | Question::Herd { seconds, .. } => seconds * 2.0 + 1.0,
            Question::RetryAfter { asked, .. } => asked.unwrap_or(2.0) + 1.0,
            Question::ErrorRate { .. } => 5.0,
            Question::Lasting { .. } => return longest,
            Question::Silence => return longest.min(Duration::from_secs(30)),
        };
        Duration::from_secs_f64(seconds).min(longest)
    }
}

/// Retry-After in all its forms: name, value, seconds asked for.
const RETRY_AFTER: [(&str, &str, Option<f64>); 6] = [
    ("3s", "3", Some(3.0)),
    // A date is cut to whole seconds: at least two are left of three.
    ("date", "date+3s", Some(2.0)),
    ("past", "Sun, 06 Nov 1994 08:49:37 GMT", None),
    ("0", "0", None),
    ("garbage", "soon", None),
    ("huge", "31536000", None),
];

/// Returns the experiments of a size that a provider can be put to.
pub fn grid(size: Size, possible: Possible) -> Vec<Experiment> {
    let retry_after = |call: Call, names: &[&str]| {
        let chosen = RETRY_AFTER.iter().filter(|(name, ..)| names.contains(name));
        chosen.map(|(name, value, asked)| Experiment::retry_after(call, name, value, *asked)).collect::<Vec<_>>()
    };
    let outages = |calls: &[Call], causes: &[Cause], lengths: &[f64]| {
        let mut found = Vec::new();
        for (call, cause) in calls.iter().flat_map(|call| causes.iter().map(move |cause| (*call, *cause))) {
            found.extend(lengths.iter().map(|seconds| Experiment::outage(call, cause, *seconds)));
        }
        found
    };
    let all = RETRY_AFTER.map(|(name, ..)| name);
    let mut experiments = match size {
        Size::Quick => [
            vec![Experiment::lasting(Call::Update, Cause::Unavailable)],
            outages(&[Call::Update], &[Cause::Unavailable], &[1.0, 5.0]),
            outages(&[Call::Token], &[Cause::Unavailable], &[1.0]),
            retry_after(Call::Update, &["3s"]),
        ]
        .concat(),
        Size::Usual => [
            vec![
                Experiment::lasting(Call::Update, Cause::Unavailable),
                Experiment::silence(Call::Update),
                Experiment::silence(Call::Token),
            ],
            outages(&[Call::Update, Call::Token], &[Cause::Unavailable, Cause::Reset], &[1.0, 5.0, 15.0]),
            retry_after(Call::Update, &all),
            vec![Experiment::herd(50, 5.0)],
        ]
        .concat(),
        Size::Full => {
            let calls = [Call::Update, Call::Token, Call::GetSecret, Call::Create, Call::Revoke];
            let causes = [Cause::Unavailable, Cause::TooMany, Cause::Reset, Cause::Stall, Cause::Refused];
            [
                calls.map(|call| Experiment::lasting(call, Cause::Unavailable)).to_vec(),
                outages(&calls, &causes, &[0.5, 1.0, 2.0, 5.0, 15.0, 30.0]),
                calls.iter().flat_map(|call| retry_after(*call, &all)).collect(),
                calls.iter().flat_map(|call| [0.1, 0.5, 0.9].map(|chance| Experiment::error_rate(*call, chance))).collect(),
                calls.map(Experiment::silence).to_vec(),
                vec![Experiment::herd(50, 5.0)],
            ]
            .concat()
        }
    };
    let herd = |experiment: &Experiment| matches!(experiment.question, Question::Herd { .. });
    experiments.retain(|experiment| experiment.call.is_possible(possible) && (possible.herd || !herd(experiment)));
    experiments
}

/// Returns about how long it takes to do experiments `at_once`, where a job runs for `longest` at most and each start of one takes `start`.
pub fn estimate(experiments: &[Experiment], runs: u32, arms: u32, at_once: u32, longest: Duration, start: Duration) -> Duration {
    let mut waits = Duration::ZERO;
    let mut starts = Duration::ZERO;
    let mut single = Duration::ZERO;
    for experiment in experiments {
        let times = experiment.repetitions(runs) * arms;
        starts += start * experiment.jobs() * times;
        match experiment.question {
            // Herds have the machine for themselves.
            Question::Herd { .. } => single += experiment.duration(longest) * times,
            _ => waits += experiment.duration(longest) * times,
        }
    }
    let slowest = experiments.iter().map(|experiment| experiment.duration(longest)).max().unwrap_or_default();
    (waits / at_once.max(1)).max(slowest).max(starts) + single
}

#[cfg(test)]
mod tests {
    use hallmark_harness::fault::Fault;

    use super::*;

    const EVERYTHING: Possible = Possible { third_party: true, named_secret: true, herd: true };

    #[test]
    fn every_plan_parses_and_can_act() {
        for size in [Size::Quick, Size::Usual, Size::Full] {
            for experiment in grid(size, EVERYTHING) {
                let plan = experiment.fault_plan(7).unwrap_or_else(|error| panic!("{}: {error}", experiment.plan));
                assert!(plan.check().is_ok() && plan.faults.iter().all(Fault::can_act), "{}", experiment.plan);
            }
        }
    }

    #[test]
    fn names_are_told_apart() {
        let mut ids: Vec<String> = grid(Size::Full, EVERYTHING).into_iter().map(|experiment| experiment.id).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
        let quick = grid(Size::Quick, EVERYTHING);
        let usual = grid(Size::Usual, EVERYTHING);
        assert!(quick.iter().all(|experiment| usual.contains(experiment)), "a quick run can be compared with a usual one");
    }

    #[test]
    fn a_provider_without_a_third_party_is_not_disturbed_there() {
        let experiments = grid(Size::Full, Possible { third_party: false, named_secret: false, herd: true });
        assert!(experiments.iter().all(|experiment| matches!(experiment.call, Call::Update | Call::Token)));
        assert!(!experiments.is_empty());
        let apart = grid(Size::Full, Possible { herd: false, ..EVERYTHING });
        assert_eq!(apart.len() + 1, grid(Size::Full, EVERYTHING).len());
        assert!(apart.iter().all(|experiment| !matches!(experiment.question, Question::Herd { .. })));
    }

    #[test]
    fn no_policy_is_told_from_waits_that_were_asked_for() {
        let told = |call, cause| Experiment::outage(call, cause, 1.0).free_cause();
        assert_eq!((told(Call::Update, Cause::TooMany), told(Call::GetSecret, Cause::TooMany)), (None, None));
        assert_eq!(told(Call::Token, Cause::TooMany), Some(Cause::TooMany));
        assert_eq!(told(Call::Update, Cause::Unavailable), Some(Cause::Unavailable));
        assert_eq!(told(Call::Update, Cause::Stall), None);
    }

    #[test]
    fn a_usual_run_ends_within_five_minutes_and_a_quick_one_in_about_one() {
        let estimate = |size| estimate(&grid(size, EVERYTHING), 10, 1, 32, Duration::from_mins(1), Duration::from_millis(100));
        assert!(estimate(Size::Usual) <= Duration::from_mins(5), "{:?}", estimate(Size::Usual));
        assert!(estimate(Size::Quick) <= Duration::from_secs(75), "{:?}", estimate(Size::Quick));
        assert!(estimate(Size::Full) > estimate(Size::Usual));
    }
}
