//! Credentials for registries, as the `docker` command keeps them: `config.json` under `DOCKER_CONFIG`, with its helpers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::auth::DockerCredentials;
use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;

/// The key under which Docker Hub's credentials are kept.
const HUB: &str = "https://index.docker.io/v1/";

/// Why credentials cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("reading registry credentials from {}: {reason}; correct the file, or point DOCKER_CONFIG to another folder", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why. Never holds a part of the file.
        reason: String,
    },
    /// A helper failed.
    #[error("asking {helper} for the credentials of {registry}: {reason}; log in again with `docker login`")]
    Helper {
        /// Which program.
        helper: String,
        /// For what.
        registry: String,
        /// Why.
        reason: String,
    },
}

/// Credentials for one registry; prints nothing of them.
#[derive(Clone)]
pub struct Credentials(DockerCredentials);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Credentials(..)")
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    auths: HashMap<String, Auth>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
    #[serde(rename = "credHelpers")]
    helpers: HashMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: String,
}

impl Credentials {
    /// Returns the credentials for the registry of an image; none where nobody has logged in.
    pub async fn of(reference: &str) -> Result<Option<Self>, CredentialsError> {
        let folder = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
        let folder = folder.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".docker")));
        match folder {
            Some(folder) => Self::kept_in(&folder.join("config.json"), registry(reference)).await,
            None => Ok(None),
        }
    }

    async fn kept_in(path: &std::path::Path, registry: &str) -> Result<Option<Self>, CredentialsError> {
        let failed = |reason: String| CredentialsError::File { path: path.to_owned(), reason };
        let text = match tokio::fs::read(path).await {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        // The error's own text could show a part of the file.
        let config: Config =
            serde_json::from_slice(&text).map_err(|error| failed(format!("line {} is not what it should be", error.line())))?;
        if let Some(helper) = config.helpers.get(registry).or(config.store.as_ref()) {
            return ask(helper, registry).await;
        }
        let auth = config.auths.iter().find(|(key, _)| host(key) == host(registry));
        let Some((_, Auth { auth, identitytoken })) = auth else { return Ok(None) };
        let decoded = auth.as_deref().map(|auth| STANDARD.decode(auth).ok().and_then(|bytes| String::from_utf8(bytes).ok()));
        let (username, password) = match decoded {
            None => (None, None),
            Some(None) => return Err(failed(format!("the `auth` of {registry} is not base64"))),
            Some(Some(text)) => match text.split_once(':') {
                Some((name, password)) => (Some(name.to_owned()), Some(password.to_owned())),
                None => return Err(failed(format!("the `auth` of {registry} is not name:password"))),
            },
        };
        let serveraddress = Some(registry.to_owned());
        Ok(Some(Self(DockerCredentials { username, password, serveraddress, identitytoken: identitytoken.clone(), ..Default::default() })))
    }

    pub(super) fn into_inner(self) -> DockerCredentials {
        self.0
    }
}

/// Asks `docker-credential-<helper> get`.
async fn ask(helper: &str, registry: &str) -> Result<Option<Credentials>, CredentialsError> {
    let program = format!("docker-credential-{helper}");
    let failed = |reason: String| CredentialsError::Helper { helper: program.clone(), registry: registry.to_owned(), reason };
    let started = tokio::process::Command::new(&program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    let mut child = started.map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(registry.as_bytes()).await.map_err(|error| failed(error.to_string()))?;
    }
    let output = child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stdout);
        // The helpers' own words for nobody having logged in.
        return if said.contains("credentials not found") { Ok(None) } else { Err(failed(format!("it ended with {}", output.status))) };
    }
    let Kept { username, secret } = serde_json::from_slice(&output.stdout).map_err(|_| failed("its answer is no JSON".to_owned()))?;
    let mut credentials = DockerCredentials { serveraddress: Some(registry.to_owned()), ..Default::default() };
    if username == "<token>" {
        credentials.identitytoken = Some(secret);
    } else {
        (credentials.username, credentials.password) = (Some(username), Some(secret));
    }
    Ok(Some(Credentials(credentials)))
}

/// Returns the registry of an image's reference, as it stands in the file.
fn registry(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => HUB,
    }
}

/// Keys are hosts, or URLs in older files.
fn host(key: &str) -> &str {
    let key = key.trim_start_matches("https://").trim_start_matches("http://");
    key.split('/').next().unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_is_the_first_part_that_looks_like_a_host() {
        assert_eq!(registry("us.icr.io/space/provider:1"), "us.icr.io");
        assert_eq!(registry("localhost:5000/provider"), "localhost:5000");
        assert_eq!(registry("library/alpine"), HUB);
        assert_eq!(registry("alpine"), HUB);
    }

    async fn kept(text: &str, registry: &str) -> Result<Option<Credentials>, CredentialsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, text).unwrap();
        Credentials::kept_in(&path, registry).await
    }

    #[tokio::test]
    async fn a_name_and_a_password_are_read_and_never_shown() {
        let text = format!(r#"{{"auths":{{"https://us.icr.io/v1/":{{"auth":"{}"}}}}}}"#, STANDARD.encode("iamapikey:hunter2:x"));
        let found = kept(&text, "us.icr.io").await.unwrap().unwrap();
        assert!(!format!("{found:?}").contains("hunter2"));
        let inner = found.into_inner();
        assert_eq!((inner.username.as_deref(), inner.password.as_deref()), (Some("iamapikey"), Some("hunter2:x")));
        assert!(kept(&text, "de.icr.io").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_broken_file_is_told_without_its_content() {
        let error = kept("{\"auths\": hunter2", "us.icr.io").await.unwrap_err().to_string();
        assert!(error.contains("DOCKER_CONFIG") && !error.contains("hunter2"), "{error}");
        let error = kept(r#"{"credsStore":"hallmark-has-no-such"}"#, "us.icr.io").await.unwrap_err().to_string();
        assert!(error.contains("docker-credential-hallmark-has-no-such") && error.contains("docker login"), "{error}");
    }
}
