//! From what the oracles said in each scenario to one verdict for each rule.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::catalog::{Catalog, Profile, Rule, RuleId};
use crate::manifest::Waiver;
use crate::results::{RuleRecord, ScenarioRecord, Shown};
use crate::suite::{Plan, Planned, ScenarioOutcome};
use crate::verdict::{Judgement, Verdict};

/// Judgements of a rule that its record shows.
const SHOWN: usize = 10;

/// Returns the record of a scenario. Without an outcome the run was cut before it.
pub fn scenario_record(planned: &Planned, variant: Option<&str>, outcome: Option<&ScenarioOutcome>) -> ScenarioRecord {
    let missing = ScenarioOutcome { trouble: vec!["the run ended before this scenario did".into()], ..ScenarioOutcome::default() };
    let outcome = outcome.unwrap_or(&missing);
    let own: Vec<&Judgement> = outcome.judgements.iter().filter(|judgement| judgement.rule == planned.rule).collect();
    ScenarioRecord {
        id: planned.id.clone(),
        rule: planned.rule.clone(),
        name: planned.name.clone(),
        feature: planned.path.to_owned(),
        line: planned.line as u64,
        variant: variant.map(str::to_owned),
        verdict: scenario_verdict(&own, &outcome.trouble),
        judgements: outcome.judgements.clone(),
        trouble: outcome.trouble.clone(),
        excerpts: outcome.excerpts.clone(),
        jobs: outcome.jobs,
        seconds: outcome.time.as_secs_f64(),
        job_seconds: outcome.job_time.as_secs_f64(),
        steps: planned.steps.clone(),
    }
}

/// What a scenario came to for one rule. With trouble of ours it says nothing, neither for nor against the provider.
fn scenario_verdict(judgements: &[&Judgement], trouble: &[String]) -> Verdict {
    let any = |verdict: Verdict| judgements.iter().any(|judgement| judgement.verdict == verdict);
    if any(Verdict::Fail) && trouble.is_empty() {
        Verdict::Fail
    } else if any(Verdict::Inconclusive) || !trouble.is_empty() {
        Verdict::Inconclusive
    } else if any(Verdict::Pass) {
        Verdict::Pass
    } else {
        Verdict::NotExercised
    }
}

/// Gives every selected rule its verdict.
pub struct Ruling<'run> {
    catalog: &'run Catalog,
    profile: Profile,
    plan: &'run Plan,
    scenarios: &'run [ScenarioRecord],
    waivers: &'run [Waiver],
    today: time::Date,
}

/// Waivers that fail a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadWaivers {
    /// Those whose rule holds without them, or that name no rule.
    pub stale: Vec<String>,
    /// Those past their last day.
    pub expired: Vec<String>,
}

impl<'run> Ruling<'run> {
    /// Rules over the scenarios of a run.
    pub fn new(
        catalog: &'run Catalog,
        profile: Profile,
        plan: &'run Plan,
        scenarios: &'run [ScenarioRecord],
        waivers: &'run [Waiver],
    ) -> Self {
        Self { catalog, profile, plan, scenarios, waivers, today: OffsetDateTime::now_utc().date() }
    }

    /// Returns the record of every rule that was selected or broken, in the catalog's order.
    pub fn records(&self) -> Vec<RuleRecord> {
        let planned: BTreeSet<&RuleId> = self.plan.scenarios.iter().map(|scenario| &scenario.rule).collect();
        let inapplicable: BTreeSet<&RuleId> = self.plan.inapplicable.iter().map(|one| &one.rule).collect();
        let broken: BTreeSet<&RuleId> = self
            .scenarios
            .iter()
            .flat_map(|scenario| &scenario.judgements)
            .filter(|judgement| judgement.verdict == Verdict::Fail)
            .map(|judgement| &judgement.rule)
            .collect();
        let mut records: Vec<RuleRecord> = self
            .catalog
            .rules
            .iter()
            .filter(|rule| [&planned, &inapplicable, &broken].iter().any(|set| set.contains(&rule.id)))
            .map(|rule| self.record(rule))
            .collect();
        self.apply_needs(&mut records);
        self.apply_waivers(&mut records);
        records
    }

    fn record(&self, rule: &Rule) -> RuleRecord {
        let (verdict, reason) = self.verdict(rule);
        let all = self.scenarios.iter().flat_map(|scenario| {
            let of_rule = scenario.judgements.iter().filter(|judgement| judgement.rule == rule.id);
            of_rule.map(|judgement| Shown { scenario: scenario.id.clone(), judgement: judgement.clone() })
        });
        let (mut deciding, passes): (Vec<Shown>, Vec<Shown>) = all.partition(|shown| shown.judgement.verdict != Verdict::Pass);
        deciding.retain(|shown| verdict != Verdict::Pass || shown.judgement.verdict == Verdict::Fail);
        deciding.sort_by_key(|shown| std::cmp::Reverse(shown.judgement.verdict));
        let total = passes.len();
        // A pass is shown by what proved it.
        let mut shown: Vec<Shown> = if deciding.is_empty() { passes } else { deciding };
        let more = shown.len().saturating_sub(SHOWN);
        shown.truncate(SHOWN);
        RuleRecord {
            id: rule.id.clone(),
            level: rule.level,
            requirement: rule.requirement.clone(),
            source: rule.source.clone(),
            counts: self.profile.counts(rule.level),
            verdict,
            reason,
            passes: count(total),
            shown,
            more: count(more),
        }
    }

    fn verdict(&self, rule: &Rule) -> (Verdict, String) {
        let own: Vec<&ScenarioRecord> = self.scenarios.iter().filter(|scenario| scenario.rule == rule.id).collect();
        let failed = self
            .scenarios
            .iter()
            .filter(|scenario| scenario.trouble.is_empty())
            .flat_map(|scenario| &scenario.judgements)
            .any(|judgement| judgement.rule == rule.id && judgement.verdict == Verdict::Fail && self.part_counts(rule, judgement));
        if failed {
            return (Verdict::Fail, String::new());
        }
        if let Some(troubled) = own.iter().find(|scenario| !scenario.trouble.is_empty()) {
            return (Verdict::Inconclusive, format!("{}: {}", troubled.id, troubled.trouble.join("; ")));
        }
        let said = |verdict: Verdict| {
            own.iter()
                .flat_map(|scenario| scenario.judgements.iter().map(move |judgement| (scenario, judgement)))
                .find(|(_, judgement)| judgement.rule == rule.id && judgement.verdict == verdict)
        };
        if let Some((scenario, judgement)) = said(Verdict::Inconclusive) {
            return (Verdict::Inconclusive, format!("{}: {}", scenario.id, judgement.actual));
        }
        // A scenario that never reached its rule leaves a hole, even where another one reached it.
        if let Some(hole) = own.iter().find(|scenario| scenario.verdict == Verdict::NotExercised) {
            let why = hole
                .judgements
                .iter()
                .find(|judgement| judgement.rule == rule.id)
                .map_or("no oracle had anything to judge", |judgement| &judgement.actual);
            return (Verdict::NotExercised, format!("{} ({}): {why}", hole.id, hole.name));
        }
        if own.is_empty() {
            let reasons: BTreeSet<&str> =
                self.plan.inapplicable.iter().filter(|one| one.rule == rule.id).map(|one| one.reason.as_str()).collect();
            let reason = reasons.into_iter().collect::<Vec<_>>().join("; ");
            return (Verdict::NotApplicable, if reason.is_empty() { "its scenarios were not selected".into() } else { reason });
        }
        (Verdict::Pass, String::new())
    }

    /// A part of a must rule that only should hold does not break it under a profile that counts musts only.
    fn part_counts(&self, rule: &Rule, judgement: &Judgement) -> bool {
        let level = judgement.part.unwrap_or(rule.level);
        level == rule.level || self.profile.counts(level)
    }

    /// A rule that needs another one cannot be judged where that is not kept.
    fn apply_needs(&self, records: &mut [RuleRecord]) {
        let kept: BTreeMap<RuleId, Verdict> = records.iter().map(|record| (record.id.clone(), record.verdict)).collect();
        for record in records.iter_mut() {
            let needs = self.catalog.rule(record.id.as_str()).map(|rule| rule.needs.clone()).unwrap_or_default();
            let Some(lacking) = needs.iter().find(|need| kept.get(need).is_some_and(|verdict| *verdict == Verdict::Fail)) else { continue };
            if record.verdict == Verdict::NotExercised || record.verdict == Verdict::Fail {
                record.verdict = Verdict::NotApplicable;
                record.reason = format!("it needs {lacking}, which is not kept");
            }
        }
    }

    fn apply_waivers(&self, records: &mut [RuleRecord]) {
        for waiver in self.waivers.iter().filter(|waiver| waiver.expires >= self.today) {
            let waived = records.iter_mut().find(|record| record.id.as_str() == waiver.rule && record.verdict == Verdict::Fail);
            if let Some(record) = waived {
                record.verdict = Verdict::Waived;
                record.reason = format!("waived until {}: {}", waiver.expires, waiver.reason);
            }
        }
    }

    /// Returns the waivers that fail the run. A waiver of a rule that was not selected is not stale.
    pub fn bad_waivers(&self, records: &[RuleRecord]) -> BadWaivers {
        let mut bad = BadWaivers::default();
        for waiver in self.waivers {
            if waiver.expires < self.today {
                bad.expired.push(waiver.rule.clone());
                continue;
            }
            let record = records.iter().find(|record| record.id.as_str() == waiver.rule);
            let holds = record.is_some_and(|record| matches!(record.verdict, Verdict::Pass | Verdict::NotApplicable));
            if holds || self.catalog.rule(&waiver.rule).is_none() {
                bad.stale.push(waiver.rule.clone());
            }
        }
        bad
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
