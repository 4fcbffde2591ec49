//! Trouble with the Docker Engine: always ours or the machine's, never a provider's.

use std::path::PathBuf;

use super::registry::CredentialsError;

/// Why the Docker Engine could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// Nobody listens on the socket.
    #[error(
        "no Docker Engine answers on {}: {source}; install one (on Debian: apt-get install docker.io) and start it (systemctl start docker, \
         or dockerd), or name its socket in DOCKER_HOST", socket.display()
    )]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The socket may not be opened.
    #[error(
        "this user may not talk to the Docker Engine on {}; join the group that owns the socket (usermod -aG docker $USER, then log in \
         again), or use a rootless Docker", socket.display()
    )]
    NoPermission {
        /// The socket.
        socket: PathBuf,
    },
    /// The engine is on another machine.
    #[error(
        "DOCKER_HOST is {host}, and hallmark needs an engine on this machine's Unix socket: the fake cloud's admin port is published on \
         the engine's own loopback, and remote engines are untested; unset DOCKER_HOST or set it to unix:///path/of/docker.sock"
    )]
    Remote {
        /// `DOCKER_HOST`.
        host: String,
    },
    /// The engine is too old.
    #[error("the Docker Engine on {} speaks API {found}, and hallmark needs {needed} or newer (Docker 20.10); upgrade it", socket.display())]
    TooOld {
        /// The socket.
        socket: PathBuf,
        /// What it speaks.
        found: String,
        /// What is needed.
        needed: String,
    },
    /// The engine runs images that this program is none for.
    #[error(
        "the Docker Engine runs {daemon} images, and this hallmark is for {own}: its fake cloud could not run there; use the hallmark for \
         {daemon}, or an engine for {own}"
    )]
    Platform {
        /// Of the engine.
        daemon: String,
        /// Of this program.
        own: String,
    },
    /// A call failed.
    #[error("the Docker Engine could not {attempted}: {source}")]
    Call {
        /// What was attempted, on what.
        attempted: String,
        /// What the engine said.
        source: Box<bollard::errors::Error>,
    },
    /// An image is not there.
    #[error("there is no image {reference} on this machine; build it, or fetch it with --pull")]
    NoImage {
        /// As given.
        reference: String,
    },
    /// What names the image is none of its names.
    #[error("{reference:?} is no name of an image; write it as registry/name:tag, the name in small letters")]
    NoReference {
        /// As given.
        reference: String,
    },
    /// The credentials for a registry cannot be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// This program cannot be packed.
    #[error("cannot pack this program as the fake cloud's image: {attempted}: {source}; /proc must be mounted")]
    Pack {
        /// What was attempted.
        attempted: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Files for a container cannot be packed.
    #[error("cannot pack the files of a job's container: {source}; check the memory of this machine")]
    Furnishing {
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of ours would have to lie beside a read-only root.
    #[error(
        "cannot put {} into a container whose root is read-only: a folder can be replaced there, the root cannot; choose another way for the \
         certificate with `ca` in the manifest", path.display()
    )]
    ReadOnlyRoot {
        /// The file.
        path: PathBuf,
    },
    /// No address range is free.
    #[error("cannot make the network {name}: no part of 198.18.0.0/15 is free on this machine; remove networks (docker network prune)")]
    NoSubnet {
        /// The network.
        name: String,
    },
    /// The engine answered, and something that it must say is missing.
    #[error("the Docker Engine did not say {what}; see its log")]
    Silent {
        /// What is missing.
        what: String,
    },
    /// The run ends, so nothing is made any more.
    #[error("the run ends: nothing is made on the Docker Engine any more")]
    Ending,
}

impl DockerError {
    /// Returns a function that puts what was attempted before the engine's error.
    pub(crate) fn when(attempted: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> Self {
        let attempted = attempted.into();
        move |source| Self::Call { attempted, source: Box::new(source) }
    }
}

/// Returns the HTTP status with which the engine refused a call.
pub(crate) fn status(error: &bollard::errors::Error) -> Option<u16> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}
