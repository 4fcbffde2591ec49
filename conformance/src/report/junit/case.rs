//! The cases of a chapter.

use std::collections::HashMap;
use std::time::Duration;

use quick_junit::{Property, TestCase};

use super::status::{Finding, is_red, status};
use crate::catalog::Profile;
use crate::report::printable;
use crate::results::{Results, RuleRecord, ScenarioRecord, Shown};
use crate::verdict::{Judgement, Verdict};

/// A case and what tells it from another of the same name.
struct Named {
    case: TestCase,
    id: String,
}

/// Returns the cases of a chapter's rules, each with a name that no other of them has: GitLab drops the second of two equal names.
pub(super) fn cases(results: &Results, chapter: &str, rules: &[&RuleRecord]) -> Vec<TestCase> {
    let mut named: Vec<Named> = rules.iter().flat_map(|rule| of_rule(results, chapter, rule)).collect();
    let mut uses: HashMap<String, usize> = HashMap::new();
    for Named { case, .. } in &named {
        *uses.entry(case.name.as_str().to_owned()).or_default() += 1;
    }
    for Named { case, id } in &mut named {
        if uses.get(case.name.as_str()).is_some_and(|uses| *uses > 1) {
            case.name = format!("{} [{id}]", case.name.as_str()).into();
        }
    }
    named.into_iter().map(|Named { case, .. }| case).collect()
}

fn of_rule(results: &Results, chapter: &str, rule: &RuleRecord) -> Vec<Named> {
    let mut cases = Vec::new();
    let mut told = false;
    for scenario in results.scenarios() {
        let Some(finding) = finding(results.run().profile, rule, scenario) else { continue };
        told |= finding.counts && finding.verdict == rule.verdict;
        let name = match &scenario.variant {
            Some(variant) => format!("{} {} @{variant}", rule.id, scenario.name),
            None => format!("{} {}", rule.id, scenario.name),
        };
        let mut case = TestCase::new(printable(&name), status(results, rule, &finding));
        case.extra.insert("file".into(), crate::report::human::file(scenario).into());
        case.extra.insert("line".into(), scenario.line.to_string().into());
        // Other rules are judged from the same job runs: their time is counted once.
        if scenario.rule == rule.id
            && let Ok(time) = Duration::try_from_secs_f64(scenario.seconds)
        {
            case.set_time(time);
        }
        if scenario.rule == rule.id && !scenario.warnings.is_empty() {
            case.set_system_out(warnings(scenario));
        }
        cases.push(Named { case, id: scenario.id.clone() });
    }
    // What no scenario shows, such as a verdict drawn from many of them, must still be seen.
    if cases.is_empty() || (is_red(rule) && !told) {
        let shown = rule.shown.iter().find(|shown| shown.judgement.verdict == rule.verdict).cloned();
        let finding = Finding { verdict: rule.verdict, counts: true, shown };
        let case = TestCase::new(printable(&format!("{} {}", rule.id, rule.requirement)), status(results, rule, &finding));
        cases.push(Named { case, id: "the rule as a whole".to_owned() });
    }
    for Named { case, .. } in &mut cases {
        case.set_classname(format!("hallmark.{chapter}"));
        let profile = results.run().profile;
        let properties = [
            ("rule", rule.id.to_string()),
            ("level", rule.level.to_string()),
            ("profile", profile.to_string()),
            ("counted", rule.counts.to_string()),
            ("requirement", printable(&rule.requirement)),
            ("source", printable(&rule.source)),
        ];
        case.add_properties(properties.map(|(name, value)| Property::new(name, value)));
    }
    cases
}

/// Returns a scenario's warnings, a line each.
fn warnings(scenario: &ScenarioRecord) -> String {
    scenario.warnings.iter().map(|warning| printable(&format!("Warning, never counted: {warning}")) + "\n").collect()
}

/// Returns what a scenario says about a rule; none where it says nothing that another scenario would be missed for.
fn finding(profile: Profile, rule: &RuleRecord, scenario: &ScenarioRecord) -> Option<Finding> {
    let own = scenario.rule == rule.id;
    let counts = |judgement: &Judgement| judgement.part.is_none_or(|part| profile.counts(part));
    let judgements = scenario.judgements.iter().filter(|judgement| judgement.rule == rule.id);
    let worst = judgements.max_by_key(|judgement| {
        let kept = judgement.verdict == Verdict::Pass;
        (!kept && counts(judgement), judgement.verdict)
    });
    match worst {
        Some(judgement) if own || judgement.verdict != Verdict::NotExercised => Some(Finding {
            verdict: judgement.verdict,
            counts: counts(judgement),
            shown: Some(Shown { scenario: scenario.id.clone(), judgement: judgement.clone() }),
        }),
        // An oracle that never spoke is not one that was content.
        None if own => {
            let verdict = if scenario.trouble.is_empty() { scenario.verdict.max(Verdict::NotExercised) } else { Verdict::Inconclusive };
            let why = scenario.trouble.first().map_or("no oracle said anything about the rule in this scenario", String::as_str);
            let judgement = Judgement { verdict, ..Judgement::not_exercised(rule.id.as_str(), why) };
            Some(Finding { verdict, counts: true, shown: Some(Shown { scenario: scenario.id.clone(), judgement }) })
        }
        _ => None,
    }
}
