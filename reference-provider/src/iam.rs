//! The access token: a key or a trusted profile is exchanged for it at IAM.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use crate::config::{Connection, address};
use crate::http::{Accept, CallError, Http};
use crate::retry::Backoff;

/// Where IBM's own clients look for the compute resource token, in this order.
const TOKEN_FILES: [&str; 3] = [
    "/var/run/secrets/tokens/vault-token",
    "/var/run/secrets/tokens/sa-token",
    "/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
];

/// A key that was made a moment ago is unknown for about this long.
const NEW_KEY_GRACE: Duration = Duration::from_secs(2);

/// Who the job is.
#[derive(Debug)]
pub(crate) enum Identity {
    /// `SM_ACCESS_APIKEY`.
    ApiKey(SecretString),
    /// The job's compute resource, trusted through a profile that is known by its id or its name.
    TrustedProfile { profile_id: Option<String>, profile_name: Option<String>, token_file: Option<String> },
}

/// Why there is no access token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IamError {
    #[error("no compute resource token: are trusted profiles enabled for the job?")]
    ComputeResourceToken,
    #[error("IAM does not know the API key")]
    UnknownApiKey,
    #[error("IAM gave no access token")]
    Refused(#[source] CallError),
    #[error("IAM gave an answer without an access token")]
    Unusable,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
}

/// Fetches an access token.
pub(crate) async fn fetch_token(http: &Http, connection: &Connection, deadline: Instant) -> Result<SecretString, IamError> {
    let form = form(&connection.identity)?;
    let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
    let request = http.client.post(address(&connection.iam_url, &["identity", "token"])).header("Accept", "application/json").form(&fields);
    let mut answer = http.call(&request, Accept::Json, deadline).await;
    let mut backoff = Backoff::new(http.limits, deadline);
    if answer.as_ref().is_err_and(is_unknown_api_key) && backoff.wait(Some(NEW_KEY_GRACE)).await {
        answer = http.call(&request, Accept::Json, deadline).await;
    }
    let body = answer.map_err(|error| if is_unknown_api_key(&error) { IamError::UnknownApiKey } else { IamError::Refused(error) })?;
    serde_json::from_str::<TokenAnswer>(body.expose_secret())
        .ok()
        .filter(|answer| !answer.access_token.is_empty())
        .map(|answer| answer.access_token.into())
        .ok_or(IamError::Unusable)
}

fn is_unknown_api_key(error: &CallError) -> bool {
    error.is_refusal() && error.body.expose_secret().contains("BXNIM0415E")
}

fn form(identity: &Identity) -> Result<Vec<(&'static str, SecretString)>, IamError> {
    let grant = |name| SecretString::from(format!("urn:ibm:params:oauth:grant-type:{name}"));
    match identity {
        Identity::ApiKey(key) => Ok(vec![("grant_type", grant("apikey")), ("apikey", key.clone()), ("response_type", "cloud_iam".into())]),
        Identity::TrustedProfile { profile_id, profile_name, token_file } => {
            let read = |file: &str| std::fs::read_to_string(file).ok();
            let token = match token_file {
                Some(file) => read(file),
                None => TOKEN_FILES.into_iter().find_map(read),
            };
            let token = token.ok_or(IamError::ComputeResourceToken)?;
            let mut form = vec![("grant_type", grant("cr-token")), ("cr_token", token.into())];
            let profile = [("profile_id", profile_id), ("profile_name", profile_name)];
            let given = |(name, value): (_, &Option<String>)| Some((name, value.as_deref()?.into()));
            form.extend(profile.into_iter().filter_map(given));
            Ok(form)
        }
    }
}
