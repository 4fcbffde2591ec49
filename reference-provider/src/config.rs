//! What the job is told through its environment.
//!
//! It is read in three parts, because what is wrong with one decides what can still be done: without a [`Connection`]
//! nobody can be told anything, without [`Limits`] or a [`Job`] the task is reported as failed and nothing else happens.
//! No error here repeats a value.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

use crate::error::Failure;
use crate::iam::Identity;
use crate::system::{ArtifactoryInputs, Target};

/// The environment variables of the job, by name.
pub type Environment = BTreeMap<String, String>;

/// Returns a variable's value; an empty one counts as absent, for Secrets Manager may pass either.
pub(crate) fn variable<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    let value = environment.get(name)?;
    (!value.is_empty()).then_some(value)
}

/// Where the task is, and who may report to it.
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
        let invalid = Failure::SettingInvalid;
        let id = |name| {
            let id = text(name).filter(|value| is_path_segment(value));
            id.ok_or(invalid(name, "an id"))
        };
        let url = |name, default| {
            let url = service_url(variable(environment, name).unwrap_or(default));
            url.ok_or(invalid(name, "an https address"))
        };
        let profile = (text("TRUSTED_PROFILE_ID"), text("TRUSTED_PROFILE_NAME"));
        let identity = match (text("SM_ACCESS_APIKEY"), profile) {
            (Some(key), _) => Identity::ApiKey(key.into()),
            (None, (None, None)) => {
                return Err(invalid("SM_ACCESS_APIKEY", "a key, unless TRUSTED_PROFILE_ID or _NAME is set"));
            }
            (None, (profile_id, profile_name)) => Identity::TrustedProfile { profile_id, profile_name, token_file: text("CR_TOKEN_FILE") },
        };
        Ok(Self {
            instance_url: url("SM_INSTANCE_URL", "")?,
            iam_url: url("IAM_URL", "https://iam.cloud.ibm.com")?,
            identity,
            secret_id: id("SM_SECRET_ID")?,
            task_id: id("SM_SECRET_TASK_ID")?,
        })
    }
}

/// How long the job may take.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The whole run; below the least task time-out, which is five minutes.
    pub(crate) budget: Duration,
    /// One request; never more than a quarter of the budget, so that a silent server leaves time for another attempt.
    pub(crate) request_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let (budget, request_timeout) = (Duration::from_mins(4), Duration::from_secs(10));
        Self { budget, request_timeout }
    }
}

impl Limits {
    pub(crate) fn read(environment: &Environment) -> Result<Self, Failure> {
        let duration = |name, default| {
            let value = variable(environment, name).map_or(Ok(default), humantime::parse_duration);
            let value = value.ok().filter(|value| !value.is_zero() && *value <= Duration::from_hours(24));
            value.ok_or(Failure::SettingInvalid(name, "a duration up to a day, such as 240s"))
        };
        let default = Self::default();
        let budget = duration("RETRY_BUDGET", default.budget)?;
        let request_timeout = duration("REQUEST_TIMEOUT", default.request_timeout)?.min(budget / 4);
        Ok(Self { budget, request_timeout })
    }
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
    pub(crate) target: Target,
}

impl Job {
    pub(crate) fn read(environment: &Environment, pagerduty_url: &str) -> Result<Self, Failure> {
        let id = |name| {
            let value = variable(environment, name).filter(|value| is_path_segment(value));
            value.map(str::to_owned).ok_or(Failure::InputInvalid(name, "an id"))
        };
        let action = match variable(environment, "SM_ACTION") {
            Some("create_credentials") => Action::Create,
            // Without an id the address of the deletion would be that of the whole collection.
            Some("delete_credentials") => {
                Action::Delete { credentials_id: id("SM_CREDENTIALS_ID").map_err(|_| Failure::CredentialsIdMissing)? }
            }
            _ => return Err(Failure::UnknownAction),
        };
        let login_secret_id = id("SM_LOGIN_SECRET_ID_VALUE")?;
        let target = match variable(environment, "SM_SYSTEM_VALUE") {
            Some("artifactory") => Target::Artifactory(read_artifactory(environment)?),
            Some("pagerduty") => Target::PagerDuty {
                url: service_url(pagerduty_url).ok_or(Failure::SettingInvalid("PagerDuty", "an address"))?,
                orchestration_id: id("SM_ORCHESTRATION_ID_VALUE")?,
            },
            _ => {
                return Err(Failure::InputInvalid("SM_SYSTEM_VALUE", "artifactory or pagerduty"));
            }
        };
        Ok(Self { action, login_secret_id, target })
    }
}

fn read_artifactory(environment: &Environment) -> Result<ArtifactoryInputs, Failure> {
    let input = |name| variable(environment, name);
    let invalid = |name, expected| Err(Failure::InputInvalid(name, expected));
    let Some(url) = input("SM_URL_VALUE").and_then(service_url) else {
        return invalid("SM_URL_VALUE", "an https address without a user name");
    };
    // Zero means "never expires" to Artifactory, which is not what a rotated secret is for.
    let expires_in = match input("SM_EXPIRES_IN_VALUE").map_or(Ok(90 * 24 * 60 * 60), str::parse) {
        Ok(seconds) if seconds > 0 => seconds,
        _ => {
            return invalid("SM_EXPIRES_IN_VALUE", "a whole number of seconds above zero");
        }
    };
    // The spellings of Go's ParseBool, which the providers made by IBM's generator accept.
    let refreshable = match input("SM_REFRESHABLE_VALUE") {
        None | Some("0" | "f" | "F" | "FALSE" | "false" | "False") => false,
        Some("1" | "t" | "T" | "TRUE" | "true" | "True") => true,
        Some(_) => return invalid("SM_REFRESHABLE_VALUE", "true or false"),
    };
    let username = input("SM_USERNAME_VALUE").map(str::to_owned);
    let scope = input("SM_SCOPE_VALUE").unwrap_or("applied-permissions/user").to_owned();
    Ok(ArtifactoryInputs { url, username, scope, expires_in, refreshable })
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

/// Returns whether a value stays one segment when it is put into a path: dots would climb to another resource.
pub(crate) fn is_path_segment(value: &str) -> bool {
    !value.is_empty() && !matches!(value, "." | "..") && !value.contains(char::is_control)
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
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_machine_only_by_https() {
        for accepted in ["https://example.com/base/", "http://127.0.0.1:80", "http://[::1]:80", "http://localhost"] {
            assert!(service_url(accepted).is_some(), "{accepted}");
        }
        for refused in [
            "",
            "example.com",
            "http://example.com",
            "http://127.example.com",
            "https://user@example.com",
            "https://:password@example.com",
            "https://example.com?key=value",
            "file:///etc/passwd",
            "data:text/plain,hello",
        ] {
            assert!(service_url(refused).is_none(), "{refused}");
        }
    }

    #[test]
    fn an_id_stays_one_segment_of_the_path() {
        let base = service_url("https://example.com/base/").unwrap();
        let url = |id| address(&base, &["tokens", id]).to_string();
        assert_eq!(url("a-1"), "https://example.com/base/tokens/a-1");
        assert_eq!(url("../x?y#z"), "https://example.com/base/tokens/..%2Fx%3Fy%23z");
        assert!(!is_path_segment("..") && !is_path_segment("") && !is_path_segment("a\n"));
    }

    #[test]
    fn a_request_never_takes_more_than_a_quarter_of_the_budget() {
        let limits = |budget: &str| Limits::read(&[("RETRY_BUDGET".to_owned(), budget.to_owned())].into()).unwrap();
        assert_eq!(limits("").budget, Duration::from_mins(4));
        assert_eq!(limits("").request_timeout, Duration::from_secs(10));
        assert_eq!(limits("400ms").request_timeout, Duration::from_millis(100));
    }
}
