//! The image that is certified.

use bollard::query_parameters::CreateImageOptionsBuilder;
use futures::TryStreamExt as _;

use super::{Credentials, Daemon, DockerError, error};

/// Whether an image is fetched first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pull {
    /// The registry is asked for the newest.
    Always,
    /// The image must be there.
    Never,
}

/// An image that is there.
#[derive(Debug, Clone)]
pub struct SubjectImage {
    /// As it was named.
    pub reference: String,
    /// The id of its configuration, `sha256:...`: containers are made of this, so that nobody exchanges the image during a run.
    pub id: String,
    /// Its digest at the registry, `name@sha256:...`, where it came from one.
    pub repository_digest: Option<String>,
    /// Its platform, e.g. `linux/amd64`.
    pub platform: String,
    /// What it starts: entry point and command.
    pub command: Vec<String>,
    /// The signal with which it wants to be ended.
    pub stop_signal: Option<String>,
}

impl SubjectImage {
    /// Finds an image, after fetching it when asked to.
    pub async fn find(daemon: &Daemon, reference: &str, pull: Pull) -> Result<Self, DockerError> {
        if pull == Pull::Always {
            fetch(daemon, reference).await?;
        }
        let found = daemon.docker().inspect_image(reference).await.map_err(|error| match error::status(&error) {
            Some(404) => DockerError::NoImage { reference: reference.to_owned() },
            _ => refused(reference, format!("look at the image {reference}"), error),
        })?;
        let config = found.config.unwrap_or_default();
        let variant = found.variant.filter(|variant| !variant.is_empty()).map(|variant| format!("/{variant}")).unwrap_or_default();
        let platform = format!("{}/{}{variant}", found.os.unwrap_or_default(), found.architecture.unwrap_or_default());
        Ok(Self {
            reference: reference.to_owned(),
            id: found.id.ok_or_else(|| DockerError::Silent { what: format!("the id of the image {reference}") })?,
            repository_digest: found.repo_digests.unwrap_or_default().into_iter().next(),
            platform,
            command: config.entrypoint.unwrap_or_default().into_iter().chain(config.cmd.unwrap_or_default()).collect(),
            stop_signal: config.stop_signal,
        })
    }

    /// Returns what names the image for good: its digest at the registry, else its id.
    pub fn digest(&self) -> &str {
        let at_registry = self.repository_digest.as_deref().and_then(|digest| digest.split_once('@')).map(|(_, digest)| digest);
        at_registry.unwrap_or(&self.id)
    }
}

async fn fetch(daemon: &Daemon, reference: &str) -> Result<(), DockerError> {
    let credentials = Credentials::of(reference).await?.map(Credentials::into_inner);
    // Without a tag the engine would fetch every one.
    let tagged = reference.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    let named = if tagged { reference.to_owned() } else { format!("{reference}:latest") };
    let options = CreateImageOptionsBuilder::default().from_image(&named).build();
    let mut pulling = std::pin::pin!(daemon.docker().create_image(Some(options), None, credentials));
    let failed = |error| refused(reference, format!("fetch the image {named}"), error);
    while pulling.try_next().await.map_err(failed)?.is_some() {}
    Ok(())
}

/// Tells a name that is none from other trouble.
fn refused(reference: &str, attempted: String, error: bollard::errors::Error) -> DockerError {
    match error::status(&error) {
        Some(400) => DockerError::NoReference { reference: reference.to_owned() },
        _ => DockerError::when(attempted)(error),
    }
}
