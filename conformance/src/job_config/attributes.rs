//! The attributes in the value of a variable, asked of both tools.

use std::ops::Range;

use hallmark_harness::contract::ValueType;

use super::Mind;
use super::code::Code;
use super::shell::expanded;
use super::tool::{self, Refusal, Said};
use super::variable::{Complaint, Direction};

const ADVICE: &str = "write its value as e.g. `type:string, required:true`";
const ENUM: &str = "list at least two options, e.g. `type:enum[admin|user]`";
const QUOTES: &str = "leave quotes and backslashes out: the deployer takes them for its own";

/// What a value says.
pub(super) struct Attributes {
    pub(super) value_type: ValueType,
    /// The last `required`.
    pub(super) required: bool,
    /// Any `required`.
    pub(super) required_anywhere: bool,
}

/// One attribute with what each tool takes from it.
struct Asked<'a> {
    text: &'a str,
    place: Range<usize>,
    generator: Result<Said, Refusal>,
    deployer: Result<Said, Refusal>,
}

impl Asked<'_> {
    /// Returns what is plain from it.
    fn said(&self) -> Option<&Said> {
        self.generator.as_ref().or(self.deployer.as_ref()).ok()
    }

    /// Returns the key, where a tool understands it.
    fn key(&self) -> Option<&'static str> {
        let refusal = || [&self.generator, &self.deployer].into_iter().find_map(|read| read.as_ref().err().filter(|why| why.is_of_value()));
        match (self.said(), refusal()) {
            (None, None) => None,
            (Some(Said::Required(_)), _) | (None, Some(Refusal::Required(_))) => Some("required"),
            (Some(Said::Type(_)), _) | (None, Some(_)) => Some("type"),
        }
    }
}

/// Reads a value: what it says, where that is plain, and what a tool has against it.
pub(super) fn read(text: &str, direction: Option<Direction>) -> (Option<Attributes>, Vec<Complaint>) {
    let text = text.trim_end_matches('\n');
    let mut complaints = Vec::new();
    let complaint = |code, reason: String, mind, advice, part| Complaint { code, reason, mind, advice, part };
    if text.trim().is_empty() {
        complaints.push(complaint(Code::EmptyValue, "has an empty value".to_owned(), Mind::Both, ADVICE, 0..text.len()));
        return (None, complaints);
    }
    if let Some(part) = expanded(text) {
        let reason = format!("has `{}` in its value", text[part.clone()].escape_debug());
        let advice = "leave `$` and backticks out: what the shell makes of them is what gets deployed";
        complaints.push(complaint(Code::ShellExpansion, reason, Mind::Shell, advice, part));
    }
    // An environment variable cannot hold it, so nothing is declared.
    if let Some(at) = text.find('\0') {
        let advice = "remove it: the value becomes an environment variable";
        complaints.push(complaint(Code::ControlCharacter, "has a NUL character in its value".to_owned(), Mind::Both, advice, at..at + 1));
        return (None, complaints);
    }
    if let Some(at) = text.find('\n') {
        let first = &text[..at];
        let (generator, deployer) = (asked(text), asked(first.strip_suffix(',').unwrap_or(first)));
        let (generator, deployer) =
            (taken(&generator, |asked| asked.generator.as_ref()), taken(&deployer, |asked| asked.deployer.as_ref()));
        let mind = Mind::of(generator.is_none(), deployer.is_none());
        let advice = "write the value on one line: the deployer reads the first only";
        complaints.push(complaint(Code::LineBreak, "has a line break in its value".to_owned(), mind, advice, at..at + 1));
        return (generator.or(deployer), complaints);
    }
    let asked = asked(text);
    let trailing = text.ends_with(',') && text.len() > 1;
    for (index, attribute) in asked.iter().enumerate() {
        if trailing && index + 1 == asked.len() {
            let end = text.len();
            complaints.push(complaint(
                Code::TrailingComma,
                "ends with a comma".to_owned(),
                Mind::Generator,
                "remove the comma",
                end - 1..end,
            ));
        } else {
            complaints.extend(about(attribute, overridden(&asked, index), direction));
        }
    }
    let kept = if trailing { &asked[..asked.len() - 1] } else { &asked[..] };
    complaints.extend(twice(kept));
    let plain = meaning(kept);
    if plain.is_none() && complaints.iter().all(|complaint| complaint.mind != Mind::Both) {
        complaints.push(complaint(Code::NoType, "has no type".to_owned(), Mind::Both, ADVICE, 0..text.len()));
    }
    (plain, complaints)
}

/// Splits a value at its commas and asks both tools about each part.
fn asked(text: &str) -> Vec<Asked<'_>> {
    let mut end = 0;
    text.split(',')
        .map(|part| {
            let start = end + part.len() - part.trim_start().len();
            end += part.len() + 1;
            let trimmed = part.trim();
            Asked { text: trimmed, place: start..start + trimmed.len(), generator: tool::generator(part), deployer: tool::deployer(part) }
        })
        .collect()
}

/// Where an attribute stands twice the generator looks at the last one only.
fn overridden(asked: &[Asked<'_>], index: usize) -> bool {
    let refused = |attribute: &Asked<'_>| attribute.generator.as_ref().is_err_and(|why| !why.is_of_value());
    !refused(&asked[index]) && asked[index + 1..].iter().any(|later| !refused(later) && later.key() == asked[index].key())
}

/// Returns what one tool makes of all attributes together, or none where it refuses one.
fn taken<'a>(asked: &'a [Asked<'a>], by: impl Fn(&'a Asked<'a>) -> Result<&'a Said, &'a Refusal>) -> Option<Attributes> {
    let said: Vec<&Said> = asked.iter().map(|attribute| by(attribute).ok()).collect::<Option<_>>()?;
    together(&said)
}

/// Returns what is plain from all attributes together: the type, and that no `required` remains a riddle.
fn meaning(asked: &[Asked<'_>]) -> Option<Attributes> {
    let riddle =
        |(index, attribute): (usize, &Asked<'_>)| attribute.said().is_none() && attribute.key().is_some() && !overridden(asked, index);
    if asked.iter().enumerate().any(riddle) {
        return None;
    }
    together(&asked.iter().filter_map(Asked::said).collect::<Vec<_>>())
}

fn together(said: &[&Said]) -> Option<Attributes> {
    let value_type = said.iter().rev().find_map(|said| match said {
        Said::Type(value_type) => Some(value_type.clone()),
        Said::Required(_) => None,
    })?;
    let required: Vec<bool> =
        said.iter().filter_map(|said| if let Said::Required(required) = said { Some(*required) } else { None }).collect();
    Some(Attributes { value_type, required: required.last().copied().unwrap_or(false), required_anywhere: required.contains(&true) })
}

/// Returns what the tools have against one attribute.
fn about(asked: &Asked<'_>, overridden: bool, direction: Option<Direction>) -> Vec<Complaint> {
    let generator = asked.generator.as_ref().err().filter(|why| !(overridden && why.is_of_value()));
    let deployer = asked.deployer.as_ref().err();
    let mind = Mind::of(generator.is_some(), deployer.is_some());
    let complaint = |code, reason: String, mind, advice| Complaint { code, reason, mind, advice, part: asked.place.clone() };
    let mut complaints = Vec::new();
    let quote = asked.text.find(['"', '\'', '\\']);
    if let Some(at) = quote.filter(|_| generator.is_some() || deployer.is_some() || asked.generator != asked.deployer) {
        let character = char::from(asked.text.as_bytes()[at]);
        let start = asked.place.start + at;
        complaints
            .push(Complaint { part: start..start + 1, ..complaint(Code::Quote, format!("has a {character} in its value"), mind, QUOTES) });
    } else if let Some(why) = generator.or(deployer) {
        // What the generator trims and the deployer does not.
        let blank = generator.is_none() && tool::deployer(&asked.text.replace(char::is_whitespace, " ")).is_ok();
        let (code, reason, advice) = if blank {
            (Code::Blank, "has a blank beside its attributes that is not a space".to_owned(), "use plain spaces")
        } else {
            refused(asked.text, why)
        };
        complaints.push(complaint(code, reason, mind, advice));
    }
    // The type stands between double quotes in the code that reads an input.
    let written = matches!(asked.generator, Ok(Said::Type(_))) && direction == Some(Direction::Input);
    if let Some(at) = asked.text.find('"').filter(|_| written) {
        let start = asked.place.start + at;
        let reason = "has a double quote in its enum".to_owned();
        let mind = Mind::Uncompilable;
        complaints
            .push(Complaint { part: start..start + 1, ..complaint(Code::EnumDoubleQuote, reason, mind, "use options without quotes") });
    }
    complaints
}

fn refused(text: &str, why: &Refusal) -> (Code, String, &'static str) {
    let shown = |text: &str| text.escape_debug().to_string();
    match why {
        Refusal::Form if text.is_empty() => (Code::EmptyAttribute, "has a comma with nothing before it".to_owned(), "remove the comma"),
        Refusal::Form => (Code::AttributeForm, format!("has the attribute `{}`, which is no `key:value`", shown(text)), ADVICE),
        Refusal::Key(key) => {
            (Code::UnknownAttribute, format!("has the unknown attribute `{}`", shown(key)), "use `type` and `required` only")
        }
        Refusal::Required(word) => {
            (Code::RequiredValue, format!("has `required:{}`", shown(word)), "write `required:true` or `required:false`")
        }
        Refusal::Type(word) => (Code::UnknownType, format!("has the unknown type `{}`", shown(word)), near(word)),
        Refusal::NoOptions => (Code::EnumWithoutOptions, "has an enum without options".to_owned(), ENUM),
        Refusal::OneOption => (Code::EnumOfOne, "has an enum with one option".to_owned(), ENUM),
        Refusal::Bracket => (Code::EnumBracket, "has a `]` inside an enum".to_owned(), "use options without brackets"),
    }
}

fn near(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "int" | "integer" | "number" | "long" => "write `type:integer`",
        "bool" | "boolean" => "write `type:boolean`",
        "str" | "string" | "text" => "write `type:string`",
        "secret" | "secretid" | "secret-id" => "write `type:secret_id`",
        _ => "use string, integer, boolean, secret_id or enum[a|b]",
    }
}

/// Both tools take an attribute that stands twice; which one Secrets Manager believes stands nowhere.
fn twice(asked: &[Asked<'_>]) -> Option<Complaint> {
    let said = |attribute: &Asked<'_>| attribute.generator.as_ref().ok().cloned();
    asked.iter().enumerate().find_map(|(index, attribute)| {
        let (key, own) = (attribute.key()?, said(attribute)?);
        let later =
            asked[index + 1..].iter().filter(|later| later.key() == Some(key)).find(|later| said(later).is_some_and(|said| said != own))?;
        Some(Complaint {
            code: Code::AttributeTwice,
            reason: format!("has `{key}` twice, as `{}` and as `{}`", attribute.text.escape_debug(), later.text.escape_debug()),
            mind: Mind::Neither,
            advice: "keep one: nobody says which of them Secrets Manager believes",
            part: later.place.clone(),
        })
    })
}
