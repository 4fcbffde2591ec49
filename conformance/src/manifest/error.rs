//! Why a manifest cannot be used.

use std::path::PathBuf;

use miette::{Diagnostic, NamedSource};

use super::Problem;

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ManifestError {
    /// The file could not be read.
    #[error("cannot read the manifest {}", path.display())]
    #[diagnostic(help("give the path of a provider.toml; `hallmark init` writes one for a job_config.json"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The text is wrong in at least one place.
    #[error("cannot use the manifest {}: {}", path.display(), counted(problems.len()))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The text that the problems point at. Values of secrets are masked.
        #[source_code]
        text: NamedSource<String>,
        /// The mistakes, in the order of the text.
        #[related]
        problems: Vec<Problem>,
    },
}

impl ManifestError {
    /// Returns the mistakes in the text, in its order; empty when the file could not be read.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid { problems, .. } => problems,
        }
    }
}

fn counted(problems: usize) -> String {
    if problems == 1 { "1 problem".to_owned() } else { format!("{problems} problems") }
}
