//! A provider that is measured: from its manifest to the stages that it is measured on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use hallmark_benches::experiment::Possible;
use hallmark_benches::outcome::Mode;
use hallmark_benches::play::{OpenError, Subject as Measured};
use hallmark_benches::trial::Arm;
use hallmark_harness::job::CompletedJobs;
use tokio::runtime::Runtime;

use super::super::Stop;
use super::super::setting::{OVERRUN, Subject, SubjectGround};
use crate::manifest::{InputValue, Manifest, Variant};
use crate::suite::{Place, Staging, stage_setup};

/// What is measured of a manifest's provider.
#[derive(Debug, Clone, Copy)]
pub(super) enum Build<'arguments> {
    /// A command; none is the manifest's own.
    Command(Option<&'arguments str>),
    /// An image.
    Image {
        /// Which one.
        reference: &'arguments str,
        /// Whether it is fetched first.
        pull: bool,
    },
}

/// A provider with one set of values, built and found.
pub(super) struct Contestant {
    pub(super) manifest: Manifest,
    pub(super) variant: Variant,
    pub(super) digest: String,
    pub(super) ground: SubjectGround,
    /// What it is called where it is compared with.
    pub(super) name: String,
}

impl Contestant {
    /// Reads a manifest, and builds and finds what is measured.
    pub(super) fn prepare(threads: &Runtime, path: &Path, variant: Option<&str>, build: Build<'_>) -> Result<Self, Stop> {
        let manifest = Manifest::load(path).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
        let variant = chosen(&manifest, variant).map_err(Stop::Usage)?;
        if let Some((name, _)) = variant.real_services().next() {
            return Err(Stop::Usage(anyhow!(
                "{}: the third party {name} is a real service, whose own times would be measured; remove `service` or `tcp` from [third_party.{name}]",
                path.display()
            )));
        }
        // A wrong description of a third party is the manifest's mistake.
        stage_setup(&manifest, &variant, 0).map_err(|error| Stop::Usage(anyhow!(error)))?;
        let (subject, name) = match build {
            Build::Command(command) => {
                let subject = Subject::command(&manifest, command, CompletedJobs::default()).map_err(Stop::Usage)?;
                (subject, path.display().to_string())
            }
            Build::Image { reference, pull } => (threads.block_on(Subject::image(reference, pull))?, reference.to_owned()),
        };
        let digest = match &subject.ground {
            SubjectGround::Process(_) => subject.digest,
            SubjectGround::Container { image, .. } => image.digest().to_owned(),
        };
        Ok(Self { manifest, variant, digest, ground: subject.ground, name })
    }

    /// Returns in what it can be disturbed.
    pub(super) fn possible(&self, mode: Mode) -> Possible {
        Possible {
            third_party: !self.variant.third_parties.is_empty(),
            named_secret: self.variant.inputs.iter().any(|input| matches!(input.value, Some(InputValue::Secret(_)))),
            herd: mode == Mode::Process,
        }
    }

    /// Returns it as it is measured, on stages where its jobs are ended after `limit`.
    pub(super) fn measured(&self, arm: Arm, limit: Duration, staging: Staging) -> Measured {
        let shared = Arc::new((self.manifest.clone(), self.variant.clone(), bounded(staging, limit)));
        let open = move |seed| {
            let shared = Arc::clone(&shared);
            async move {
                let (manifest, variant, staging) = &*shared;
                let place = Place { manifest, variant, scenario: "bench retry", seed, secure: false };
                staging.open(&place).await.map_err(|error| -> OpenError { error.into() })
            }
        };
        Measured { arm, open: Box::new(move |seed| Box::pin(open(seed))) }
    }
}

/// Has jobs ended once it is seen that they take longer than `limit`.
fn bounded(mut staging: Staging, limit: Duration) -> Staging {
    staging.limit_jobs(limit + OVERRUN);
    staging
}

fn chosen(manifest: &Manifest, name: Option<&str>) -> anyhow::Result<Variant> {
    Variant::choose(&manifest.variants(), name)
        .cloned()
        .map_err(|known| anyhow!("{} declares no variant {}; it declares {known}", manifest.path.display(), name.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::machinery::Machinery;

    fn prepared(variant: &str, build: Build<'_>) -> Result<Contestant, String> {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("job_config.json"), crate::mutant::JOB_CONFIG).unwrap();
        let manifest = place.path().join("provider.toml");
        std::fs::write(&manifest, crate::mutant::MANIFEST).unwrap();
        let threads = Runtime::new().unwrap();
        Contestant::prepare(&threads, &manifest, Some(variant).filter(|name| !name.is_empty()), build).map_err(|stop| match stop {
            Stop::Usage(error) => format!("{error:#}"),
            stop => panic!("{stop:?}"),
        })
    }

    #[test]
    fn a_variant_that_is_not_there_is_refused() {
        let error = prepared("pagerduti", Build::Command(Some("/bin/sh"))).err().unwrap();
        assert!(error.contains("no variant pagerduti"), "{error}");
    }

    #[test]
    fn what_a_provider_has_is_seen_and_its_jobs_are_bounded() {
        let contestant = prepared("", Build::Command(Some("/bin/sh"))).unwrap();
        let possible = |mode| format!("{:?}", contestant.possible(mode));
        assert_eq!(possible(Mode::Process), "Possible { third_party: true, named_secret: true, herd: true }");
        assert!(possible(Mode::Container).ends_with("herd: false }"));
        let SubjectGround::Process(provider) = contestant.ground else { panic!("a command") };
        let machinery = Machinery::start(1).unwrap();
        let staging = Staging::Process { resources: Box::new(machinery.resources.clone()), provider };
        let Staging::Process { provider, .. } = bounded(staging, Duration::from_secs(5)) else { panic!("a command") };
        assert_eq!(provider.limit, Duration::from_secs(6));
    }
}
