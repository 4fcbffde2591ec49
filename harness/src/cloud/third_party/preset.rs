//! The third parties that come with the harness.

use super::{SpecError, ThirdPartySpec};

const PRESETS: [(&str, &str); 2] =
    [("artifactory", include_str!("presets/artifactory.toml")), ("pagerduty", include_str!("presets/pagerduty.toml"))];

impl ThirdPartySpec {
    /// Returns the description of a well-known third party, or none when the name is unknown.
    pub fn preset(name: &str) -> Option<Self> {
        let (_, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Self::from_toml(text).ok()
    }

    /// Returns the names that [`Self::preset`] knows, in alphabetical order.
    pub fn preset_names() -> impl Iterator<Item = &'static str> {
        PRESETS.iter().map(|(name, _)| *name)
    }

    /// Reads a description from TOML. It still wants [`Self::validate`].
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        toml::from_str(text).map_err(|source| SpecError::Parse(Box::new(source)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_parses_and_is_valid() {
        for (name, text) in PRESETS {
            ThirdPartySpec::from_toml(text).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let spec = ThirdPartySpec::preset(name).unwrap();
            spec.validate().unwrap_or_else(|error| panic!("{name}: {error:?}"));
        }
        assert!(ThirdPartySpec::preset("jira").is_none());
    }

    #[test]
    fn a_preset_survives_its_way_through_the_admin_api() {
        for name in ThirdPartySpec::preset_names() {
            let spec = ThirdPartySpec::preset(name).unwrap();
            let json = serde_json::to_string(&spec).unwrap();
            assert_eq!(serde_json::from_str::<ThirdPartySpec>(&json).unwrap(), spec);
        }
    }
}
