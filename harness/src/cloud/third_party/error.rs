//! Why a third party's description cannot be used.

/// Why a third party's description cannot be used. Each message names the place in the data.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The text is not TOML, or not of the described shape.
    #[error("cannot read a third party's description as TOML; compare it with the presets")]
    Parse(#[source] Box<toml::de::Error>),

    /// A required operation is not described.
    #[error("the third party has no `{operation}` operation: add an entry with `operation = \"{operation}\"` to `operations`")]
    MissingOperation {
        /// The word of the operation.
        operation: &'static str,
    },

    /// A value is not usable.
    #[error("cannot use `{place}` of the third party: {problem}")]
    Value {
        /// Where it stands, e.g. `operations[0].path`.
        place: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },

    /// A template does not parse or does not render.
    #[error("cannot render the template `{place}` of the third party; check its syntax and the names that it uses")]
    Template {
        /// Where it stands.
        place: String,
        /// The template engine's own report.
        #[source]
        source: Box<minijinja::Error>,
    },

    /// A body template rendered to something that is not JSON.
    #[error(
        "the template `{place}` of the third party does not render to JSON; write values as `{{{{ value }}}}` without quotes of your own"
    )]
    NotJson {
        /// Where it stands.
        place: String,
        /// Where the text stops being JSON.
        #[source]
        source: serde_json::Error,
    },
}

impl SpecError {
    /// A value that is not usable.
    pub(in crate::cloud) fn value(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Value { place: place.into(), problem: problem.into() }
    }
}
