//! The JSON around the variables.

use serde_json::{Map, Value};

use super::{Mind, Objection, Variable};

const LIST: &str = "job_env_variables";
const SHAPE: &str = r#"write {"job_env_variables": [{"name": "SMOUT_TOKEN", "value": "type:string, required:true"}]}"#;

/// Returns the variables that could be read, and the objections to the others; an error when there is no list of variables.
pub(super) fn variables(bytes: &[u8]) -> Result<(Vec<Variable>, Vec<Objection>), Objection> {
    if bytes.starts_with("\u{feff}".as_bytes()) {
        return Err(Objection::whole(
            "the file begins with a byte order mark",
            Mind::Generator,
            "save it as UTF-8 without a byte order mark",
        ));
    }
    let document: Value =
        serde_json::from_slice(bytes).map_err(|error| Objection::whole(format!("the file is not JSON ({error})"), Mind::Both, SHAPE))?;
    let Value::Object(document) = document else {
        return Err(Objection::whole("the file holds no JSON object", Mind::Both, SHAPE));
    };
    if let Some(key) = look_alike(&document, LIST) {
        return Err(wrong_case(None, key, LIST));
    }
    let entries = match document.get(LIST) {
        Some(Value::Array(entries)) if !entries.is_empty() => entries,
        Some(Value::Array(_)) => return Err(Objection::whole(format!("`{LIST}` is empty"), Mind::Both, SHAPE)),
        Some(_) => return Err(Objection::whole(format!("`{LIST}` is not an array"), Mind::Both, SHAPE)),
        None => return Err(Objection::whole(format!("the file has no `{LIST}`"), Mind::Both, SHAPE)),
    };
    let mut variables = Vec::new();
    let mut objections = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match pair(index, entry).map_err(|objection| vec![objection]).and_then(|(name, text)| Variable::parse(name, text)) {
            Ok(variable) => variables.push(variable),
            Err(further) => objections.extend(further),
        }
    }
    Ok((variables, objections))
}

fn pair(index: usize, entry: &Value) -> Result<(&str, &str), Objection> {
    let place = format!("entry {}", index + 1);
    let Value::Object(entry) = entry else {
        return Err(Objection::of(&place, "is not an object", Mind::Both, SHAPE));
    };
    let text = |key: &str| {
        if let Some(found) = look_alike(entry, key) {
            return Err(wrong_case(Some(place.as_str()), found, key));
        }
        let value = entry.get(key).and_then(Value::as_str);
        value.ok_or_else(|| Objection::of(&place, format!("has no `{key}` that is a string"), Mind::Both, SHAPE))
    };
    Ok((text("name")?, text("value")?))
}

/// Returns a key that only a reader blind to case takes for `key`, as Go's JSON decoder is.
fn look_alike<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.keys().map(String::as_str).find(|found| *found != key && found.to_uppercase() == key.to_uppercase())
}

fn wrong_case(place: Option<&str>, found: &str, key: &str) -> Objection {
    Objection {
        variable: place.map(str::to_owned),
        reason: format!("has the key `{}` where `{key}` is meant", found.escape_debug()),
        mind: Mind::Deployer,
        advice: format!("write the key as `{key}`"),
    }
}
