//! One variable: its name, and the attributes that stand in its value.

use std::ops::Range;

use hallmark_harness::contract::ValueType;

use super::attributes::{self, Attributes};
use super::code::{Code, Severity};
use super::placed::Placed;
use super::{Declaration, Mind, Objection, shell};

/// Which way a variable's value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `SMIN_`: Secrets Manager passes it to the job.
    Input,
    /// `SMOUT_`: the job reports it.
    Output,
}

impl Direction {
    /// Returns the prefix of the variables of this direction.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Input => "SMIN_",
            Self::Output => "SMOUT_",
        }
    }
}

/// One variable of which it is plain what it declares, whatever a tool has against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name as written, with its prefix.
    pub name: String,
    /// Value as written.
    pub text: String,
    /// Input or output.
    pub direction: Direction,
    /// What it says.
    pub declaration: Declaration,
    /// Whether any of several `required` attributes is true; the declaration holds the last.
    pub(super) required_anywhere: bool,
    /// Where its name stands.
    pub(super) name_span: Range<usize>,
    /// Where its value stands.
    pub(super) value_span: Range<usize>,
}

/// Reason, who minds, advice and place in a text: an objection without its variable.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) code: Code,
    pub(super) reason: String,
    pub(super) mind: Mind,
    pub(super) advice: &'static str,
    pub(super) part: Range<usize>,
}

impl Variable {
    /// Reads a variable, e.g. `SMIN_EXPIRES_IN` with `type:integer, required:false`, and refuses what a tool has anything against.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Objection>> {
        let (variable, mut objections) = Self::read(&Placed::bare(name), &Placed::bare(text));
        objections.retain(|objection| objection.severity() == Severity::Error);
        match variable {
            Some(variable) if objections.is_empty() => Ok(variable),
            _ => Err(objections),
        }
    }

    /// Reads a variable: what it declares, where that is plain, and everything that a tool has against it. Without a variable there is an objection.
    pub(super) fn read(name: &Placed, text: &Placed) -> (Option<Self>, Vec<Objection>) {
        let (named, of_name) = read_name(name.text());
        let direction = named.as_ref().map(|(direction, _)| *direction);
        let (attributes, of_text) = attributes::read(text.text(), direction);
        let placed = |complaints: Vec<Complaint>, within: &Placed| {
            let objection = |complaint: Complaint| Objection {
                code: complaint.code,
                variable: Some(name.text().to_owned()),
                reason: complaint.reason,
                mind: complaint.mind,
                advice: complaint.advice.to_owned(),
                span: within.place(complaint.part),
            };
            complaints.into_iter().map(objection).collect::<Vec<_>>()
        };
        let objections = [placed(of_name, name), placed(of_text, text)].concat();
        let variable = named.zip(attributes).map(|((direction, lower), Attributes { value_type, required, required_anywhere })| Self {
            // A line break at the end is lost on the way.
            name: name.text().trim_end_matches('\n').to_owned(),
            text: text.text().trim_end_matches('\n').to_owned(),
            direction,
            declaration: Declaration { name: lower, value_type, required },
            required_anywhere,
            name_span: name.whole(),
            value_span: text.whole(),
        });
        (variable, objections)
    }

    /// Tells whether two declare the same: jobs see names in one case only.
    pub(super) fn is_named_like(&self, other: &Self) -> bool {
        (self.direction, &self.declaration.name) == (other.direction, &other.declaration.name)
    }

    /// Tells whether it is an output of this type.
    pub(super) fn is_output(&self, value_type: &ValueType) -> bool {
        self.direction == Direction::Output && self.declaration.value_type == *value_type
    }
}

const NAME_ADVICE: &str = "use SMIN_ or SMOUT_ followed by upper-case letters, digits and underscores";

fn read_name(name: &str) -> (Option<(Direction, String)>, Vec<Complaint>) {
    let complaint = |code, reason: String, mind, part| Complaint { code, reason, mind, advice: NAME_ADVICE, part };
    let found =
        [Direction::Input, Direction::Output].into_iter().find_map(|direction| Some((direction, name.strip_prefix(direction.prefix())?)));
    let Some((direction, rest)) = found else {
        let reason = "has a name without the prefix SMIN_ or SMOUT_".to_owned();
        return (None, vec![complaint(Code::NamePrefix, reason, Mind::Both, 0..name.len())]);
    };
    if rest.is_empty() {
        let reason = "has nothing after its prefix".to_owned();
        return (None, vec![complaint(Code::NameEmpty, reason, Mind::Generator, 0..name.len())]);
    }
    let mut complaints = Vec::new();
    let mut characters = name.char_indices().skip(direction.prefix().len());
    if let Some((at, character)) = characters.find(|(_, character)| !matches!(character, 'A'..='Z' | '0'..='9' | '_')) {
        // The deployer looks for lower case and blanks only, and loses a line break at the end before it looks.
        let both = rest.trim_end_matches('\n').chars().any(|character| character.is_ascii_lowercase() || is_space(character));
        let reason = format!("has the character {character:?} in its name");
        complaints.push(complaint(Code::NameCharacter, reason, Mind::of(true, both), at..at + character.len_utf8()));
    }
    if let Some(part) = shell::run(name) {
        let reason = format!("has `{}` in its name", name[part.clone()].escape_debug());
        complaints.push(complaint(Code::ShellExpansion, reason, Mind::Shell, part));
    }
    // What can be the name of a variable in the job's environment has a meaning; what a shell or a reader of lines makes something else of has none.
    let plain = rest.trim_end_matches('\n');
    let means = !plain.is_empty() && plain.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '.'));
    (means.then(|| (direction, plain.to_lowercase())), complaints)
}

/// What the deployer's `[[:space:]]` matches: blanks at which a line may not break are none to it.
fn is_space(character: char) -> bool {
    character.is_whitespace() && !matches!(character, '\u{a0}' | '\u{2007}' | '\u{202f}')
}
