//! The images of mutants: hallmark's own program, FROM scratch, each wrong in what it says about itself or in what it needs.

use hallmark_harness::docker::{Daemon, DockerError, ImageFacts, ImageSpec, PackedExecutable, Pull, SubjectImage};
use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::{ContainerStages, ImageProvider, Resources};

use super::{Stop, contained};
use crate::manifest::Manifest;
use crate::mutant::{CONTROL, Mutation, Recipe};

/// Stages, and a provider for each mutant.
pub(super) struct MutantImages {
    pub(super) stages: ContainerStages,
    /// In the order of the mutants.
    pub(super) providers: Vec<ImageProvider>,
}

impl MutantImages {
    /// Makes the images, which are the run's own and go with it.
    pub(super) async fn begin(
        daemon: Daemon,
        mutants: &[Option<&'static Mutation>],
        manifest: &Manifest,
        resources: &Resources,
    ) -> Result<Self, Stop> {
        let stages = contained::ground(daemon, resources).await?;
        match providers(&stages, mutants, manifest, resources).await {
            Ok(providers) => Ok(Self { stages, providers }),
            Err(error) => {
                contained::end(&stages).await;
                Err(contained::trouble(error))
            }
        }
    }
}

async fn providers(
    stages: &ContainerStages,
    mutants: &[Option<&'static Mutation>],
    manifest: &Manifest,
    resources: &Resources,
) -> Result<Vec<ImageProvider>, DockerError> {
    let holding = stages.holding();
    let packed = tokio::task::spawn_blocking(PackedExecutable::own).await;
    let packed = packed.map_err(|_| DockerError::Silent { what: "what this program consists of".to_owned() })??;
    let references = holding.load(packed, mutants.iter().map(|mutant| spec(*mutant)).collect()).await?;
    let mut providers: Vec<ImageProvider> = Vec::new();
    for reference in references {
        let image = SubjectImage::find(holding.daemon(), &reference, Pull::Never).await?;
        // All have the same files, so all get the same.
        let provider = match providers.first() {
            Some(first) => {
                let facts = ImageFacts::find(holding.daemon(), &image, &contained::known_secrets(manifest)).await?;
                ImageProvider { image, facts, ..first.clone() }
            }
            None => contained::provider(holding, image, manifest, CompletedJobs::Immediately, resources).await?,
        };
        providers.push(provider);
    }
    Ok(providers)
}

fn spec(mutant: Option<&Mutation>) -> ImageSpec {
    let recipe = Recipe::of(mutant);
    let owned = |pairs: Vec<(&str, &str)>| pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    ImageSpec {
        command: vec!["mutant".to_owned(), mutant.map_or(CONTROL, |mutation| mutation.id).to_owned()],
        user: recipe.user.to_owned(),
        architecture: recipe.architecture.map(str::to_owned),
        environment: owned(recipe.environment),
        labels: owned(recipe.labels),
        folders: recipe.folder.into_iter().map(Into::into).collect(),
        ..ImageSpec::default()
    }
}
