//! What `hallmark explain RULE` shows: one rule in full.
//!
//! The main functions are [`explain`] and [`find`], which any command that takes a rule's id can use.

use crate::catalog::{Catalog, Level, Rule, RuleId};
use crate::chapter::Chapter;
use crate::paragraph::wrapped;

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

/// Returns everything that the catalog says about the rule with this id, wrapped to a page. Ends with a line feed.
pub fn explain(catalog: &Catalog, id: &str) -> Result<String, UnknownRule> {
    let rule = find(catalog, id)?;
    let chapter = Chapter::of(&rule.id).map_or(String::new(), |chapter| format!(" ({})", chapter.title.to_lowercase()));
    let mut sections = vec![
        format!("{}  {}{chapter}", rule.id, rule.level),
        section("Requirement", &[&rule.requirement]),
        section("Source", &rule.source.split("; ").collect::<Vec<_>>()),
        section("Applies", &[rule.applies.in_words()]),
    ];
    if !rule.needs.is_empty() {
        let needs: Vec<String> = rule.needs.iter().map(|needed| need(catalog, needed)).collect();
        sections.push(section("Needs", &needs.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    sections.push(section("Explanation", &[&rule.explanation]));
    // Under core only musts count, and a run of nothing that counts proves nothing.
    let profile = if rule.level == Level::Should { " --profile resilient" } else { "" };
    sections.push(section("To run it alone", &[&format!("hallmark run MANIFEST --rule {}{profile}", rule.id)]));
    Ok(sections.join("\n\n") + "\n")
}

fn section(title: &str, paragraphs: &[&str]) -> String {
    let paragraphs: Vec<String> = paragraphs.iter().map(|paragraph| wrapped(paragraph, PAGE, "  ", "  ")).collect();
    format!("{title}\n{}", paragraphs.join("\n"))
}

fn need(catalog: &Catalog, id: &RuleId) -> String {
    let requirement = catalog.rule(id.as_str()).map_or("", |rule| rule.requirement.as_str());
    format!("{id}: {requirement} Where that is not kept, this rule is not applicable.")
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
