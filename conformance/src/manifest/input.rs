//! The value of an input as the manifest writes it.

use toml::de::DeValue;

use super::located::Located;
use super::problem::{Problem, Problems};
use super::reader::{FromToml, Node, form, kind};
use super::words::CanaryKind;

/// The value of an input.
#[derive(Debug, schemars::JsonSchema)]
#[schemars(untagged)]
pub(super) enum InputForm {
    /// The value of a string or enum.
    Text(String),
    /// The value of an integer.
    Integer(#[schemars(with = "i64")] String),
    /// The value of a boolean.
    Boolean(bool),
    /// The id of a secret of the manifest.
    Secret(SecretReference),
    /// The address of a third party of the manifest.
    ThirdParty(ThirdPartyReference),
    /// A planted value.
    Canary(CanaryReference),
}

form! {
    /// The id of a secret of the manifest.
    SecretReference {
        /// Name of the secret: the `x` of `[secrets.x]`.
        secret: Located<String>,
    }
}

form! {
    /// The address of a third party of the manifest.
    ThirdPartyReference {
        /// Name of the third party: the `x` of `[third_party.x]`.
        third_party: Located<String>,
    }
}

form! {
    /// A planted value; where it turns up tells what the provider does with personal and confidential data.
    CanaryReference {
        /// What the value looks like.
        canary: CanaryKind,
    }
}

impl FromToml for InputForm {
    fn from_toml(node: &Node<'_>, at: &str, problems: &mut Problems) -> Option<Self> {
        match node.get_ref() {
            DeValue::String(_) => String::from_toml(node, at, problems).map(Self::Text),
            DeValue::Boolean(value) => Some(Self::Boolean(*value)),
            DeValue::Integer(integer) => {
                let value = i64::from_str_radix(integer.as_str(), integer.radix());
                if value.is_err() {
                    let message = format!("`{at}` does not fit into 64 bits");
                    problems.push(Problem::new(node.span(), message, "out of range", "write a number from -2^63 to 2^63 - 1"));
                }
                value.ok().map(|value| Self::Integer(value.to_string()))
            }
            DeValue::Table(table) if table.contains_key("secret") => SecretReference::from_toml(node, at, problems).map(Self::Secret),
            DeValue::Table(table) if table.contains_key("third_party") => {
                ThirdPartyReference::from_toml(node, at, problems).map(Self::ThirdParty)
            }
            DeValue::Table(table) if table.contains_key("canary") => CanaryReference::from_toml(node, at, problems).map(Self::Canary),
            other => {
                let help =
                    "write a string, an integer, a boolean, `{ secret = \"...\" }`, `{ third_party = \"...\" }` or `{ canary = \"...\" }`";
                let message = format!("`{at}` is not the value of an input");
                let label =
                    if other.is_table() { "a table without any of these keys".to_owned() } else { format!("this is {}", kind(other)) };
                problems.push(Problem::new(node.span(), message, label, help));
                None
            }
        }
    }
}
