//! What two judgements of one provider, or of two builds of it, say differently.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use crate::explain::PAGE;
use crate::paragraph::wrapped;
use crate::results::{Results, RuleRecord, RunRecord, ScenarioRecord};
use crate::verdict::Verdict;

/// What changed from one run's results to another's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What was judged by what: everything in which the two differ.
    pub differences: Vec<Difference>,
    /// Rules with another verdict, in the order of the catalog.
    pub rules: Vec<RuleChange>,
    /// Scenarios with another verdict on their own rule, by id.
    pub scenarios: Vec<ScenarioChange>,
    /// Rules with the same verdict.
    pub unchanged_rules: usize,
    /// Scenarios with the same verdict.
    pub unchanged_scenarios: usize,
}

/// Something in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What, such as `the provider's command`.
    pub what: &'static str,
    /// In the first.
    pub before: String,
    /// In the second.
    pub after: String,
}

/// A rule with another verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleChange {
    /// The rule.
    pub id: String,
    /// Its verdict in the first; none where it was not judged.
    pub before: Option<Verdict>,
    /// Its verdict in the second; none where it was not judged.
    pub after: Option<Verdict>,
    /// Why it is not a pass where it is none: the scenario and the finding, or a reason.
    pub why: String,
}

/// A scenario with another verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioChange {
    /// The scenario.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its rule.
    pub rule: String,
    /// Its verdict in the first; none where it was not there.
    pub before: Option<Verdict>,
    /// Its verdict in the second; none where it was not there.
    pub after: Option<Verdict>,
}

impl Comparison {
    /// Compares two results.
    pub fn between(before: &Results, after: &Results) -> Self {
        let (rules, unchanged_rules) = rules(before, after);
        let (scenarios, unchanged_scenarios) = scenarios(before, after);
        Self { differences: differences(before.run(), after.run()), rules, scenarios, unchanged_rules, unchanged_scenarios }
    }

    /// Tells whether every verdict is the same.
    pub fn is_same(&self) -> bool {
        self.rules.is_empty() && self.scenarios.is_empty()
    }
}

/// Returns in what two runs differ: what was judged, by what, and what was selected of it.
pub fn differences(before: &RunRecord, after: &RunRecord) -> Vec<Difference> {
    let image = |run: &RunRecord| run.image.as_ref().map_or_else(String::new, |image| image.digest.clone());
    let seed = |run: &RunRecord| run.seed.to_string();
    let selection = |run: &RunRecord| run.selection.in_words().unwrap_or_else(|| "everything".into());
    let job_config = |run: &RunRecord| run.job_config_digest.clone().unwrap_or_default();
    let own = |run: &RunRecord| run.own_features.as_ref().map(|own| own.digest.clone()).unwrap_or_default();
    let profile = |run: &RunRecord| run.profile.to_string();
    let all: [(&'static str, String, String); 12] = [
        ("hallmark", before.hallmark.clone(), after.hallmark.clone()),
        ("hallmark's catalog", before.catalog_digest.clone(), after.catalog_digest.clone()),
        ("hallmark's features", before.features_digest.clone(), after.features_digest.clone()),
        ("the company's features", own(before), own(after)),
        ("the provider", before.provider.clone(), after.provider.clone()),
        ("the provider's image", image(before), image(after)),
        ("the provider's command", before.command_digest.clone(), after.command_digest.clone()),
        ("the manifest", before.manifest_digest.clone(), after.manifest_digest.clone()),
        ("the job_config.json", job_config(before), job_config(after)),
        ("the profile", profile(before), profile(after)),
        ("the seed", seed(before), seed(after)),
        ("the selection", selection(before), selection(after)),
    ];
    all.into_iter().filter(|(_, before, after)| before != after).map(|(what, before, after)| Difference { what, before, after }).collect()
}

fn rules(before: &Results, after: &Results) -> (Vec<RuleChange>, usize) {
    let find = |results: &Results, id: &str| results.rules().iter().find(|rule| rule.id.as_str() == id).cloned();
    // What is only in the first comes last.
    let gone = before.rules().iter().filter(|rule| find(after, rule.id.as_str()).is_none());
    let ids: Vec<&str> = after.rules().iter().chain(gone).map(|rule| rule.id.as_str()).collect();
    let mut changes = Vec::new();
    for id in &ids {
        let (then, now) = (find(before, id), find(after, id));
        if then.as_ref().map(|rule| rule.verdict) != now.as_ref().map(|rule| rule.verdict) {
            let side = [(&now, after), (&then, before)];
            let told = side.iter().find_map(|(rule, _)| rule.as_ref().filter(|rule| rule.verdict != Verdict::Pass));
            changes.push(RuleChange {
                id: (*id).to_owned(),
                before: then.as_ref().map(|rule| rule.verdict),
                after: now.as_ref().map(|rule| rule.verdict),
                why: told.map_or_else(String::new, why),
            });
        }
    }
    let unchanged = ids.len() - changes.len();
    (changes, unchanged)
}

fn why(rule: &RuleRecord) -> String {
    match rule.shown.first() {
        Some(shown) if rule.reason.is_empty() => format!("{}: {}", shown.scenario, shown.judgement.actual),
        _ => rule.reason.clone(),
    }
}

fn scenarios(before: &Results, after: &Results) -> (Vec<ScenarioChange>, usize) {
    let by_id = |results: &Results| -> BTreeMap<String, ScenarioRecord> {
        results.scenarios().iter().map(|scenario| (scenario.id.clone(), scenario.clone())).collect()
    };
    let (then, now) = (by_id(before), by_id(after));
    let ids: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let mut changes = Vec::new();
    for id in &ids {
        let (old, new) = (then.get(*id), now.get(*id));
        let verdicts = (old.map(|scenario| scenario.verdict), new.map(|scenario| scenario.verdict));
        if let Some(either) = new.or(old).filter(|_| verdicts.0 != verdicts.1) {
            let (name, rule) = (either.name.clone(), either.rule.to_string());
            changes.push(ScenarioChange { id: (*id).clone(), name, rule, before: verdicts.0, after: verdicts.1 });
        }
    }
    let unchanged = ids.len() - changes.len();
    (changes, unchanged)
}

/// Characters of a value that are shown.
const SHOWN: usize = 16;

/// Returns the comparison for people, at most 100 columns wide.
pub fn human(comparison: &Comparison) -> String {
    let mut text = String::new();
    if comparison.differences.is_empty() {
        text.push_str("The same provider, judged by the same hallmark.\n");
    } else {
        text.push_str("What differs\n");
        for difference in &comparison.differences {
            let _ = writeln!(text, "  {:24}{}  ->  {}", difference.what, short(&difference.before), short(&difference.after));
        }
    }
    if !comparison.rules.is_empty() {
        text.push_str("\nRules with another verdict\n");
        for rule in &comparison.rules {
            let _ = writeln!(text, "  {:10}{}  ->  {}", rule.id, word(rule.before), word(rule.after));
            if !rule.why.is_empty() {
                let _ = writeln!(text, "{}", wrapped(&rule.why, PAGE, "            ", "            "));
            }
        }
    }
    if !comparison.scenarios.is_empty() {
        text.push_str("\nScenarios with another verdict\n");
        for scenario in &comparison.scenarios {
            let _ = writeln!(text, "  {:10}{}  ->  {}", scenario.rule, word(scenario.before), word(scenario.after));
            let named = format!("{}  [{}]", scenario.name, scenario.id);
            let _ = writeln!(text, "{}", wrapped(&named, PAGE, "            ", "            "));
        }
    }
    let (rules, scenarios) = (comparison.unchanged_rules, comparison.unchanged_scenarios);
    let _ = if comparison.is_same() {
        writeln!(text, "\nEvery verdict is the same: {rules} rules, {scenarios} scenarios.")
    } else {
        writeln!(text, "\nThe other {rules} rules and {scenarios} scenarios have the same verdict.")
    };
    text
}

fn word(verdict: Option<Verdict>) -> String {
    verdict.map_or_else(|| "not judged".to_owned(), |verdict| verdict.to_string())
}

fn short(value: &str) -> String {
    let digest = value.strip_prefix("sha256:").unwrap_or(value);
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    match value {
        "" => "none".to_owned(),
        _ if is_digest => digest.chars().take(SHOWN).collect(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Record, sample};

    #[test]
    fn a_run_is_like_itself() {
        let results = sample::results(sample::failing());
        let comparison = Comparison::between(&results, &results);
        assert!(comparison.is_same() && comparison.differences.is_empty());
        assert_eq!(comparison.unchanged_rules, results.rules().len());
        let text = human(&comparison);
        assert!(text.contains("judged by the same hallmark") && text.contains("Every verdict is the same"), "{text}");
    }

    #[test]
    fn what_changed_is_told_with_its_reason() {
        let after = sample::results(sample::failing());
        let failed = after.rules().iter().find(|rule| rule.verdict == Verdict::Fail).unwrap().clone();
        let scenario = after.scenarios().iter().find(|scenario| scenario.verdict == Verdict::Fail).unwrap().id.clone();
        let gone = after.rules().iter().find(|rule| rule.verdict == Verdict::Pass).unwrap().id.clone();
        let mut records = sample::failing();
        for record in &mut records {
            match record {
                Record::Run(run) => run.hallmark = "0.0.9".into(),
                Record::Rule(rule) if rule.id == failed.id => rule.verdict = Verdict::Pass,
                Record::Scenario(one) if one.id == scenario => one.verdict = Verdict::Pass,
                _ => {}
            }
        }
        records.retain(|record| !matches!(record, Record::Rule(rule) if rule.id == gone));
        let comparison = Comparison::between(&sample::results(records), &after);
        let change = comparison.rules.iter().find(|change| change.id == failed.id.as_str()).unwrap();
        assert_eq!((change.before, change.after), (Some(Verdict::Pass), Some(Verdict::Fail)));
        assert!(change.why.contains(&failed.shown[0].judgement.actual), "{}", change.why);
        assert!(comparison.rules.iter().any(|change| change.id == gone.as_str() && change.before.is_none()));
        assert_eq!(comparison.rules.len(), 2);
        assert_eq!(comparison.scenarios.iter().map(|change| &change.id).collect::<Vec<_>>(), [&scenario]);
        assert_eq!(comparison.differences[0], Difference { what: "hallmark", before: "0.0.9".into(), after: "0.1.0".into() });
        let text = human(&comparison);
        assert!(text.contains("pass  ->  fail") && text.contains("not judged  ->  pass") && text.contains("0.0.9  ->  0.1.0"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= PAGE), "{text}");
    }
}
