//! The access token: a key or a trusted profile is exchanged for it at IAM.

use std::time::Duration;

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};

use crate::config::{Connection, Identity, address};
use crate::http::{CallError, Http, json};
use crate::retry::Phase;

/// Where IBM's own clients look for the compute resource token, in this order.
const TOKEN_FILES: [&str; 3] = [
    "/var/run/secrets/tokens/vault-token",
    "/var/run/secrets/tokens/sa-token",
    "/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
];

/// A key that was made a moment ago is unknown for about this long.
const NEW_KEY_GRACE: Duration = Duration::from_secs(2);

/// Fetches an access token.
pub(crate) async fn fetch_token(http: &Http<'_>, connection: &Connection, phase: Phase) -> Result<SecretString> {
    let form = form(&connection.identity).context("no compute resource token: are trusted profiles enabled for the job?")?;
    let mut is_second_chance = false;
    let answer = http.retry(phase, async || {
        let url = address(&connection.iam_url, &["identity", "token"]);
        let request = http.client.post(url).header("Accept", "application/json").form(&form);
        match http.send(phase, request, |body| read_token(body)).await {
            Err(error) if is_unknown_key(&error) && !is_second_chance => {
                is_second_chance = true;
                Err(CallError::Unavailable { reason: "the API key may be too new".to_owned(), retry_after: Some(NEW_KEY_GRACE) })
            }
            answer => answer,
        }
    });
    answer.await.map_err(|error| {
        let text = if is_unknown_key(&error) { "IAM does not know the API key" } else { "IAM gave no access token" };
        anyhow::Error::new(error).context(text)
    })
}

fn read_token(body: Option<&str>) -> Option<SecretString> {
    let answer = json(body)?;
    let token = answer["access_token"].as_str()?;
    (!token.is_empty()).then(|| token.into())
}

fn is_unknown_key(error: &CallError) -> bool {
    matches!(error, CallError::Refused { body, .. } if body.expose_secret().contains("BXNIM0415E"))
}

/// Returns the fields of the request; nothing if there is no compute resource token.
fn form(identity: &Identity) -> Option<Vec<(&'static str, String)>> {
    let grant = |name| ("grant_type", format!("urn:ibm:params:oauth:grant-type:{name}"));
    match identity {
        Identity::ApiKey(key) => {
            Some(vec![grant("apikey"), ("apikey", key.expose_secret().to_owned()), ("response_type", "cloud_iam".to_owned())])
        }
        Identity::TrustedProfile { profile, token_file } => {
            let read = |file: &str| std::fs::read_to_string(file).ok();
            let token = match token_file {
                Some(file) => read(file),
                None => TOKEN_FILES.into_iter().find_map(read),
            };
            let mut form = vec![grant("cr-token"), ("cr_token", token?)];
            form.extend(profile.iter().cloned());
            Some(form)
        }
    }
}
