//! A fault schedule: what happens to one secret, act by act, and which faults are in force meanwhile.
//!
//! The main type is [`Schedule`]. It prints as one line and parses from it, so that whatever it found can be played again:
//!
//! ```text
//! schedule = [ "variant=" name "|" ] [ "seed=" n "|" ] act *( "|" act )
//! act      = ( "create" / "rotate" / "delete" / "day" / "rerun" ) [ ":" plan ]
//! ```
//!
//! `plan` is a fault plan as the fake cloud reads it; calls are counted from the act's beginning, and with its end its faults end. For example
//! `create: secrets_manager.update_task@nth:1 after_commit reset | rotate | delete: third_party.revoke@first:2 before_commit status(503) | day`.

use std::fmt;
use std::str::FromStr;

use hallmark_harness::fault::{Fault, FaultPlan};

/// What happens to one secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// The manifest's variant; none where it has no variants.
    pub variant: Option<String>,
    /// Seed of the stage's ids, keys and generated values.
    pub seed: u64,
    /// The acts, in order.
    pub acts: Vec<Act>,
}

/// One act of a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// What is done.
    pub deed: Deed,
    /// The faults that are in force until the act is over.
    pub faults: FaultPlan,
}

/// What Secrets Manager or Code Engine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// Secrets Manager creates the secret.
    Create,
    /// Secrets Manager rotates it.
    Rotate,
    /// Secrets Manager deletes it.
    Delete,
    /// A day passes: failed deletions are tried again.
    Day,
    /// Code Engine runs the last job once more.
    Rerun,
}

impl Deed {
    /// All deeds.
    pub const ALL: [Self; 5] = [Self::Create, Self::Rotate, Self::Delete, Self::Day, Self::Rerun];

    /// Returns its word in a schedule's line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Rotate => "rotate",
            Self::Delete => "delete",
            Self::Day => "day",
            Self::Rerun => "rerun",
        }
    }

    /// Returns what is done, for a person.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Create => "Secrets Manager creates the secret",
            Self::Rotate => "Secrets Manager rotates the secret",
            Self::Delete => "Secrets Manager deletes the secret",
            Self::Day => "a day passes, and Secrets Manager tries failed deletions again",
            Self::Rerun => "Code Engine runs the last job once more",
        }
    }
}

impl Schedule {
    /// Returns all faults, each with the act in which it is in force.
    pub fn faults(&self) -> impl Iterator<Item = (Deed, &Fault)> {
        self.acts.iter().flat_map(|act| act.faults.faults.iter().map(|fault| (act.deed, fault)))
    }

    /// Tells whether one of its faults has a job killed.
    pub fn kills(&self) -> bool {
        self.faults().any(|(_, fault)| fault.what.kills())
    }
}

/// A line that is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading the schedule: part {part} (`{text}`): {reason}")]
pub struct ScheduleParseError {
    /// Which part, from 1; parts are separated by `|`.
    pub part: usize,
    /// The part.
    pub text: String,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(variant) = &self.variant {
            write!(formatter, "variant={variant}")?;
            separator = " | ";
        }
        if self.seed != 0 {
            write!(formatter, "{separator}seed={}", self.seed)?;
            separator = " | ";
        }
        for act in &self.acts {
            write!(formatter, "{separator}{}", act.deed.word())?;
            if !act.faults.faults.is_empty() {
                write!(formatter, ": {}", act.faults)?;
            }
            separator = " | ";
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleParseError;

    fn from_str(line: &str) -> Result<Self, ScheduleParseError> {
        let mut schedule = Self { variant: None, seed: 0, acts: Vec::new() };
        for (index, text) in parts(line).into_iter().enumerate() {
            let text = text.trim();
            let wrong = |reason: String| ScheduleParseError { part: index + 1, text: text.to_owned(), reason };
            let late = !schedule.acts.is_empty();
            if late && (text.starts_with("variant=") || text.starts_with("seed=")) {
                return Err(wrong("the variant and the seed stand before the acts".into()));
            }
            if let Some(name) = text.strip_prefix("variant=") {
                schedule.variant = Some(name.trim().to_owned());
            } else if let Some(seed) = text.strip_prefix("seed=") {
                schedule.seed = seed.trim().parse().map_err(|_| wrong("the seed is a whole number of at most 64 bits".into()))?;
            } else {
                schedule.acts.push(act(text).map_err(wrong)?);
            }
        }
        check(&schedule.acts).map_err(|(act, reason)| {
            let acts = schedule.acts.len();
            let part = parts(line).len() - acts + act + 1;
            ScheduleParseError {
                part,
                text: schedule.acts.get(act).map_or("", |act| act.deed.word()).to_owned(),
                reason: reason.to_owned(),
            }
        })?;
        Ok(schedule)
    }
}

fn act(text: &str) -> Result<Act, String> {
    let (word, plan) = text.split_once(':').map_or((text, ""), |(word, plan)| (word.trim(), plan));
    let deed = Deed::ALL.into_iter().find(|deed| deed.word() == word).ok_or_else(|| {
        let words: Vec<&str> = Deed::ALL.iter().map(|deed| deed.word()).collect();
        format!("an act is one of {}, then `:` and its faults if it has any; acts are separated by `|`", words.join(", "))
    })?;
    let faults = plan.parse::<FaultPlan>().map_err(|error| error.to_string())?;
    match faults.faults.iter().find(|fault| !fault.can_act()) {
        Some(fault) => Err(format!("`{fault}` can never act; correct its service, operation or what happens")),
        None => Ok(Act { deed, faults }),
    }
}

/// Holds the order of acts against what can happen to one secret; returns which act is wrong and why.
fn check(acts: &[Act]) -> Result<(), (usize, &'static str)> {
    if acts.first().is_none_or(|act| act.deed != Deed::Create) {
        return Err((0, "the first act is `create`: there is no secret before it"));
    }
    let mut deleted = false;
    for (index, act) in acts.iter().enumerate() {
        match act.deed {
            Deed::Create if index > 0 => return Err((index, "a schedule is about one secret, which is created once")),
            Deed::Rotate | Deed::Delete if deleted => {
                return Err((index, "the secret was deleted by then; only `day` and `rerun` may follow"));
            }
            Deed::Delete => deleted = true,
            _ => {}
        }
    }
    Ok(())
}

/// Splits a line at each `|` that does not stand in a quoted value.
fn parts(line: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'|' if !quoted => {
                parts.push(&line[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&line[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> ScheduleParseError {
        line.parse::<Schedule>().unwrap_err()
    }

    #[test]
    fn the_line_reads_as_documented() {
        let line = "variant=artifactory | seed=7 | create: secrets_manager.update_task@nth:1 after_commit reset | rotate | delete: \
                    third_party.revoke@first:2 before_commit status(503, body=\"a | b \\\" |\"); iam.token@every before_commit close | day";
        let schedule: Schedule = line.parse().unwrap();
        assert_eq!(schedule.to_string(), line);
        assert_eq!((schedule.variant.as_deref(), schedule.seed, schedule.acts.len()), (Some("artifactory"), 7, 4));
        assert_eq!(schedule.faults().map(|(deed, _)| deed).collect::<Vec<_>>(), [Deed::Create, Deed::Delete, Deed::Delete]);
        assert_eq!("create:none|rerun".parse::<Schedule>().unwrap().to_string(), "create | rerun");
    }

    #[test]
    fn an_error_names_the_part_and_what_to_do() {
        let wrong = error("create | rotat | delete");
        assert_eq!((wrong.part, wrong.text.as_str()), (2, "rotat"));
        assert!(wrong.reason.contains("create, rotate, delete, day, rerun"), "{wrong}");
        assert!(error("create: iam.token@nth:0 reset").reason.contains("a call number from 1"));
        assert!(error("create: iam.revoke@every reset").reason.contains("can never act"));
        assert!(error("seed=x | create").reason.contains("whole number"));
        assert!(error("rotate").reason.contains("the first act is `create`"));
        assert!(error("").to_string().contains("an act is one of"));
        let twice = error("seed=3 | create | delete | delete");
        assert_eq!((twice.part, twice.text.as_str()), (4, "delete"));
        assert!(error("create | create").reason.contains("created once"));
    }
}
