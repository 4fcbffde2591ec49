//! One mutant, judged.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::catalog::{Applies, Catalog, Profile, RuleId};
use crate::manifest::Variant;
use crate::mutant::{CONTROL, Mutation};
use crate::results::ScenarioRecord;
use crate::ruling::{Ruling, scenario_record};
use crate::suite::{FeatureError, Features, Plan, ScenarioOutcome, Selection};
use crate::verdict::Verdict;

/// What a trial shows about hallmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// Exactly the right thing was found.
    Right,
    /// Trouble of ours, such as a machine without a free port, leaves it open.
    Undecided,
    /// Something was missed, or found that is not there.
    Wrong,
}

/// What a mutant was found to break, held against what it must break.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// Id of the mutant; `none` for the provider that keeps every rule.
    pub mutant: &'static str,
    /// What it does wrong.
    pub wrong: &'static str,
    /// The rules that failed.
    pub broken: BTreeSet<String>,
    /// The rules that could not be exercised.
    pub holes: BTreeSet<String>,
    /// Rules that it must break and that did not fail: a false pass.
    pub missed: Vec<String>,
    /// Rules that failed and that it does not break: a false failure, or an incomplete table.
    pub unexpected: Vec<String>,
    /// Rules that could not be exercised though they should, or the reverse.
    pub surprising_holes: Vec<String>,
    /// Findings of its own rule, where none of them says what it must.
    pub misworded: Vec<String>,
    /// Trouble of ours.
    pub trouble: Vec<String>,
    /// Scenarios that were played.
    pub scenarios: usize,
    /// The first finding of each rule that failed: scenario and text.
    pub findings: BTreeMap<String, String>,
    /// The finding that the mutant must bring about.
    #[serde(skip)]
    must_say: &'static str,
}

/// Returns the scenarios to play with a mutant: all, or those of the rules that it breaks, and a plain creation and deletion besides.
/// The control plays all in any case.
///
/// An image plays the scenarios of the rules about images: with `full` of all of them, as the control does.
pub fn selected(
    catalog: &Catalog,
    variants: &[Variant],
    mutation: Option<&Mutation>,
    image: bool,
    full: bool,
) -> Result<Plan, FeatureError> {
    let selection = Selection { thorough: full && mutation.is_none(), image, ..Selection::default() };
    let mut plan = Plan::new(catalog, &Features::built_in()?, variants, &[], &selection);
    let about_images = |rule: &str| catalog.rule(rule).is_some_and(|rule| rule.applies == Applies::Image);
    let breaks = mutation.map_or(&[][..], |mutation| mutation.breaks);
    let wanted = |rule: &str| match (image, full || mutation.is_none()) {
        (true, true) => about_images(rule),
        (true, false) => about_images(rule) && breaks.contains(&rule),
        (false, _) => breaks.contains(&rule),
    };
    if image || (mutation.is_some() && !full) {
        let mut plain = BTreeMap::new();
        for scenario in &plan.scenarios {
            let first: &mut usize = plain.entry(scenario.rule.as_str().to_owned()).or_insert(scenario.line);
            *first = scenario.line.min(*first);
        }
        plan.scenarios.retain(|scenario| {
            let rule = scenario.rule.as_str();
            let usual = matches!(rule, "CRE-001" | "DEL-001") && plain.get(rule) == Some(&scenario.line);
            usual || wanted(rule)
        });
        plan.inapplicable.clear();
    }
    Ok(plan)
}

impl Trial {
    /// Judges what the scenarios of `plan` came to.
    pub fn judge(
        catalog: &Catalog,
        mutation: Option<&Mutation>,
        plan: &Plan,
        outcomes: &BTreeMap<String, ScenarioOutcome>,
        full: bool,
    ) -> Self {
        let scenarios: Vec<ScenarioRecord> =
            plan.scenarios.iter().map(|planned| scenario_record(planned, outcomes.get(&planned.id))).collect();
        let records = Ruling::new(catalog, Profile::Resilient, plan, &scenarios, &[]).records();
        let with = |verdict: Verdict| {
            records.iter().filter(move |record| record.verdict == verdict).map(|record| record.id.to_string()).collect::<BTreeSet<_>>()
        };
        let (broken, holes) = (with(Verdict::Fail), with(Verdict::NotExercised));
        let expected = |rules: &[&str]| rules.iter().map(|rule| (*rule).to_owned()).collect::<BTreeSet<_>>();
        let breaks = expected(mutation.map_or(&[], |mutation| mutation.breaks));
        let all_holes = expected(mutation.map_or(&[], |mutation| mutation.holes));
        // A part of the scenarios brings out a part of the holes.
        let surprising: Vec<String> =
            if full { all_holes.symmetric_difference(&holes).cloned().collect() } else { holes.difference(&all_holes).cloned().collect() };
        let mut trial = Self {
            mutant: mutation.map_or(CONTROL, |mutation| mutation.id),
            wrong: mutation.map_or("It does nothing wrong.", |mutation| mutation.wrong),
            missed: breaks.difference(&broken).cloned().collect(),
            unexpected: broken.difference(&breaks).cloned().collect(),
            surprising_holes: surprising,
            misworded: Vec::new(),
            findings: findings(&scenarios),
            trouble: scenarios.iter().flat_map(|scenario| scenario.trouble.iter().map(|what| format!("{}: {what}", scenario.id))).collect(),
            scenarios: scenarios.len(),
            must_say: mutation.map_or("", |mutation| mutation.says),
            broken,
            holes,
        };
        let inconclusive = records.iter().filter(|record| record.verdict == Verdict::Inconclusive && trial.trouble.is_empty());
        trial.trouble =
            trial.trouble.iter().cloned().chain(inconclusive.map(|record| format!("{}: {}", record.id, record.reason))).collect();
        if let Some(mutation) = mutation {
            trial.check_words(&RuleId::from(mutation.rule()), &scenarios);
        }
        trial
    }

    fn check_words(&mut self, rule: &RuleId, scenarios: &[ScenarioRecord]) {
        let findings: BTreeSet<&str> = scenarios
            .iter()
            .flat_map(|scenario| &scenario.judgements)
            .filter(|judgement| judgement.rule == *rule && judgement.verdict == Verdict::Fail)
            .map(|judgement| judgement.actual.as_str())
            .collect();
        if !findings.is_empty() && !findings.iter().any(|finding| finding.contains(self.must_say)) {
            self.misworded = std::iter::once(format!("no finding of {rule} says {:?}", self.must_say))
                .chain(findings.iter().take(3).map(|finding| format!("one says {finding:?}")))
                .collect();
        }
    }

    /// Tells what it shows. What trouble of ours may have kept from being found is no fault of the judge's.
    pub fn shows(&self) -> Proof {
        let lacks = [&self.missed, &self.surprising_holes, &self.misworded].iter().any(|list| !list.is_empty());
        if !self.unexpected.is_empty() || lacks && self.trouble.is_empty() {
            Proof::Wrong
        } else if self.trouble.is_empty() {
            Proof::Right
        } else {
            Proof::Undecided
        }
    }
}

fn findings(scenarios: &[ScenarioRecord]) -> BTreeMap<String, String> {
    let mut first = BTreeMap::new();
    for scenario in scenarios {
        for judgement in scenario.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Fail) {
            first.entry(judgement.rule.to_string()).or_insert_with(|| format!("{}: {}", scenario.id, judgement.actual));
        }
    }
    first
}
