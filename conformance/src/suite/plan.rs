//! Which scenarios are played for which variant of a manifest, decided before anything runs.

use std::collections::{BTreeMap, BTreeSet};

use cucumber::tag::Ext as _;
use gherkin::tagexpr::TagOperation;
use gherkin::{Feature, Scenario};

use super::features::{FeatureFile, Features};
use super::partition::Partition;
use super::real::unplayable;
use crate::catalog::{Applies, Catalog, RuleId};
use crate::manifest::{InputValue, Variant};
use hallmark_harness::contract::ValueType;
use serde::{Deserialize, Serialize};

/// What a person selected.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these rules; all when empty.
    pub rules: Vec<RuleId>,
    /// Only scenarios whose tags match.
    pub tags: Option<TagOperation>,
    /// Also the scenarios that only repeat others with further values.
    pub thorough: bool,
    /// Whether the provider is an image; the rules about images apply to nothing else.
    pub image: bool,
}

/// A scenario that is to be played.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Stable id: `<feature path>:<line>`, and `@<variant>` when the manifest has variants.
    pub id: String,
    /// The rule in whose block it stands.
    pub rule: RuleId,
    /// Whether the rule is the company's own.
    pub own: bool,
    /// Name with the examples filled in.
    pub name: String,
    /// Feature file within its folder of features.
    pub path: String,
    /// Line of the scenario or its example row.
    pub line: usize,
    /// Index of the variant.
    pub variant: usize,
    /// Its name, when the manifest has variants.
    pub variant_name: Option<String>,
    /// Its tags, those of its rule, feature and example row included.
    pub tags: Vec<String>,
    /// The feature with this one scenario in it.
    pub feature: Feature,
    /// Steps as written.
    pub steps: Vec<String>,
}

/// Why a scenario is not played for a variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inapplicable {
    /// The rule.
    pub rule: RuleId,
    /// What the manifest lacks.
    pub reason: String,
}

/// What is to be played, longest first.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The scenarios.
    pub scenarios: Vec<Planned>,
    /// What the manifest makes inapplicable.
    pub inapplicable: Vec<Inapplicable>,
}

impl Plan {
    /// Plans every selected scenario for every variant.
    pub fn new(catalog: &Catalog, features: &Features, variants: &[Variant], not_resubmitted: &[u16], selection: &Selection) -> Self {
        let mut plan = Self::default();
        for file in features.files() {
            for (index, variant) in variants.iter().enumerate() {
                plan.add(catalog, file, (index, variant), not_resubmitted, selection);
            }
        }
        plan.scenarios.sort_by_key(|scenario| std::cmp::Reverse(weight(&scenario.tags)));
        plan.inapplicable.dedup();
        plan
    }

    /// Leaves the scenarios of one part.
    pub fn take_part(&mut self, partition: &Partition) {
        let mut place = 0;
        self.scenarios.retain(|scenario| {
            place += 1;
            partition.has(place - 1, &scenario.id)
        });
    }

    fn add(
        &mut self,
        catalog: &Catalog,
        FeatureFile { path, feature, own }: &FeatureFile,
        (index, variant): (usize, &Variant),
        not_resubmitted: &[u16],
        selection: &Selection,
    ) {
        for rule in &feature.rules {
            let Some(id) = rule.tags.iter().map(|tag| RuleId(tag.clone())).find(|id| catalog.rule(id.as_str()).is_some()) else { continue };
            if !selection.rules.is_empty() && !selection.rules.contains(&id) {
                continue;
            }
            for scenario in &rule.scenarios {
                let tags: Vec<String> = feature.tags.iter().chain(&rule.tags).chain(&scenario.tags).cloned().collect();
                if !selection.thorough && tags.iter().any(|tag| tag == THOROUGH) {
                    continue;
                }
                if selection.tags.as_ref().is_some_and(|wanted| !wanted.eval(&tags)) {
                    continue;
                }
                if let Some(reason) = unfit(catalog, &id, &tags, scenario, variant, not_resubmitted, selection.image) {
                    self.inapplicable.push(Inapplicable { rule: id.clone(), reason });
                    continue;
                }
                let line = scenario.position.line;
                let base = format!("{path}:{line}");
                let id_text = variant.name.as_ref().map_or(base.clone(), |name| format!("{base}@{name}"));
                self.scenarios.push(Planned {
                    id: id_text,
                    rule: id.clone(),
                    own: *own,
                    name: scenario.name.clone(),
                    path: path.clone(),
                    line,
                    variant: index,
                    variant_name: variant.name.clone(),
                    tags,
                    feature: alone(feature, rule, scenario),
                    steps: steps(scenario),
                });
            }
        }
    }

    /// Returns which rules are judged by a part of their scenarios only, in words, by the reason.
    pub fn left_out(&self) -> Vec<String> {
        let mut rules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in self.inapplicable.iter().filter(|one| self.scenarios.iter().any(|scenario| scenario.rule == one.rule)) {
            rules.entry(&one.reason).or_default().insert(one.rule.as_str());
        }
        let in_words = |(reason, rules): (&str, BTreeSet<&str>)| {
            format!("some scenarios of {} left out: {reason}", rules.into_iter().collect::<Vec<_>>().join(", "))
        };
        rules.into_iter().map(in_words).collect()
    }

    /// Returns the planned scenarios by rule.
    pub fn by_rule(&self) -> BTreeMap<&RuleId, Vec<&Planned>> {
        let mut rules: BTreeMap<&RuleId, Vec<&Planned>> = BTreeMap::new();
        for scenario in &self.scenarios {
            rules.entry(&scenario.rule).or_default().push(scenario);
        }
        rules
    }
}

/// Returns a feature with one scenario of it.
pub(super) fn alone(feature: &Feature, rule: &gherkin::Rule, scenario: &Scenario) -> Feature {
    let mut only = feature.clone();
    only.scenarios.clear();
    let mut block = rule.clone();
    block.scenarios = vec![scenario.clone()];
    only.rules = vec![block];
    only
}

/// Returns the steps of a scenario as they are written, each with the text below it.
pub(super) fn steps(scenario: &Scenario) -> Vec<String> {
    let keyword = |step: &gherkin::Step| match step.keyword.trim() {
        english @ ("Given" | "When" | "Then" | "And" | "But") => english.to_owned(),
        // Recorded steps are read again, in English.
        _ => format!("{:?}", step.ty),
    };
    let below = |step: &gherkin::Step| match step.docstring.as_deref().map(str::trim) {
        Some(text) => {
            let fence = if text.contains(r#"""""#) { "```" } else { r#"""""# };
            format!("\n{fence}\n{text}\n{fence}")
        }
        None => String::new(),
    };
    scenario.steps.iter().map(|step| format!("{} {}{}", keyword(step), step.value, below(step))).collect()
}

/// Why rules about images do not apply.
pub const PROCESS: &str = "(process) the rule is about images, and a command was run; --image certifies an image";

/// Tags scenarios that only repeat others with further values.
const THOROUGH: &str = "thorough";

/// Scenarios in which a provider waits long are started first, so that their waits overlap with everything else.
fn weight(tags: &[String]) -> u32 {
    let weighs = |name: &str| tags.iter().any(|tag| tag == name);
    if weighs("days") { 2 } else { u32::from(weighs("lasting")) }
}

/// Returns why a scenario makes no sense for a variant.
fn unfit(
    catalog: &Catalog,
    rule: &RuleId,
    tags: &[String],
    scenario: &Scenario,
    variant: &Variant,
    not_resubmitted: &[u16],
    image: bool,
) -> Option<String> {
    let third_party = !variant.third_parties.is_empty();
    let named_secret = variant.inputs.iter().any(|input| matches!(input.value, Some(InputValue::Secret(_))));
    let has = |wanted: fn(&ValueType) -> bool| variant.inputs.iter().any(|input| wanted(&input.value_type));
    let optional = variant.inputs.iter().any(|input| !input.required && input.value.is_some());
    let lacking = |tag: &str| match tag {
        "needs-third-party" if !third_party => Some("the manifest declares no third party"),
        "needs-login-secret" if !named_secret => Some("no input of the manifest names a secret"),
        "needs-optional-input" if !optional => Some("no optional input has a value in the manifest"),
        "needs-required-input" if !variant.inputs.iter().any(|input| input.required) => Some("no input is required"),
        "needs-number-input" if !has(|kind| matches!(kind, ValueType::Integer | ValueType::Boolean)) => {
            Some("no input is an integer or a boolean")
        }
        "needs-enum-input" if !has(|kind| matches!(kind, ValueType::Enum(_))) => Some("no input is an enum"),
        "needs-mapped-output" if !variant.outputs.iter().any(|output| output.equals.is_some()) => {
            Some("the manifest maps no output to what the third party issues (`equals` under [outputs])")
        }
        "needs-text-input" if !free_text(variant) => Some("no free-text input is left to plant a value in"),
        _ => None,
    };
    if let Some(reason) = tags.iter().find_map(|tag| lacking(tag)) {
        return Some(reason.to_owned());
    }
    let applies = catalog.rule(rule.as_str()).map_or(Applies::Always, |rule| rule.applies);
    if applies == Applies::Image && !image {
        return Some(PROCESS.into());
    }
    if applies == Applies::JobConfig && !variant.job_config {
        return Some("the manifest declares inputs and outputs itself, without a job_config.json".into());
    }
    if applies == Applies::ThirdParty && !third_party {
        return Some("the manifest declares no third party".into());
    }
    if applies == Applies::LoginSecretOrThirdParty && !third_party && !named_secret {
        return Some("the manifest declares no third party, and no input of it names a secret".into());
    }
    if applies == Applies::LoginSecret && !named_secret {
        return Some("no input of the manifest names a secret".into());
    }
    if let Some(reason) = unplayable(scenario, variant) {
        return Some(reason);
    }
    // The flow chart's "Submit for retry? No": the manifest says for which refusals, and no daily retry follows then.
    // A single refusal is DEL-002's own matter; other rules would find no failure to look at.
    let status = not_resubmitted.iter().filter(|_| rule.as_str() != "DEL-002").find(|status| {
        let refused = format!("every revocation with {status}");
        scenario.steps.iter().any(|step| step.value.split_once(&refused).is_some_and(|(_, rest)| rest.is_empty() || rest.starts_with(' ')))
    })?;
    Some(format!(
        "[delete] not_resubmitted lists {status}: a refused revocation with it leaves an orphan that Secrets Manager is told is deleted"
    ))
}

/// Tells whether an input takes any text: the manifest plants a value of its own kind in it.
pub(super) fn free_text(variant: &Variant) -> bool {
    variant.inputs.iter().any(|input| matches!(input.value, Some(InputValue::Canary(_))))
}

#[cfg(test)]
mod tests {
    use gherkin::GherkinEnv;

    use super::super::embedded::FEATURES;
    use super::*;

    #[test]
    fn every_rule_of_the_catalog_has_one_block_and_every_block_a_rule() {
        let catalog = Catalog::built_in().unwrap();
        let mut blocks: Vec<String> = Vec::new();
        for (path, text) in FEATURES {
            let feature = Feature::parse(text, GherkinEnv::default()).unwrap();
            assert!(feature.scenarios.is_empty(), "{path}: every scenario stands in a rule's block");
            for rule in feature.rules {
                let ids: Vec<&String> = rule.tags.iter().filter(|tag| catalog.rule(tag).is_some()).collect();
                assert_eq!(ids.len(), 1, "{path}: the block {:?} is tagged with one rule", rule.name);
                blocks.push(ids[0].clone());
            }
        }
        blocks.sort();
        let mut rules: Vec<String> = catalog.rules.iter().map(|rule| rule.id.to_string()).collect();
        rules.sort();
        assert_eq!(blocks, rules);
    }

    #[test]
    fn without_a_job_config_there_is_nothing_to_judge_about_one() {
        let inline = "name = 'a'\ncommand = './a'\n[[output]]\nname = 'token'\ntype = 'string'\nrequired = true\n";
        let manifest = crate::manifest::Manifest::from_bytes(std::path::Path::new("provider.toml"), inline.as_bytes()).unwrap();
        let catalog = Catalog::built_in().unwrap();
        let plan = Plan::new(&catalog, &Features::built_in().unwrap(), &manifest.variants(), &[], &Selection::default());
        for rule in ["CFG-001", "CFG-002", "CFG-003"] {
            assert!(plan.scenarios.iter().all(|scenario| scenario.rule.as_str() != rule), "{rule}");
            let reason = plan.inapplicable.iter().find(|one| one.rule.as_str() == rule).map(|one| one.reason.as_str());
            assert!(reason.is_some_and(|reason| reason.contains("without a job_config.json")), "{rule}: {reason:?}");
        }
        assert!(plan.scenarios.iter().any(|scenario| scenario.rule.as_str() == "PRV-007"), "inputs are judged wherever they are declared");
    }

    #[test]
    fn nothing_happens_after_something_was_judged() {
        use gherkin::StepType::{Given, Then, When};
        for (path, text) in FEATURES {
            let feature = Feature::parse(text, GherkinEnv::default()).unwrap();
            for scenario in feature.rules.iter().flat_map(|rule| &rule.scenarios) {
                let kinds: Vec<_> = scenario.steps.iter().map(|step| step.ty).collect();
                let order = |kind| match kind {
                    Given => 0,
                    When => 1,
                    Then => 2,
                };
                assert!(kinds.is_sorted_by_key(|kind| order(*kind)), "{path}: {}", scenario.name);
                assert!(kinds.contains(&When) && kinds.contains(&Then), "{path}: {}", scenario.name);
            }
        }
    }
}
