//! The fake cloud's image: this very program, found by its digest or made.

use super::inside::COMMAND;
use crate::docker::{Daemon, DockerError, ImageSpec, PackedExecutable, load, status};

/// Name of the image; the tag is the program's digest.
const NAME: &str = "hallmark-cloud";

/// The label with the program's digest.
const DIGEST: &str = "hallmark.program";

/// An image of the fake cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudImage {
    /// Its name with the tag.
    pub reference: String,
    /// Its id, `sha256:...`.
    pub id: String,
    /// Whether it was made just now.
    pub made: bool,
    /// Libraries that were packed with the program; 0 for a static one.
    pub libraries: usize,
}

impl CloudImage {
    /// Returns the image of this program, making it where it is missing.
    pub async fn of_this_program(daemon: &Daemon) -> Result<Self, DockerError> {
        let packed = tokio::task::spawn_blocking(PackedExecutable::own).await;
        let packed = packed.map_err(|_| DockerError::Silent { what: "what this program consists of".to_owned() })??;
        let reference = format!("{NAME}:{}", packed.digest);
        if let Some(id) = find(daemon, &reference, &packed.digest).await? {
            return Ok(Self { reference, id, made: false, libraries: packed.libraries.len() });
        }
        let labels = [(DIGEST.to_owned(), packed.digest.clone())].into();
        let image = ImageSpec { reference: reference.clone(), command: vec![COMMAND.to_owned()], labels, ..ImageSpec::default() };
        load(daemon, &packed, &[image]).await?;
        let id = find(daemon, &reference, &packed.digest).await?;
        let id = id.ok_or_else(|| DockerError::Silent { what: format!("the image {reference} that it was given") })?;
        Ok(Self { reference, id, made: true, libraries: packed.libraries.len() })
    }
}

/// Returns the id of an image that is really of this program: a tag can be moved.
async fn find(daemon: &Daemon, reference: &str, digest: &str) -> Result<Option<String>, DockerError> {
    match daemon.docker().inspect_image(reference).await {
        Ok(image) => {
            let labels = image.config.and_then(|config| config.labels).unwrap_or_default();
            Ok(image.id.filter(|_| labels.get(DIGEST).is_some_and(|found| found == digest)))
        }
        Err(error) if status(&error) == Some(404) => Ok(None),
        Err(error) => Err(DockerError::when(format!("look for the image {reference}"))(error)),
    }
}
