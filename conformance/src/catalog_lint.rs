//! What every entry of the catalog must keep to, so that a slip in the data fails a test rather than a provider.

use std::collections::BTreeSet;

use regex::Regex;

use crate::catalog::{Applies, Catalog, Level, Rule};
use crate::chapter::{CHAPTERS, Chapter};

/// Every rule with its level, a second time: a level that changes turns a certified provider red, so it changes in two places.
const LEVELS: &[(&str, Level)] = &[
    ("CRE-001", Level::Must),
    ("CRE-002", Level::Must),
    ("CRE-003", Level::Should),
    ("CRE-004", Level::Must),
    ("CRE-005", Level::Must),
    ("CRE-006", Level::Must),
    ("CRE-007", Level::Must),
    ("CRE-008", Level::Should),
    ("CRE-009", Level::Must),
    ("CRE-010", Level::Should),
    ("CRE-011", Level::Must),
    ("CRE-012", Level::Should),
    ("DEL-001", Level::Must),
    ("DEL-002", Level::Must),
    ("DEL-003", Level::Should),
    ("DEL-004", Level::Must),
    ("DEL-005", Level::Must),
    ("DEL-006", Level::Must),
    ("DEL-007", Level::Should),
    ("DEL-008", Level::Must),
    ("DEL-009", Level::Should),
    ("DEL-010", Level::Must),
    ("ACT-001", Level::Must),
    ("ACT-002", Level::Must),
    ("ACT-003", Level::Should),
    ("UPD-001", Level::Must),
    ("UPD-002", Level::Must),
    ("UPD-003", Level::Must),
    ("UPD-004", Level::Must),
    ("UPD-005", Level::Should),
    ("UPD-006", Level::Should),
    ("UPD-007", Level::Should),
    ("UPD-008", Level::Info),
    ("UPD-009", Level::Should),
    ("RTY-001", Level::Should),
    ("RTY-002", Level::Should),
    ("RTY-003", Level::Should),
    ("RTY-004", Level::Should),
    ("RTY-005", Level::Should),
    ("RTY-006", Level::Should),
    ("RTY-007", Level::Should),
    ("RTY-008", Level::Should),
    ("RTY-009", Level::Should),
    ("RTY-010", Level::Info),
    ("RTY-011", Level::Should),
    ("ERR-001", Level::Must),
    ("ERR-002", Level::Should),
    ("ERR-003", Level::Should),
    ("ERR-004", Level::Should),
    ("ERR-005", Level::Should),
    ("ERR-006", Level::Should),
    ("ERR-007", Level::Must),
    ("PRV-001", Level::Must),
    ("PRV-002", Level::Must),
    ("PRV-003", Level::Should),
    ("PRV-004", Level::Must),
    ("PRV-005", Level::Should),
    ("PRV-006", Level::Should),
    ("PRV-007", Level::Should),
    ("PRV-008", Level::Should),
    ("PRV-009", Level::Should),
    ("LPR-001", Level::Must),
    ("LPR-002", Level::Must),
    ("LPR-003", Level::Must),
    ("LPR-004", Level::Must),
    ("LPR-005", Level::Should),
    ("LPR-006", Level::Should),
    ("NET-001", Level::Must),
    ("NET-002", Level::Should),
    ("CFG-001", Level::Must),
    ("CFG-002", Level::Must),
    ("CFG-003", Level::Should),
    ("IMG-001", Level::Must),
    ("IMG-002", Level::Should),
    ("IMG-003", Level::Should),
    ("CRA-001", Level::Should),
    ("CRA-002", Level::Should),
    ("ROT-001", Level::Must),
    ("ROT-002", Level::Must),
    ("ROT-003", Level::Should),
];

fn catalog() -> Catalog {
    Catalog::built_in().unwrap()
}

/// Applies `check` to each rule and fails with everything that it found.
fn each(check: impl Fn(&Rule) -> Option<String>) {
    let found: Vec<String> =
        catalog().rules.iter().filter_map(|rule| check(rule).map(|problem| format!("{}: {problem}", rule.id))).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn ids_and_levels_are_the_agreed_ones() {
    let catalog = catalog();
    let actual: Vec<(&str, Level)> = catalog.rules.iter().map(|rule| (rule.id.as_str(), rule.level)).collect();
    assert_eq!(actual, LEVELS);
}

#[test]
fn ids_are_well_formed() {
    let form = Regex::new("^[A-Z]{3}-[0-9]{3}$").unwrap();
    each(|rule| (!form.is_match(rule.id.as_str())).then(|| "an id is three capitals, a dash and three digits".to_owned()));
}

#[test]
fn ids_are_unique() {
    let catalog = catalog();
    let ids: BTreeSet<&str> = catalog.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids.len(), catalog.rules.len());
}

#[test]
fn rules_stand_by_chapter_and_number() {
    let catalog = catalog();
    let place = |rule: &Rule| (CHAPTERS.iter().position(|chapter| Some(chapter) == Chapter::of(&rule.id)), rule.id.clone());
    each(|rule| Chapter::of(&rule.id).is_none().then(|| "no chapter has these letters".to_owned()));
    for pair in catalog.rules.windows(2) {
        assert!(place(&pair[0]) < place(&pair[1]), "{} stands before {}", pair[0].id, pair[1].id);
    }
}

#[test]
fn a_requirement_is_one_sentence() {
    let inner_end = Regex::new(r"[.!?]\s").unwrap();
    each(|rule| {
        let text = &rule.requirement;
        let starts = text.chars().next().is_some_and(char::is_uppercase);
        let whole = starts && text.ends_with('.') && !inner_end.is_match(text);
        (!whole).then(|| format!("not one sentence with a full stop: {text}"))
    });
}

#[test]
fn an_explanation_has_two_to_six_sentences() {
    let end = Regex::new(r"[.!?]( |$)").unwrap();
    each(|rule| {
        let sentences = end.find_iter(&rule.explanation).count();
        (!(2..=6).contains(&sentences) || !rule.explanation.ends_with('.')).then(|| format!("{sentences} sentences"))
    });
}

#[test]
fn no_text_is_empty_or_untidy() {
    each(|rule| {
        let texts = [&rule.requirement, &rule.source, &rule.explanation];
        let untidy = texts.into_iter().find(|text| {
            text.is_empty()
                || text.trim() != *text
                || text.contains("  ")
                || text.chars().any(|letter| letter.is_control() || !letter.is_ascii())
        });
        untidy.map(|text| format!("empty, or blanks and signs that do not belong: {text:?}"))
    });
}

#[test]
fn a_source_names_a_document() {
    let documents = [
        "Secrets Manager docs, ",
        "Secrets Manager API v2, ",
        "Credentials providers repository, README, ",
        "Credentials providers repository, job deployer, ",
        "Code Engine docs, ",
        "IBM Cloud API Handbook, ",
        "RFC ",
    ];
    each(|rule| {
        let unknown = rule.source.split("; ").find(|source| !documents.iter().any(|document| source.starts_with(document)));
        unknown.map(|source| format!("names no known document: {source}"))
    });
}

#[test]
fn needed_rules_exist_and_bind_no_less() {
    let catalog = catalog();
    each(|rule| {
        rule.needs.iter().find_map(|id| match catalog.rule(id.as_str()) {
            None => Some(format!("needs {id}, which does not exist")),
            Some(needed) if needed.id == rule.id => Some("needs itself".to_owned()),
            // Otherwise a profile could skip the needed rule and leave this one without a verdict.
            Some(needed) if needed.level < rule.level => Some(format!("needs {id}, which binds less")),
            Some(_) => None,
        })
    });
}

#[test]
fn rules_that_are_mentioned_exist() {
    let catalog = catalog();
    let id = Regex::new("\\b[A-Z]{3}-[0-9]{3}\\b").unwrap();
    each(|rule| {
        let unknown = id.find_iter(&rule.explanation).find(|found| catalog.rule(found.as_str()).is_none());
        unknown.map(|found| format!("mentions {}, which does not exist", found.as_str()))
    });
}

#[test]
fn a_provider_without_third_party_and_login_secret_still_has_core_rules() {
    let catalog = catalog();
    let always: Vec<&str> = catalog
        .rules
        .iter()
        .filter(|rule| rule.level == Level::Must && rule.applies == Applies::Always)
        .map(|rule| rule.id.as_str())
        .collect();
    let expected = [
        "CRE-001", "CRE-002", "DEL-001", "ACT-001", "ACT-002", "UPD-001", "UPD-002", "UPD-003", "UPD-004", "ERR-001", "ERR-007", "PRV-001",
        "PRV-002", "PRV-004", "LPR-001", "LPR-002", "LPR-003", "LPR-004", "NET-001", "ROT-002",
    ];
    assert_eq!(always, expected);
}

#[test]
fn the_guide_to_the_features_names_every_chapter() {
    let guide = include_str!("../../features/README.md");
    for chapter in &CHAPTERS {
        assert!(guide.contains(&format!("`{}/`", chapter.folder)), "features/README.md does not name {}/", chapter.folder);
        assert!(guide.contains(chapter.letters), "features/README.md does not name {}", chapter.letters);
    }
}
