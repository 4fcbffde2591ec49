//! One variable: its name, and the attributes that stand in its value.

use hallmark_harness::contract::ValueType;

use super::{Declaration, Mind, Objection};

/// Which way a variable's value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `SMIN_`: Secrets Manager passes it to the job.
    Input,
    /// `SMOUT_`: the job reports it.
    Output,
}

impl Direction {
    /// Returns the prefix of the variables of this direction.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Input => "SMIN_",
            Self::Output => "SMOUT_",
        }
    }
}

/// One variable that generator and deployer read alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Name as written, with its prefix.
    pub name: String,
    /// Value as written.
    pub text: String,
    /// Input or output.
    pub direction: Direction,
    /// What it says.
    pub declaration: Declaration,
    /// Whether any of several `required` attributes is true; the declaration holds the last.
    pub(super) required_anywhere: bool,
}

impl Variable {
    /// Reads a variable, e.g. `SMIN_EXPIRES_IN` with `type:integer, required:false`.
    pub fn parse(name: &str, text: &str) -> Result<Self, Vec<Objection>> {
        let named = read_name(name);
        let attributes = read_attributes(text);
        match (named, attributes) {
            (Ok((direction, lower)), Ok(attributes)) => Ok(Self {
                name: name.to_owned(),
                text: text.to_owned(),
                direction,
                declaration: Declaration { name: lower, value_type: attributes.value_type, required: attributes.required },
                required_anywhere: attributes.required_anywhere,
            }),
            (named, attributes) => {
                let complaints = named.err().into_iter().chain(attributes.err());
                Err(complaints.map(|Complaint(reason, mind, advice)| Objection::of(name, reason, mind, advice)).collect())
            }
        }
    }
}

/// Reason, who minds, advice: an objection without its variable.
#[derive(Debug)]
struct Complaint(String, Mind, String);

impl Complaint {
    fn new(reason: impl Into<String>, mind: Mind, advice: &str) -> Self {
        Self(reason.into(), mind, advice.to_owned())
    }
}

fn read_name(name: &str) -> Result<(Direction, String), Complaint> {
    const ADVICE: &str = "use SMIN_ or SMOUT_ followed by upper-case letters, digits and underscores";
    let found =
        [Direction::Input, Direction::Output].into_iter().find_map(|direction| Some((direction, name.strip_prefix(direction.prefix())?)));
    let Some((direction, rest)) = found else {
        return Err(Complaint::new("has a name without the prefix SMIN_ or SMOUT_", Mind::Both, ADVICE));
    };
    if rest.is_empty() {
        return Err(Complaint::new("has nothing after its prefix", Mind::Generator, ADVICE));
    }
    let strange = rest.chars().find(|character| !matches!(character, 'A'..='Z' | '0'..='9' | '_'));
    match strange {
        None => Ok((direction, rest.to_ascii_lowercase())),
        Some(character) => {
            // The deployer looks for lower case and blanks only, and loses a newline at the end before it looks.
            let both = rest.trim_end_matches('\n').chars().any(|character| character.is_ascii_lowercase() || character.is_whitespace());
            let mind = if both { Mind::Both } else { Mind::Generator };
            Err(Complaint::new(format!("has the character {character:?} in its name"), mind, ADVICE))
        }
    }
}

struct Attributes {
    value_type: ValueType,
    required: bool,
    required_anywhere: bool,
}

fn read_attributes(text: &str) -> Result<Attributes, Complaint> {
    const ADVICE: &str = "write its value as e.g. `type:string, required:true`";
    refuse_strange_characters(text)?;
    if text.trim().is_empty() {
        return Err(Complaint::new("has an empty value", Mind::Both, ADVICE));
    }
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let mut attributes = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        if part.is_empty() {
            let trailing = index + 1 == parts.len() && index > 0;
            let (reason, mind) =
                if trailing { ("ends with a comma", Mind::Generator) } else { ("has a comma with nothing before it", Mind::Both) };
            return Err(Complaint::new(reason, mind, "remove the comma"));
        }
        let pair = part.split_once(':').map(|(key, value)| (key.trim(), value.trim()));
        match pair {
            Some((key, value)) if !key.is_empty() && !value.is_empty() => attributes.push((key, value)),
            _ => return Err(Complaint::new(format!("has the attribute `{part}`, which is no `key:value`"), Mind::Both, ADVICE)),
        }
    }
    let mut value_type = None;
    let mut required = Vec::new();
    for (index, &(key, value)) in attributes.iter().enumerate() {
        // Where an attribute stands twice the generator looks at the last one only.
        let overridden = attributes[index + 1..].iter().any(|(later, _)| *later == key);
        let both = if overridden { Mind::Deployer } else { Mind::Both };
        match (key, value) {
            ("type", word) => value_type = Some(read_type(word, both)?),
            ("required", "true") => required.push(true),
            ("required", "false") => required.push(false),
            ("required", _) => {
                return Err(Complaint::new(format!("has `required:{value}`"), both, "write `required:true` or `required:false`"));
            }
            _ => return Err(Complaint::new(format!("has the unknown attribute `{key}`"), Mind::Both, "use `type` and `required` only")),
        }
    }
    let value_type = value_type.ok_or_else(|| Complaint::new("has no type", Mind::Both, ADVICE))?;
    Ok(Attributes { value_type, required: required.last().copied().unwrap_or(false), required_anywhere: required.contains(&true) })
}

/// Refuses what the deployer's shell and `xargs` lose or change on the way.
fn refuse_strange_characters(text: &str) -> Result<(), Complaint> {
    for character in text.chars() {
        let complaint = match character {
            ' ' | '\t' => continue,
            '\n' => Complaint::new(
                "has a line break in its value",
                Mind::Differently,
                "write the value on one line: the deployer reads the first only",
            ),
            '"' | '\'' | '\\' => Complaint::new(
                format!("has a {character} in its value"),
                Mind::Differently,
                "leave quotes and backslashes out: the deployer takes them for its own",
            ),
            _ if character.is_control() && !character.is_whitespace() => {
                Complaint::new("has a control character in its value", Mind::Both, "remove it: the value becomes an environment variable")
            }
            _ if character.is_whitespace() => {
                Complaint::new(format!("has the blank {character:?} in its value"), Mind::Deployer, "use plain spaces")
            }
            _ => continue,
        };
        return Err(complaint);
    }
    Ok(())
}

fn read_type(word: &str, both: Mind) -> Result<ValueType, Complaint> {
    const ENUM: &str = "list at least two options, e.g. `type:enum[admin|user]`";
    match word {
        "string" => return Ok(ValueType::String),
        "integer" => return Ok(ValueType::Integer),
        "boolean" => return Ok(ValueType::Boolean),
        "secret_id" => return Ok(ValueType::SecretId),
        "enum" => return Err(Complaint::new("has an enum without options", Mind::Generator, ENUM)),
        _ => {}
    }
    let Some(options) = word.strip_prefix("enum[").and_then(|rest| rest.strip_suffix(']')) else {
        return Err(unknown_type(word, both));
    };
    if options.is_empty() {
        return Err(Complaint::new("has an enum without options", both, ENUM));
    }
    match (options.contains(']'), options.contains('|')) {
        (true, true) => Err(Complaint::new("has a `]` inside an enum", Mind::Deployer, "use options without brackets")),
        (true, false) => Err(unknown_type(word, both)),
        (false, false) => Err(Complaint::new("has an enum with one option", Mind::Generator, ENUM)),
        (false, true) => Ok(ValueType::Enum(options.split('|').map(str::to_owned).collect())),
    }
}

fn unknown_type(word: &str, both: Mind) -> Complaint {
    let near = match word.to_ascii_lowercase().as_str() {
        "int" | "integer" | "number" | "long" => "write `type:integer`",
        "bool" | "boolean" => "write `type:boolean`",
        "str" | "string" | "text" => "write `type:string`",
        "secret" | "secretid" | "secret-id" => "write `type:secret_id`",
        _ => "use string, integer, boolean, secret_id or enum[a|b]",
    };
    Complaint::new(format!("has the unknown type `{word}`"), both, near)
}
