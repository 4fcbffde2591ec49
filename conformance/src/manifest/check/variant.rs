//! Lays a variant's tables over the manifest's and checks what comes out.

use std::collections::BTreeMap;

use hallmark_harness::contract::OutputSpec;
use hallmark_harness::job::NetworkVariables;

use super::super::form::{ManifestForm, OutputForm, SecretForm, ThirdPartyForm, TrustedProfileForm, VariantForm};
use super::super::input::InputForm;
use super::super::located::{Entries, Entry, Located};
use super::super::model::{TrustedProfile, Variant};
use super::super::problem::{Problem, Problems, listed, nearest};
use super::{input, root, source};
use crate::job_config::JobConfig;

/// Variables that the system or a runtime needs; the run sets those of its proxy and its certificates besides.
const TAKEN: [&str; 5] = ["PATH", "HOME", "PWD", "HOSTNAME", "JAVA_TOOL_OPTIONS"];

/// Entries by name, those of the variant in place of those of the manifest.
pub(super) type Merged<'a, T> = BTreeMap<&'a str, &'a Entry<T>>;

/// The four kinds of tables that a variant may replace.
pub(super) struct Layers<'a> {
    /// The variant's name, or none where there are no variants.
    pub(super) variant: Option<&'a Located<String>>,
    /// Where a missing value is to be added.
    pub(super) place: std::ops::Range<usize>,
    pub(super) inputs: Merged<'a, InputForm>,
    pub(super) outputs: Merged<'a, OutputForm>,
    pub(super) secrets: Merged<'a, SecretForm>,
    pub(super) third_parties: Merged<'a, ThirdPartyForm>,
    job_config: bool,
    trusted_profile: Option<&'a TrustedProfileForm>,
    env: Option<&'a Entries<String>>,
}

impl<'a> Layers<'a> {
    fn new(form: &'a ManifestForm, variant: Option<&'a Entry<VariantForm>>) -> Self {
        let over = variant.map(|variant| &variant.value.value);
        let inputs = form.inputs.as_ref();
        let place = variant.map(|variant| variant.name.span.clone()).or_else(|| inputs.map(|inputs| inputs.span.clone())).unwrap_or(0..0);
        Self {
            variant: variant.map(|variant| &variant.name),
            place,
            inputs: merged(inputs.map(|inputs| &inputs.value), over.and_then(|over| over.inputs.as_ref())),
            outputs: merged(form.outputs.as_ref(), over.and_then(|over| over.outputs.as_ref())),
            secrets: merged(form.secrets.as_ref(), over.and_then(|over| over.secrets.as_ref())),
            third_parties: merged(form.third_party.as_ref(), over.and_then(|over| over.third_party.as_ref())),
            job_config: form.job_config.is_some(),
            trusted_profile: over.and_then(|over| over.trusted_profile.as_ref()).or(form.trusted_profile.as_ref()),
            env: form.env.as_ref(),
        }
    }
}

fn merged<'a, T>(under: Option<&'a Entries<T>>, over: Option<&'a Entries<T>>) -> Merged<'a, T> {
    let entries = [under, over].into_iter().flatten().flat_map(|entries| &entries.0);
    entries.map(|entry| (entry.name.as_str(), entry)).collect()
}

/// Returns the variants. Where there are problems, what is returned may be incomplete.
pub(super) fn resolved(form: &ManifestForm, config: &JobConfig, problems: &mut Problems) -> Vec<Variant> {
    match &form.variants {
        None => vec![resolve(&Layers::new(form, None), config, problems)],
        Some(variants) if variants.0.is_empty() => {
            let help = "add a variant, e.g. `[variants.pagerduty.inputs]`, or remove the table";
            problems.push(Problem::new(variants.span.clone(), "`variants` is empty, so there is nothing to certify", "empty", help));
            Vec::new()
        }
        Some(variants) => {
            for variant in &variants.0 {
                source::check_name(&variant.name, "variant", problems);
            }
            variants.0.iter().map(|variant| resolve(&Layers::new(form, Some(variant)), config, problems)).collect()
        }
    }
}

fn resolve(layers: &Layers<'_>, config: &JobConfig, problems: &mut Problems) -> Variant {
    Variant {
        name: layers.variant.map(|name| name.value.clone()),
        job_config: layers.job_config,
        inputs: input::inputs(layers, config, problems),
        outputs: outputs(layers, config, problems),
        third_parties: source::third_parties(layers, problems),
        secrets: source::secrets(layers, problems),
        trusted_profile: layers.trusted_profile.map(|profile| trusted_profile(profile, layers.env, problems)),
    }
}

fn is_taken(name: &str) -> bool {
    let of_the_run = NetworkVariables::new("", "").variables();
    TAKEN.into_iter().chain(of_the_run.keys().map(String::as_str)).any(|taken| taken.eq_ignore_ascii_case(name))
}

fn trusted_profile(form: &TrustedProfileForm, env: Option<&Entries<String>>, problems: &mut Problems) -> TrustedProfile {
    for name in [&form.id, &form.token_file] {
        root::check_variable(name, problems);
        if let Some(entry) = env.and_then(|env| env.0.iter().find(|entry| entry.name.value == name.value)) {
            let problem =
                Problem::new(name.span.clone(), format!("`{}` has a value already", name.as_str()), "set twice", "name another variable");
            problems.push(problem.and(entry.name.span.clone(), "set here"));
        } else if is_taken(name) {
            let message = format!("`{}` means something to every program", name.as_str());
            problems.push(Problem::new(name.span.clone(), message, "taken", "name a variable of your own"));
        }
    }
    if form.id.value == form.token_file.value {
        let problem =
            Problem::new(form.token_file.span.clone(), "one variable cannot hold both id and file", "the same", "name another variable");
        problems.push(problem.and(form.id.span.clone(), "named here first"));
    }
    TrustedProfile { id: form.id.value.clone(), token_file: form.token_file.value.clone() }
}

fn outputs(layers: &Layers<'_>, config: &JobConfig, problems: &mut Problems) -> Vec<OutputSpec> {
    let declared = || config.outputs.iter().map(|output| output.name.as_str());
    for (name, entry) in &layers.outputs {
        if !declared().any(|declared| declared == *name) {
            let message = format!("no output `{}` is declared", name.escape_debug());
            let help = match nearest(name, declared()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("remove it, or declare it as an output; declared are {}", listed(declared())),
            };
            problems.push(Problem::new(entry.name.span.clone(), message, "not declared", help));
        }
        if let Some(template) = &entry.value.equals {
            check_template(template, "equals", problems);
        }
    }
    let specification = |output: &crate::job_config::Declaration| {
        let known = layers.outputs.get(output.name.as_str()).map(|entry| &entry.value.value);
        OutputSpec {
            name: output.name.clone(),
            value_type: output.value_type.clone(),
            required: output.required,
            public: known.and_then(|known| known.public).unwrap_or(false),
            equals: known.and_then(|known| known.equals.as_ref()).map(|template| template.value.clone()),
        }
    };
    config.outputs.iter().map(specification).collect()
}

pub(super) fn check_template(template: &Located<String>, key: &str, problems: &mut Problems) {
    let environment = minijinja::Environment::new();
    if let Err(error) = environment.template_from_str(template) {
        let reason = error.detail().unwrap_or("syntax error");
        let help = "write what the third party issued between double braces, e.g. \"{{ credential.secret }}\"";
        problems.push(Problem::new(template.span.clone(), format!("`{key}` is not a template: {reason}"), "cannot be read", help));
    }
}
