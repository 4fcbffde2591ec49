//! From the command line to an arena in which schedules play: what `chaos` and `replay` share.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use hallmark_harness::job::CompletedJobs;

use super::Stop;
use super::contained;
use super::machinery::{Machinery, threads};
use super::setting::{Subject, SubjectGround};
use crate::chaos::play::Arena;
use crate::chaos::schedule::Schedule;
use crate::chaos::search::Player;
use crate::manifest::{Manifest, Variant};
use crate::results::Mode;
use crate::suite::Staging;

/// What is played.
#[derive(Debug, Clone, Args)]
pub(super) struct SubjectArguments {
    /// The provider's manifest.
    pub(super) manifest: PathBuf,
    /// Another command instead of the manifest's, which is built first, with its arguments; it is not built.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Plays this image, unchanged, in containers of the local Docker Engine, instead of the manifest's command.
    #[arg(long, value_name = "REF", conflicts_with = "command")]
    image: Option<String>,
    /// Fetches the image first, with the credentials of `docker login`.
    #[arg(long, requires = "image", conflicts_with = "command")]
    pull: bool,
}

/// A provider, ready to be played.
pub(super) struct Subjected {
    pub(super) player: Player,
    /// The command line, for reports.
    pub(super) command: String,
}

impl SubjectArguments {
    /// Reads the manifest, and refuses one that no schedule can play.
    pub(super) fn manifest(&self) -> Result<Manifest, Stop> {
        let manifest = Manifest::load(&self.manifest).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
        let variants = manifest.variants();
        for variant in &variants {
            crate::suite::stage_setup(&manifest, variant, 1).map_err(|error| Stop::Usage(anyhow!(error)))?;
        }
        if let Some((name, _)) = variants.iter().flat_map(Variant::real_services).next() {
            return Err(Stop::Usage(anyhow!(
                "{}: the third party {name} is a real service, and schedules play many lifecycles at once on simulated ones; describe it with a \
                 preset or a spec in [third_party.{name}], without `service` or `tcp`",
                self.manifest.display()
            )));
        }
        Ok(manifest)
    }

    /// Returns where it is played.
    pub(super) fn mode(&self) -> Mode {
        if self.image.is_some() { Mode::Container } else { Mode::Process }
    }

    /// Returns the command that plays a schedule again.
    pub(super) fn again(&self, schedule: &Schedule) -> String {
        let mut words = vec!["hallmark".to_owned(), "replay".to_owned(), self.manifest.display().to_string(), schedule.to_string()];
        for (option, value) in [("--command", &self.command), ("--image", &self.image)] {
            if let Some(value) = value {
                words.extend([option.to_owned(), value.clone()]);
            }
        }
        shell_words::join(words)
    }
}

/// Makes the provider ready, has it played, and clears up.
pub(super) fn arena(
    arguments: &SubjectArguments,
    manifest: &Manifest,
    at_once: usize,
    seed: u64,
    play: impl AsyncFnOnce(Subjected) -> Result<u8, Stop>,
) -> Result<u8, Stop> {
    let threads = threads()?;
    let subject = match &arguments.image {
        Some(image) => threads.block_on(Subject::image(image, arguments.pull))?,
        None => Subject::command(manifest, arguments.command.as_deref(), CompletedJobs::Immediately).map_err(Stop::Usage)?,
    };
    let machinery = Machinery::start_on(threads, at_once as u64)?;
    let runtime = machinery.resources.runtime.clone();
    let command = subject.command.clone();
    match subject.ground {
        SubjectGround::Process(provider) => {
            let staging = Staging::Process { resources: Box::new(machinery.resources.clone()), provider };
            let player = Player::new(Arena::new(Arc::new(manifest.clone()), staging), runtime.clone());
            runtime.block_on(play(Subjected { player, command }))
        }
        SubjectGround::Container { daemon, image } => {
            let order = contained::Order { manifest, completed: CompletedJobs::Immediately, seed, variant: None, bare_at_once: None };
            contained::with(daemon, image, &order, &machinery.resources, async |contained| {
                contained.probe(&order).await?;
                let player = Player::new(Arena::new(Arc::new(manifest.clone()), contained.staging()), runtime.clone());
                play(Subjected { player, command }).await
            })
        }
    }
}
