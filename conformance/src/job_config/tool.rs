//! How each of the two tools reads one attribute, such as `type:string`.
//!
//! The generator is Go: it trims what Unicode calls white space. The deployer is a shell script: it trims through `xargs`, which takes quotes and
//! backslashes for its own, and knows two blanks.

use hallmark_harness::contract::ValueType;

/// What a tool takes from an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Type(ValueType),
    Required(bool),
}

/// Why a tool does not take an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is no `key:value`.
    Form,
    /// Another key than the two.
    Key(String),
    /// A `required` that is neither true nor false.
    Required(String),
    Type(String),
    NoOptions,
    OneOption,
    Bracket,
}

impl Refusal {
    /// Tells whether the key was understood, and only its value is none.
    pub(super) fn is_of_value(&self) -> bool {
        !matches!(self, Self::Form | Self::Key(_))
    }
}

/// Returns what the generator takes from an attribute.
pub(super) fn generator(attribute: &str) -> Result<Said, Refusal> {
    let (key, value) = attribute.split_once(':').ok_or(Refusal::Form)?;
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() || value.is_empty() {
        return Err(Refusal::Form);
    }
    said(key, value, |options| {
        if options.is_empty() {
            return Err(Refusal::NoOptions);
        }
        if !options.contains('|') {
            return Err(if options.contains(']') { Refusal::Type(value.to_owned()) } else { Refusal::OneOption });
        }
        Ok(split(options))
    })
}

/// Returns what the deployer takes from an attribute.
pub(super) fn deployer(attribute: &str) -> Result<Said, Refusal> {
    let attribute = through_xargs(attribute).unwrap_or_default();
    let (key, value) = attribute.split_once(':').filter(|(key, value)| !key.is_empty() && !value.is_empty()).ok_or(Refusal::Form)?;
    let (key, value) = (through_xargs(key).unwrap_or_default(), through_xargs(value).unwrap_or_default());
    // It knows an enum without options, which can hold anything.
    if (key.as_str(), value.as_str()) == ("type", "enum") {
        return Ok(Said::Type(ValueType::String));
    }
    said(&key, &value, |options| match options {
        "" => Err(Refusal::NoOptions),
        options if options.contains(']') => Err(Refusal::Bracket),
        options => Ok(split(options)),
    })
}

fn said(key: &str, value: &str, options: impl FnOnce(&str) -> Result<ValueType, Refusal>) -> Result<Said, Refusal> {
    match (key, value) {
        ("type", "string") => Ok(Said::Type(ValueType::String)),
        ("type", "integer") => Ok(Said::Type(ValueType::Integer)),
        ("type", "boolean") => Ok(Said::Type(ValueType::Boolean)),
        ("type", "secret_id") => Ok(Said::Type(ValueType::SecretId)),
        ("type", "enum") => Err(Refusal::NoOptions),
        ("type", word) => match word.strip_prefix("enum[").and_then(|rest| rest.strip_suffix(']')) {
            Some(listed) => options(listed).map(Said::Type),
            None => Err(Refusal::Type(word.to_owned())),
        },
        ("required", "true") => Ok(Said::Required(true)),
        ("required", "false") => Ok(Said::Required(false)),
        ("required", word) => Err(Refusal::Required(word.to_owned())),
        (key, _) => Err(Refusal::Key(key.to_owned())),
    }
}

fn split(options: &str) -> ValueType {
    ValueType::Enum(options.split('|').map(str::to_owned).collect())
}

/// Returns what `echo "$text" | xargs` prints, or none where a quote is not closed.
fn through_xargs(text: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), _) if character == open => quote = None,
            (Some(_), '\n') => return None,
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xargs_trims_blanks_and_eats_quotes_and_backslashes() {
        for (text, printed) in [
            ("  type:string\t", Some("type:string")),
            ("a  b", Some("a b")),
            ("type:'string'", Some("type:string")),
            (r#"type:"a  b""#, Some("type:a  b")),
            (r"a\|b", Some("a|b")),
            ("it's", None),
            ("\u{a0}a", Some("\u{a0}a")),
            ("", Some("")),
        ] {
            assert_eq!(through_xargs(text).as_deref(), printed, "{text:?}");
        }
    }
}
