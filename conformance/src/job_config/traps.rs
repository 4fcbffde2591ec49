//! What both tools accept, and what goes wrong all the same: code that does not compile, and what nobody checks when a job runs.

use std::ops::Range;

use hallmark_harness::contract::ValueType;

use super::code::Code;
use super::variable::{Direction, Variable};
use super::{Mind, Objection, asked};

/// What Secrets Manager sets itself, behind `SM_`. The generator makes a field of each, and of each input another one.
const OWN: [&str; 10] = [
    "ACCESS_APIKEY",
    "INSTANCE_URL",
    "SECRET_GROUP_ID",
    "SECRET_NAME",
    "SECRET_TASK_ID",
    "SECRET_ID",
    "SECRET_VERSION_ID",
    "CREDENTIALS_ID",
    "ACTION",
    "TRIGGER",
];

/// Returns what is wrong with each variable.
pub(super) fn of_each(variables: &[Variable]) -> Vec<Objection> {
    let mut found = Vec::new();
    let mut seen: Vec<&Variable> = Vec::new();
    for variable in variables {
        if seen.iter().any(|earlier| earlier.is_named_like(variable)) {
            let advice = "keep one of the declarations";
            found.push(of(variable, Code::DuplicateVariable, "is declared twice".to_owned(), Mind::Uncompilable, advice));
        }
        seen.push(variable);
        found.extend(names(variable));
        found.extend(values(variable));
    }
    found
}

/// Returns what is wrong with all variables together.
pub(super) fn of_all(variables: &[Variable], list: &Range<usize>) -> Option<Objection> {
    let input = variables.iter().any(|variable| variable.direction == Direction::Input);
    (!input).then(|| Objection {
        code: Code::NoInput,
        variable: None,
        reason: "there is no input".to_owned(),
        mind: Mind::Uncompilable,
        advice: "declare an input, e.g. SMIN_NAME `type:string`; a provider that is not generated works without".to_owned(),
        span: list.clone(),
    })
}

fn of(variable: &Variable, code: Code, reason: String, mind: Mind, advice: impl Into<String>) -> Objection {
    let span = match code {
        Code::DuplicateVariable | Code::ReservedName | Code::DigitFirst => variable.name_span.clone(),
        _ => variable.value_span.clone(),
    };
    Objection { code, variable: Some(variable.name.clone()), reason, mind, advice: advice.into(), span }
}

fn names(variable: &Variable) -> Option<Objection> {
    let rest = variable.name.strip_prefix(variable.direction.prefix())?;
    match variable.direction {
        Direction::Input if OWN.contains(&rest) => {
            let reason = format!("is called like SM_{rest}, which Secrets Manager sets itself");
            Some(of(variable, Code::ReservedName, reason, Mind::Uncompilable, "use another name, e.g. with a word before it"))
        }
        // SM_ stands before the name of an input, so that one may begin with a digit.
        Direction::Output if rest.starts_with(|first: char| first.is_ascii_digit()) => {
            let advice = "begin the name with a letter";
            Some(of(variable, Code::DigitFirst, "begins with a digit".to_owned(), Mind::Uncompilable, advice))
        }
        _ => None,
    }
}

fn values(variable: &Variable) -> Vec<Objection> {
    let note = |code, reason: String, advice: &str| of(variable, code, reason, Mind::Neither, advice);
    let mut found = Vec::new();
    if let ValueType::Enum(options) = &variable.declaration.value_type {
        if let Some(twice) = options.iter().enumerate().find(|(index, option)| options[..*index].contains(option)) {
            let reason = format!("has the option `{}` twice", twice.1.escape_debug());
            found.push(note(Code::EnumRepeatedOption, reason, "keep one of them"));
        }
        if options.iter().any(String::is_empty) {
            let reason = "has an empty option, which a job cannot tell from no value".to_owned();
            found.push(note(Code::EnumEmptyOption, reason, "leave the option out; let the input be optional instead"));
        }
        if variable.direction == Direction::Input {
            let reason = "is an enum, which nothing checks when the job runs".to_owned();
            found.push(note(Code::EnumUnchecked, reason, "check the option in the provider"));
        }
    }
    if variable.is_output(&ValueType::Integer) {
        let reason = "is an integer, of which generated code reports one above 2^53 (9007199254740992) with other digits".to_owned();
        found.push(note(Code::LargeInteger, reason, "use a string where larger numbers come up"));
    }
    let number = variable.is_output(&ValueType::Integer) || variable.is_output(&ValueType::Boolean);
    if number && variable.declaration.required {
        let reason = "is required, which generated code does not enforce: 0 or false is reported where nothing was set".to_owned();
        found.push(note(Code::RequiredUnchecked, reason, "set it on every path of the provider, or use a string"));
    }
    found.extend(asks(variable));
    found
}

/// What an input asks for, by its name and type (PRV-007).
fn asks(variable: &Variable) -> Option<Objection> {
    let asked = Some(&variable.declaration).filter(|_| variable.direction == Direction::Input).and_then(asked::of)?;
    let code = if asked.is_personal() { Code::AsksForPersonalData } else { Code::AsksForSecret };
    Some(of(variable, code, format!("asks for {asked} as plain text"), Mind::Neither, asked::ADVICE))
}
