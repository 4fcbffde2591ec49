//! From a manifest's variant to the set-up of a stage.

use std::collections::BTreeSet;

use hallmark_harness::cloud::iam::Role;
use hallmark_harness::cloud::third_party::ThirdPartySpec;
use hallmark_harness::contract::ValueType;
use hallmark_harness::docker::ImageFacts;
use hallmark_harness::engine::Knobs;
use hallmark_harness::exposure::validated;
use hallmark_harness::stage::{
    AccountSetup, CanaryKind, Declared, DeclaredInput, ParameterSource, RecordingHeader, SecretSetup, SecretSource, StageSetup,
    TcpServiceSetup, ThirdPartySetup, TrustedProfileSetup,
};
use secrecy::ExposeSecret;

use crate::manifest::{InputValue, InstanceUrl, Manifest, SecretData, TcpSource, Variant};
use crate::oracle::ELSEWHERE;

/// Why a variant cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum VariantError {
    /// The inline description of a third party is wrong.
    #[error("reading the inline spec of the third party {name}: {reason}; correct [third_party.{name}.spec]")]
    Spec {
        /// Which third party.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A template names what no third party issues: it would equal nothing, and the provider would be blamed.
    #[error("reading `equals` of the output {output}: there is no `{variable}`; what is issued has {known}")]
    Equals {
        /// Which output.
        output: String,
        /// What the template names.
        variable: String,
        /// What it may name.
        known: String,
    },
}

/// Returns the set-up of a stage for a variant. Every stage of a run gets a seed of its own.
pub fn stage_setup(manifest: &Manifest, variant: &Variant, seed: u64) -> Result<StageSetup, VariantError> {
    let third_parties = variant
        .third_parties
        .iter()
        .map(|(name, source)| {
            let spec = source.spec.as_ref().map(|spec| described(name, spec)).transpose()?;
            let preset = source.preset.map(|preset| preset.as_str().to_owned());
            let tcp = source.tcp.as_ref().map(|tcp| tcp_service(manifest, tcp));
            Ok(ThirdPartySetup { name: name.clone(), preset, spec, hosts: source.hosts.clone(), service: source.service.clone(), tcp })
        })
        .collect::<Result<Vec<_>, VariantError>>()?;
    check_equals(variant, &third_parties)?;
    let secrets = variant
        .secrets
        .iter()
        .map(|(name, source)| SecretSetup {
            name: name.clone(),
            secret_type: source.secret_type,
            field: source.field.clone(),
            source: match &source.data {
                SecretData::LoginOf(third_party) => SecretSource::LoginOf(third_party.clone()),
                SecretData::Value(value) => SecretSource::Value(value.expose_secret().to_owned()),
                SecretData::Generate(_) => SecretSource::Generate,
            },
            iam: source.iam,
        })
        .collect();
    let parameters = variant
        .inputs
        .iter()
        .filter_map(|input| {
            let source = match input.value.as_ref()? {
                InputValue::Literal(value) => ParameterSource::Literal(value.clone()),
                InputValue::Secret(name) => ParameterSource::Secret(name.clone()),
                InputValue::ThirdParty(name) => ParameterSource::ThirdParty(name.clone()),
                InputValue::Canary(kind) => ParameterSource::Canary(canary(kind.as_str())?),
            };
            Some((input.name.clone(), source))
        })
        .collect();
    let trusted_profile = variant
        .trusted_profile
        .as_ref()
        .map(|profile| TrustedProfileSetup { id_variable: profile.id.clone(), token_file_variable: profile.token_file.clone() });
    Ok(StageSetup {
        seed,
        knobs: Knobs::default(),
        task_timeout_milliseconds: u64::try_from(manifest.task_timeout.as_millis()).unwrap_or(u64::MAX),
        real_instance_url: manifest.sm_url == InstanceUrl::Real,
        secure_loopback: false,
        outputs: variant.outputs.clone(),
        third_parties,
        secrets,
        parameters,
        hosts: manifest.hosts.iter().cloned().chain([ELSEWHERE.to_owned()]).collect(),
        account: AccountSetup { roles: roles(variant), trusted_profile },
    })
}

/// Checks that the templates of mapped outputs name what a third party issues.
fn check_equals(variant: &Variant, third_parties: &[ThirdPartySetup]) -> Result<(), VariantError> {
    let mut known: BTreeSet<String> = ["credential.id", "third_party.url"].map(str::to_owned).into();
    // Of a service behind a TCP proxy only ids are known.
    for party in third_parties.iter().filter(|party| party.tcp.is_none()) {
        known.extend(["credential.secret", "credential.issued_at"].map(str::to_owned));
        let spec = party.spec.clone().or_else(|| party.preset.as_deref().and_then(ThirdPartySpec::preset));
        let names = spec.iter().flat_map(|spec| spec.credential.further_secrets.keys().chain(spec.credential.fields.keys()));
        known.extend(names.map(|name| format!("credential.{name}")));
    }
    let environment = minijinja::Environment::new();
    for output in &variant.outputs {
        // A template that does not parse was refused with the manifest.
        let Some(template) = output.equals.as_deref().and_then(|text| environment.template_from_str(text).ok()) else { continue };
        // What a request held is up to the provider.
        let named = template.undeclared_variables(true).into_iter().filter(|name| name != "request" && !name.starts_with("request."));
        if let Some(variable) = named.into_iter().find(|name| !known.contains(name)) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(VariantError::Equals { output: output.name.clone(), variable, known });
        }
    }
    Ok(())
}

/// Commands with a slash are relative to the manifest, as the provider's own is.
fn tcp_service(manifest: &Manifest, source: &TcpSource) -> TcpServiceSetup {
    let folder = std::path::absolute(manifest.directory()).unwrap_or_else(|_| manifest.directory().to_owned());
    let found = |words: &Vec<String>| {
        let mut words = words.clone();
        if let Some(program) = words.first_mut().filter(|program| program.contains('/')) {
            *program = folder.join(program.as_str()).to_string_lossy().into_owned();
        }
        words
    };
    TcpServiceSetup {
        address: source.address.clone(),
        list: found(&source.list),
        exists: found(&source.exists),
        revoke: found(&source.revoke),
        refuse: found(&source.refuse),
        recover: found(&source.recover),
        environment: source.environment.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect(),
        directory: Some(folder),
        time_limit_milliseconds: u64::try_from(source.time_limit.as_millis()).unwrap_or(u64::MAX),
    }
}

/// Least privilege: SecretsReader only where an input names a secret.
fn roles(variant: &Variant) -> BTreeSet<Role> {
    // The role goes with the declaration, whether or not this secret has a value for it.
    let reads =
        variant.inputs.iter().any(|input| input.value_type == ValueType::SecretId || matches!(input.value, Some(InputValue::Secret(_))));
    let reader = reads.then_some(Role::SecretsReader);
    [Role::SecretTaskUpdater].into_iter().chain(reader).collect()
}

fn canary(word: &str) -> Option<CanaryKind> {
    CanaryKind::ALL.into_iter().find(|kind| kind.word() == word)
}

fn described(name: &str, spec: &toml::Table) -> Result<ThirdPartySpec, VariantError> {
    // The cause names the key and the line.
    let failed = |error: anyhow::Error| VariantError::Spec { name: name.to_owned(), reason: format!("{error:#}") };
    let text = toml::to_string(spec).map_err(|error| failed(error.into()))?;
    let spec = ThirdPartySpec::from_toml(&text).map_err(|error| failed(error.into()))?;
    spec.validate().map_err(|error| failed(error.into()))?;
    Ok(spec)
}

/// Returns what a recording says about the scenario before it plays.
pub(crate) fn header(
    scenario: &str,
    manifest: &Manifest,
    variant: &Variant,
    setup: &StageSetup,
    image: Option<&ImageFacts>,
) -> RecordingHeader {
    RecordingHeader {
        format: hallmark_harness::stage::FORMAT,
        run: String::new(),
        scenario: scenario.to_owned(),
        outputs: variant.outputs.clone(),
        named_secrets: Vec::new(),
        third_party: !variant.third_parties.is_empty(),
        task_timeout_milliseconds: setup.task_timeout_milliseconds,
        roles: setup.account.roles.iter().map(|role| format!("{role:?}")).collect(),
        not_resubmitted: manifest.delete.not_resubmitted.clone(),
        given: given(variant),
        image: image.cloned(),
        declared: Some(declared(manifest, variant)),
    }
}

fn declared(manifest: &Manifest, variant: &Variant) -> Declared {
    let input = |input: &crate::manifest::DeclaredInput| DeclaredInput { name: input.name.clone(), value_type: input.value_type.clone() };
    Declared { inputs: variant.inputs.iter().map(input).collect(), job_config: manifest.job_config_text.clone() }
}

/// Returns the values of inputs that stand in the manifest and look like something personal.
fn given(variant: &Variant) -> Vec<String> {
    let values = variant.inputs.iter().filter_map(|input| match &input.value {
        Some(InputValue::Literal(value)) => Some(value.clone()),
        _ => None,
    });
    values.filter(|value| !validated(value).is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_up(equals: &str) -> Result<StageSetup, VariantError> {
        let text = crate::mutant::MANIFEST.replace("{{ credential.secret }}", equals);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("job_config.json"), crate::mutant::JOB_CONFIG).unwrap();
        let manifest = Manifest::from_bytes(&folder.path().join("provider.toml"), text.as_bytes()).unwrap();
        stage_setup(&manifest, &manifest.variants()[0], 1)
    }

    #[test]
    fn a_template_names_what_is_issued() {
        assert!(set_up("{{ credential.secret }}").is_ok());
        assert!(set_up("Bearer {{ credential.secret }} of {{ credential.id }} at {{ third_party.url }} for {{ request.scope }}").is_ok());
        let error = set_up("{{ credential.secrt }}").unwrap_err().to_string();
        assert!(error.contains("`credential.secrt`") && error.contains("credential.secret"), "{error}");
    }
}
