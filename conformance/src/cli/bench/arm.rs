//! A provider that is measured: from its manifest to the stages that it is measured on.

use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use hallmark_benches::experiment::Possible;
use hallmark_benches::play::{SetUp, Subject as Measured};
use hallmark_benches::trial::Arm;
use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::Provider;

use super::super::Stop;
use super::super::setting::{OVERRUN, Subject, SubjectGround};
use crate::manifest::{InputValue, Manifest, Variant};
use crate::suite::{recording_header, stage_setup};

/// A provider with one set of values, built and found.
pub(super) struct Contestant {
    pub(super) manifest: Manifest,
    pub(super) variant: Variant,
    pub(super) digest: String,
    provider: Provider,
}

impl Contestant {
    /// Reads a manifest, and builds and finds its command, which `command` replaces.
    pub(super) fn prepare(path: &Path, variant: Option<&str>, command: Option<&str>) -> Result<Self, Stop> {
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
        let subject = Subject::command(&manifest, command, CompletedJobs::default()).map_err(Stop::Usage)?;
        match subject.ground {
            SubjectGround::Process(provider) => Ok(Self { manifest, variant, digest: subject.digest, provider }),
            SubjectGround::Container { .. } => Err(Stop::Usage(anyhow!("only commands are measured; give no image"))),
        }
    }

    /// Returns in what it can be disturbed.
    pub(super) fn possible(&self) -> Possible {
        Possible {
            third_party: !self.variant.third_parties.is_empty(),
            named_secret: self.variant.inputs.iter().any(|input| matches!(input.value, Some(InputValue::Secret(_)))),
        }
    }

    /// Returns it as it is measured: its jobs are ended after `limit`.
    pub(super) fn measured(&self, arm: Arm, limit: Duration) -> Measured {
        let (manifest, variant) = (self.manifest.clone(), self.variant.clone());
        let set_up: SetUp = Box::new(move |seed| {
            // Whether it can be set up does not depend on the seed, and it could be set up before.
            let setup = stage_setup(&manifest, &variant, seed).unwrap_or_default();
            let header = recording_header("bench retry", &manifest, &variant, &setup, None);
            (setup, header)
        });
        Measured { arm, provider: Provider { limit: limit + OVERRUN, ..self.provider.clone() }, set_up }
    }
}

fn chosen(manifest: &Manifest, name: Option<&str>) -> anyhow::Result<Variant> {
    Variant::choose(&manifest.variants(), name)
        .cloned()
        .map_err(|known| anyhow!("{} declares no variant {}; it declares {known}", manifest.path.display(), name.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(variant: &str, command: Option<&str>) -> String {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("job_config.json"), crate::mutant::JOB_CONFIG).unwrap();
        let manifest = place.path().join("provider.toml");
        std::fs::write(&manifest, crate::mutant::MANIFEST).unwrap();
        match Contestant::prepare(&manifest, Some(variant).filter(|name| !name.is_empty()), command) {
            Err(Stop::Usage(error)) => format!("{error:#}"),
            Err(stop) => panic!("{stop:?}"),
            Ok(contestant) => {
                format!("{:?} {:?}", contestant.possible(), contestant.measured(Arm::Subject, Duration::from_secs(5)).provider.limit)
            }
        }
    }

    #[test]
    fn a_variant_that_is_not_there_is_refused() {
        let error = refused("pagerduti", Some("/bin/sh"));
        assert!(error.contains("no variant pagerduti"), "{error}");
    }

    #[test]
    fn what_a_provider_has_is_seen_and_its_jobs_are_bounded() {
        let prepared = refused("", Some("/bin/sh"));
        assert_eq!(prepared, "Possible { third_party: true, named_secret: true } 6s");
    }
}
