//! What `hallmark list` shows: the rules, by chapter for people, as JSON for programs, or as a page with everything about each.

mod page;

use std::fmt::Write;

use serde::Serialize;

use crate::catalog::{Catalog, Level, Profile, Rule};
use crate::chapter::{CHAPTERS, Chapter};
use crate::paragraph::wrapped;

pub use page::markdown;

/// Columns before a requirement: two of indent, the id, the level.
const INDENT: &str = "                   ";

/// Rules as a program reads them.
#[derive(Debug, Serialize)]
struct Listing<'catalog> {
    rules: Vec<&'catalog Rule>,
}

/// Returns the rules that `profile` counts, or all without one, by chapter and wrapped to `width` columns. Ends with a line feed.
pub fn human(catalog: &Catalog, profile: Option<Profile>, width: usize) -> String {
    let rules = selected(catalog, profile);
    let mut text = String::new();
    for chapter in &CHAPTERS {
        let of_chapter: Vec<&Rule> = rules.iter().copied().filter(|rule| Chapter::of(&rule.id) == Some(chapter)).collect();
        if of_chapter.is_empty() {
            continue;
        }
        text.push_str(chapter.title);
        text.push('\n');
        for rule in of_chapter {
            let head = format!("  {:<8} {:<7} ", rule.id, rule.level);
            text.push_str(&wrapped(&rule.requirement, width, &head, INDENT));
            text.push('\n');
        }
        text.push('\n');
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} `hallmark explain RULE` tells more about one.", counted(&rules));
    text
}

/// Returns how many rules there are of each level.
fn counted(rules: &[&Rule]) -> String {
    let count = |level: Level| rules.iter().filter(|rule| rule.level == level).count();
    format!("{} rules: {} must, {} should, {} info.", rules.len(), count(Level::Must), count(Level::Should), count(Level::Info))
}

/// Returns the rules that `profile` counts, or all without one, as a JSON object with the array `rules`. Ends with a line feed.
pub fn json(catalog: &Catalog, profile: Option<Profile>) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Listing { rules: selected(catalog, profile) })?;
    text.push('\n');
    Ok(text)
}

fn selected(catalog: &Catalog, profile: Option<Profile>) -> Vec<&Rule> {
    catalog.rules.iter().filter(|rule| profile.is_none_or(|profile| profile.counts(rule.level))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        Catalog::built_in().unwrap()
    }

    #[test]
    fn people_read_every_rule_by_chapter() {
        insta::assert_snapshot!(human(&catalog(), None, 100));
    }

    #[test]
    fn lines_keep_to_the_width() {
        for width in [60, 80, 140] {
            let text = human(&catalog(), None, width);
            let last = text.lines().count() - 1;
            let longest = text.lines().take(last).max_by_key(|line| line.chars().count()).unwrap();
            assert!(longest.chars().count() <= width, "{width} columns: {longest}");
        }
    }

    #[test]
    fn a_profile_lists_what_it_counts() {
        let core = human(&catalog(), Some(Profile::Core), 100);
        assert!(core.contains("CRE-001") && !core.contains("CRE-003") && !core.contains("UPD-008"), "{core}");
        let resilient = human(&catalog(), Some(Profile::Resilient), 100);
        assert!(resilient.contains("CRE-003") && !resilient.contains("UPD-008"), "{resilient}");
    }

    #[test]
    fn a_chapter_without_rules_has_no_heading() {
        let core = human(&catalog(), Some(Profile::Core), 100);
        assert!(!core.contains("Retry and backoff"), "{core}");
    }

    #[test]
    fn programs_read_whole_rules() {
        let value: serde_json::Value = serde_json::from_str(&json(&catalog(), None).unwrap()).unwrap();
        let rules = value["rules"].as_array().unwrap();
        assert_eq!(rules.len(), catalog().rules.len());
        let rule = rules.iter().find(|rule| rule["id"] == "UPD-007").unwrap();
        insta::assert_snapshot!(serde_json::to_string_pretty(rule).unwrap());
    }

    #[test]
    fn json_reads_back_as_the_rules_it_was_made_from() {
        #[derive(serde::Deserialize)]
        struct Read {
            rules: Vec<Rule>,
        }
        let read: Read = serde_json::from_str(&json(&catalog(), Some(Profile::Core)).unwrap()).unwrap();
        let expected: Vec<Rule> = catalog().rules.into_iter().filter(|rule| rule.level == Level::Must).collect();
        assert_eq!(read.rules, expected);
    }
}
