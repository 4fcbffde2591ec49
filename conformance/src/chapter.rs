//! The chapters of the catalog: the letters of an id, a title for people, a folder of features.
//!
//! The main type is [`Chapter`].

use crate::catalog::RuleId;

/// A group of rules that share the letters of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chapter {
    /// The letters before the dash, such as `CRE`.
    pub letters: &'static str,
    /// What a person reads above its rules.
    pub title: &'static str,
    /// The folder below `features/` that holds its features.
    pub folder: &'static str,
}

/// Every chapter, in the order of the catalog.
pub const CHAPTERS: [Chapter; 13] = [
    Chapter { letters: "CRE", title: "Create", folder: "create" },
    Chapter { letters: "DEL", title: "Delete", folder: "delete" },
    Chapter { letters: "ACT", title: "Action and trigger", folder: "action" },
    Chapter { letters: "UPD", title: "Task update", folder: "task_update" },
    Chapter { letters: "RTY", title: "Retry and backoff", folder: "retry" },
    Chapter { letters: "ERR", title: "Errors", folder: "errors" },
    Chapter { letters: "PRV", title: "Privacy", folder: "privacy" },
    Chapter { letters: "LPR", title: "Least privilege", folder: "privilege" },
    Chapter { letters: "NET", title: "Network", folder: "network" },
    Chapter { letters: "CFG", title: "Job configuration", folder: "config" },
    Chapter { letters: "IMG", title: "Image", folder: "image" },
    Chapter { letters: "CRA", title: "Crash and rerun", folder: "crash" },
    Chapter { letters: "ROT", title: "Rotation", folder: "rotation" },
];

impl Chapter {
    /// Returns the chapter of a rule, or none for letters that no chapter has.
    pub fn of(id: &RuleId) -> Option<&'static Self> {
        CHAPTERS.iter().find(|chapter| chapter.letters == id.chapter())
    }
}
