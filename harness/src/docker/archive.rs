//! Files as a tar archive in memory: what the engine takes for an image's layer and for files of a container.

use std::path::Path;

use bytes::Bytes;
use tar::{Builder, EntryType, Header};

/// An archive that is being written. Everything in it belongs to root; nothing carries a time, so equal contents are equal archives.
pub struct Archive {
    builder: Builder<Vec<u8>>,
}

impl Default for Archive {
    fn default() -> Self {
        Self { builder: Builder::new(Vec::new()) }
    }
}

impl Archive {
    /// Adds a folder; `path` is taken from the root.
    pub fn folder(&mut self, path: &Path, mode: u32) -> std::io::Result<()> {
        self.entry(EntryType::Directory, path, mode, &[])
    }

    /// Adds a file; `path` is taken from the root.
    pub fn file(&mut self, path: &Path, mode: u32, content: &[u8]) -> std::io::Result<()> {
        self.entry(EntryType::Regular, path, mode, content)
    }

    fn entry(&mut self, kind: EntryType, path: &Path, mode: u32, content: &[u8]) -> std::io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        let path = path.strip_prefix("/").unwrap_or(path);
        self.builder.append_data(&mut header, path, content)
    }

    /// Returns the whole archive.
    pub fn finish(self) -> std::io::Result<Bytes> {
        Ok(Bytes::from(self.builder.into_inner()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_contents_are_equal_archives() {
        let archive = || {
            let mut archive = Archive::default();
            archive.folder(Path::new("/tmp"), 0o1777).unwrap();
            archive.file(Path::new("/etc/x"), 0o644, b"x").unwrap();
            archive.finish().unwrap()
        };
        assert_eq!(archive(), archive());
        let bytes = archive();
        let mut read = tar::Archive::new(&bytes[..]);
        let paths: Vec<_> = read.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(paths, [Path::new("tmp"), Path::new("etc/x")]);
    }
}
