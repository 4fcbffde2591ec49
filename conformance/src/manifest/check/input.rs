//! Values of inputs against the declared types.

use hallmark_harness::contract::ValueType;

use super::super::input::InputForm;
use super::super::located::{Entry, Located};
use super::super::model::{DeclaredInput, InputValue};
use super::super::problem::{Problem, Problems, listed, nearest, suggestion};
use super::variant::Layers;
use crate::job_config::{Declaration, JobConfig};

/// What Go's `strconv.ParseBool` takes; generated providers use it.
const BOOLEANS: [&str; 12] = ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

pub(super) fn inputs(layers: &Layers<'_>, config: &JobConfig, problems: &mut Problems) -> Vec<DeclaredInput> {
    let declared = || config.inputs.iter().map(|input| input.name.as_str());
    let mut meant = Vec::new();
    for (name, entry) in &layers.inputs {
        if !declared().any(|declared| declared == *name) {
            let near = nearest(name, declared().filter(|declared| !layers.inputs.contains_key(*declared)));
            meant.extend(near);
            let message = format!("no input `{}` is declared", name.escape_debug());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if config.inputs.is_empty() => "remove it: the provider declares no inputs".to_owned(),
                None => format!("remove it, or declare it as an input; declared are {}", listed(declared())),
            };
            problems.push(Problem::new(entry.name.span.clone(), message, "not declared", help));
        }
    }
    let valued = |input: &Declaration| {
        let entry = layers.inputs.get(input.name.as_str());
        // A slip in the name of a required input is one mistake, not two.
        if entry.is_none() && input.required && !meant.contains(&input.name.as_str()) {
            problems.push(missing(layers, input));
        }
        DeclaredInput {
            name: input.name.clone(),
            value_type: input.value_type.clone(),
            required: input.required,
            value: entry.and_then(|entry| value(layers, input, entry, problems)),
        }
    };
    config.inputs.iter().map(valued).collect()
}

fn missing(layers: &Layers<'_>, input: &Declaration) -> Problem {
    let (message, label, table) = match layers.variant {
        Some(variant) => (
            format!("the variant `{}` has no value for the required input `{}`", variant.escape_debug(), input.name),
            "this variant",
            format!("[variants.{}.inputs]", variant.as_str()),
        ),
        None => (format!("the required input `{}` has no value", input.name), "missing here", "[inputs]".to_owned()),
    };
    let example = match &input.value_type {
        ValueType::String => "\"...\"".to_owned(),
        ValueType::Integer => "1".to_owned(),
        ValueType::Boolean => "true".to_owned(),
        ValueType::SecretId => "{ secret = \"...\" }".to_owned(),
        ValueType::Enum(options) => toml::Value::from(options.first().map_or("", String::as_str)).to_string(),
    };
    Problem::new(layers.place.clone(), message, label, format!("add `{} = {example}` under `{table}`", input.name))
}

fn value(layers: &Layers<'_>, input: &Declaration, entry: &Entry<InputForm>, problems: &mut Problems) -> Option<InputValue> {
    let reference = matches!(&*entry.value, InputForm::Secret(_) | InputForm::ThirdParty(_) | InputForm::Canary(_));
    match (&*entry.value, &input.value_type) {
        (InputForm::Secret(reference), ValueType::SecretId | ValueType::String) => {
            known(&reference.secret, layers.secrets.keys().copied(), "secret", "[secrets.NAME]", problems).map(InputValue::Secret)
        }
        (InputForm::ThirdParty(reference), ValueType::String) => {
            known(&reference.third_party, layers.third_parties.keys().copied(), "third party", "[third_party.NAME]", problems)
                .map(InputValue::ThirdParty)
        }
        (InputForm::Canary(reference), ValueType::String) => Some(InputValue::Canary(reference.canary)),
        (InputForm::Text(text), _) => literal(input, text, entry, problems),
        (InputForm::Integer(number), ValueType::Integer) => Some(InputValue::Literal(number.clone())),
        (InputForm::Boolean(value), ValueType::Boolean) => Some(InputValue::Literal(value.to_string())),
        _ => {
            let found = match &*entry.value {
                InputForm::Integer(_) => "an integer",
                InputForm::Boolean(_) => "a boolean",
                _ => "a reference",
            };
            let help =
                if reference || input.value_type == ValueType::SecretId { advice(&input.value_type) } else { quotes(&input.value_type) };
            let message = format!("the input `{}` is {}, which {found} is not", input.name, called(&input.value_type));
            problems.push(Problem::new(entry.value.span.clone(), message, format!("this is {found}"), help));
            None
        }
    }
}

fn known<'a>(
    name: &Located<String>,
    names: impl Iterator<Item = &'a str> + Clone,
    kind: &str,
    table: &str,
    problems: &mut Problems,
) -> Option<String> {
    if names.clone().any(|known| known == name.as_str()) {
        return Some(name.value.clone());
    }
    let message = format!("there is no {kind} `{}`", name.escape_debug());
    let help = suggestion(name, names, &format!("describe it in a table `{table}`"));
    problems.push(Problem::new(name.span.clone(), message, format!("no such {kind}"), help));
    None
}

fn literal(input: &Declaration, text: &str, entry: &Entry<InputForm>, problems: &mut Problems) -> Option<InputValue> {
    let shown = text.escape_debug();
    let complaint = match &input.value_type {
        // A provider cannot tell an empty variable from one that is not there.
        _ if text.is_empty() && input.required => Some("is required, and an empty value counts as none".to_owned()),
        ValueType::Integer if text.parse::<i64>().is_err() => Some(format!("is an integer, which `{shown}` is not")),
        ValueType::Boolean if !BOOLEANS.contains(&text) => Some(format!("is a boolean, which `{shown}` is not")),
        ValueType::Enum(options) if !options.iter().any(|option| option == text) => Some(format!("has no option `{shown}`")),
        ValueType::SecretId => Some("is the id of a secret, which only the run knows".to_owned()),
        _ => None,
    };
    let Some(complaint) = complaint else { return Some(InputValue::Literal(text.to_owned())) };
    let help = match &input.value_type {
        ValueType::Enum(options) => suggestion(text, options.iter().map(String::as_str), "use one of the declared options"),
        other => advice(other),
    };
    problems.push(Problem::new(entry.value.span.clone(), format!("the input `{}` {complaint}", input.name), "does not fit", help));
    None
}

fn called(value_type: &ValueType) -> &'static str {
    match value_type {
        ValueType::String => "a string",
        ValueType::Integer => "an integer",
        ValueType::Boolean => "a boolean",
        ValueType::SecretId => "the id of a secret",
        ValueType::Enum(_) => "an enum",
    }
}

fn quotes(value_type: &ValueType) -> String {
    match value_type {
        ValueType::String | ValueType::Enum(_) => "put the value in double quotes".to_owned(),
        other => advice(other),
    }
}

fn advice(value_type: &ValueType) -> String {
    match value_type {
        ValueType::String => "write a text in double quotes".to_owned(),
        ValueType::Integer => "write a whole number that fits into 64 bits".to_owned(),
        ValueType::Boolean => "write true or false".to_owned(),
        ValueType::SecretId => "write `{ secret = \"NAME\" }` and describe the secret in a table `[secrets.NAME]`".to_owned(),
        ValueType::Enum(options) => format!("use one of {}", listed(options.iter().map(String::as_str))),
    }
}
