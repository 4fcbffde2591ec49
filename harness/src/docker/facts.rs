//! What an image says about itself, as far as something is to be judged by it: no value of its environment or labels is kept.

use bollard::models::ImageInspect;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Daemon, DockerError, SubjectImage};
use crate::exposure::{self, Description, Exposure, KnownSecret};

/// What an image says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageFacts {
    /// The operating system for which it is, e.g. `linux`.
    pub os: String,
    /// The architecture for which it is, e.g. `amd64`.
    pub architecture: String,
    /// The user as which it runs, as it declares it; empty where it declares none.
    pub user: String,
    /// Secrets and personal values in its labels, its environment and its history.
    pub exposures: Vec<Exposure>,
}

impl ImageFacts {
    /// Looks an image up. `known` are secrets of the manifest, which should stand nowhere in it.
    pub async fn find(daemon: &Daemon, image: &SubjectImage, known: &[KnownSecret]) -> Result<Self, DockerError> {
        let docker = daemon.docker();
        let about = docker.inspect_image(&image.id).await;
        let about = about.map_err(DockerError::when(format!("look at the image {}", image.reference)))?;
        let history = docker.image_history(&image.id).await;
        let history = history.map_err(DockerError::when(format!("tell the history of the image {}", image.reference)))?;
        // The engine tells the newest first.
        let history = history.into_iter().rev().map(|step| [step.created_by, step.comment].join("\n").trim().to_owned()).collect();
        let exposures = exposure::find(&description(&about, history), known);
        Ok(Self {
            os: about.os.unwrap_or_default(),
            architecture: about.architecture.unwrap_or_default(),
            user: about.config.and_then(|config| config.user).unwrap_or_default(),
            exposures,
        })
    }

    /// Tells whether it declares to run as root, or nobody, which is the same.
    pub fn declares_root(&self) -> bool {
        let user = self.user.split(':').next().unwrap_or_default();
        matches!(user, "" | "root") || user.parse() == Ok(0_u32)
    }
}

fn description(image: &ImageInspect, history: Vec<String>) -> Description {
    let config = image.config.clone().unwrap_or_default();
    let mut labels: Vec<(String, String)> = config.labels.unwrap_or_default().into_iter().collect();
    labels.sort();
    let environment = config.env.unwrap_or_default();
    let environment = environment.iter().map(|line| line.split_once('=').unwrap_or((line, "")));
    Description { labels, environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), history }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_and_the_user_0_are_root() {
        let declares_root = |user: &str| ImageFacts { user: user.to_owned(), ..ImageFacts::default() }.declares_root();
        for user in ["", "root", "0", "0:0", "root:app", "0:65532", "00"] {
            assert!(declares_root(user), "{user}");
        }
        for user in ["65532", "65532:0", "1000:1000", "app", "nonroot:nonroot"] {
            assert!(!declares_root(user), "{user}");
        }
    }
}
