//! The JSON around the variables, with the place of each.

use std::ops::Range;

use jsonc_parser::ast::{Array, Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::code::Code;
use super::placed::Placed;
use super::{Mind, Objection, Variable};

const LIST: &str = "job_env_variables";
const SHAPE: &str = r#"write an object with the list of variables: {"job_env_variables": [..]}"#;
const ENTRY: &str = r#"write an entry as {"name": "SMOUT_TOKEN", "value": "type:string, required:true"}"#;
const MARK: &str = "\u{feff}";

/// What stands in a file.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The variables that are plain.
    pub(super) variables: Vec<Variable>,
    /// Whether these are all variables: otherwise nobody knows what the file declares.
    pub(super) complete: bool,
    /// Where the list of variables stands.
    pub(super) list: Range<usize>,
    /// What the tools have against it.
    pub(super) objections: Vec<Objection>,
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Document {
    let mut document = Document::default();
    if let Err(objection) = document.fill(bytes) {
        document.complete = false;
        document.objections.push(objection);
    }
    document
}

impl Document {
    /// An error is what leaves no list of variables.
    fn fill(&mut self, bytes: &[u8]) -> Result<(), Objection> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let at = error.valid_up_to();
            // Both decoders put a sign in place of a byte that is no UTF-8; in another encoding every second byte is none, and nothing is JSON.
            let other = bytes.contains(&0) || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || at == 0;
            let mind = if other { Mind::Both } else { Mind::Differently };
            whole(Code::NotUtf8, "the file is not UTF-8, as JSON is".to_owned(), mind, "save the file as UTF-8", at..at)
        })?;
        let json = text.strip_prefix(MARK).unwrap_or(text);
        let offset = text.len() - json.len();
        if offset > 0 {
            let advice = "save it as UTF-8 without a byte order mark";
            let reason = "the file begins with a byte order mark".to_owned();
            self.objections.push(whole(Code::ByteOrderMark, reason, Mind::Generator, advice, 0..offset));
        }
        // Strict about JSON; the other parser is about places.
        serde_json::from_str::<serde_json::Value>(json).map_err(|error| {
            let at = position(json, error.line(), error.column());
            let length = json[at..].chars().next().map_or(0, char::len_utf8);
            let why = error.to_string();
            let why = why.split(" at line ").next().unwrap_or_default();
            let (why, advice) = plainly(why);
            whole(Code::NotJson, format!("the file is not JSON: {why}"), Mind::Both, advice, offset + at..offset + at + length)
        })?;
        let parsed = parse_to_ast(json, &CollectOptions::default(), &strict());
        let value = parsed.ok().and_then(|parsed| parsed.value).ok_or_else(|| {
            let reason = "the file is JSON that hallmark cannot find its way in".to_owned();
            whole(Code::NotJson, reason, Mind::Both, SHAPE, offset..text.len())
        })?;
        let reader = Reader { text: json, offset };
        let object = value.as_object().ok_or_else(|| {
            let null = value.as_null_keyword().is_some();
            let reason = if null { "the file holds null, over which the generator panics" } else { "the file holds no JSON object" };
            whole(Code::NoObject, reason.to_owned(), Mind::Both, SHAPE, reader.place(&value))
        })?;
        let list = reader.list(object, self)?;
        self.list = reader.place(list);
        self.complete = true;
        for (index, entry) in list.elements.iter().enumerate() {
            let read = reader.pair(index, entry, self);
            let variable = read.and_then(|(name, value)| {
                let (variable, objections) = Variable::read(&name, &value);
                self.objections.extend(objections);
                variable
            });
            self.complete &= variable.is_some();
            self.variables.extend(variable);
        }
        Ok(())
    }
}

/// Returns what a JSON parser complains of in plain words, and what to do.
fn plainly(why: &str) -> (&str, &'static str) {
    const SEE: &str =
        "correct the JSON here or just before it; the file has the form {\"job_env_variables\": [{\"name\": .., \"value\": ..}]}";
    match why {
        why if why.starts_with("EOF") => {
            ("it ends too early", "write what is missing: a quote, a bracket or a brace that closes what was opened")
        }
        "trailing comma" => ("a comma stands before the end of a list", "remove the comma before the bracket or brace"),
        "key must be a string" => {
            ("a key is not in double quotes", "write keys in double quotes; JSON has no comments and no single quotes")
        }
        "expected value" => ("no value stands here", "write the value in double quotes; JSON has no comments and no single quotes"),
        why if why.starts_with("expected `,`") => ("a comma is missing", "put a comma between the two"),
        why => (why, SEE),
    }
}

/// Finds places in a file.
struct Reader<'a> {
    text: &'a str,
    /// Bytes before the text.
    offset: usize,
}

impl Reader<'_> {
    fn place(&self, node: &impl Ranged) -> Range<usize> {
        self.offset + node.start()..self.offset + node.end()
    }

    fn list<'a>(&self, object: &'a Object<'a>, document: &mut Document) -> Result<&'a Array<'a>, Objection> {
        let none = |reason: &str, span| whole(Code::NoVariables, reason.to_owned(), Mind::Both, SHAPE, span);
        let Some(property) = self.property(object, LIST, None, document) else {
            return Err(none(&format!("the file has no `{LIST}`"), self.place(object)));
        };
        match &property.value {
            Value::Array(list) if !list.elements.is_empty() => Ok(list),
            Value::Array(list) => Err(none(&format!("`{LIST}` is empty"), self.place(list))),
            other => Err(none(&format!("`{LIST}` is not an array"), self.place(other))),
        }
    }

    fn pair(&self, index: usize, entry: &Value<'_>, document: &mut Document) -> Option<(Placed, Placed)> {
        let place = format!("entry {}", index + 1);
        let objection =
            |reason: String, span| Objection { variable: Some(place.clone()), ..whole(Code::EntryForm, reason, Mind::Both, ENTRY, span) };
        let Value::Object(object) = entry else {
            document.objections.push(objection("is not an object".to_owned(), self.place(entry)));
            return None;
        };
        let mut text = |key: &str| {
            let property = self.property(object, key, Some(&place), document);
            let span = property.map_or_else(|| self.place(object), |property| self.place(&property.value));
            let text = property.and_then(|property| self.string(&property.value));
            if text.is_none() {
                document.objections.push(objection(format!("has no `{key}` that is a string"), span));
            }
            text
        };
        let (name, value) = (text("name"), text("value"));
        name.zip(value)
    }

    /// Returns the property that both tools take for `key`, or the generator alone: it is blind to case, as Go's JSON decoder is.
    fn property<'a>(
        &self,
        object: &'a Object<'a>,
        key: &str,
        place: Option<&String>,
        document: &mut Document,
    ) -> Option<&'a ObjectProp<'a>> {
        let named = |property: &&ObjectProp<'_>| property.name.as_str() == key;
        let like = |property: &&ObjectProp<'_>| property.name.as_str().to_uppercase() == key.to_uppercase();
        let exact = object.properties.iter().rfind(named);
        let mut object_to = |code, reason, mind, advice, span| {
            document.objections.push(Objection { variable: place.cloned(), ..whole(code, reason, mind, advice, span) });
        };
        let last = object.properties.iter().rfind(like)?;
        if !named(&last) || exact.is_none() {
            // Where the right key is there as well, the deployer reads that one and the generator the last.
            let mind = if exact.is_some() { Mind::Differently } else { Mind::Deployer };
            let reason = format!("has the key `{}` where `{key}` is meant", last.name.as_str().escape_debug());
            object_to(Code::KeyCase, reason, mind, format!("write the key as `{key}`"), self.place(&last.name));
        } else if object.properties.iter().filter(named).count() > 1 {
            let advice = "keep one of them: tools believe the last".to_owned();
            object_to(Code::KeyTwice, format!("has the key `{key}` twice"), Mind::Neither, advice, self.place(&last.name));
        }
        exact.or(Some(last))
    }

    fn string(&self, value: &Value<'_>) -> Option<Placed> {
        let place = value.as_string_lit()?.range;
        let raw = self.text.get(place.start + 1..place.end.checked_sub(1)?)?;
        Some(Placed::from_json(raw, self.offset + place.start + 1))
    }
}

fn whole(code: Code, reason: String, mind: Mind, advice: impl Into<String>, span: Range<usize>) -> Objection {
    Objection { code, variable: None, reason, mind, advice: advice.into(), span }
}

/// What RFC 8259 allows, and nothing else.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Returns the byte at a line and a column as serde_json counts them: both from one, the column in bytes.
fn position(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = (start + column.saturating_sub(1)).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
