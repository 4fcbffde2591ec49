//! Files that are put into a container before it starts.
//!
//! The engine takes them as one archive of the root, unless the root is read-only: then it writes into volumes alone. So the folder of each file becomes
//! an anonymous volume there, into which the engine copies what the image has in that folder, and gets an archive of its own. The engine removes
//! such volumes with their container.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::docker::{Archive, DockerError};

/// The folder of files that are nobody's but ours.
pub(super) const OWN_FOLDER: &str = "/hallmark-files";

/// Files for a container.
#[derive(Clone, Default)]
pub struct Furnishing {
    files: BTreeMap<PathBuf, Bytes>,
    /// Folders that the image does not have. One that is there would get our owner and mode.
    missing: BTreeSet<PathBuf>,
}

/// An archive, and the folder into which it is unpacked.
pub(super) struct Delivery {
    pub(super) folder: PathBuf,
    pub(super) archive: Bytes,
}

impl Furnishing {
    /// Adds a file in a folder that the image has, or in [`OWN_FOLDER`].
    pub(super) fn add(&mut self, path: &Path, content: impl Into<Bytes>) {
        if path.starts_with(OWN_FOLDER) {
            self.missing.insert(PathBuf::from(OWN_FOLDER));
        }
        self.files.insert(path.to_owned(), content.into());
    }

    /// Says that the image lacks a folder.
    pub(super) fn lacks(&mut self, folder: PathBuf) {
        self.missing.insert(folder);
    }

    /// Returns the folders in which the files are.
    pub(super) fn folders(&self) -> BTreeSet<&Path> {
        self.files.keys().filter_map(|file| file.parent()).collect()
    }

    /// Returns what is put into a container whose root can be written; nothing where there are no files.
    pub(super) fn whole(&self) -> Result<Option<Delivery>, DockerError> {
        let mut archive = Archive::default();
        // In their order a folder comes before what is in it.
        self.missing.iter().try_for_each(|folder| archive.folder(folder, 0o755)).map_err(unpacked)?;
        self.files.iter().try_for_each(|(path, content)| archive.file(path, 0o444, content)).map_err(unpacked)?;
        let archive = archive.finish().map_err(unpacked)?;
        Ok((!self.files.is_empty()).then(|| Delivery { folder: PathBuf::from("/"), archive }))
    }

    /// Returns what is put into a container whose root cannot be written, folder by folder.
    pub(super) fn by_folder(&self) -> Result<Vec<Delivery>, DockerError> {
        let delivery = |folder: &Path| {
            let mut archive = Archive::default();
            let inside = self.files.iter().filter(|(path, _)| path.parent() == Some(folder));
            for (path, content) in inside {
                let name = path.file_name().map_or(path.as_path(), Path::new);
                archive.file(name, 0o444, content).map_err(unpacked)?;
            }
            Ok(Delivery { folder: folder.to_owned(), archive: archive.finish().map_err(unpacked)? })
        };
        let folders = self.folders();
        if let Some(path) = self.files.keys().find(|path| path.parent() == Some(Path::new("/"))) {
            return Err(DockerError::ReadOnlyRoot { path: path.clone() });
        }
        folders.into_iter().map(delivery).collect()
    }
}

impl fmt::Debug for Furnishing {
    /// Shows where the files are and not what stands in them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Furnishing").field("files", &self.files.keys().collect::<Vec<_>>()).field("missing", &self.missing).finish()
    }
}

fn unpacked(source: std::io::Error) -> DockerError {
    DockerError::Furnishing { source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(archive: &Bytes) -> Vec<String> {
        let mut archive = tar::Archive::new(&archive[..]);
        archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_root_gets_one_archive_and_a_read_only_one_an_archive_for_each_folder() {
        let mut files = Furnishing::default();
        assert!(files.whole().unwrap().is_none() && files.by_folder().unwrap().is_empty());
        files.add(Path::new("/etc/ssl/certs/ca-certificates.crt"), "x");
        files.lacks(PathBuf::from("/etc/ssl/certs"));
        files.lacks(PathBuf::from("/etc/ssl"));
        files.add(Path::new("/hallmark-files/token"), "secret");
        let whole = files.whole().unwrap().unwrap();
        assert_eq!(whole.folder, Path::new("/"));
        let expected = ["etc/ssl", "etc/ssl/certs", "hallmark-files", "etc/ssl/certs/ca-certificates.crt", "hallmark-files/token"];
        assert_eq!(names(&whole.archive), expected);
        let parts = files.by_folder().unwrap();
        let parts: Vec<_> = parts.iter().map(|part| (part.folder.to_str().unwrap(), names(&part.archive))).collect();
        let expected = [("/etc/ssl/certs", vec!["ca-certificates.crt".to_owned()]), ("/hallmark-files", vec!["token".to_owned()])];
        assert_eq!(parts, expected);
        assert!(!format!("{files:?}").contains("secret"));
    }

    #[test]
    fn a_file_beside_the_root_cannot_be_put_into_a_read_only_one() {
        let mut files = Furnishing::default();
        files.add(Path::new("/ca.pem"), "x");
        assert!(files.by_folder().err().unwrap().to_string().contains("/ca.pem"));
    }
}
