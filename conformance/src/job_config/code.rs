//! The names of everything that can be said about a job configuration. A name stays as it is: scripts and baselines hold on to it.
//!
//! The main type is [`Code`].

use std::fmt;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// How much an objection weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A trap that the file cannot avoid: good to know, and no fault.
    Note,
    /// It works with some tools and not with others, or it should be done otherwise.
    Warning,
    /// A tool refuses it, or something else is deployed than what stands there.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Makes the codes, each with its name, its severity and what it is about in one sentence.
macro_rules! codes {
    ($($code:ident = $name:literal, $severity:ident, $about:literal;)+) => {
        /// What an objection is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $about] $code),+
        }

        impl Code {
            /// Every code, in the order in which a file is read.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// Returns the name, such as `enum-of-one`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name),+ }
            }

            /// Returns how much it weighs.
            pub fn severity(self) -> Severity {
                match self { $(Self::$code => Severity::$severity),+ }
            }

            /// Returns what it is about, in one sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$code => $about),+ }
            }
        }
    };
}

codes! {
    NotUtf8 = "not-utf-8", Error, "The file is not UTF-8.";
    ByteOrderMark = "byte-order-mark", Error, "The file begins with a byte order mark.";
    NotJson = "not-json", Error, "The file is not JSON.";
    NoObject = "no-object", Error, "The file holds something else than a JSON object.";
    NoVariables = "no-variables", Error, "The file has no list of variables, or an empty one.";
    KeyCase = "key-case", Error, "A key is spelt in other letters, which only a reader blind to case understands.";
    KeyTwice = "key-twice", Warning, "A JSON object has a key twice: tools believe the last, people the first.";
    EntryForm = "entry-form", Error, "An entry of the list is not an object with a name and a value that are strings.";
    NamePrefix = "name-prefix", Error, "A name begins neither with SMIN_ nor with SMOUT_.";
    NameEmpty = "name-empty", Error, "A name has nothing after its prefix.";
    NameCharacter = "name-character", Error, "A name holds another character than upper-case letters, digits and underscores.";
    ReservedName = "reserved-name", Warning, "An input is called like a variable that Secrets Manager sets.";
    DigitFirst = "digit-first", Warning, "An output begins with a digit, which no field of a Go structure does.";
    DuplicateVariable = "duplicate-variable", Error, "A variable is declared twice.";
    EmptyValue = "empty-value", Error, "A variable has an empty value.";
    LineBreak = "line-break", Error, "A value has more than one line, of which the deployer checks only the first.";
    ControlCharacter = "control-character", Error, "A value holds a control character.";
    Quote = "quote", Error, "A value holds a quote or a backslash, which the deployer takes for its own.";
    Blank = "blank", Error, "A value has a blank that only the generator takes for one.";
    TrailingComma = "trailing-comma", Error, "A value ends with a comma.";
    EmptyAttribute = "empty-attribute", Error, "A value has nothing between two commas.";
    AttributeForm = "attribute-form", Error, "An attribute is not of the form key:value.";
    UnknownAttribute = "unknown-attribute", Error, "An attribute is neither type nor required.";
    AttributeTwice = "attribute-twice", Warning, "An attribute stands twice with different values.";
    RequiredValue = "required-value", Error, "An attribute required is neither true nor false.";
    NoType = "no-type", Error, "A variable has no type.";
    UnknownType = "unknown-type", Error, "A type is none of string, integer, boolean, secret_id and enum[a|b].";
    EnumWithoutOptions = "enum-without-options", Error, "An enum has no options.";
    EnumOfOne = "enum-of-one", Error, "An enum has one option only.";
    EnumBracket = "enum-bracket", Error, "An enum has a closing bracket inside.";
    EnumDoubleQuote = "enum-double-quote", Warning, "An enum has a double quote inside, which ends a text of the generated code.";
    ShellExpansion = "shell-expansion", Error, "The deployer's shell runs or replaces a part of a name or value.";
    NoRequiredOutput = "no-required-output", Error, "No output is required.";
    NoInput = "no-input", Warning, "There is no input, with which the generated code does not compile.";
    AsksForSecret = "asks-for-secret", Warning, "An input asks for a secret as plain text.";
    AsksForPersonalData = "asks-for-personal-data", Warning, "An input asks for personal data as plain text.";
    EnumRepeatedOption = "enum-repeated-option", Note, "An enum has an option twice.";
    EnumEmptyOption = "enum-empty-option", Note, "An enum has an empty option, which counts as no value.";
    EnumUnchecked = "enum-unchecked", Note, "Generated code takes any text for an enum.";
    LargeInteger = "large-integer", Note, "Generated code reports integers above 2^53 with other digits.";
    RequiredUnchecked = "required-unchecked", Note, "Generated code does not enforce that an integer or boolean output is set.";
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = Self::ALL.iter().map(|code| serde_json::json!({ "const": code.name(), "description": code.about() }));
        schemars::json_schema!({ "description": "What a finding is about. Names never change.", "oneOf": names.collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_in_kebab_case_and_sentences_end() {
        let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            let kebab = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
            assert!(code.name().chars().all(kebab) && code.about().ends_with('.'), "{code}");
        }
    }
}
