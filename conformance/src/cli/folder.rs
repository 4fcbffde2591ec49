//! The folder that a run writes to: made, claimed and cleared before anything plays.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::recorded::RECORDINGS;

/// The folder of a run's results. It is this run's alone until it is dropped, or until the process ends in whatever way.
#[derive(Debug)]
pub(super) struct OutFolder {
    path: PathBuf,
    /// Holds the lock.
    _claim: File,
}

/// Makes the folder that `--out` names.
pub(super) fn make(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("making the folder {}; choose one with --out that you may write to", path.display()))
}

impl OutFolder {
    /// Makes the folder, claims it, and removes the recordings of an earlier run from it.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        make(path)?;
        let claim = File::open(path).with_context(|| format!("opening the folder {}; choose another with --out", path.display()))?;
        match claim.try_lock() {
            // Some network file systems lock no folders; two runs in one are then the caller's matter.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("another run of hallmark is writing to {}; wait for its end, or choose another folder with --out", path.display())
            }
        }
        let folder = Self { path: path.to_owned(), _claim: claim };
        let recordings = folder.recordings();
        fs::create_dir_all(&recordings)
            .with_context(|| format!("making the folder {}; check --out, its permissions and the free space", recordings.display()))?;
        // Only what hallmark writes: the folder may be somebody's for other things too.
        let earlier =
            fs::read_dir(&recordings).with_context(|| format!("looking for recordings of an earlier run in {}", recordings.display()))?;
        for file in earlier.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "ndjson")) {
            fs::remove_file(&file).with_context(|| format!("removing the recording {} of an earlier run", file.display()))?;
        }
        Ok(folder)
    }

    /// Returns the folder of the recordings, one file a scenario.
    pub(super) fn recordings(&self) -> PathBuf {
        self.path.join(RECORDINGS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_run_s_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("new/out");
        let first = OutFolder::open(&out).unwrap();
        fs::write(first.recordings().join("one.ndjson"), "").unwrap();
        let error = OutFolder::open(&out).unwrap_err().to_string();
        assert!(error.contains("another run") && error.contains("--out"), "{error}");
        assert!(first.recordings().join("one.ndjson").exists(), "the run that goes on keeps what it has");
        drop(first);
        let second = OutFolder::open(&out).unwrap();
        assert_eq!(fs::read_dir(second.recordings()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_no_folder() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        fs::write(&file, "").unwrap();
        let error = format!("{:#}", OutFolder::open(&file).unwrap_err());
        assert!(error.contains("--out") && error.contains(file.to_str().unwrap()), "{error}");
        assert_eq!(fs::read_to_string(file).unwrap(), "");
    }
}
