//! Reads tables of a TOML tree into forms and reports every mistake of form with its place.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems, listed, nearest};

/// A node of the TOML tree.
pub(super) type Node<'a> = Spanned<DeValue<'a>>;

/// Something that a node can be read as.
pub(super) trait FromToml: Sized {
    /// Reads the node that stands at the dotted path `at`; reports what is wrong with it and returns none then.
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self>;

    /// Returns what stands for a key that is not there, or none when it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

/// Reports that a node is not of the expected type.
pub(super) fn wrong_type(node: &Node<'_>, at: &str, expected: &str, help: &str, problems: &mut Problems) {
    let found = kind(node.get_ref());
    problems.push(Problem::new(node.span(), format!("`{at}` must be {expected}, not {found}"), format!("this is {found}"), help));
}

/// Returns what a person calls a node, with the article.
pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// A table whose keys are taken one by one, so that those left over can be reported.
pub(super) struct TableReader<'a, 'i> {
    table: &'a DeTable<'i>,
    span: Range<usize>,
    at: &'a str,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

impl<'a, 'i> TableReader<'a, 'i> {
    pub(super) fn open(node: &'a Node<'i>, at: &'a str, problems: &mut Problems) -> Option<Self> {
        let DeValue::Table(table) = node.get_ref() else {
            wrong_type(node, at, "a table", &format!("write a table `[{at}]`, or `{{ key = value }}` on one line"), problems);
            return None;
        };
        Some(Self { table, span: node.span(), at, known: Vec::new(), missing: Vec::new() })
    }

    /// Reads the value of `key`, or what stands for it when it is not there.
    pub(super) fn take<T: FromToml>(&mut self, key: &'static str, problems: &mut Problems) -> Option<T> {
        let key = key.trim_start_matches("r#");
        self.known.push(key);
        match self.table.get(key) {
            Some(node) => T::from_toml(node, &joined(self.at, key), problems),
            None => T::absent().or_else(|| {
                self.missing.push(key);
                None
            }),
        }
    }

    /// Reports keys that nobody took and required keys that are not there.
    pub(super) fn close(self, problems: &mut Problems) {
        let place = if self.at.is_empty() { "the manifest".to_owned() } else { format!("`{}`", self.at) };
        let mut meant = Vec::new();
        for key in self.table.keys().filter(|key| !self.known.contains(&key.get_ref().as_ref())) {
            let known = self.known.iter().copied().filter(|known| !self.table.contains_key(*known));
            let near = nearest(key.get_ref(), known);
            meant.extend(near);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("remove it; {place} knows {}", listed(self.known.iter().copied())),
            };
            problems.push(Problem::new(key.span(), format!("{place} has no key `{}`", key.get_ref().escape_debug()), "unknown key", help));
        }
        // A slip in a required key is one mistake, not two.
        for key in self.missing.iter().filter(|key| !meant.contains(*key)) {
            let (span, label) = if self.at.is_empty() { (0..0, "in this file") } else { (self.span.clone(), "in this table") };
            problems.push(Problem::new(span, format!("{place} needs the key `{key}`"), label, format!("add `{key} = ...`")));
        }
    }
}

/// Returns the dotted path of a key below another path.
pub(super) fn joined(at: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'));
    let key = if bare { key.to_owned() } else { format!("\"{}\"", key.escape_debug()) };
    if at.is_empty() { key } else { format!("{at}.{key}") }
}

/// Defines a struct for a table of the manifest: its fields are the table's keys, its doc comments the schema's descriptions.
macro_rules! form {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$field_meta])* pub(super) $field: $type),*
        }

        impl $crate::manifest::reader::FromToml for $name {
            fn from_toml(
                node: &$crate::manifest::reader::Node<'_>,
                at: &str,
                problems: &mut $crate::manifest::problem::Problems,
            ) -> Option<Self> {
                let mut table = $crate::manifest::reader::TableReader::open(node, at, problems)?;
                $(let $field = table.take::<$type>(stringify!($field), problems);)*
                table.close(problems);
                Some(Self { $($field: $field?),* })
            }
        }
    };
}
pub(super) use form;
