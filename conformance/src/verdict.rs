//! Judgements of oracles and the verdicts drawn from them.
//!
//! An [`Judgement`] is what one oracle says about one rule in one scenario. A [`Verdict`] is what stands in the results.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::{Level, RuleId};

/// What a rule, or a rule within a scenario, came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Kept, with evidence.
    Pass,
    /// Excepted by a waiver that is neither stale nor expired.
    Waived,
    /// The manifest declares what makes the rule inapplicable.
    NotApplicable,
    /// The scenario never reached the rule. Never a pass.
    NotExercised,
    /// Our engine's trouble, or a timing too close to our own error.
    Inconclusive,
    /// Broken, with evidence.
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Pass => "pass",
            Self::Waived => "waived",
            Self::NotApplicable => "not applicable",
            Self::NotExercised => "not exercised",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// What an oracle says about one rule in one scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Judgement {
    /// The rule.
    pub rule: RuleId,
    /// The level of the part that was judged; none: the rule's own. A must rule may have parts that only should hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Level>,
    /// What it came to: pass, fail, not exercised or inconclusive.
    pub verdict: Verdict,
    /// What was expected. Empty on a pass.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What was found: on a pass what proves it, otherwise what went wrong or why nothing can be said.
    pub actual: String,
    /// Ids of the journal's events that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<u64>,
}

impl Judgement {
    /// The rule was kept.
    pub fn pass(rule: &str, actual: impl Into<String>, evidence: impl IntoIterator<Item = u64>) -> Self {
        Self::new(rule, Verdict::Pass, String::new(), actual.into(), evidence)
    }

    /// The rule was broken.
    pub fn fail(rule: &str, expected: impl Into<String>, actual: impl Into<String>, evidence: impl IntoIterator<Item = u64>) -> Self {
        Self::new(rule, Verdict::Fail, expected.into(), actual.into(), evidence)
    }

    /// The scenario never reached the rule.
    pub fn not_exercised(rule: &str, why: impl Into<String>) -> Self {
        Self::new(rule, Verdict::NotExercised, String::new(), why.into(), [])
    }

    /// The manifest declares what makes the rule inapplicable to what happened.
    pub fn not_applicable(rule: &str, why: impl Into<String>, evidence: impl IntoIterator<Item = u64>) -> Self {
        Self::new(rule, Verdict::NotApplicable, String::new(), why.into(), evidence)
    }

    /// Nothing can be said, for a reason of ours.
    pub fn inconclusive(rule: &str, why: impl Into<String>) -> Self {
        Self::new(rule, Verdict::Inconclusive, String::new(), why.into(), [])
    }

    fn new(rule: &str, verdict: Verdict, expected: String, actual: String, evidence: impl IntoIterator<Item = u64>) -> Self {
        Self { rule: RuleId::from(rule), part: None, verdict, expected, actual, evidence: evidence.into_iter().collect() }
    }

    /// Says that only a part of this level was judged.
    #[must_use]
    pub fn at(mut self, level: Level) -> Self {
        self.part = Some(level);
        self
    }
}
