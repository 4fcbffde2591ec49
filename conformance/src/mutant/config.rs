//! The manifest of mutants, and what each declares.

use serde_json::{Value, json};

use super::Mutation;

/// The manifest of every mutant: the reference provider's, so that the two take the same inputs and what is found out about one means something
/// for the other.
pub const MANIFEST: &str = include_str!("../../../reference-provider/provider.toml");

/// The declarations that the manifest names.
pub const JOB_CONFIG: &str = include_str!("../../../reference-provider/job_config.json");

/// Returns the `job_config.json` of a mutant: the reference provider's, with the variables that the mutant declares in place of its own or behind them.
pub fn job_config(mutation: Option<&Mutation>) -> Result<String, serde_json::Error> {
    let declares = mutation.map_or(&[][..], |mutation| mutation.declares);
    if declares.is_empty() {
        return Ok(JOB_CONFIG.to_owned());
    }
    let mut document: Value = serde_json::from_str(JOB_CONFIG)?;
    if let Some(variables) = document["job_env_variables"].as_array_mut() {
        for (name, value) in declares {
            let variable = json!({ "name": name, "value": value });
            match variables.iter_mut().find(|variable| variable["name"] == *name) {
                Some(own) => *own = variable,
                None => variables.push(variable),
            }
        }
    }
    serde_json::to_string_pretty(&document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job_config::JobConfig;
    use crate::mutant::table;

    #[test]
    fn every_mutant_declares_what_the_manifest_gives_values_to() {
        for mutation in table::all().filter(|mutation| !mutation.declares.is_empty()) {
            let text = job_config(Some(mutation)).unwrap();
            let config = JobConfig::read(text.as_bytes()).declared().unwrap_or_else(|error| panic!("{}: {error}", mutation.id));
            let own = JobConfig::read(JOB_CONFIG.as_bytes()).declared().unwrap();
            let further = config.inputs.iter().filter(|input| own.inputs.iter().all(|known| known.name != input.name));
            assert!(further.clone().all(|input| !input.required), "{}: the manifest has no value for a further input", mutation.id);
        }
    }
}
