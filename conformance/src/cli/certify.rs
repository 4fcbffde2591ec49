//! From played scenarios to the records of the results.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::catalog::{Catalog, Profile};
use crate::manifest::Waiver;
use crate::results::{
    Circumstances, ContainerTimingRecord, Mode, Record, ScenarioRecord, SchedulesRecord, SelectionRecord, SummaryRecord, TimingRecord,
    conclude,
};
use crate::ruling::{Ruling, scenario_record};
use crate::suite::{Gathered, Plan};

/// How the playing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Every scenario was played.
    Whole,
    /// The time limit came first.
    TimeIsUp(Duration),
    /// Somebody interrupted it.
    Interrupted,
}

/// A run that ended, to be ruled over.
pub(super) struct Certification<'run> {
    pub(super) catalog: &'run Catalog,
    pub(super) waivers: &'run [Waiver],
    pub(super) profile: Profile,
    pub(super) plan: &'run Plan,
    /// What was selected of all scenarios.
    pub(super) selection: &'run SelectionRecord,
    /// Whether every rule is judged by every scenario of this hallmark, so that a profile can be claimed.
    pub(super) whole: bool,
    pub(super) ended: Ended,
    pub(super) build: Duration,
    pub(super) started: Instant,
    pub(super) stages: u32,
    pub(super) containers: Option<ContainerTimingRecord>,
    /// The fault schedules that were played.
    pub(super) schedules: Option<SchedulesRecord>,
}

impl Certification<'_> {
    /// Returns every record after the first: the scenarios that ended, in that order, then those that did not.
    pub(super) fn records(&self, (outcomes, mut trouble): Gathered, finished: &[ScenarioRecord]) -> Vec<Record> {
        let known: BTreeSet<&str> = finished.iter().map(|scenario| scenario.id.as_str()).collect();
        let cut = self.plan.scenarios.iter().filter(|planned| !known.contains(planned.id.as_str()));
        let cut = cut.map(|planned| scenario_record(planned, outcomes.get(&planned.id)));
        let scenarios: Vec<ScenarioRecord> = finished.iter().cloned().chain(cut).collect();
        // Scenarios end in any order; what is said of a rule is the same each time.
        let mut in_order = scenarios.clone();
        in_order.sort_by(|one, other| (&one.feature, one.line, &one.variant).cmp(&(&other.feature, other.line, &other.variant)));
        let ruling = Ruling::new(self.catalog, self.profile, self.plan, &in_order, self.waivers);
        // Who asks for certain rules is told of others; who asks for a part, or for what had failed, asks for all that is found.
        let ruling = ruling.counting_all_broken(self.selection.rules.is_empty() && self.selection.tags.is_none());
        let rules = ruling.records();
        if let Ended::TimeIsUp(limit) = self.ended {
            trouble.push(format!("the time limit of {} ended the run; --time-limit allows more", humantime::format_duration(limit)));
        }
        let bad = ruling.bad_waivers(&rules);
        let stale = bad.stale.iter().map(|rule| format!("the waiver of {rule} is stale: the rule holds without it; remove it"));
        let last = |rule: &str| self.waivers.iter().find(|waiver| waiver.rule == rule).map(|waiver| format!(" on {}", waiver.expires));
        let expired = bad.expired.iter().map(|rule| format!("the waiver of {rule} expired{}", last(rule).unwrap_or_default()));
        let waivers = if self.whole { stale.chain(expired).collect() } else { expired.collect() };
        let circumstances = Circumstances {
            interrupted: self.ended == Ended::Interrupted,
            part: !self.whole,
            trouble,
            waivers,
            schedules: self.schedules.clone(),
        };
        let conclusion = conclude(self.profile, &rules, &circumstances);
        let summary = SummaryRecord {
            schedules: circumstances.schedules.clone(),
            exit_code: conclusion.exit_code,
            conclusion: conclusion.sentence,
            reached: conclusion.reached,
            counted: conclusion.counted,
            all: conclusion.all,
            waivers: circumstances.waivers,
            scenarios: u32::try_from(scenarios.len()).unwrap_or(u32::MAX),
            seconds: self.started.elapsed().as_secs_f64(),
            finished: now(),
        };
        let timing = self.timing(&scenarios);
        let scenarios = scenarios.into_iter().map(Record::Scenario);
        scenarios.chain(rules.into_iter().map(Record::Rule)).chain([Record::Timing(timing), Record::Summary(summary)]).collect()
    }

    fn timing(&self, scenarios: &[ScenarioRecord]) -> TimingRecord {
        let longest = scenarios.iter().max_by(|one, other| one.job_seconds.total_cmp(&other.job_seconds));
        TimingRecord {
            build: self.build.as_secs_f64(),
            suite: self.started.elapsed().as_secs_f64(),
            longest_own_wait: longest.map_or(0.0, |scenario| scenario.job_seconds),
            longest_scenario: longest.map_or_else(String::new, |scenario| scenario.id.clone()),
            jobs: scenarios.iter().map(|scenario| scenario.job_seconds).sum(),
            job_runs: scenarios.iter().map(|scenario| scenario.jobs).sum(),
            stages: self.stages,
            containers: self.containers.clone(),
        }
    }
}

/// Refuses a profile that a run of this kind can never reach.
pub(super) fn check_profile(profile: Profile, mode: Mode) -> anyhow::Result<()> {
    anyhow::ensure!(
        profile != Profile::Hardened || mode == Mode::Container,
        "profile hardened certifies images, and a command was run here; certify the image with `hallmark run --image`, or choose --profile resilient"
    );
    Ok(())
}

/// Returns the present as RFC 3339.
pub(super) fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}
