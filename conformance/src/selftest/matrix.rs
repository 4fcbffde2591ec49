//! All mutants, judged.

use serde::Serialize;

use super::{Proof, Trial};
use crate::catalog::{Applies, Catalog, Level};
use crate::mutant::{CONTROL, IMAGE_CONTROL};

/// Which mutants break which rules.
#[derive(Debug, Clone, Serialize)]
pub struct Matrix {
    /// The rules, in the catalog's order.
    pub rules: Vec<Kills>,
    /// The mutants, in the table's order, the control first.
    pub trials: Vec<Trial>,
    /// What could not be proved; none where there is a Docker Engine.
    pub lacking: Option<Lacking>,
    /// Whether all mutants were tried, so that every rule must be broken by one.
    pub whole: bool,
    /// Whether all scenarios were played with each of them.
    pub full: bool,
    /// Seconds that it took.
    pub seconds: f64,
}

/// What cannot be proved without a Docker Engine.
#[derive(Debug, Clone, Serialize)]
pub struct Lacking {
    /// The rules.
    pub rules: Vec<String>,
    /// Why there is no engine.
    pub why: String,
}

impl Lacking {
    /// Says that no image could be tried, and why.
    pub fn new(catalog: &Catalog, why: String) -> Self {
        let rules = catalog.rules.iter().filter(|rule| rule.applies == Applies::Image);
        Self { rules: rules.map(|rule| rule.id.to_string()).collect(), why }
    }
}

/// A rule and the mutants that break it.
#[derive(Debug, Clone, Serialize)]
pub struct Kills {
    /// Its id.
    pub rule: String,
    /// Its level.
    pub level: Level,
    /// The mutants that were found to break it.
    pub mutants: Vec<&'static str>,
}

impl Kills {
    /// Tells whether a mutant breaks it; a control is none.
    fn is_killed(&self) -> bool {
        self.mutants.iter().any(|mutant| ![CONTROL, IMAGE_CONTROL].contains(mutant))
    }
}

impl Matrix {
    /// Puts the trials together.
    pub fn new(catalog: &Catalog, trials: Vec<Trial>, lacking: Option<Lacking>, whole: bool, full: bool, seconds: f64) -> Self {
        let kills = |id: &str| trials.iter().filter(|trial| trial.broken.contains(id)).map(|trial| trial.mutant).collect();
        let rules =
            catalog.rules.iter().map(|rule| Kills { rule: rule.id.to_string(), level: rule.level, mutants: kills(rule.id.as_str()) });
        Self { rules: rules.collect(), trials, lacking, whole, full, seconds }
    }

    /// Returns how many of the rules above info at least one mutant breaks, and how many there are.
    pub fn killed(&self) -> (usize, usize) {
        let counted = || self.rules.iter().filter(|rule| rule.level > Level::Info);
        (counted().filter(|rule| rule.is_killed()).count(), counted().count())
    }

    /// Returns the rules above info that no mutant breaks, but for those that could not be proved; none where only some mutants were tried.
    pub fn survivors(&self) -> Vec<&str> {
        let untried = |rule: &Kills| self.lacking.as_ref().is_some_and(|lacking| lacking.rules.contains(&rule.rule));
        let unproved = self.rules.iter().filter(|rule| self.whole && rule.level > Level::Info && !untried(rule));
        unproved.filter(|rule| !rule.is_killed()).map(|rule| rule.rule.as_str()).collect()
    }

    /// Tells whether hallmark finds exactly what it must, as far as mutants could be tried.
    pub fn shows(&self) -> Proof {
        // What no mutant was found to break may be what trouble hid.
        let hidden = |rule: &&str| {
            self.trials.iter().any(|trial| trial.shows() == Proof::Undecided && trial.missed.iter().any(|missed| missed == rule))
        };
        let trials = self.trials.iter().map(Trial::shows).max().unwrap_or(Proof::Right);
        if self.survivors().iter().all(hidden) { trials } else { Proof::Wrong }
    }

    /// Returns the mutants of which nothing can be said.
    pub fn undecided(&self) -> Vec<&str> {
        self.trials.iter().filter(|trial| trial.shows() == Proof::Undecided).map(|trial| trial.mutant).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::mutant::table;
    use crate::suite::{Plan, ScenarioOutcome};

    fn trial_that_found_nothing(id: &str) -> Trial {
        let catalog = Catalog::built_in().unwrap();
        Trial::judge(&catalog, table::find(id), &Plan::default(), &BTreeMap::<String, ScenarioOutcome>::new(), false)
    }

    #[test]
    fn a_mutant_that_breaks_nothing_is_missed() {
        let trial = trial_that_found_nothing("CRE-007/never");
        assert!(trial.missed.contains(&"CRE-007".to_owned()) && trial.shows() == Proof::Wrong, "{trial:?}");
    }

    #[test]
    fn what_trouble_of_ours_may_have_hidden_is_open() {
        let mut trial = trial_that_found_nothing("CRE-007/never");
        trial.trouble.push("create/undo.feature:9: no free port".into());
        assert_eq!(trial.shows(), Proof::Undecided);
        let catalog = Catalog::built_in().unwrap();
        let some = |trial: &Trial, whole| Matrix::new(&catalog, vec![trial.clone()], None, whole, true, 1.0);
        assert_eq!(some(&trial, true).shows(), Proof::Wrong, "of other rules no mutant was tried, and no trouble hides that");
        let matrix = |trial: &Trial| some(trial, false);
        assert_eq!(matrix(&trial).shows(), Proof::Undecided);
        let text = crate::selftest::human(&matrix(&trial));
        assert!(text.contains("?   CRE-007/never") && text.contains("hallmark selftest --full --mutant CRE-007/never"), "{text}");
        // What was found and is not there is wrong, whatever else happened.
        trial.unexpected.push("DEL-001".into());
        assert_eq!(matrix(&trial).shows(), Proof::Wrong);
    }

    #[test]
    fn a_rule_that_no_mutant_breaks_is_no_proof() {
        let catalog = Catalog::built_in().unwrap();
        let matrix = |whole| Matrix::new(&catalog, vec![trial_that_found_nothing(CONTROL)], None, whole, false, 1.0);
        assert!(matrix(true).survivors().contains(&"CRE-001"));
        assert!(!matrix(true).survivors().contains(&"UPD-008"), "what is for information needs no proof");
        assert_eq!((matrix(false).shows(), matrix(true).shows()), (Proof::Right, Proof::Wrong));
        let (killed, counted) = matrix(true).killed();
        assert!(killed == 0 && counted > 70, "{killed} of {counted}");
        assert!(matrix(true).survivors().contains(&"IMG-001"));
        let lacking = Lacking::new(&catalog, "no engine".into());
        let without = Matrix::new(&catalog, vec![trial_that_found_nothing(CONTROL)], Some(lacking), true, false, 1.0);
        let survivors = without.survivors();
        assert!(survivors.contains(&"CRE-001") && !survivors.contains(&"IMG-001") && !survivors.contains(&"PRV-008"), "{survivors:?}");
    }
}
