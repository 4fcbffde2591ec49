//! What `hallmark explain RULE` shows: one rule in full.
//!
//! The main functions are [`explain`] and [`find`], which any command that takes a rule's id can use.

use std::sync::LazyLock;

use gherkin::{Feature, GherkinEnv};

use crate::catalog::{Catalog, Level, Rule, RuleId};
use crate::chapter::Chapter;
use crate::paragraph::wrapped;
use crate::suite::FEATURES;

/// Columns of a page where the terminal's width is not known.
pub const PAGE: usize = 100;

/// The greatest distance at which a known id is still a likely slip of the pen.
const NEAR: usize = 2;

/// An id that no rule has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no rule has the id `{}`;{} `hallmark list` shows every rule", id.escape_debug(), question(nearest.as_ref()))]
pub struct UnknownRule {
    /// The id as it was given.
    pub id: String,
    /// The rule that was perhaps meant.
    pub nearest: Option<RuleId>,
}

fn question(nearest: Option<&RuleId>) -> String {
    nearest.map_or(String::new(), |id| format!(" did you mean {id}?"))
}

/// Returns the rule with this id, in capitals or not.
pub fn find<'catalog>(catalog: &'catalog Catalog, id: &str) -> Result<&'catalog Rule, UnknownRule> {
    let wanted = id.trim().to_ascii_uppercase();
    catalog.rule(&wanted).ok_or_else(|| UnknownRule { id: id.to_owned(), nearest: nearest(catalog, &wanted) })
}

/// A part of what is said about a rule, for whatever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    /// What it is about.
    pub(crate) title: &'static str,
    /// What it says; of a command, the command.
    pub(crate) paragraphs: Vec<String>,
    /// Whether that is to be typed rather than read.
    pub(crate) command: bool,
}

/// Returns everything that is said about a rule: the one text of the terminal and of the page of all rules.
pub(crate) fn sections(catalog: &Catalog, rule: &Rule) -> Vec<Section> {
    let section = |title, paragraphs| Section { title, paragraphs, command: false };
    let mut sections = vec![
        section("Requirement", vec![rule.requirement.clone()]),
        section("Source", rule.source.split("; ").map(str::to_owned).collect()),
        section("Applies", vec![rule.applies.in_words().to_owned()]),
    ];
    if !rule.needs.is_empty() {
        sections.push(section("Needs", rule.needs.iter().map(|needed| need(catalog, needed)).collect()));
    }
    sections.push(section("Explanation", vec![rule.explanation.clone()]));
    let observed = observed(&rule.id);
    if !observed.is_empty() {
        sections.push(section("Observed in", observed));
    }
    // Under core only musts count, and a run of nothing that counts proves nothing.
    let profile = if rule.level == Level::Should { " --profile resilient" } else { "" };
    let command = format!("hallmark run MANIFEST --rule {}{profile}", rule.id);
    sections.push(Section { title: "To run it alone", paragraphs: vec![command], command: true });
    sections
}

/// Returns everything that the catalog says about the rule with this id, wrapped to a page. Ends with a line feed.
pub fn explain(catalog: &Catalog, id: &str) -> Result<String, UnknownRule> {
    let rule = find(catalog, id)?;
    let chapter = Chapter::of(&rule.id).map_or(String::new(), |chapter| format!(" ({})", chapter.title.to_lowercase()));
    let head = format!("{}  {}{chapter}", rule.id, rule.level);
    let sections = sections(catalog, rule).into_iter().map(|section| {
        let paragraphs: Vec<String> = section.paragraphs.iter().map(|paragraph| wrapped(paragraph, PAGE, "  ", "  ")).collect();
        format!("{}\n{}", section.title, paragraphs.join("\n"))
    });
    Ok(std::iter::once(head).chain(sections).collect::<Vec<_>>().join("\n\n") + "\n")
}

fn need(catalog: &Catalog, id: &RuleId) -> String {
    let requirement = catalog.rule(id.as_str()).map_or("", |rule| rule.requirement.as_str());
    format!("{id}: {requirement} Where that is not kept, this rule is not applicable.")
}

/// The built-in features. A test proves that they parse.
static PARSED: LazyLock<Vec<(&str, Feature)>> = LazyLock::new(|| {
    let parsed = FEATURES.iter().map(|(path, text)| Some((*path, Feature::parse(text, GherkinEnv::default()).ok()?)));
    parsed.flatten().collect()
});

/// Returns the scenarios of a rule, a paragraph for each feature. Some oracles look at every other scenario besides.
fn observed(id: &RuleId) -> Vec<String> {
    let of_rule = PARSED.iter().filter_map(|(path, feature)| {
        let rule = feature.rules.iter().find(|rule| rule.tags.iter().any(|tag| tag == id.as_str()))?;
        let names: Vec<&str> = rule.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        Some(format!("features/{path}: {}.", names.join("; ")))
    });
    of_rule.collect()
}

/// Returns the id that differs least, the first of the catalog among equals, or none when all differ much.
fn nearest(catalog: &Catalog, wanted: &str) -> Option<RuleId> {
    let distances = catalog.rules.iter().map(|rule| (strsim::damerau_levenshtein(rule.id.as_str(), wanted), &rule.id));
    distances.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= NEAR).map(|(_, id)| id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        Catalog::built_in().unwrap()
    }

    #[test]
    fn a_rule_in_full() {
        insta::assert_snapshot!(explain(&catalog(), "CRE-009").unwrap());
    }

    #[test]
    fn a_rule_that_needs_another_says_so() {
        insta::assert_snapshot!(explain(&catalog(), "UPD-007").unwrap());
    }

    #[test]
    fn every_rule_fits_the_page() {
        let catalog = catalog();
        for rule in &catalog.rules {
            let text = explain(&catalog, rule.id.as_str()).unwrap();
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= PAGE, "{}: {longest} columns", rule.id);
        }
    }

    #[test]
    fn capitals_and_blanks_do_not_matter() {
        assert_eq!(find(&catalog(), " cre-009 ").unwrap().id, RuleId::from("CRE-009"));
    }

    #[test]
    fn a_slip_of_the_pen_gets_the_nearest_rule() {
        let catalog = catalog();
        for (given, meant) in [("CRE-01", "CRE-001"), ("CRE009", "CRE-009"), ("upd007", "UPD-007"), ("RYT-001", "RTY-001")] {
            let unknown = explain(&catalog, given).unwrap_err();
            assert_eq!(unknown.nearest, Some(RuleId::from(meant)), "{given}");
        }
    }

    #[test]
    fn what_resembles_nothing_gets_no_guess() {
        let unknown = explain(&catalog(), "privacy").unwrap_err();
        assert_eq!(unknown.nearest, None);
    }

    #[test]
    fn an_unknown_rule_in_words() {
        let catalog = catalog();
        insta::assert_snapshot!(explain(&catalog, "CRE-01").unwrap_err(), @"no rule has the id `CRE-01`; did you mean CRE-001? `hallmark list` shows every rule");
        insta::assert_snapshot!(explain(&catalog, "\u{1b}[31m").unwrap_err(), @r"no rule has the id `\u{1b}[31m`; `hallmark list` shows every rule");
    }
}
