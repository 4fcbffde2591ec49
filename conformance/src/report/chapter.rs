//! Chapters of the catalog and their titles.

use crate::catalog::RuleId;
use crate::results::RuleRecord;

/// Returns the title of the chapter with this code; the code itself where it is newer than this list.
pub(super) fn title(code: &str) -> &str {
    match code {
        "CRE" => "Create",
        "DEL" => "Delete",
        "ACT" => "Action and trigger",
        "UPD" => "Task update",
        "RTY" => "Retry and backoff",
        "ERR" => "Errors",
        "PRV" => "Privacy",
        "LPR" => "Least privilege",
        "NET" => "Network",
        "CFG" => "Configuration",
        "IMG" => "Image",
        "CRA" => "Crash",
        "ROT" => "Rotation",
        other => other,
    }
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
