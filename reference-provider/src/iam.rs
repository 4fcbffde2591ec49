//! The access token: a key or a trusted profile is exchanged for it at IAM.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::config::{ADDRESS, Environment, address, read, variable};
use crate::error::Failure;
use crate::http::{Http, json};
use crate::retry::Phase;

/// Where IBM's own clients look for the compute resource token, in this order.
const TOKEN_FILES: [&str; 3] = [
    "/var/run/secrets/tokens/vault-token",
    "/var/run/secrets/tokens/sa-token",
    "/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token",
];

/// IAM, as the job's own identity sees it.
pub(crate) struct Iam {
    url: Url,
    form: Vec<(&'static str, String)>,
}

impl Iam {
    pub(crate) fn read(environment: &Environment) -> Result<Self> {
        let url = read(environment, "IAM_URL", "https://iam.cloud.ibm.com", &ADDRESS)?;
        let url = address(&url, &["identity", "token"]);
        let grant = |name| ("grant_type", format!("urn:ibm:params:oauth:grant-type:{name}"));
        let given = |field, name| variable(environment, name).map(|value| (field, value.to_owned()));
        if let Some(key) = given("apikey", "SM_ACCESS_APIKEY") {
            return Ok(Self { url, form: vec![grant("apikey"), key, ("response_type", "cloud_iam".to_owned())] });
        }
        let profile = [given("profile_id", "TRUSTED_PROFILE_ID"), given("profile_name", "TRUSTED_PROFILE_NAME")];
        ensure!(profile != [None, None], Failure::SettingInvalid("SM_ACCESS_APIKEY", "a key, unless a trusted profile is named"));
        let files = variable(environment, "CR_TOKEN_FILE").map_or(TOKEN_FILES.to_vec(), |file| vec![file]);
        let token = files.into_iter().find_map(|file| std::fs::read_to_string(file).ok());
        let token = token.context("no compute resource token: are trusted profiles enabled for the job?")?;
        let form = [grant("cr-token"), ("cr_token", token)].into_iter().chain(profile.into_iter().flatten()).collect();
        Ok(Self { url, form })
    }

    /// Fetches an access token.
    pub(crate) async fn fetch_token(&self, http: &Http<'_>, phase: Phase) -> Result<SecretString> {
        let read = |body: Option<&str>| json(body)?["access_token"].as_str().filter(|token| !token.is_empty()).map(SecretString::from);
        let attempt = async || http.send(phase, http.client.post(self.url.clone()).form(&self.form), read).await;
        let mut answer = http.retry(phase, attempt).await;
        if answer.as_ref().is_err_and(|error| error.body.expose_secret().contains("BXNIM0415E")) {
            http.log("WARNING: IAM does not know the API key");
            // One that was made a moment ago is unknown for about this long.
            if http.budget.wait(phase, 1, Some(Duration::from_secs(2))).await {
                answer = http.retry(phase, attempt).await;
            }
        }
        answer.context("IAM gave no access token")
    }
}
