//! What the job is told through its environment.
//!
//! It is read in three parts, because what is wrong with one decides what can still be done: without a [`Connection`]
//! nobody can be told anything, without [`Limits`] or a [`Job`] the task is reported as failed and nothing else happens.
//! No error here repeats a value.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

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

/// A variable without which nothing can be reported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectionError {
    #[error("the variable {0} is missing or unusable")]
    Variable(&'static str),
    #[error(
        "neither SM_ACCESS_APIKEY nor a trusted profile (TRUSTED_PROFILE_ID or TRUSTED_PROFILE_NAME) is given"
    )]
    Identity,
}

/// Where the task is, and who may report to it.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) instance_url: Url,
    pub(crate) iam_url: Url,
    pub(crate) identity: Identity,
    pub(crate) secret_id: String,
    pub(crate) task_id: String,
}

impl Connection {
    pub(crate) fn read(environment: &Environment) -> Result<Self, ConnectionError> {
        let url = |name, value: Option<&str>| {
            value
                .and_then(service_url)
                .ok_or(ConnectionError::Variable(name))
        };
        let id = |name| {
            variable(environment, name)
                .filter(|value| is_path_segment(value))
                .map(str::to_owned)
                .ok_or(ConnectionError::Variable(name))
        };
        let iam_url = variable(environment, "IAM_URL").unwrap_or("https://iam.cloud.ibm.com");
        Ok(Self {
            instance_url: url("SM_INSTANCE_URL", variable(environment, "SM_INSTANCE_URL"))?,
            iam_url: url("IAM_URL", Some(iam_url))?,
            identity: read_identity(environment).ok_or(ConnectionError::Identity)?,
            secret_id: id("SM_SECRET_ID")?,
            task_id: id("SM_SECRET_TASK_ID")?,
        })
    }
}

fn read_identity(environment: &Environment) -> Option<Identity> {
    let text = |name| variable(environment, name).map(str::to_owned);
    if let Some(key) = variable(environment, "SM_ACCESS_APIKEY") {
        return Some(Identity::ApiKey(SecretString::from(key)));
    }
    let (profile_id, profile_name) = (text("TRUSTED_PROFILE_ID"), text("TRUSTED_PROFILE_NAME"));
    (profile_id.is_some() || profile_name.is_some()).then(|| Identity::TrustedProfile {
        profile_id,
        profile_name,
        token_file: text("CR_TOKEN_FILE"),
    })
}

/// How long the job may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The whole run; below the least task time-out, which is five minutes.
    pub(crate) budget: Duration,
    /// One request; never more than a quarter of the budget, so that a silent server leaves time for another attempt.
    pub(crate) request_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            budget: Duration::from_mins(4),
            request_timeout: Duration::from_secs(10),
        }
    }
}

impl Limits {
    pub(crate) fn read(environment: &Environment) -> Result<Self, Failure> {
        let duration = |name, default| match variable(environment, name)
            .map(humantime::parse_duration)
        {
            None => Ok(default),
            Some(Ok(value)) if !value.is_zero() && value <= Duration::from_hours(24) => Ok(value),
            Some(_) => Err(Failure::SettingInvalid {
                name,
                expected: "a duration of at most a day, such as 240s",
            }),
        };
        let budget = duration("RETRY_BUDGET", Self::default().budget)?;
        let request_timeout = duration("REQUEST_TIMEOUT", Self::default().request_timeout)?;
        Ok(Self {
            budget,
            request_timeout: request_timeout.min(budget / 4),
        })
    }
}

/// What Secrets Manager wants done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Delete { credentials_id: String },
}

/// The task, with the inputs that the user of the secret gave.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) action: Action,
    pub(crate) login_secret_id: String,
    pub(crate) target: Target,
}

impl Job {
    pub(crate) fn read(environment: &Environment, pagerduty_url: &str) -> Result<Self, Failure> {
        let action = match variable(environment, "SM_ACTION") {
            Some("create_credentials") => Action::Create,
            Some("delete_credentials") => Action::Delete {
                // Without an id the address of the deletion would be that of the whole collection.
                credentials_id: variable(environment, "SM_CREDENTIALS_ID")
                    .filter(|value| is_path_segment(value))
                    .map(str::to_owned)
                    .ok_or(Failure::CredentialsIdMissing)?,
            },
            _ => return Err(Failure::UnknownAction),
        };
        let inputs = Inputs(environment);
        let target = match inputs.required("SM_SYSTEM_VALUE")? {
            "artifactory" => Target::Artifactory(inputs.artifactory()?),
            "pagerduty" => Target::PagerDuty {
                url: service_url(pagerduty_url).ok_or(Failure::SettingInvalid {
                    name: "PAGERDUTY_URL",
                    expected: "an https address",
                })?,
                orchestration_id: inputs.id("SM_ORCHESTRATION_ID_VALUE")?,
            },
            _ => return Err(invalid("SM_SYSTEM_VALUE", "artifactory or pagerduty")),
        };
        let login_secret_id = inputs.id("SM_LOGIN_SECRET_ID_VALUE")?;
        Ok(Self {
            action,
            login_secret_id,
            target,
        })
    }
}

fn invalid(name: &'static str, expected: &'static str) -> Failure {
    Failure::InputInvalid { name, expected }
}

struct Inputs<'a>(&'a Environment);

impl<'a> Inputs<'a> {
    fn optional(&self, name: &str) -> Option<&'a str> {
        variable(self.0, name)
    }

    fn required(&self, name: &'static str) -> Result<&'a str, Failure> {
        self.optional(name).ok_or(Failure::InputMissing { name })
    }

    fn id(&self, name: &'static str) -> Result<String, Failure> {
        let value = self.required(name)?;
        if is_path_segment(value) {
            Ok(value.to_owned())
        } else {
            Err(invalid(name, "an id"))
        }
    }

    fn artifactory(&self) -> Result<ArtifactoryInputs, Failure> {
        let expected = "an https address without a user name";
        // Zero means "never expires" to Artifactory, which is not what a rotated secret is for.
        let expires_in = match self.optional("SM_EXPIRES_IN_VALUE").map(str::parse) {
            None => 90 * 24 * 60 * 60,
            Some(Ok(seconds)) if seconds > 0 => seconds,
            Some(_) => {
                return Err(invalid(
                    "SM_EXPIRES_IN_VALUE",
                    "a whole number of seconds above zero",
                ));
            }
        };
        // The spellings of Go's ParseBool, which providers made by IBM's generator accept.
        let refreshable = match self.optional("SM_REFRESHABLE_VALUE") {
            None | Some("0" | "f" | "F" | "FALSE" | "false" | "False") => false,
            Some("1" | "t" | "T" | "TRUE" | "true" | "True") => true,
            Some(_) => return Err(invalid("SM_REFRESHABLE_VALUE", "true or false")),
        };
        Ok(ArtifactoryInputs {
            url: service_url(self.required("SM_URL_VALUE")?)
                .ok_or_else(|| invalid("SM_URL_VALUE", expected))?,
            username: self.optional("SM_USERNAME_VALUE").map(str::to_owned),
            scope: self
                .optional("SM_SCOPE_VALUE")
                .unwrap_or("applied-permissions/user")
                .to_owned(),
            expires_in,
            refreshable,
        })
    }
}

/// Reads the address of a service. Secrets are sent there, so plain http is for this machine only.
fn service_url(value: &str) -> Option<Url> {
    let url = Url::parse(value).ok()?;
    let host = url.host_str()?;
    let is_local = host == "localhost" || host == "[::1]" || host.starts_with("127.");
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
