//! The plan of a run, kept beside its recordings so that they can be judged without the manifest.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use gherkin::{Feature, GherkinEnv};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::features::Features;
use super::plan::{Inapplicable, Plan, Planned, alone, steps};
use crate::catalog::{Rule, RuleId};
use crate::manifest::Waiver;
use crate::results::RunRecord;

/// Name of the file within the folder of recordings.
const FILE: &str = "plan.json";

/// Version of the file. Another one is refused, never misread.
const FORMAT: u32 = 2;

/// What was to be played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedPlan {
    format: u32,
    /// Ids of the runs whose recordings these are: one, but where parts were put together.
    pub run_ids: Vec<String>,
    /// What was judged, and by what.
    pub run: RunRecord,
    /// The manifest's waivers.
    pub waivers: Vec<Waiver>,
    /// Rules of the company's own.
    pub own_rules: Vec<Rule>,
    /// What the manifest makes inapplicable.
    pub inapplicable: Vec<Inapplicable>,
    /// What was to be played, the longest first.
    pub scenarios: Vec<RecordedScenario>,
}

/// A scenario that was to be played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordedScenario {
    /// Its id: another version of hallmark may have it on another line.
    pub id: String,
    /// The rule in whose block it stood.
    pub rule: RuleId,
    /// Name with the examples filled in.
    pub name: String,
    /// Feature file within its folder of features.
    pub path: String,
    /// Line of the scenario or its example row.
    pub line: usize,
    /// Name of its variant, when the manifest had variants.
    pub variant: Option<String>,
    /// Its tags, those of its rule, feature and example row included.
    pub tags: Vec<String>,
    /// Steps as written, each with its keyword and the text below it.
    pub steps: Vec<String>,
}

/// Why a plan cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordedPlanError {
    /// Input or output failed.
    #[error("{action} {} failed; name the folder that a run wrote to (its --out)", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// It is no plan.
    #[error("{} is not the plan of a run: {reason}; run again with this version of hallmark", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another version.
    #[error(
        "{} has format {found}, this hallmark reads format {FORMAT}; run again, or use the hallmark that wrote it", path.display()
    )]
    Format {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u64,
    },
}

/// Recorded scenarios as this version of hallmark has them.
pub struct Restored {
    /// What is to be judged.
    pub plan: Plan,
    /// Scenarios that this version does not have any more: they are judged by the steps that they were recorded with.
    pub as_recorded: usize,
}

impl RecordedPlan {
    /// Puts together what is to be kept of a run.
    pub fn new(run: RunRecord, waivers: Vec<Waiver>, own_rules: Vec<Rule>, plan: &Plan) -> Self {
        let scenarios = plan.scenarios.iter().map(RecordedScenario::of).collect();
        // It differs whenever anything that is known of the run does.
        let text = serde_json::to_vec(&run).unwrap_or_default();
        let run_ids = vec![hex::encode(&Sha256::digest(text)[..16])];
        Self { format: FORMAT, run_ids, run, waivers, own_rules, inapplicable: plan.inapplicable.clone(), scenarios }
    }

    /// Writes the plan into a folder of recordings.
    pub fn write(&self, folder: &Path) -> Result<(), RecordedPlanError> {
        let path = folder.join(FILE);
        let failed = |source| RecordedPlanError::Io { action: "writing", path: path.clone(), source };
        let text = serde_json::to_vec(self).map_err(|error| failed(error.into()))?;
        std::fs::write(&path, text).map_err(failed)
    }

    /// Reads the plan in a folder of recordings.
    pub fn read(folder: &Path) -> Result<Self, RecordedPlanError> {
        let path = folder.join(FILE);
        let text = std::fs::read(&path).map_err(|source| RecordedPlanError::Io { action: "reading", path: path.clone(), source })?;
        let malformed = |reason: String| RecordedPlanError::Malformed { path: path.clone(), reason };
        // The version is looked at before anything else, as another version may have anything else.
        let value: serde_json::Value = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(found) if found == u64::from(FORMAT) => {}
            Some(found) => return Err(RecordedPlanError::Format { path, found }),
            None => return Err(malformed("it has no format".into())),
        }
        let plan: Self = serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        let mut seen = BTreeSet::new();
        if let Some(twice) = plan.scenarios.iter().find(|scenario| !seen.insert(&scenario.id)) {
            return Err(malformed(format!("the scenario {} stands in it twice", twice.id)));
        }
        Ok(plan)
    }

    /// Returns the rules that have scenarios or were inapplicable.
    pub fn rules(&self) -> BTreeSet<RuleId> {
        let played = self.scenarios.iter().map(|scenario| &scenario.rule);
        played.chain(self.inapplicable.iter().map(|one| &one.rule)).cloned().collect()
    }

    /// Adds the scenarios of another part of the same run.
    pub fn extend(&mut self, other: Self) {
        self.scenarios.extend(other.scenarios);
    }

    fn is_own(&self, scenario: &RecordedScenario) -> bool {
        self.own_rules.iter().any(|rule| rule.id == scenario.rule)
    }

    /// Returns the plan as it is to be judged now: a scenario that `features` still has is judged by what they say today.
    pub fn restore(&self, features: &Features) -> Restored {
        let today = Today::of(features);
        let mut restored = Restored { plan: Plan { scenarios: Vec::new(), inapplicable: self.inapplicable.clone() }, as_recorded: 0 };
        for (index, recorded) in self.scenarios.iter().enumerate() {
            let (feature, steps) = today.find(recorded).unwrap_or_else(|| {
                // A company's own are never this hallmark's.
                restored.as_recorded += usize::from(!self.is_own(recorded));
                (recorded.feature(), recorded.steps.clone())
            });
            restored.plan.scenarios.push(Planned {
                id: recorded.id.clone(),
                rule: recorded.rule.clone(),
                own: self.is_own(recorded),
                name: recorded.name.clone(),
                path: recorded.path.clone(),
                line: recorded.line,
                variant: index,
                variant_name: recorded.variant.clone(),
                tags: recorded.tags.clone(),
                feature,
                steps,
            });
        }
        restored
    }
}

impl RecordedScenario {
    fn of(planned: &Planned) -> Self {
        Self {
            id: planned.id.clone(),
            rule: planned.rule.clone(),
            name: planned.name.clone(),
            path: planned.path.clone(),
            line: planned.line,
            variant: planned.variant_name.clone(),
            tags: planned.tags.clone(),
            steps: planned.steps.clone(),
        }
    }

    /// Returns what has to be the same for a scenario of today to be this one: what happens in it, not what is said about it.
    fn happens(&self) -> Happens {
        happens(self.rule.as_str(), &self.steps)
    }

    /// Returns a feature with the steps as they were recorded.
    fn feature(&self) -> Feature {
        let text = format!("Feature: recorded\n  Rule: recorded\n    Scenario: recorded\n      {}\n", self.steps.join("\n      "));
        // Steps begin with a keyword and texts below them stand between fences, so this parses; if not, it has no scenario, and its rule is not exercised.
        let empty = || Feature {
            keyword: "Feature".into(),
            name: "recorded".into(),
            description: None,
            background: None,
            scenarios: Vec::new(),
            rules: Vec::new(),
            tags: Vec::new(),
            span: gherkin::Span::default(),
            position: gherkin::LineCol::default(),
            path: None,
        };
        Feature::parse(text, GherkinEnv::default()).unwrap_or_else(|_| empty())
    }
}

/// A rule and what happens before anything is judged.
type Happens = (String, Vec<String>);

fn happens(rule: &str, steps: &[String]) -> Happens {
    (rule.to_owned(), steps.iter().take_while(|step| !step.starts_with("Then ")).cloned().collect())
}

/// The scenarios of today by what happens in them.
struct Today<'features> {
    scenarios: HashMap<Happens, (&'features Feature, &'features gherkin::Rule, &'features gherkin::Scenario)>,
}

impl<'features> Today<'features> {
    fn of(features: &'features Features) -> Self {
        let mut scenarios = HashMap::new();
        for file in features.files() {
            for rule in &file.feature.rules {
                for (id, scenario) in rule.tags.iter().flat_map(|tag| rule.scenarios.iter().map(move |scenario| (tag, scenario))) {
                    scenarios.entry(happens(id, &steps(scenario))).or_insert((&file.feature, rule, scenario));
                }
            }
        }
        Self { scenarios }
    }

    fn find(&self, recorded: &RecordedScenario) -> Option<(Feature, Vec<String>)> {
        let (feature, rule, scenario) = self.scenarios.get(&recorded.happens())?;
        Some((alone(feature, rule, scenario), steps(scenario)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::results::sample;
    use crate::suite::Selection;

    fn recorded() -> (RecordedPlan, Plan) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("provider.toml");
        std::fs::write(folder.path().join("job_config.json"), crate::mutant::JOB_CONFIG).unwrap();
        let manifest = crate::manifest::Manifest::from_bytes(&path, crate::mutant::MANIFEST.as_bytes()).unwrap();
        let (catalog, features) = (Catalog::built_in().unwrap(), Features::built_in().unwrap());
        let plan = Plan::new(&catalog, &features, &manifest.variants(), &[], &Selection::default());
        (RecordedPlan::new(sample::run(crate::catalog::Profile::Core), Vec::new(), Vec::new(), &plan), plan)
    }

    #[test]
    fn a_plan_is_restored_as_it_was_recorded() {
        let (recorded, plan) = recorded();
        let folder = tempfile::tempdir().unwrap();
        recorded.write(folder.path()).unwrap();
        let restored = RecordedPlan::read(folder.path()).unwrap().restore(&Features::built_in().unwrap());
        assert_eq!(restored.as_recorded, 0);
        assert_eq!(restored.plan.inapplicable, plan.inapplicable);
        let shown = |planned: &Planned| {
            let inside = planned.feature.rules[0].scenarios[0].steps.iter().map(|step| step.value.clone()).collect::<Vec<_>>();
            (planned.id.clone(), planned.rule.clone(), planned.variant_name.clone(), planned.steps.clone(), inside)
        };
        let (now, then): (Vec<_>, Vec<_>) =
            (restored.plan.scenarios.iter().map(shown).collect(), plan.scenarios.iter().map(shown).collect());
        assert_eq!(now, then);
    }

    #[test]
    fn what_is_said_may_have_changed_but_what_happens_may_not() {
        let (mut recorded, plan) = recorded();
        let features = Features::built_in().unwrap();
        let steps = &mut recorded.scenarios[0].steps;
        *steps.last_mut().unwrap() = "Then something else is said".into();
        let restored = recorded.restore(&features);
        assert_eq!((restored.as_recorded, &restored.plan.scenarios[0].steps), (0, &plan.scenarios[0].steps));
        recorded.scenarios[0].steps.insert(0, "Given something else happens".into());
        let restored = recorded.restore(&features);
        assert_eq!((restored.as_recorded, &restored.plan.scenarios[0].steps), (1, &recorded.scenarios[0].steps));
        assert_eq!(restored.plan.scenarios[0].feature.rules[0].scenarios[0].steps[0].value, "something else happens");
    }

    #[test]
    fn a_text_below_a_step_is_restored() {
        for text in ["create: iam.token@nth:1 before_commit status(503) | delete", "it holds \"\"\" and\n  a second line"] {
            let feature = format!(
                "Feature: ours\n  @OWN-001\n  Rule: ours\n    Scenario: ours\n      When this fault schedule is played\n        ```\n        {}\n        ```\n      Then no invariant is broken\n",
                text.replace('\n', "\n        ")
            );
            let feature = Feature::parse(feature, GherkinEnv::default()).unwrap();
            let (mut recorded, _) = recorded();
            recorded.scenarios[0].steps = steps(&feature.rules[0].scenarios[0]);
            recorded.scenarios.truncate(1);
            let restored = recorded.restore(&Features::built_in().unwrap());
            let step = &restored.plan.scenarios[0].feature.rules[0].scenarios[0].steps[0];
            assert_eq!(step.docstring.as_deref().map(str::trim), Some(text));
        }
    }

    #[test]
    fn another_format_is_refused() {
        let (mut recorded, _) = recorded();
        recorded.format += 1;
        let folder = tempfile::tempdir().unwrap();
        recorded.write(folder.path()).unwrap();
        assert!(matches!(RecordedPlan::read(folder.path()), Err(RecordedPlanError::Format { found: 3, .. })));
        std::fs::write(folder.path().join(FILE), "{}").unwrap();
        assert!(matches!(RecordedPlan::read(folder.path()), Err(RecordedPlanError::Malformed { .. })));
    }
}
