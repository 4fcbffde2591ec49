//! Which scenarios play.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::Stop;
use super::recorded::{read_plan, read_results};
use crate::catalog::{Catalog, RuleId};
use crate::manifest::Manifest;
use crate::results::{OwnFeaturesRecord, SelectionRecord};
use crate::suite::{FeatureError, Features, Partition, Plan, Planned, Selection};
use crate::verdict::Verdict;

/// Least likeness, from 0 to 1, at which a tag is offered in place of one that there is not.
const LIKELY: f64 = 0.6;

/// What is selected of the scenarios.
#[derive(Debug, Default, Args)]
pub(super) struct SelectionArguments {
    /// Only this rule; may be given several times.
    #[arg(long = "rule", value_name = "ID")]
    rules: Vec<String>,
    /// Only scenarios whose tags match, e.g. '@days or @CRE-007'.
    #[arg(long, value_name = "EXPRESSION")]
    tags: Option<String>,
    /// Only scenarios that did not pass in the run that wrote DIR (its --out).
    #[arg(long, value_name = "DIR")]
    rerun_failed: Option<PathBuf>,
    /// Only one part of the scenarios, e.g. slice:1/4 (dealt out in turn) or hash:1/4 (by their names); `hallmark merge` puts the parts together.
    #[arg(long, value_name = "PART")]
    partition: Option<Partition>,
    /// Also plays the scenarios that only repeat others with further values, e.g. a recovery on each of the ten days.
    #[arg(long)]
    thorough: bool,
    /// Also plays the features in DIR, your own, written with the steps that `hallmark steps` shows.
    #[arg(long = "features", value_name = "DIR")]
    own_features: Option<PathBuf>,
}

/// A plan and what it was selected by.
pub(super) struct Selected {
    pub(super) plan: Plan,
    pub(super) selection: SelectionRecord,
}

impl SelectionArguments {
    /// Returns the rules and features that are to be played, a company's own among them.
    pub(super) fn rules_and_features(&self) -> Result<(Catalog, Features), Stop> {
        let mut catalog = Catalog::built_in().context("reading the built-in catalog")?;
        let mut features = Features::built_in().context("reading the built-in features")?;
        if let Some(folder) = &self.own_features {
            features = features.with_own(folder, &catalog).map_err(|error| match error {
                FeatureError::BuiltIn { .. } => Stop::Trouble(anyhow!(error)),
                _ => Stop::Usage(anyhow!(error).context(format!("reading the features in {}", folder.display()))),
            })?;
            catalog.rules.extend(features.own_rules().iter().cloned());
        }
        Ok((catalog, features))
    }

    /// Says what the company's own features are.
    pub(super) fn own_features(&self, features: &Features) -> Option<OwnFeaturesRecord> {
        self.own_features.as_ref().map(|folder| OwnFeaturesRecord { folder: folder.display().to_string(), digest: features.own_digest() })
    }

    /// Plans what is selected; a selection of nothing says what was near.
    pub(super) fn plan(&self, catalog: &Catalog, features: &Features, manifest: &Manifest, image: bool) -> Result<Selected, Stop> {
        // It is read before this run's folder is cleared, which may be the same.
        let failed = self.rerun_failed.as_deref().map(Failed::read).transpose()?;
        let find = |id: &String| crate::explain::find(catalog, id).map(|rule| rule.id.clone());
        let rules: Vec<RuleId> =
            self.rules.iter().map(find).collect::<Result<_, _>>().map_err(|error| Stop::NothingSelected(anyhow!(error)))?;
        let tags = match &self.tags {
            Some(text) => Some(text.parse().map_err(|error| Stop::Usage(anyhow!("reading --tags {text:?}: {error}")))?),
            None => None,
        };
        // Which scenarios were thorough in the run that is played again is known from its plan.
        let selection = Selection { rules: rules.clone(), tags, thorough: self.thorough || failed.is_some(), image };
        let mut plan = Plan::new(catalog, features, &manifest.variants(), &manifest.delete.not_resubmitted, &selection);
        if plan.scenarios.is_empty() && plan.inapplicable.is_empty() {
            return Err(Stop::NothingSelected(self.nothing(features)));
        }
        if let Some(failed) = &failed {
            failed.leave(&mut plan, !self.rules.is_empty() || self.tags.is_some())?;
        }
        if let Some(partition) = &self.partition {
            plan.take_part(partition);
            if plan.scenarios.is_empty() {
                return Err(Stop::NothingSelected(anyhow!(
                    "the part {partition} has no scenario: there are fewer than parts; ask for fewer parts"
                )));
            }
        }
        let selection = SelectionRecord {
            rules,
            tags: self.tags.clone(),
            partition: self.partition.map(|partition| partition.to_string()),
            rerun_failed: self.rerun_failed.as_ref().map(|folder| folder.display().to_string()),
            thorough: self.thorough,
        };
        Ok(Selected { plan, selection })
    }

    /// Says that nothing is selected, and why that may be.
    fn nothing(&self, features: &Features) -> anyhow::Error {
        let known: BTreeSet<&str> = features.files().iter().flat_map(|file| tags(&file.feature)).collect();
        let words = self.tags.as_deref().unwrap_or_default().split(|character: char| character.is_whitespace() || "()".contains(character));
        let unknown = words.filter_map(|word| word.strip_prefix('@')).find(|tag| !known.contains(tag));
        let Some(unknown) = unknown else {
            let thorough = if self.thorough { "" } else { ", --thorough plays more of them" };
            return anyhow!("no scenario matches the selection; `hallmark list` shows the rules{thorough}");
        };
        let likeness = |tag: &&str| strsim::normalized_levenshtein(&tag.to_lowercase(), &unknown.to_lowercase());
        let near =
            known.iter().copied().max_by(|one, other| likeness(one).total_cmp(&likeness(other))).filter(|tag| likeness(tag) >= LIKELY);
        let near = near.map_or_else(
            || {
                format!(
                    "the tags are {}",
                    known
                        .iter()
                        .filter(|tag| !tag.contains(|letter: char| letter.is_ascii_uppercase()))
                        .map(|tag| format!("@{tag}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            },
            |tag| format!("did you mean @{tag}?"),
        );
        anyhow!("no scenario matches the selection: none is tagged @{unknown}; {near}")
    }

    #[cfg(test)]
    pub(super) fn is_default(&self) -> bool {
        self.rules.is_empty()
            && self.tags.is_none()
            && self.partition.is_none()
            && self.rerun_failed.is_none()
            && self.own_features.is_none()
    }
}

fn tags(feature: &gherkin::Feature) -> impl Iterator<Item = &str> {
    let of_rules = feature.rules.iter().flat_map(|rule| rule.tags.iter().chain(rule.scenarios.iter().flat_map(|scenario| &scenario.tags)));
    feature.tags.iter().chain(of_rules).map(String::as_str)
}

/// The scenarios of an earlier run that did not pass, or did not come to their end.
struct Failed {
    folder: PathBuf,
    scenarios: BTreeMap<Scenario, String>,
}

/// What makes a scenario the same in another version of hallmark, where it may stand on another line.
type Scenario = (RuleId, String, Option<String>, Vec<String>);

impl Failed {
    fn read(folder: &Path) -> Result<Self, Stop> {
        let results = read_results(folder)?;
        let (plan, _) = read_plan(folder)?;
        let passed = |id: &str| {
            results.scenario(id).is_some_and(|scenario| {
                let broke = scenario.judgements.iter().any(|judgement| judgement.verdict == Verdict::Fail);
                matches!(scenario.verdict, Verdict::Pass | Verdict::NotApplicable) && !broke && scenario.trouble.is_empty()
            })
        };
        let failed = plan.scenarios.into_iter().filter(|scenario| !passed(&scenario.id));
        let scenarios = failed.map(|scenario| ((scenario.rule, scenario.name, scenario.variant, scenario.steps), scenario.id));
        Ok(Self { folder: folder.to_owned(), scenarios: scenarios.collect() })
    }

    /// Leaves them. One that is not in the plan any more must not look as if it had been mended.
    fn leave(&self, plan: &mut Plan, narrowed: bool) -> Result<(), Stop> {
        if self.scenarios.is_empty() {
            return Err(Stop::NothingSelected(anyhow!(
                "every scenario passed in {}: there is nothing to play again",
                self.folder.display()
            )));
        }
        let key = |planned: &Planned| (planned.rule.clone(), planned.name.clone(), planned.variant_name.clone(), planned.steps.clone());
        plan.scenarios.retain(|planned| self.scenarios.contains_key(&key(planned)));
        plan.inapplicable.clear();
        let found: BTreeSet<Scenario> = plan.scenarios.iter().map(key).collect();
        let lost: Vec<&str> = self.scenarios.iter().filter(|(key, _)| !found.contains(*key)).map(|(_, id)| id.as_str()).collect();
        match lost.first() {
            Some(first) if !narrowed => Err(Stop::Usage(anyhow!(
                "{} scenarios that did not pass in {} are not played with this manifest and these features any more, such as {first}; run everything",
                lost.len(),
                self.folder.display()
            ))),
            _ if plan.scenarios.is_empty() => {
                Err(Stop::NothingSelected(anyhow!("no scenario that did not pass in {} matches the selection", self.folder.display())))
            }
            _ => Ok(()),
        }
    }
}
