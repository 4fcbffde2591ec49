//! Writes a first `provider.toml` for a provider of which only the `job_config.json` is known.
//!
//! The text explains each key to somebody who never saw hallmark, and it loads as it is: only the placeholders want real values.

use std::fmt::Write as _;
use std::path::Path;

use hallmark_harness::contract::ValueType;

use crate::job_config::{Declaration, JobConfig, JobConfigError, Objection};

const HEAD: &str = include_str!("init/head.toml");
const THIRD_PARTY: &str = include_str!("init/third_party.toml");
const NO_THIRD_PARTY: &str = include_str!("init/no_third_party.toml");
const TAIL: &str = include_str!("init/tail.toml");

/// A first manifest.
#[derive(Debug, Clone)]
pub struct Template {
    /// The text of the `provider.toml`.
    pub text: String,
    /// What is wrong with the `job_config.json` all the same.
    pub objections: Vec<Objection>,
}

/// Returns a manifest that is to stand beside the `job_config.json` at `job_config_path`.
pub fn template(job_config_path: impl AsRef<Path>) -> Result<Template, JobConfigError> {
    let path = job_config_path.as_ref();
    template_naming(path, path.file_name().map_or(path, Path::new))
}

/// Returns a manifest that finds the `job_config.json` under the path `named`; it is read at `path` now.
pub fn template_naming(path: &Path, named: &Path) -> Result<Template, JobConfigError> {
    let reading = JobConfig::load(path)?;
    let objections = reading.objections.clone();
    let config = reading.declared()?;
    let file = named.to_string_lossy();
    let third_party = config.inputs.iter().any(|input| matches!(placeholder(input), Placeholder::Secret(_) | Placeholder::Address));
    let mut text = HEAD.replace("\"job_config.json\"", &quoted(&file));
    text.push_str(if third_party { THIRD_PARTY } else { NO_THIRD_PARTY });
    secrets(&mut text, &config.inputs);
    inputs(&mut text, &config.inputs);
    outputs(&mut text, &config.outputs);
    text.push_str(TAIL);
    Ok(Template { text, objections })
}

/// What an input gets until the author knows better.
enum Placeholder {
    /// TOML of a literal.
    Literal(String),
    /// The id of the secret of this name.
    Secret(String),
    /// The third party's address.
    Address,
}

fn placeholder(input: &Declaration) -> Placeholder {
    match &input.value_type {
        ValueType::SecretId => Placeholder::Secret(secret_name(&input.name)),
        ValueType::String if input.name.split('_').any(|word| word == "url") => Placeholder::Address,
        ValueType::String => Placeholder::Literal(quoted("example")),
        ValueType::Integer => Placeholder::Literal("3600".to_owned()),
        ValueType::Boolean => Placeholder::Literal("true".to_owned()),
        // An empty value counts as none, so an option with a text is better where there is one.
        ValueType::Enum(options) => {
            let option = options.iter().find(|option| !option.is_empty()).or(options.first());
            Placeholder::Literal(quoted(option.map_or("", String::as_str)))
        }
    }
}

fn secret_name(input: &str) -> String {
    let name = input.strip_suffix("_secret_id").or_else(|| input.strip_suffix("_id")).unwrap_or(input);
    if name.is_empty() { input.replace('_', "-") } else { name.replace('_', "-") }
}

fn secrets(text: &mut String, inputs: &[Declaration]) {
    let mut names: Vec<String> =
        inputs.iter().filter(|input| input.value_type == ValueType::SecretId).map(|input| secret_name(&input.name)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return;
    }
    text.push_str(
        "\n# Secrets that exist before the provider runs; an input of type secret_id gets the id of one.\n\
         # type: arbitrary, kv, username_password, iam_credentials, service_credentials or custom_credentials.\n\
         # login_of: the secret opens this third party. Instead: generate = \"api_key\", \"password\" or \"token\" (random), or value = \"...\".\n\
         # field: which field holds the data, for types with several. iam = true: IAM knows the data as an API key.\n",
    );
    for name in names {
        let _ = write!(text, "[secrets.{name}]\ntype = \"arbitrary\"\nlogin_of = \"example\"\n\n");
    }
    text.truncate(text.trim_end().len() + 1);
}

fn inputs(text: &mut String, inputs: &[Declaration]) {
    text.push_str(
        "\n# The value of each input, by its lower-case name (SMIN_USER_NAME is user_name): a literal, or\n\
         # { secret = \"name\" } for the id of a secret above, { third_party = \"name\" } for the address of a third party, or\n\
         # { canary = \"email\" } for a planted value (email, phone, national_id, card, iban, api_key, token) that must not get into metadata.\n\
         [inputs]\n",
    );
    for input in inputs {
        let value = match placeholder(input) {
            Placeholder::Literal(literal) => literal,
            Placeholder::Secret(name) => format!("{{ secret = {} }}", quoted(&name)),
            Placeholder::Address => "{ third_party = \"example\" }".to_owned(),
        };
        let required = if input.required { "required" } else { "optional: remove the line to let the provider's default work" };
        let _ = writeln!(text, "{} = {value} # {}, {required}", key(&input.name), described(&input.value_type));
    }
}

fn outputs(text: &mut String, outputs: &[Declaration]) {
    text.push_str(
        "\n# What is known about outputs. equals: what the value must be, taken from what the third party issued.\n\
         # public: whether anybody may know the value (a host, a user name, a certificate); without it the value counts as secret.\n",
    );
    for output in outputs {
        let required = if output.required { "required" } else { "optional" };
        let _ = writeln!(text, "[outputs.{}] # {}, {required}", key(&output.name), described(&output.value_type));
        text.push_str("# equals = \"{{ credential.secret }}\"\n# public = true\n");
    }
}

fn described(value_type: &ValueType) -> String {
    match value_type {
        ValueType::String => "string".to_owned(),
        ValueType::Integer => "integer".to_owned(),
        ValueType::Boolean => "boolean".to_owned(),
        ValueType::SecretId => "id of a secret".to_owned(),
        ValueType::Enum(options) => format!("one of {}", options.iter().map(|option| quoted(option)).collect::<Vec<_>>().join(", ")),
    }
}

/// Returns a name as a key of TOML.
fn key(name: &str) -> String {
    let bare = name.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'));
    if bare { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{InputValue, Manifest, Preset};

    fn written(job_config: &serde_json::Value) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("job_config.json");
        std::fs::write(&file, job_config.to_string()).unwrap();
        let text = template(&file).unwrap().text;
        std::fs::write(folder.path().join("provider.toml"), &text).unwrap();
        (folder, text)
    }

    fn every_type() -> serde_json::Value {
        serde_json::json!({ "job_env_variables": [
            { "name": "SMIN_LOGIN_SECRET_ID", "value": "type:secret_id, required:true" },
            { "name": "SMIN_CA_ID", "value": "type:secret_id" },
            { "name": "SMIN_URL", "value": "type:string, required:true" },
            { "name": "SMIN_SCOPE", "value": "type:enum[|admin|user], required:true" },
            { "name": "SMIN_USERNAME", "value": "type:string, required:true" },
            { "name": "SMIN_EXPIRES_IN", "value": "type:integer" },
            { "name": "SMIN_REFRESHABLE", "value": "type:boolean, required:true" },
            { "name": "SMOUT_TOKEN", "value": "type:string, required:true" },
            { "name": "SMOUT_URL", "value": "type:string" },
        ] })
    }

    #[test]
    fn the_template_is_a_valid_manifest_with_a_value_for_every_input() {
        let (folder, _) = written(&every_type());
        let manifest =
            Manifest::load(folder.path().join("provider.toml")).unwrap_or_else(|error| panic!("{error}: {:?}", error.problems()));
        let [variant] = &manifest.variants()[..] else { panic!("one variant") };
        assert!(variant.inputs.iter().all(|input| input.value.is_some()), "{:?}", variant.inputs);
        assert_eq!(variant.inputs[0].value, Some(InputValue::Secret("login".to_owned())));
        assert_eq!(variant.inputs[2].value, Some(InputValue::ThirdParty("example".to_owned())));
        assert_eq!(variant.inputs[3].value, Some(InputValue::Literal("admin".to_owned())));
        assert_eq!(variant.third_parties["example"].preset, Some(Preset::Artifactory));
        assert_eq!(variant.secrets.len(), 2);
    }

    #[test]
    fn a_provider_without_a_third_party_gets_none() {
        let (folder, text) = written(&serde_json::json!({ "job_env_variables": [
            { "name": "SMIN_COMMON_NAME", "value": "type:string, required:true" },
            { "name": "SMOUT_CERTIFICATE", "value": "type:string, required:true" },
        ] }));
        let manifest = Manifest::load(folder.path().join("provider.toml")).unwrap();
        assert!(manifest.variants()[0].third_parties.is_empty(), "{text}");
    }

    #[test]
    fn the_template_explains_itself() {
        let (_folder, text) = written(&every_type());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_the_template_offers_as_comments_is_valid_too() {
        let (folder, text) = written(&every_type());
        let key = |line: &str| {
            line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphabetic() || c == '_'))
        };
        // Every commented line that is TOML and not prose is switched on.
        let lines = text.lines().map(|line| line.strip_prefix("# ").filter(|rest| key(rest)).unwrap_or(line));
        let everything: String = lines.flat_map(|line| [line, "\n"]).collect();
        let path = folder.path().join("provider.toml");
        Manifest::from_bytes(&path, everything.as_bytes()).unwrap_or_else(|error| panic!("{:?}\n{everything}", error.problems()));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        assert!(template("/no/such/job_config.json").unwrap_err().to_string().contains("/no/such/job_config.json"));
    }
}
