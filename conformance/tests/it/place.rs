//! A folder with the mutants' manifest, and whatever a test puts beside it.

use std::path::PathBuf;

/// The folder. It goes with this.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("provider.toml"), hallmark::mutant::MANIFEST).expect("the manifest is written");
        std::fs::write(folder.path().join("job_config.json"), hallmark::mutant::JOB_CONFIG).expect("the declarations are written");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}
