//! Hides the values of secrets in the text that error reports quote.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use toml::de::{DeTable, DeValue};

/// The keys of a secret that may be shown. Any other may be a slip for `value`.
const SHOWN: [&str; 5] = ["type", "field", "login_of", "generate", "iam"];

/// Returns `text` with what may be a secret replaced by stars of the same length, so that places stay right: each `value`, each variable of an
/// `environment`, and whatever stands in a table of `secrets` under a key that is not known to be harmless.
///
/// Where the text is not TOML (`broken`), what stands behind any `value =` or `environment =`, or below a table `environment`, is hidden too.
pub(super) fn masked(text: &str, tree: &DeTable<'_>, broken: bool) -> String {
    static ASSIGNMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let several_lines = r#""""(?s:.*?)(?:"""|\z)|'''(?s:.*?)(?:'''|\z)"#;
        let table = r#"\benvironment["']?[ \t]*\](?s:(.*?))(?:\n[ \t]*\[|\z)"#;
        Regex::new(&format!(r#"\b(?:value|environment)\b["']?[ \t]*=[ \t]*({several_lines}|[^\n]*)|{table}"#)).ok()
    });
    let mut hidden = Vec::new();
    collect(tree, &mut hidden);
    if let (true, Some(assignment)) = (broken, ASSIGNMENT.as_ref()) {
        hidden.extend(assignment.captures_iter(text).filter_map(|captures| captures.get(1).or(captures.get(2))).map(|value| value.range()));
    }
    let mut masked = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        if character != '\n' && hidden.iter().any(|range| range.contains(&index)) {
            masked.extend(std::iter::repeat_n('*', character.len_utf8()));
        } else {
            masked.push(character);
        }
    }
    masked
}

fn collect(table: &DeTable<'_>, hidden: &mut Vec<Range<usize>>) {
    for (key, node) in table {
        match node.get_ref() {
            _ if key.get_ref() == "value" => hidden.push(node.span()),
            DeValue::Table(variables) if key.get_ref() == "environment" => hidden.extend(variables.values().map(toml::Spanned::span)),
            DeValue::Table(secrets) if key.get_ref() == "secrets" => {
                for secret in secrets.values() {
                    let fields = secret.get_ref().as_table().into_iter().flatten();
                    hidden.extend(fields.filter(|(key, _)| !SHOWN.contains(&key.get_ref().as_ref())).map(|(_, field)| field.span()));
                }
            }
            DeValue::Table(table) => collect(table, hidden),
            DeValue::Array(items) => items.iter().filter_map(|item| item.get_ref().as_table()).for_each(|table| collect(table, hidden)),
            _ => {}
        }
    }
}
