//! Chapters of the catalog and their titles.

use crate::catalog::RuleId;
use crate::chapter::CHAPTERS;
use crate::results::RuleRecord;

/// Returns the title of the chapter with this code. One that is not hallmark's is the company's.
pub(super) fn title(code: &str) -> &str {
    CHAPTERS.iter().find(|chapter| chapter.letters == code).map_or("Rules of your own", |chapter| chapter.title)
}

/// Groups rules by chapter, in the order in which the chapters first appear.
pub(super) fn chapters(rules: &[RuleRecord]) -> Vec<(&str, Vec<&RuleRecord>)> {
    let mut chapters: Vec<(&str, Vec<&RuleRecord>)> = Vec::new();
    for rule in rules {
        let code = RuleId::chapter(&rule.id);
        match chapters.iter_mut().find(|(known, _)| *known == code) {
            Some((_, rules)) => rules.push(rule),
            None => chapters.push((code, vec![rule])),
        }
    }
    chapters
}
