//! The mutations, by the chapter of the rule that each is about.
//!
//! To add one: a row here, and a line `if self.is(&THE_ROW)` at its point in the provider. `hallmark selftest --full --mutant ID` then says which
//! rules it breaks. Every rule beyond its own needs a reason, which stands in the row's comment.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Level};
use crate::results::DetectionRecord;

/// One way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mutation {
    /// The rule that it is about and a name, such as `CRE-001/never-reports`.
    pub id: &'static str,
    /// What it does wrong, in one sentence.
    pub wrong: &'static str,
    /// Exactly the rules that it breaks under the profile resilient, its own first.
    pub breaks: &'static [&'static str],
    /// Exactly the rules that cannot be exercised with it.
    pub holes: &'static [&'static str],
    /// Text that a finding of its own rule contains.
    pub says: &'static str,
    /// Variables of its job_config.json that the reference provider's does not have, or has with another value.
    pub declares: &'static [(&'static str, &'static str)],
}

impl Mutation {
    /// Returns the rule that it is about.
    pub fn rule(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }
}

/// Makes a constant of each row, and the list of all of them.
macro_rules! mutations {
    ($($name:ident = $id:literal, $wrong:literal; breaks $($broken:literal)+; $(holes $($hole:literal)+;)? $(declares $($variable:literal = $text:literal)+;)?
        says $says:literal;)+) => {
        $(
            #[doc = $wrong]
            pub const $name: Mutation = Mutation {
                id: $id,
                wrong: $wrong,
                breaks: &[$($broken),+],
                holes: &[$($($hole),+)?],
                says: $says,
                declares: &[$($(($variable, $text)),+)?],
            };
        )+
        /// All of the chapter.
        pub const ALL: &[Mutation] = &[$($name),+];
    };
}

pub mod action;
pub mod config;
pub mod crash;
pub mod create;
pub mod delete;
pub mod error;
pub mod image;
pub mod network;
pub mod privacy;
pub mod privilege;
pub mod retry;
pub mod rotation;
pub mod schedule;
pub mod update;

/// Returns every mutation that a scripted scenario finds, by chapter. What takes a schedule of several faults is in [`schedule`].
pub fn all() -> impl Iterator<Item = &'static Mutation> {
    [
        create::ALL,
        delete::ALL,
        action::ALL,
        update::ALL,
        retry::ALL,
        error::ALL,
        privacy::ALL,
        privilege::ALL,
        network::ALL,
        config::ALL,
        image::ALL,
        crash::ALL,
        rotation::ALL,
    ]
    .into_iter()
    .flatten()
}

/// Tells whether a mutant is wrong as an image, and is played as one.
pub fn is_image(mutation: &Mutation) -> bool {
    image::ALL.contains(mutation)
}

/// Sums up what the mutations break of the rules that count. A company's own rules are not among them. None where the catalog does not parse, which
/// a test excludes.
pub fn detection() -> Option<DetectionRecord> {
    let catalog = Catalog::built_in().ok()?;
    let broken: BTreeSet<&str> = all().flat_map(|mutation| mutation.breaks).copied().collect();
    let counted = || catalog.rules.iter().filter(|rule| rule.level > Level::Info);
    Some(DetectionRecord {
        mutants: all().count(),
        rules: counted().filter(|rule| broken.contains(rule.id.as_str())).count(),
        of: counted().count(),
    })
}

/// Returns the mutation with this id.
pub fn find(id: &str) -> Option<&'static Mutation> {
    all().chain(schedule::ALL).find(|mutation| mutation.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_mutant() {
        let catalog = Catalog::built_in().unwrap();
        let detection = detection().unwrap();
        assert_eq!(detection.rules, detection.of);
        assert_eq!(detection.mutants, all().count());
        let covered: BTreeSet<&str> = all().map(Mutation::rule).collect();
        // What only describes can be broken by nobody.
        let broken = catalog.rules.iter().filter(|rule| rule.level < Level::Info);
        let lacking: Vec<&str> = broken.map(|rule| rule.id.as_str()).filter(|id| !covered.contains(id)).collect();
        assert!(lacking.is_empty(), "no mutant is about {lacking:?}");
    }

    #[test]
    fn ids_are_unique() {
        let mut seen = BTreeSet::new();
        for mutation in all().chain(schedule::ALL) {
            assert!(seen.insert(mutation.id), "{} stands twice in the table", mutation.id);
        }
    }

    #[test]
    fn rows_are_complete_and_name_rules_of_the_catalog() {
        let catalog = Catalog::built_in().unwrap();
        for mutation in all().chain(schedule::ALL) {
            assert_eq!(mutation.breaks.first(), Some(&mutation.rule()), "{} breaks its own rule first", mutation.id);
            assert!(mutation.wrong.ends_with('.') && !mutation.says.is_empty(), "{} says what is wrong", mutation.id);
            for id in mutation.breaks.iter().chain(mutation.holes) {
                assert!(catalog.rule(id).is_some(), "{} names {id}, which is no rule", mutation.id);
            }
            let unique: BTreeSet<_> = mutation.breaks.iter().chain(mutation.holes).collect();
            assert_eq!(unique.len(), mutation.breaks.len() + mutation.holes.len(), "{} names a rule twice", mutation.id);
        }
    }
}
