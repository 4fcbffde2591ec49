//! What the job is told through its environment. No error here repeats a value.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use crate::error::Failure;
use crate::retry::Budget;
use crate::system::{Describe, artifactory, pagerduty};

/// The environment variables of the job, by name.
pub type Environment = BTreeMap<String, String>;

/// Returns a variable's value; an empty one counts as absent, for Secrets Manager may pass either.
pub(crate) fn variable<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    environment.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Reads a variable with a parser, which returns nothing for what is not `expected`.
fn read<T>(
    environment: &Environment,
    name: &'static str,
    default: &str,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Failure> {
    let failure = if name.ends_with("_VALUE") { Failure::InputInvalid } else { Failure::SettingInvalid };
    parse(variable(environment, name).unwrap_or(default)).ok_or(failure(name, expected))
}

/// Who the job is.
pub(crate) enum Identity {
    ApiKey(SecretString),
    /// The job's compute resource, trusted through a profile: by its id, its name, or both.
    TrustedProfile {
        profile: Vec<(&'static str, String)>,
        token_file: Option<String>,
    },
}

/// Where the task is, and who may report to it: without it nobody can be told anything.
pub(crate) struct Connection {
    pub(crate) instance_url: Url,
    pub(crate) iam_url: Url,
    pub(crate) identity: Identity,
    pub(crate) secret_id: String,
    pub(crate) task_id: String,
}

impl Connection {
    pub(crate) fn read(environment: &Environment) -> Result<Self, Failure> {
        let text = |name| variable(environment, name).map(str::to_owned);
        let profile = [("profile_id", "TRUSTED_PROFILE_ID"), ("profile_name", "TRUSTED_PROFILE_NAME")];
        let profile: Vec<_> = profile.into_iter().filter_map(|(field, name)| Some((field, text(name)?))).collect();
        let identity = match text("SM_ACCESS_APIKEY") {
            Some(key) => Identity::ApiKey(key.into()),
            None if profile.is_empty() => {
                return Err(Failure::SettingInvalid("SM_ACCESS_APIKEY", "a key, unless TRUSTED_PROFILE_ID or _NAME is set"));
            }
            None => Identity::TrustedProfile { profile, token_file: text("CR_TOKEN_FILE") },
        };
        Ok(Self {
            instance_url: read(environment, "SM_INSTANCE_URL", "", "an https address", service_url)?,
            iam_url: read(environment, "IAM_URL", "https://iam.cloud.ibm.com", "an https address", service_url)?,
            identity,
            secret_id: read(environment, "SM_SECRET_ID", "", "an id", path_segment)?,
            task_id: read(environment, "SM_SECRET_TASK_ID", "", "an id", path_segment)?,
        })
    }
}

/// Reads how long the job may take; by default less than the least task time-out, which is five minutes.
pub(crate) fn read_budget(environment: &Environment) -> Result<Budget, Failure> {
    let expected = "a duration up to a day, such as 240s";
    let whole = read(environment, "RETRY_BUDGET", "240s", expected, duration)?;
    let request_timeout = read(environment, "REQUEST_TIMEOUT", "10s", expected, duration)?;
    Ok(Budget::new(whole, request_timeout))
}

/// What Secrets Manager wants done.
pub(crate) enum Action {
    Create,
    Delete { credentials_id: String },
}

/// The task, with the inputs that the user of the secret gave.
pub(crate) struct Job {
    pub(crate) action: Action,
    pub(crate) login_secret_id: String,
    pub(crate) system: Describe,
    pub(crate) url: Url,
    /// What the credential is for.
    pub(crate) scope: String,
    /// Whose token it is; the login secret's own user if absent.
    pub(crate) username: Option<String>,
    /// Seconds.
    pub(crate) expires_in: i64,
    pub(crate) refreshable: bool,
}

impl Job {
    pub(crate) fn read(environment: &Environment) -> Result<Self, Failure> {
        let action = match variable(environment, "SM_ACTION") {
            Some("create_credentials") => Action::Create,
            // Without an id the address of the deletion would be that of the whole collection.
            Some("delete_credentials") => Action::Delete {
                credentials_id: variable(environment, "SM_CREDENTIALS_ID").and_then(path_segment).ok_or(Failure::CredentialsIdMissing)?,
            },
            _ => return Err(Failure::UnknownAction),
        };
        Ok(Self {
            action,
            login_secret_id: read(environment, "SM_LOGIN_SECRET_ID_VALUE", "", "an id", path_segment)?,
            system: read(environment, "SM_SYSTEM_VALUE", "", "artifactory or pagerduty", system)?,
            url: read(environment, "SM_URL_VALUE", "", "an https address without a user name", service_url)?,
            scope: read(environment, "SM_SCOPE_VALUE", "", "a token's scope, or an event orchestration's id", path_segment)?,
            username: variable(environment, "SM_USERNAME_VALUE").map(str::to_owned),
            // 90 days, the longest life of such a secret.
            expires_in: read(environment, "SM_EXPIRES_IN_VALUE", "7776000", "a whole number of seconds above zero", seconds)?,
            refreshable: read(environment, "SM_REFRESHABLE_VALUE", "false", "true or false", boolean)?,
        })
    }
}

fn system(value: &str) -> Option<Describe> {
    match value {
        "artifactory" => Some(artifactory),
        "pagerduty" => Some(pagerduty),
        _ => None,
    }
}

fn duration(value: &str) -> Option<Duration> {
    let duration = humantime::parse_duration(value).ok()?;
    (!duration.is_zero() && duration <= Duration::from_hours(24)).then_some(duration)
}

/// Zero means "never expires" to Artifactory, which is not what a rotated secret is for.
fn seconds(value: &str) -> Option<i64> {
    value.parse().ok().filter(|seconds| *seconds > 0)
}

/// The spellings of Go's `ParseBool`, which the providers made by IBM's generator accept.
fn boolean(value: &str) -> Option<bool> {
    match value {
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        _ => None,
    }
}

/// Reads the address of a service. Secrets are sent there, so plain http is for this machine only.
fn service_url(value: &str) -> Option<Url> {
    let url = Url::parse(value).ok()?;
    let host = url.host_str()?;
    // Parsed, because 127.example.com is a name like any other.
    let is_loopback = |address: IpAddr| address.is_loopback();
    let is_local = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(is_loopback);
    let is_private = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    (is_private && is_plain).then_some(url)
}

/// Takes a value only if it stays one segment when it is put into a path: dots would climb to another resource.
pub(crate) fn path_segment(value: &str) -> Option<String> {
    let is_segment = !matches!(value, "" | "." | "..") && !value.contains(char::is_control);
    is_segment.then(|| value.to_owned())
}

/// Returns the address below `base` whose path has these further segments, each percent-encoded.
pub(crate) fn address(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    // It fails only for addresses without a host, and `service_url` lets none of those pass.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

#[cfg(test)]
#[path = "../tests/unit/config.rs"]
mod tests;
