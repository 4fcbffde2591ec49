//! From what the oracles said in each scenario to one verdict for each rule.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

use crate::catalog::{Catalog, Profile, Rule, RuleId};
use crate::manifest::Waiver;
use crate::results::{RuleRecord, ScenarioRecord, Shown};
use crate::suite::{PROCESS, Plan, Planned, ScenarioOutcome};
use crate::verdict::{Judgement, Verdict};

/// Judgements of a rule that its record shows.
const SHOWN: usize = 10;

/// Returns the record of a scenario. Without an outcome the run was cut before it.
pub fn scenario_record(planned: &Planned, outcome: Option<&ScenarioOutcome>) -> ScenarioRecord {
    let missing = ScenarioOutcome { trouble: vec!["the run ended before this scenario did".into()], ..ScenarioOutcome::default() };
    let outcome = outcome.unwrap_or(&missing);
    let own: Vec<&Judgement> = outcome.judgements.iter().filter(|judgement| judgement.rule == planned.rule).collect();
    ScenarioRecord {
        id: planned.id.clone(),
        rule: planned.rule.clone(),
        name: planned.name.clone(),
        feature: planned.path.clone(),
        line: planned.line as u64,
        variant: planned.variant_name.clone(),
        verdict: scenario_verdict(&own, &outcome.trouble, planned.own),
        judgements: outcome.judgements.clone(),
        trouble: outcome.trouble.clone(),
        warnings: outcome.warnings.clone(),
        excerpts: outcome.excerpts.clone(),
        jobs: outcome.jobs,
        seconds: outcome.time.as_secs_f64(),
        job_seconds: outcome.job_time.as_secs_f64(),
        steps: planned.steps.clone(),
    }
}

/// What a scenario came to for one rule. With trouble of ours it says nothing, neither for nor against the provider.
///
/// In a scenario of the company's own every step has to come to something.
fn scenario_verdict(judgements: &[&Judgement], trouble: &[String], all: bool) -> Verdict {
    let any = |verdict: Verdict| judgements.iter().any(|judgement| judgement.verdict == verdict);
    if any(Verdict::Fail) && trouble.is_empty() {
        Verdict::Fail
    } else if any(Verdict::Inconclusive) || !trouble.is_empty() {
        Verdict::Inconclusive
    } else if all && any(Verdict::NotExercised) {
        Verdict::NotExercised
    } else if any(Verdict::Pass) {
        Verdict::Pass
    } else if any(Verdict::NotApplicable) {
        Verdict::NotApplicable
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
    /// Whether a rule that was broken on the way counts too.
    all_broken: bool,
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
        Self { catalog, profile, plan, scenarios, waivers, today: OffsetDateTime::now_utc().date(), all_broken: false }
    }

    /// Counts every rule that was broken on the way, also one without a scenario in this run: where a part of a whole is played, somebody else plays
    /// its scenarios, and its failure is this part's.
    #[must_use]
    pub fn counting_all_broken(mut self, all: bool) -> Self {
        self.all_broken = all;
        self
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
        // Scenarios end in any order; a report is the same each time.
        deciding.sort_by(|one, other| other.judgement.verdict.cmp(&one.judgement.verdict).then_with(|| one.scenario.cmp(&other.scenario)));
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
            counts: self.profile.counts(rule.level) && (self.is_selected(rule) || self.all_broken),
            verdict,
            reason,
            passes: count(total),
            shown,
            more: count(more),
        }
    }

    /// A rule that was not selected, and was broken on the way, is shown and not counted.
    fn is_selected(&self, rule: &Rule) -> bool {
        self.plan.scenarios.iter().any(|scenario| scenario.rule == rule.id) || self.plan.inapplicable.iter().any(|one| one.rule == rule.id)
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
        // What looked broken in the midst of our own trouble is not kept either.
        let doubtful = self.scenarios.iter().filter(|scenario| !scenario.trouble.is_empty()).find_map(|scenario| {
            let fails = |judgement: &&Judgement| {
                judgement.rule == rule.id && judgement.verdict == Verdict::Fail && self.part_counts(rule, judgement)
            };
            Some((scenario, scenario.judgements.iter().find(fails)?))
        });
        if let Some((scenario, judgement)) = doubtful {
            return (Verdict::Inconclusive, format!("{}: {}; {}", scenario.id, judgement.actual, scenario.trouble.join("; ")));
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
        let applies = own.iter().any(|scenario| scenario.verdict != Verdict::NotApplicable);
        let inapplicable = said(Verdict::NotApplicable).filter(|_| !applies);
        if let Some((scenario, judgement)) = inapplicable {
            return (Verdict::NotApplicable, format!("{}: {}", scenario.id, judgement.actual));
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
        // Hardened is what needs no exception.
        if self.profile == Profile::Hardened {
            return;
        }
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
            // What a command cannot show may still fail of its image.
            let unseen = self.plan.inapplicable.iter().any(|one| one.rule.as_str() == waiver.rule && one.reason == PROCESS);
            let holds = !unseen && record.is_some_and(|record| matches!(record.verdict, Verdict::Pass | Verdict::NotApplicable));
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

#[cfg(test)]
mod tests {
    use hallmark_harness::contract::ValueType;

    use super::*;
    use crate::manifest::{DeclaredInput, InputValue, Preset, ThirdPartySource, Variant};
    use crate::suite::{Features, Selection};

    /// A provider to which every rule applies.
    fn variant() -> Variant {
        let input = |name: &str, value_type: ValueType, required: bool, value: InputValue| DeclaredInput {
            name: name.into(),
            value_type,
            required,
            value: Some(value),
        };
        let third_party = ThirdPartySource { preset: Some(Preset::Artifactory), spec: None, hosts: Vec::new(), service: None, tcp: None };
        Variant {
            name: None,
            job_config: true,
            inputs: vec![
                input("login", ValueType::SecretId, true, InputValue::Secret("login".into())),
                input("seconds", ValueType::Integer, false, InputValue::Literal("5".into())),
                input("kind", ValueType::Enum(vec!["a".into(), "b".into()]), true, InputValue::Literal("a".into())),
            ],
            outputs: Vec::new(),
            third_parties: [("artifactory".to_owned(), third_party)].into(),
            secrets: BTreeMap::new(),
            trusted_profile: None,
        }
    }

    /// A run of scenarios of CRE-007 and UPD-007, each with what its oracles said.
    struct Run {
        catalog: Catalog,
        plan: Plan,
        scenarios: Vec<ScenarioRecord>,
        waivers: Vec<Waiver>,
        profile: Profile,
    }

    impl Run {
        fn of(rules: &[&str], profile: Profile, said: impl Fn(&Planned, usize) -> ScenarioOutcome) -> Self {
            let catalog = Catalog::built_in().unwrap();
            let selection = Selection { rules: rules.iter().map(|id| RuleId::from(*id)).collect(), ..Selection::default() };
            let plan = Plan::new(&catalog, &Features::built_in().unwrap(), &[variant()], &[], &selection);
            let scenarios =
                plan.scenarios.iter().enumerate().map(|(index, planned)| scenario_record(planned, Some(&said(planned, index)))).collect();
            Self { catalog, plan, scenarios, waivers: Vec::new(), profile }
        }

        fn waived(mut self, rule: &str, days: i64) -> Self {
            let expires = OffsetDateTime::now_utc().date() + time::Duration::days(days);
            self.waivers.push(Waiver { rule: rule.into(), reason: "known".into(), expires });
            self
        }

        fn ruling(&self) -> Ruling<'_> {
            Ruling::new(&self.catalog, self.profile, &self.plan, &self.scenarios, &self.waivers)
        }

        fn verdict(&self, rule: &str) -> Verdict {
            self.ruling().records().into_iter().find(|record| record.id.as_str() == rule).unwrap().verdict
        }
    }

    fn said(judgements: Vec<Judgement>) -> ScenarioOutcome {
        ScenarioOutcome { judgements, ..ScenarioOutcome::default() }
    }

    fn passes(planned: &Planned) -> ScenarioOutcome {
        said(vec![Judgement::pass(planned.rule.as_str(), "kept", [1])])
    }

    #[test]
    fn a_rule_passes_when_every_scenario_reached_and_kept_it() {
        assert_eq!(Run::of(&["CRE-007"], Profile::Core, |planned, _| passes(planned)).verdict("CRE-007"), Verdict::Pass);
    }

    #[test]
    fn one_scenario_that_never_reached_the_rule_is_a_hole() {
        let run = Run::of(&["CRE-007"], Profile::Core, |planned, index| if index == 3 { said(Vec::new()) } else { passes(planned) });
        assert_eq!(run.verdict("CRE-007"), Verdict::NotExercised);
    }

    #[test]
    fn a_failure_anywhere_breaks_the_rule_and_trouble_does_not() {
        let failure = |rule: &str| Judgement::fail(rule, "this", "that", [1]);
        let foreign = Run::of(&["CRE-007"], Profile::Core, |planned, index| {
            let mut outcome = passes(planned);
            outcome.judgements.extend((index == 0).then(|| failure("PRV-002")));
            outcome
        });
        assert_eq!(foreign.verdict("PRV-002"), Verdict::Fail, "a universal oracle's find in another rule's scenario");
        let troubled = Run::of(&["CRE-007"], Profile::Core, |planned, index| {
            let mut outcome = passes(planned);
            if index == 0 {
                outcome.judgements.push(failure("CRE-007"));
                outcome.trouble.push("the disk is full".into());
            }
            outcome
        });
        assert_eq!(troubled.verdict("CRE-007"), Verdict::Inconclusive);
    }

    #[test]
    fn a_part_that_only_should_hold_counts_under_resilient_only() {
        let part = |planned: &Planned, _: usize| {
            let mut outcome = passes(planned);
            outcome.judgements.push(Judgement::fail("CRE-009", "this", "that", [1]).at(crate::catalog::Level::Should));
            outcome
        };
        assert_eq!(Run::of(&["CRE-009"], Profile::Core, part).verdict("CRE-009"), Verdict::Pass);
        assert_eq!(Run::of(&["CRE-009"], Profile::Resilient, part).verdict("CRE-009"), Verdict::Fail);
    }

    #[test]
    fn a_rule_that_needs_a_broken_one_does_not_apply() {
        let run = Run::of(&["UPD-007", "RTY-001"], Profile::Resilient, |planned, _| match planned.rule.as_str() {
            "RTY-001" => said(vec![Judgement::fail("RTY-001", "a retry", "none", [1])]),
            _ => said(vec![Judgement::not_exercised("UPD-007", "no update was retried")]),
        });
        assert_eq!(run.verdict("UPD-007"), Verdict::NotApplicable);
    }

    /// A scenario that keeps its own rule and breaks another one, perhaps amid trouble of ours.
    fn breaks_on_the_way(planned: &Planned, trouble: &[&str]) -> ScenarioOutcome {
        let mut outcome = passes(planned);
        outcome.judgements.push(Judgement::fail("LPR-004", "the key at home", "it went elsewhere", [2]));
        outcome.trouble = trouble.iter().map(|what| (*what).to_owned()).collect();
        outcome
    }

    #[test]
    fn what_looked_broken_amid_trouble_is_not_kept() {
        let of_another = |planned: &Planned, trouble: &[&str]| match planned.rule.as_str() {
            "ACT-003" => breaks_on_the_way(planned, trouble),
            _ => passes(planned),
        };
        let run = |trouble: &'static [&'static str]| {
            Run::of(&["LPR-004", "ACT-003"], Profile::Core, move |planned, _| of_another(planned, trouble))
        };
        assert_eq!(run(&[]).verdict("LPR-004"), Verdict::Fail);
        assert_eq!(run(&["our threads were late"]).verdict("LPR-004"), Verdict::Inconclusive);
    }

    #[test]
    fn what_is_broken_on_the_way_counts_where_a_part_of_a_whole_is_played() {
        let run = Run::of(&["ACT-003"], Profile::Core, |planned, _| breaks_on_the_way(planned, &[]));
        let counts = |all: bool| {
            let records = run.ruling().counting_all_broken(all).records();
            records.iter().find(|record| record.id.as_str() == "LPR-004").map(|record| (record.verdict, record.counts))
        };
        assert_eq!(counts(false), Some((Verdict::Fail, false)));
        assert_eq!(counts(true), Some((Verdict::Fail, true)));
    }

    #[test]
    fn a_rule_of_which_no_scenario_applied_does_not_apply() {
        let run = Run::of(&["UPD-002"], Profile::Core, |planned, _| {
            said(vec![Judgement::not_applicable(planned.rule.as_str(), "never sent", [1])])
        });
        assert_eq!(run.verdict("UPD-002"), Verdict::NotApplicable);
        let run = Run::of(&["UPD-002"], Profile::Core, |planned, index| match index {
            0 => said(vec![Judgement::not_applicable(planned.rule.as_str(), "never sent", [1])]),
            _ => passes(planned),
        });
        assert_eq!(run.verdict("UPD-002"), Verdict::Pass);
    }

    #[test]
    fn hardened_knows_no_waivers() {
        for (profile, verdict) in [(Profile::Resilient, Verdict::Waived), (Profile::Hardened, Verdict::Fail)] {
            let run =
                Run::of(&["CRE-007"], profile, |_, _| said(vec![Judgement::fail("CRE-007", "undone", "alive", [1])])).waived("CRE-007", 1);
            assert_eq!(run.verdict("CRE-007"), verdict, "{profile}");
        }
    }

    #[test]
    fn a_waiver_of_a_rule_about_images_is_not_stale_where_a_command_was_run() {
        let run = Run::of(&["IMG-002", "CRE-001"], Profile::Resilient, |planned, _| passes(planned)).waived("IMG-002", 1);
        assert_eq!(run.verdict("IMG-002"), Verdict::NotApplicable);
        assert_eq!(run.ruling().bad_waivers(&run.ruling().records()), BadWaivers::default());
    }

    #[test]
    fn waivers_hold_until_their_day_and_only_for_what_is_broken() {
        let broken = |planned: &Planned, _: usize| said(vec![Judgement::fail(planned.rule.as_str(), "this", "that", [1])]);
        let waived = Run::of(&["CRE-007"], Profile::Core, broken).waived("CRE-007", 0);
        assert_eq!(waived.verdict("CRE-007"), Verdict::Waived);
        assert_eq!(waived.ruling().bad_waivers(&waived.ruling().records()), BadWaivers::default());
        let expired = Run::of(&["CRE-007"], Profile::Core, broken).waived("CRE-007", -1);
        assert_eq!(expired.verdict("CRE-007"), Verdict::Fail);
        assert_eq!(expired.ruling().bad_waivers(&expired.ruling().records()).expired, ["CRE-007"]);
        let stale = Run::of(&["CRE-007"], Profile::Core, |planned, _| passes(planned)).waived("CRE-007", 1);
        assert_eq!(stale.ruling().bad_waivers(&stale.ruling().records()).stale, ["CRE-007"]);
    }
}
