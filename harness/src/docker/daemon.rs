//! Finding the Docker Engine, and telling precisely why it cannot be used.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};

use super::DockerError;

/// Where the engine listens unless `DOCKER_HOST` says otherwise.
const SOCKET: &str = "/var/run/docker.sock";

/// Seconds for the answer to any one call; a loaded machine is slow, and a job may run for as long as it takes.
const PATIENCE: u64 = 600;

/// The oldest API with everything that is used: Docker 20.10.
const OLDEST: ClientVersion = ClientVersion { major_version: 1, minor_version: 41 };

/// The Docker Engine of this machine. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Daemon {
    docker: Docker,
    version: String,
    api: String,
    architecture: String,
}

impl Daemon {
    /// Connects to the engine that `DOCKER_HOST` names, else to the usual socket.
    pub async fn connect() -> Result<Self, DockerError> {
        Self::connect_to(std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty())).await
    }

    /// Connects to the engine at `host`, e.g. `unix:///var/run/docker.sock`; none stands for the usual socket.
    pub async fn connect_to(host: Option<String>) -> Result<Self, DockerError> {
        let socket = match host {
            None => PathBuf::from(SOCKET),
            Some(host) => match host.strip_prefix("unix://") {
                Some(path) => PathBuf::from(path),
                None => return Err(DockerError::Remote { host }),
            },
        };
        // The library tells neither of these apart.
        UnixStream::connect(&socket).map_err(|source| match source.kind() {
            ErrorKind::PermissionDenied => DockerError::NoPermission { socket: socket.clone() },
            _ => DockerError::Unreachable { socket: socket.clone(), source },
        })?;
        let attempted = format!("tell its version on {}", socket.display());
        let docker = Docker::connect_with_unix(&socket.to_string_lossy(), PATIENCE, API_DEFAULT_VERSION);
        let docker = docker.map_err(DockerError::when(attempted.clone()))?;
        let docker = docker.negotiate_version().await.map_err(DockerError::when(attempted.clone()))?;
        let about = docker.version().await.map_err(DockerError::when(attempted))?;
        let api = about.api_version.unwrap_or_default();
        if docker.client_version() < OLDEST {
            return Err(DockerError::TooOld { socket, found: api, needed: OLDEST.to_string() });
        }
        let daemon = format!("{}/{}", about.os.as_deref().unwrap_or("linux"), about.arch.as_deref().unwrap_or_default());
        let own = format!("linux/{}", own_architecture());
        if daemon != own {
            return Err(DockerError::Platform { daemon, own });
        }
        let version = about.version.unwrap_or_default();
        Ok(Self { docker, version, api, architecture: about.arch.unwrap_or_default() })
    }

    /// Returns the client of the engine's API.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Returns the engine's version, e.g. `20.10.24`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the version of its API, e.g. `1.41`.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Returns the architecture of the images that it runs, e.g. `amd64`.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }
}

/// Returns this program's architecture in the words of images.
pub(super) fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_engine_is_told_with_its_socket_and_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let host = format!("unix://{}/docker.sock", folder.path().display());
        let error = Daemon::connect_to(Some(host)).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DockerError::Unreachable { .. }), "{text}");
        assert!(text.contains("docker.sock") && text.contains("install") && text.contains("DOCKER_HOST"), "{text}");
    }

    #[tokio::test]
    async fn a_remote_engine_is_refused() {
        let error = Daemon::connect_to(Some("tcp://10.0.0.1:2375".into())).await.unwrap_err().to_string();
        assert!(error.contains("tcp://10.0.0.1:2375") && error.contains("untested"), "{error}");
    }

    /// An engine that only tells its version.
    fn old_engine(folder: &std::path::Path, about: &'static str) -> String {
        let path = folder.join("docker.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 2048];
                if stream.read(&mut request).await.unwrap_or(0) > 0 {
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                    let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{about}", about.len());
                    stream.write_all(answer.as_bytes()).await.ok();
                }
            }
        });
        format!("unix://{}", path.display())
    }

    #[tokio::test]
    async fn an_old_engine_and_one_for_other_machines_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let host = old_engine(folder.path(), r#"{"ApiVersion":"1.40","Os":"linux","Arch":"amd64","Version":"19.03"}"#);
        let error = Daemon::connect_to(Some(host)).await.unwrap_err().to_string();
        assert!(error.contains("API 1.40") && error.contains("1.41"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let host = old_engine(folder.path(), r#"{"ApiVersion":"1.45","Os":"linux","Arch":"s390x","Version":"26.0"}"#);
        let error = Daemon::connect_to(Some(host)).await.unwrap_err().to_string();
        assert!(error.contains("linux/s390x"), "{error}");
    }
}
