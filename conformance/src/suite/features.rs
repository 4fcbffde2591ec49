//! The features that a run plays: those that are built in, and a company's own.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cucumber::feature::Ext as _;
use gherkin::{Feature, GherkinEnv, StepType};
use sha2::{Digest, Sha256};

use super::embedded::FEATURES;
use super::vocabulary::Vocabulary;
use crate::catalog::{Applies, Catalog, Level, Rule, RuleId};
use crate::chaos::scenario::PLAYED;
use crate::chaos::schedule::Schedule;

/// Begins the path of a feature of the company's own.
pub const OWN: &str = "own/";

/// A feature with its examples filled in.
#[derive(Debug, Clone)]
pub struct FeatureFile {
    /// Path within its folder of features, with `/`; one of a company's own begins with `own/`.
    pub path: String,
    /// What it says.
    pub feature: Feature,
    /// Whether it is the company's own.
    pub own: bool,
}

/// Features, parsed.
#[derive(Debug, Clone)]
pub struct Features {
    files: Vec<FeatureFile>,
    own_rules: Vec<Rule>,
    /// Of what is built in, and of the company's own.
    hashers: [Sha256; 2],
}

/// Why features cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FeatureError {
    /// A feature that is built in does not parse. A test proves that all do.
    #[error("parsing the built-in feature {path}: {reason}; this is a fault of hallmark, please report it")]
    BuiltIn {
        /// Which.
        path: &'static str,
        /// Why.
        reason: String,
    },
    /// A file or folder cannot be read.
    #[error("{} cannot be read; --features takes a folder with .feature files that you may read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no feature in the folder.
    #[error("there is no .feature file in {}; --features takes the folder of your own features", path.display())]
    None {
        /// Which folder.
        path: PathBuf,
    },
    /// A feature of the company's own has mistakes; all of them, one a line.
    #[error("{}", .0.join("\n"))]
    Mistaken(Vec<String>),
}

impl Features {
    /// Returns the features that are built in.
    pub fn built_in() -> Result<Self, FeatureError> {
        let mut features = Self { files: Vec::new(), own_rules: Vec::new(), hashers: [Sha256::new(), Sha256::new()] };
        for (path, text) in FEATURES {
            let failed = |reason: String| FeatureError::BuiltIn { path, reason };
            features.add(path, text, false).map_err(failed)?;
        }
        Ok(features)
    }

    /// Adds every `.feature` file below `folder`, in the order of their paths. Their rules have ids that `catalog` does not have.
    pub fn with_own(mut self, folder: &Path, catalog: &Catalog) -> Result<Self, FeatureError> {
        let mut paths = Vec::new();
        find(folder, &mut paths)?;
        paths.sort();
        if paths.is_empty() {
            return Err(FeatureError::None { path: folder.to_owned() });
        }
        let vocabulary = Vocabulary::gather(&self);
        let mut mistakes = Vec::new();
        let mut seen = BTreeSet::new();
        for path in paths {
            let text = std::fs::read_to_string(&path).map_err(|source| FeatureError::Unreadable { path: path.clone(), source })?;
            let within = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            // Recordings are named after it.
            let plain = |character: char| character.is_ascii_alphanumeric() || "_-./".contains(character);
            if !within.chars().all(plain) {
                mistakes.push(format!("{}: name it with letters, digits, dots, dashes and underscores only", path.display()));
                continue;
            }
            match self.add(&format!("{OWN}{within}"), &text, true) {
                Ok(feature) => {
                    let examined = examine(&feature, &path, catalog, &vocabulary, &mut seen);
                    self.own_rules.extend(examined.rules);
                    mistakes.extend(examined.mistakes);
                }
                Err(reason) => mistakes.push(format!("{}: it does not parse: {reason}", path.display())),
            }
        }
        // The rows of an outline share their steps.
        let mut told = BTreeSet::new();
        mistakes.retain(|mistake| told.insert(mistake.clone()));
        if mistakes.is_empty() { Ok(self) } else { Err(FeatureError::Mistaken(mistakes)) }
    }

    fn add(&mut self, path: &str, text: &str, own: bool) -> Result<Feature, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err("it is empty".into());
        }
        let parsed = Feature::parse(text, GherkinEnv::default()).map_err(|error| error.to_string())?;
        if let Some(line) = without_rows(&parsed) {
            return Err(format!("the examples in line {line} have no row, so nothing would be played"));
        }
        let feature = with_backgrounds(parsed.expand_examples().map_err(|error| error.to_string())?);
        self.files.push(FeatureFile { path: path.to_owned(), feature: feature.clone(), own });
        for part in [path, text] {
            self.hashers[usize::from(own)].update(part);
            self.hashers[usize::from(own)].update([0]);
        }
        Ok(feature)
    }

    /// Returns the features, those that are built in first.
    pub fn files(&self) -> &[FeatureFile] {
        &self.files
    }

    /// Returns the rules that only a company's own features have.
    pub fn own_rules(&self) -> &[Rule] {
        &self.own_rules
    }

    /// Returns the SHA-256 over those that are built in, in hex.
    pub fn digest(&self) -> String {
        hex::encode(self.hashers[0].clone().finalize())
    }

    /// Returns the SHA-256 over the company's own, in hex.
    pub fn own_digest(&self) -> String {
        hex::encode(self.hashers[1].clone().finalize())
    }
}

/// Returns the line of examples that have no row.
fn without_rows(feature: &Feature) -> Option<usize> {
    let scenarios = feature.scenarios.iter().chain(feature.rules.iter().flat_map(|rule| &rule.scenarios));
    let mut examples = scenarios.flat_map(|scenario| &scenario.examples);
    examples.find(|examples| examples.table.as_ref().is_none_or(|table| table.rows.len() < 2)).map(|examples| examples.position.line)
}

/// Puts the steps of backgrounds into the scenarios that they stand before: a scenario is then all that happens in it.
fn with_backgrounds(mut feature: Feature) -> Feature {
    let of_feature = feature.background.take().map(|background| background.steps).unwrap_or_default();
    for scenario in &mut feature.scenarios {
        scenario.steps.splice(0..0, of_feature.clone());
    }
    for rule in &mut feature.rules {
        let of_rule = rule.background.take().map(|background| background.steps).unwrap_or_default();
        for scenario in &mut rule.scenarios {
            scenario.steps.splice(0..0, of_feature.iter().chain(&of_rule).cloned());
        }
    }
    feature
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), FeatureError> {
    let failed = |source| FeatureError::Unreadable { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // A link to a folder may lead anywhere, also back here.
        if entry.file_type().map_err(failed)?.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "feature") {
            found.push(path);
        }
    }
    Ok(())
}

struct Examined {
    rules: Vec<Rule>,
    mistakes: Vec<String>,
}

/// Looks at a company's own feature: a mistake in it must not end as a scenario that is silently left out.
fn examine(feature: &Feature, path: &Path, catalog: &Catalog, vocabulary: &Vocabulary, seen: &mut BTreeSet<RuleId>) -> Examined {
    let mut examined = Examined { rules: Vec::new(), mistakes: Vec::new() };
    let mut mistake = |line: usize, what: String| examined.mistakes.push(format!("{}:{line}: {what}", path.display()));
    for scenario in &feature.scenarios {
        mistake(scenario.position.line, format!("the scenario {:?} stands in no `Rule:`; every scenario proves a rule", scenario.name));
    }
    if feature.rules.is_empty() && feature.scenarios.is_empty() {
        mistake(feature.position.line, "the feature has no `Rule:` with scenarios".into());
    }
    for rule in &feature.rules {
        let line = rule.position.line;
        let ids: Vec<&String> = rule.tags.iter().filter(|tag| is_id(tag)).collect();
        let id = match ids.as_slice() {
            [id] if catalog.rule(id).is_some() => {
                mistake(line, format!("{id} is a rule of hallmark's own; give your rule an id that hallmark does not have, e.g. @OWN-001"));
                continue;
            }
            [id] => RuleId((*id).clone()),
            [] => {
                mistake(line, format!("the rule {:?} has no id; tag it with one such as @OWN-001", rule.name));
                continue;
            }
            _ => {
                mistake(line, format!("the rule {:?} has several ids; tag it with one", rule.name));
                continue;
            }
        };
        if !seen.insert(id.clone()) {
            mistake(line, format!("the rule {id} stands twice; put its scenarios into one block"));
            continue;
        }
        let thorough =
            |scenario: &gherkin::Scenario| scenario.tags.iter().chain(&rule.tags).chain(&feature.tags).any(|tag| tag == "thorough");
        if rule.scenarios.iter().all(thorough) {
            mistake(line, format!("the rule {id} has no scenario that is always played (without @thorough)"));
        }
        let tags = rule.tags.iter().chain(&feature.tags).chain(rule.scenarios.iter().flat_map(|scenario| &scenario.tags));
        if let Some(tag) = tags.into_iter().find(|tag| tag.starts_with("hallmark-")) {
            mistake(line, format!("the tag @{tag} is hallmark's own; use another"));
        }
        for scenario in &rule.scenarios {
            let order: Vec<u8> = scenario.steps.iter().map(|step| place(step.ty)).collect();
            if !order.contains(&1) || !order.contains(&2) || !order.is_sorted() {
                let what = format!("the scenario {:?} needs steps in the order Given, When, Then, with a When and a Then", scenario.name);
                mistake(scenario.position.line, what);
            }
            for step in &scenario.steps {
                if let Some(other) = vocabulary.other_kind(step.ty, &step.value) {
                    mistake(step.position.line, format!("`{}` is a {other} step, and stands as another", step.value));
                } else if let Err(near) = vocabulary.find(step.ty, &step.value) {
                    let near = near.map_or(String::new(), |near| format!(" did you mean `{near}`?"));
                    mistake(step.position.line, format!("no step says `{}`;{near} `hallmark steps` shows all", step.value));
                } else if let Some(what) = wrong_below(step) {
                    mistake(step.position.line, format!("the step `{}` {what}", step.value));
                }
            }
        }
        let level = [("must", Level::Must), ("should", Level::Should), ("info", Level::Info)];
        let level = level.into_iter().find(|(word, _)| rule.tags.iter().any(|tag| tag == word)).map_or(Level::Must, |(_, level)| level);
        let explanation =
            rule.description.as_deref().map_or_else(|| rule.name.clone(), |text| text.split_whitespace().collect::<Vec<_>>().join(" "));
        examined.rules.push(Rule {
            id,
            level,
            requirement: rule.name.clone(),
            source: path.display().to_string(),
            explanation,
            applies: Applies::Always,
            needs: Vec::new(),
        });
    }
    examined
}

/// Returns what is wrong with what stands below a step: one alone takes anything there.
fn wrong_below(step: &gherkin::Step) -> Option<String> {
    let text = step.docstring.as_deref();
    match text {
        _ if step.table.is_some() => Some("takes no table".into()),
        None if step.value == PLAYED => {
            Some("needs a schedule below it, between two lines of three quotes: `hallmark chaos --save` writes one".into())
        }
        Some(text) if step.value == PLAYED => {
            text.trim().parse::<Schedule>().err().map(|error| format!("has no schedule below it: {error}"))
        }
        Some(_) => Some("takes no text below it".into()),
        None => None,
    }
}

/// Tells whether a tag is a rule's id: capital letters, a dash, digits.
fn is_id(tag: &str) -> bool {
    let parts = tag.split_once('-');
    parts.is_some_and(|(letters, digits)| {
        let letters = !letters.is_empty() && letters.chars().all(|letter| letter.is_ascii_uppercase());
        letters && !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit())
    })
}

fn place(step: StepType) -> u8 {
    match step {
        StepType::Given => 0,
        StepType::When => 1,
        StepType::Then => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "Feature: Ours\n  @OWN-001 @should\n  Rule: a deletion is logged\n    Scenario: refused\n      Given the third party answers every revocation with 503\n      When Secrets Manager creates the secret\n      And Secrets Manager deletes the secret\n      Then the failure is logged\n";

    fn read(text: &str) -> Result<Features, FeatureError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("deep")).unwrap();
        std::fs::write(folder.path().join("deep/ours.feature"), text).unwrap();
        Features::built_in().unwrap().with_own(folder.path(), &Catalog::built_in().unwrap())
    }

    fn mistakes(text: &str) -> Vec<String> {
        match read(text) {
            Err(FeatureError::Mistaken(mistakes)) => mistakes,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_feature_of_one_s_own_adds_its_rule() {
        let features = read(RIGHT).unwrap();
        let rule = &features.own_rules()[0];
        assert_eq!((rule.id.as_str(), rule.level, rule.requirement.as_str()), ("OWN-001", Level::Should, "a deletion is logged"));
        assert_eq!(features.files().last().unwrap().path, "own/deep/ours.feature");
        assert_eq!(features.files().len(), FEATURES.len() + 1);
        let built_in = Features::built_in().unwrap();
        assert_eq!(features.digest(), built_in.digest());
        assert_ne!(features.own_digest(), built_in.own_digest());
    }

    #[test]
    fn a_background_is_a_part_of_each_scenario() {
        let text = RIGHT.replace("  @OWN-001", "  Background:\n    Given a secret was created\n  @OWN-001");
        let features = read(&text).unwrap();
        let feature = &features.files().last().unwrap().feature;
        let steps: Vec<&str> = feature.rules[0].scenarios[0].steps.iter().map(|step| step.value.as_str()).collect();
        assert_eq!((steps[0], steps.len(), feature.background.is_none()), ("a secret was created", 5, true));
        let out_of_order = RIGHT.replace("    Scenario:", "    Background:\n      When Secrets Manager creates the secret\n    Scenario:");
        assert!(mistakes(&out_of_order).iter().any(|mistake| mistake.contains("needs steps in the order")));
    }

    #[test]
    fn what_would_never_be_played_is_a_mistake() {
        let outline = RIGHT.replace("Scenario: refused", "Scenario Outline: refused") + "      Examples:\n        | a |\n";
        assert!(mistakes(&outline).iter().any(|mistake| mistake.contains("have no row")));
        let thorough = RIGHT.replace("    Scenario:", "    @thorough\n    Scenario:");
        assert!(mistakes(&thorough).iter().any(|mistake| mistake.contains("always played")));
        assert!(mistakes(" \n").iter().any(|mistake| mistake.contains("it is empty")));
        let taken = RIGHT.replace("@should", "@should @hallmark-planned:0");
        assert!(mistakes(&taken).iter().any(|mistake| mistake.contains("is hallmark's own")));
        assert!(read(&format!("\u{feff}{RIGHT}")).is_ok());
    }

    #[test]
    fn features_may_be_in_another_language() {
        let german = "# language: de\nFunktionalität: Unser\n  @OWN-001\n  Regel: alles wird gemeldet\n    Szenario: eins\n      Wenn Secrets Manager creates the secret\n      Dann the job succeeds\n";
        let features = read(german).unwrap();
        let scenario = &features.files().last().unwrap().feature.rules[0].scenarios[0];
        assert_eq!(crate::suite::plan::steps(scenario), ["When Secrets Manager creates the secret", "Then the job succeeds"]);
    }

    #[test]
    fn each_mistake_is_told_with_its_line() {
        for (wrong, by, said) in [
            ("@OWN-001", "@CRE-001", ":3: CRE-001 is a rule of hallmark's own"),
            ("@OWN-001 ", "", ":3: the rule \"a deletion is logged\" has no id"),
            ("@OWN-001", "@OWN-001 @OWN-002", ":3: the rule \"a deletion is logged\" has several ids"),
            (
                "the failure is logged",
                "the failure was logged",
                ":8: no step says `the failure was logged`; did you mean `the failure is logged`?",
            ),
            ("      Then the failure is logged\n", "", ":4: the scenario \"refused\" needs steps in the order"),
            ("  @OWN-001 @should\n  Rule: a deletion is logged\n", "", "the scenario \"refused\" stands in no `Rule:`"),
        ] {
            let text = RIGHT.replace(wrong, by);
            assert_ne!(text, RIGHT);
            let found = mistakes(&text);
            assert!(found.iter().any(|mistake| mistake.contains(said)), "{said}: {found:?}");
        }
        let step = "      When Secrets Manager creates the secret\n";
        for (below, said) in
            [("        \"\"\"\n        create\n        \"\"\"\n", "takes no text below it"), ("        | create |\n", "takes no table")]
        {
            let found = mistakes(&RIGHT.replace(step, &format!("{step}{below}")));
            assert!(found.iter().any(|mistake| mistake.contains(said)), "{said}: {found:?}");
        }
        let played = RIGHT.replace(step, "      When this fault schedule is played\n");
        assert!(mistakes(&played).iter().any(|mistake| mistake.contains("needs a schedule below it")), "{:?}", mistakes(&played));
        let mistyped = RIGHT.replace(step, "      When this fault schedule is played\n        ```\n        creat\n        ```\n");
        assert!(mistakes(&mistyped).iter().any(|mistake| mistake.contains("has no schedule below it")), "{:?}", mistakes(&mistyped));
        assert!(mistakes("no feature").iter().any(|mistake| mistake.contains("it does not parse")));
    }

    #[test]
    fn a_folder_without_features_is_told() {
        let catalog = Catalog::built_in().unwrap();
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Features::built_in().unwrap().with_own(folder.path(), &catalog), Err(FeatureError::None { .. })));
        let missing = folder.path().join("missing");
        assert!(matches!(Features::built_in().unwrap().with_own(&missing, &catalog), Err(FeatureError::Unreadable { .. })));
    }
}
