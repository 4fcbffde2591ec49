//! Third parties and secrets.

use std::collections::BTreeMap;

use hallmark_harness::contract::SecretType;

use super::super::form::SecretForm;
use super::super::located::{Entry, Located};
use super::super::model::{SecretData, SecretSource, ThirdPartySource};
use super::super::problem::{Problem, Problems, listed, nearest, suggestion};
use super::variant::Layers;
use super::{root, service};

/// Reports a name that could not stand in a report or on a command line as it is.
pub(super) fn check_name(name: &Located<String>, kind: &str, problems: &mut Problems) {
    let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    if name.is_empty() || !name.chars().all(allowed) {
        let message = format!("`{}` is not a name for a {kind}", name.escape_debug());
        problems.push(Problem::new(name.span.clone(), message, "not such a name", "use letters, digits, `-` and `_`"));
    }
}

pub(super) fn third_parties(layers: &Layers<'_>, problems: &mut Problems) -> BTreeMap<String, ThirdPartySource> {
    let mut sources = BTreeMap::new();
    let mut taken: BTreeMap<String, &Located<String>> = BTreeMap::new();
    for (name, entry) in &layers.third_parties {
        check_name(&entry.name, "third party", problems);
        let form = &entry.value.value;
        let help = "add `preset = \"artifactory\"` for a system that hallmark knows, or a `spec` table that describes it";
        let (service, tcp) = (service::http(entry, problems), service::tcp(entry, problems));
        match (form.preset, &form.spec) {
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) if service.is_some() || form.tcp.is_some() => {}
            (None, None) => {
                let message = format!("the third party `{name}` is not described");
                problems.push(Problem::new(entry.value.span.clone(), message, "neither `preset` nor `spec`", help));
            }
            (Some(_), Some(_)) => {
                let message = format!("the third party `{name}` is described twice");
                problems.push(Problem::new(entry.value.span.clone(), message, "both `preset` and `spec`", "keep one of them"));
            }
        }
        let located = form.hosts.as_deref().unwrap_or_default();
        let hosts = root::hosts(located, problems);
        for (host, place) in hosts.iter().zip(located) {
            if let Some(earlier) = taken.insert(host.clone(), place) {
                let message = format!("the host `{host}` belongs to two third parties, or twice to one");
                let problem = Problem::new(place.span.clone(), message, "taken already", "give each third party hosts of its own");
                problems.push(problem.and(earlier.span.clone(), "taken here"));
            }
        }
        sources.insert((*name).to_owned(), ThirdPartySource { preset: form.preset, spec: form.spec.clone(), hosts, service, tcp });
    }
    sources
}

pub(super) fn secrets(layers: &Layers<'_>, problems: &mut Problems) -> BTreeMap<String, SecretSource> {
    let mut sources = BTreeMap::new();
    for (name, entry) in &layers.secrets {
        check_name(&entry.name, "secret", problems);
        let data = data(layers, entry, problems);
        let field = field(entry, problems);
        if let (Some(data), Some(field)) = (data, field) {
            let form = &entry.value;
            let source = SecretSource { secret_type: form.r#type, data, field, iam: form.iam.unwrap_or(false) };
            sources.insert((*name).to_owned(), source);
        }
    }
    sources
}

fn data(layers: &Layers<'_>, entry: &Entry<SecretForm>, problems: &mut Problems) -> Option<SecretData> {
    let form = &entry.value.value;
    let name = entry.name.escape_debug();
    match (&form.login_of, &form.value, form.generate) {
        (Some(party), None, None) => {
            let described = layers.third_parties.get(party.as_str()).map(|entry| &entry.value.value);
            if described.is_some_and(|form| form.service.is_some() || form.tcp.is_some()) {
                let message = format!("the login of the real service `{}` is not known", party.escape_debug());
                problems.push(Problem::new(party.span.clone(), message, "a real service", "give the secret a `value`: the login itself"));
            }
            if described.is_none() {
                let help = suggestion(party, layers.third_parties.keys().copied(), "describe it in a table `[third_party.NAME]`");
                let message = format!("there is no third party `{}`", party.escape_debug());
                problems.push(Problem::new(party.span.clone(), message, "no such third party", help));
            }
            Some(SecretData::LoginOf(party.value.clone()))
        }
        (None, Some(value), None) => Some(SecretData::Value(value.clone().into())),
        (None, None, Some(generator)) => Some(SecretData::Generate(generator)),
        (None, None, None) => {
            let help = "add `login_of = \"<third party>\"`, `generate = \"token\"` or `value = \"...\"`";
            let message = format!("the secret `{name}` has no data");
            problems.push(Problem::new(entry.value.span.clone(), message, "none of `login_of`, `generate`, `value`", help));
            None
        }
        _ => {
            let message = format!("the data of the secret `{name}` comes from several places");
            let label = "more than one of `login_of`, `generate`, `value`";
            problems.push(Problem::new(entry.value.span.clone(), message, label, "keep one of them"));
            None
        }
    }
}

/// Returns the field that holds the data; the outer none says that a problem was reported.
#[expect(clippy::option_option, reason = "a type without fields is not a mistake")]
fn field(entry: &Entry<SecretForm>, problems: &mut Problems) -> Option<Option<String>> {
    let form = &entry.value.value;
    let (default, known): (Option<&str>, Option<&[&str]>) = match form.r#type {
        SecretType::Arbitrary => (None, Some(&[])),
        SecretType::UsernamePassword => (Some("password"), Some(&["username", "password"])),
        SecretType::IamCredentials => (Some("api_key"), Some(&["api_key", "api_key_id", "service_id"])),
        SecretType::ServiceCredentials => (Some("apikey"), None),
        SecretType::Kv | SecretType::CustomCredentials => (None, None),
    };
    let name = entry.name.escape_debug();
    let problem = match (&form.field, known) {
        (None, None) if default.is_none() => {
            let message = format!("the secret `{name}` does not say which field holds its data");
            let help = "add `field = \"...\"`: its type has fields of any name";
            Problem::new(entry.value.span.clone(), message, "no `field`", help)
        }
        (None, _) => return Some(default.map(str::to_owned)),
        (Some(field), Some([])) => {
            let message = format!("the secret `{name}` has no fields");
            Problem::new(field.span.clone(), message, "not for this type", "remove `field`: an arbitrary secret is one string")
        }
        (Some(field), Some(known)) if !known.contains(&field.as_str()) => {
            let near = nearest(field, known.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
            let help = format!("{near}The fields are {}", listed(known.iter().copied()));
            Problem::new(field.span.clone(), format!("the type of the secret `{name}` has no such field"), "unknown field", help)
        }
        (Some(field), _) if field.is_empty() => {
            Problem::new(field.span.clone(), "`field` is empty", "nothing here", "name the field that holds the data")
        }
        (Some(field), _) => return Some(Some(field.value.clone())),
    };
    problems.push(problem);
    None
}
