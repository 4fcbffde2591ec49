//! The steps that scenarios can be written with.

use std::collections::BTreeSet;

use cucumber::codegen::{StepConstructor, WorldInventory, inventory};
use gherkin::StepType;
use regex::Regex;
use serde::Serialize;

use super::features::Features;
use super::world::ProviderWorld;
use crate::chaos::scenario::{HELD, PLAYED};

/// Least likeness, from 0 to 1, at which a step is offered in place of one that there is not.
const LIKELY: f64 = 0.7;

/// One step.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    /// `Given`, `When` or `Then`.
    pub keyword: &'static str,
    /// How it is written: `(a | b)` is a choice, what stands in `[ ]` may be left out, words in capitals are values.
    pub phrase: String,
    /// The regular expression that a step's text must match.
    pub pattern: String,
    /// Its wordings in the features that are built in.
    pub examples: Vec<String>,
    #[serde(skip)]
    kind: StepType,
    #[serde(skip)]
    regex: Regex,
}

/// All steps: those of Given, then When, then Then, each by its wording.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    steps: Vec<Step>,
}

impl Vocabulary {
    /// Gathers every step that has a definition, with its wordings in `features` and in what `hallmark chaos --save` writes.
    pub fn gather(features: &Features) -> Self {
        let mut steps = of::<<ProviderWorld as WorldInventory>::Given>(StepType::Given, "Given");
        steps.extend(of::<<ProviderWorld as WorldInventory>::When>(StepType::When, "When"));
        steps.extend(of::<<ProviderWorld as WorldInventory>::Then>(StepType::Then, "Then"));
        let mut seen = BTreeSet::new();
        let scenarios = features.files().iter().flat_map(|file| &file.feature.rules).flat_map(|rule| &rule.scenarios);
        for used in scenarios.flat_map(|scenario| &scenario.steps) {
            let step = steps.iter_mut().find(|step| step.kind == used.ty && step.regex.is_match(&used.value));
            if let Some(step) = step.filter(|_| seen.insert(&used.value)) {
                step.examples.push(used.value.clone());
            }
        }
        for wording in [PLAYED, HELD] {
            if let Some(step) = steps.iter_mut().find(|step| step.examples.is_empty() && step.regex.is_match(wording)) {
                step.examples.push(wording.to_owned());
            }
        }
        Self { steps }
    }

    /// Returns the steps.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the keyword that a text has, where it is a step of another kind.
    pub fn other_kind(&self, kind: StepType, text: &str) -> Option<&'static str> {
        let fits = |step: &&Step| step.regex.is_match(text);
        let steps = self.steps.iter().filter(fits);
        if steps.clone().any(|step| step.kind == kind) { None } else { steps.map(|step| step.keyword).next() }
    }

    /// Returns the step that a text means; an error with the nearest wording, if there is a likely one.
    pub fn find(&self, kind: StepType, text: &str) -> Result<&Step, Option<&str>> {
        let of_kind = || self.steps.iter().filter(|step| step.kind == kind);
        of_kind().find(|step| step.regex.is_match(text)).ok_or_else(|| {
            let wordings =
                of_kind().flat_map(|step| &step.examples).map(|wording| (strsim::normalized_levenshtein(wording, text), wording));
            let nearest = wordings.max_by(|(one, _), (other, _)| one.total_cmp(other)).filter(|(likeness, _)| *likeness >= LIKELY);
            nearest.map(|(_, wording)| wording.as_str())
        })
    }
}

fn of<Kind: inventory::Collect + StepConstructor<ProviderWorld>>(kind: StepType, keyword: &'static str) -> Vec<Step> {
    let steps = inventory::iter::<Kind>.into_iter().map(|step| {
        let (_, regex, _) = step.inner();
        let regex = regex();
        Step { keyword, phrase: readable(regex.as_str()), pattern: regex.as_str().to_owned(), examples: Vec::new(), kind, regex }
    });
    let mut steps: Vec<Step> = steps.collect();
    steps.sort_by(|one, other| one.phrase.cmp(&other.phrase));
    steps
}

/// Returns a step's regular expression as a person writes the step.
fn readable(pattern: &str) -> String {
    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
    let values = pattern.replace(r"(\d{3})", "NUMBER").replace(r"(\d+)", "NUMBER").replace("(.+)", "TEXT").replace(r"(\S+)", "TEXT");
    let values = values.replace("([A-Z_]+)", "NAME").replace("(SM_[A-Z_]+)", "SM_NAME").replace("(?:", "(");
    let mut text = String::new();
    // Where the groups that are open begin.
    let mut open = Vec::new();
    let mut characters = values.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            '(' => {
                open.push(text.len());
                text.push('(');
            }
            ')' => {
                let begin = open.pop().unwrap_or_default();
                if characters.next_if_eq(&'?').is_some() {
                    text.replace_range(begin..=begin, "[");
                    text.push(']');
                } else {
                    text.push(')');
                }
            }
            '?' => {
                let optional = text.pop().map_or(String::new(), |letter| format!("[{letter}]"));
                text.push_str(&optional);
            }
            '|' => text.push_str(" | "),
            character => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::features::FeatureFile;
    use super::*;

    #[test]
    fn patterns_read_as_steps() {
        for (pattern, phrase) in [
            (
                "^Secrets Manager answers (every|the first) update with (\\d{3})$",
                "Secrets Manager answers (every | the first) update with NUMBER",
            ),
            ("^never answers an? (update|creation)$", "never answers a[n] (update | creation)"),
            ("^with (\\d{3})(?: and (an HTML page|nothing))?$", "with NUMBER[ and (an HTML page | nothing)]"),
            ("^(?:IAM|the third party) says (.+)\\.$", "(IAM | the third party) says TEXT."),
        ] {
            assert_eq!(readable(pattern), phrase);
        }
    }

    #[test]
    fn every_step_is_used_and_every_used_step_is_known() {
        let features = Features::built_in().unwrap();
        let vocabulary = Vocabulary::gather(&features);
        for step in vocabulary.steps() {
            assert!(!step.examples.is_empty(), "no feature uses `{} {}`", step.keyword, step.phrase);
        }
        for FeatureFile { path, feature, .. } in features.files() {
            for step in feature.rules.iter().flat_map(|rule| &rule.scenarios).flat_map(|scenario| &scenario.steps) {
                assert!(vocabulary.find(step.ty, &step.value).is_ok(), "{path}:{}: {}", step.position.line, step.value);
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_offered_the_right_step() {
        let vocabulary = Vocabulary::gather(&Features::built_in().unwrap());
        assert_eq!(vocabulary.find(StepType::Then, "the job fails").unwrap().keyword, "Then");
        assert_eq!(vocabulary.find(StepType::Then, "the job failed").unwrap_err(), Some("the job fails"));
        assert_eq!(vocabulary.find(StepType::Given, "the job fails").unwrap_err(), None, "it is a Then");
        assert_eq!(vocabulary.find(StepType::When, "pigs fly").unwrap_err(), None);
    }
}
