//! What the served cloud is set up with: a manifest, or presets with the inputs that a provider for them usually has.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use hallmark_harness::contract::SecretType;
use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::{ParameterSource, Provider, SecretSetup, SecretSource, StageSetup, ThirdPartySetup};

use super::super::Stop;
use super::super::setting::{Subject, SubjectGround};
use crate::manifest::{Manifest, Variant};

/// The longest task timeout of the service: somebody who runs a provider by hand wants time.
const BY_HAND: Duration = Duration::from_hours(24);

/// What the cloud is set up with.
pub(super) struct Source {
    pub(super) setup: StageSetup,
    /// The job definition's own variables, for a provider that is run by hand.
    pub(super) own: BTreeMap<String, String>,
    /// Whom `--run` runs; none leaves the jobs to a person.
    pub(super) provider: Option<Provider>,
    /// What it is, for a headline.
    pub(super) described: String,
}

impl Source {
    /// Reads a manifest; builds and finds its provider when `run` is set.
    pub(super) fn from_manifest(file: &Path, variant: Option<&str>, run: bool, seed: u64) -> Result<Self, Stop> {
        let manifest = Manifest::load(file).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
        let variant = chosen(&manifest.variants(), variant)?;
        let mut setup = crate::suite::stage_setup(&manifest, &variant, seed).map_err(|error| Stop::Usage(anyhow!(error)))?;
        let provider = if run {
            match Subject::command(&manifest, None, CompletedJobs::default()).map_err(Stop::Usage)?.ground {
                SubjectGround::Process(provider) => Some(provider),
                SubjectGround::Container { .. } => None,
            }
        } else {
            setup.task_timeout_milliseconds = by_hand();
            None
        };
        let described = match &variant.name {
            Some(name) => format!("{}, variant {name}", file.display()),
            None => file.display().to_string(),
        };
        Ok(Self { setup, own: manifest.env.clone(), provider, described })
    }

    /// Sets up well-known third parties, each with a login secret. The inputs are `url` and `login_secret_id`, for several third
    /// parties with their names in front.
    pub(super) fn from_presets(presets: &[String], seed: u64) -> Self {
        let mut setup = StageSetup { seed, task_timeout_milliseconds: by_hand(), ..StageSetup::default() };
        let mut names: Vec<&String> = presets.iter().collect();
        names.sort();
        names.dedup();
        let prefixed = |name: &str, input: &str| if names.len() == 1 { input.to_owned() } else { format!("{name}_{input}") };
        for &name in &names {
            let login = format!("{name}-login");
            let (url, secret) = (ParameterSource::ThirdParty(name.clone()), ParameterSource::Secret(login.clone()));
            setup.parameters.extend([(prefixed(name, "url"), url), (prefixed(name, "login_secret_id"), secret)]);
            setup.secrets.push(SecretSetup {
                name: login,
                secret_type: SecretType::Arbitrary,
                field: None,
                source: SecretSource::LoginOf(name.clone()),
                iam: false,
            });
            setup.third_parties.push(ThirdPartySetup::simulated(name, name));
        }
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        Self { setup, own: BTreeMap::new(), provider: None, described: format!("preset {}", names.join(" and ")) }
    }
}

fn by_hand() -> u64 {
    u64::try_from(BY_HAND.as_millis()).unwrap_or(u64::MAX)
}

fn chosen(variants: &[Variant], name: Option<&str>) -> Result<Variant, Stop> {
    let found = match name {
        None => variants.first(),
        Some(name) => variants.iter().find(|variant| variant.name.as_deref() == Some(name)),
    };
    found.cloned().ok_or_else(|| {
        let known: Vec<&str> = variants.iter().filter_map(|variant| variant.name.as_deref()).collect();
        let advice = if known.is_empty() { "it has none; leave --variant out".to_owned() } else { format!("it has {}", known.join(", ")) };
        Stop::Usage(anyhow!("the manifest has no variant {:?}; {advice}", name.unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_preset_has_the_usual_inputs_and_several_have_their_names_in_front() {
        let one = Source::from_presets(&["artifactory".to_owned()], 1).setup;
        assert_eq!(one.parameters.keys().collect::<Vec<_>>(), ["login_secret_id", "url"]);
        let two = Source::from_presets(&["pagerduty".to_owned(), "artifactory".to_owned(), "pagerduty".to_owned()], 1).setup;
        let inputs = ["artifactory_login_secret_id", "artifactory_url", "pagerduty_login_secret_id", "pagerduty_url"];
        assert_eq!(two.parameters.keys().collect::<Vec<_>>(), inputs);
        assert_eq!((two.third_parties.len(), two.secrets.len()), (2, 2));
    }
}
