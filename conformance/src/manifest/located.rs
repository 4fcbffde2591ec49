//! Values that remember where they stand in the manifest.

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::time::Duration;

use hallmark_harness::contract::SecretType;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::problem::{Problem, Problems, listed, nearest};
use super::reader::{FromToml, Node, joined, wrong_type};
use super::words::{AuthorityDelivery, CanaryKind, Generator, InstanceUrl, Preset, Word};

/// A value and its place, in bytes.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: FromToml> FromToml for Located<T> {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        Some(Self { value: T::from_toml(node, at, problems)?, span: node.span() })
    }
}

impl<T: FromToml> FromToml for Option<T> {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        T::from_toml(node, at, problems).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl FromToml for String {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(text) if text.contains('\0') => {
                let message = format!("`{at}` holds a NUL character");
                problems.push(Problem::new(node.span(), message, "NUL in here", "remove `\\u0000`: no argument or variable can hold it"));
                None
            }
            DeValue::String(text) => Some(text.clone().into_owned()),
            _ => {
                wrong_type(node, at, "a string", "put the value in double quotes", problems);
                None
            }
        }
    }
}

impl FromToml for bool {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        let value = node.get_ref().as_bool();
        if value.is_none() {
            wrong_type(node, at, "a boolean", "write true or false, without quotes", problems);
        }
        value
    }
}

impl FromToml for u16 {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        let DeValue::Integer(integer) = node.get_ref() else {
            wrong_type(node, at, "an integer", "write a whole number, without quotes", problems);
            return None;
        };
        let value = Self::from_str_radix(integer.as_str(), integer.radix()).ok();
        if value.is_none() {
            problems.push(Problem::new(node.span(), format!("`{at}` is out of range"), "not in 0..=65535", "write a smaller number"));
        }
        value
    }
}

impl FromToml for Duration {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        const HELP: &str = "write a number with its unit, e.g. \"30s\", \"10m\" or \"1h 30m\"";
        let DeValue::String(text) = node.get_ref() else {
            wrong_type(node, at, "a duration in quotes", HELP, problems);
            return None;
        };
        humantime::parse_duration(text)
            .inspect_err(|error| {
                problems.push(Problem::new(node.span(), format!("`{at}` is not a duration: {error}"), "cannot be read", HELP));
            })
            .ok()
    }
}

impl FromToml for time::Date {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        const HELP: &str = "write a date without quotes and time, e.g. 2027-01-31";
        let DeValue::Datetime(toml::value::Datetime { date: Some(date), time: None, offset: None }) = node.get_ref() else {
            wrong_type(node, at, "a date", HELP, problems);
            return None;
        };
        let month = time::Month::try_from(date.month).ok();
        let day = month.and_then(|month| Self::from_calendar_date(i32::from(date.year), month, date.day).ok());
        if day.is_none() {
            problems.push(Problem::new(node.span(), format!("`{at}` is a day that no calendar has"), "no such day", HELP));
        }
        day
    }
}

impl FromToml for toml::Table {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        if !node.get_ref().is_table() {
            wrong_type(node, at, "a table", &format!("write a table `[{at}]`"), problems);
            return None;
        }
        let deserializer = toml::de::ValueDeserializer::from(node.clone());
        <Self as serde::Deserialize>::deserialize(deserializer)
            .inspect_err(|error| {
                let span = error.span().unwrap_or_else(|| node.span());
                problems.push(Problem::new(span, format!("`{at}` cannot be read: {}", error.message()), "in here", "correct the value"));
            })
            .ok()
    }
}

impl<T: FromToml> FromToml for Vec<T> {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        let DeValue::Array(items) = node.get_ref() else {
            wrong_type(node, at, "an array", "put it in square brackets: `[...]`", problems);
            return None;
        };
        let items: Vec<Option<T>> = items.iter().map(|item| T::from_toml(item, at, problems)).collect();
        items.into_iter().collect()
    }
}

fn read_word<T: Word>(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<T> {
    let text = Located::<String>::from_toml(node, at, problems)?;
    let found = T::WORDS.iter().find(|(word, _)| *word == text.as_str());
    if found.is_none() {
        let words = || T::WORDS.iter().map(|(word, _)| *word);
        let near = nearest(&text, words()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
        let help = format!("{near}The words are {}", listed(words()));
        let message = format!("`{}` is not {}", text.escape_debug(), T::CALLED);
        problems.push(Problem::new(text.span, message, "unknown word", help));
    }
    found.map(|(_, value)| *value)
}

macro_rules! read_as_word {
    ($($name:ty),+) => {$(
        impl FromToml for $name {
            fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
                read_word(node, at, problems)
            }
        }
    )+};
}
read_as_word!(AuthorityDelivery, CanaryKind, Generator, InstanceUrl, Preset, SecretType);

/// A table whose keys are names that the author chose.
#[derive(Debug)]
pub(super) struct Entries<T>(pub(super) Vec<Entry<T>>);

/// A name with what it stands for.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) name: Located<String>,
    pub(super) value: Located<T>,
}

impl<T: FromToml> FromToml for Entries<T> {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        let DeValue::Table(table) = node.get_ref() else {
            wrong_type(node, at, "a table", &format!("write a table `[{at}]`"), problems);
            return None;
        };
        let entries: Vec<Option<Entry<T>>> = table
            .iter()
            .map(|(key, node)| {
                let name = key.get_ref().clone().into_owned();
                let value = Located::from_toml(node, &joined(at, &name), problems)?;
                Some(Entry { name: Located { value: name, span: key.span() }, value })
            })
            .collect();
        entries.into_iter().collect::<Option<_>>().map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Entries_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": generator.subschema_for::<T>() })
    }
}
