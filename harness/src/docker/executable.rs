//! This program as the contents of an image: alone when it is static, otherwise with the loader and the libraries that it maps.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{Archive, DockerError};

/// Where the program stands in the image.
const PROGRAM: &str = "/hallmark";

/// Where its libraries stand.
const LIBRARIES: &str = "/lib/hallmark";

/// This program, packed.
#[derive(Debug, Clone)]
pub struct PackedExecutable {
    /// How the program is started in an image of this, before its arguments.
    pub entrypoint: Vec<String>,
    /// The image's only layer.
    pub layer: Bytes,
    /// SHA-256 of the program, its libraries and how it is started, hex: the same for the same program.
    pub digest: String,
    /// The libraries that were packed; none for a static program.
    pub libraries: Vec<PathBuf>,
}

impl PackedExecutable {
    /// Packs the program of this process, as it was started: also when its file was replaced since.
    pub fn own() -> Result<Self, DockerError> {
        let program = read(Path::new("/proc/self/exe"))?;
        let maps = read(Path::new("/proc/self/maps"))?;
        let libraries = mapped_libraries(&String::from_utf8_lossy(&maps));
        Self::pack(&program, libraries)
    }

    fn pack(program: &[u8], libraries: Vec<PathBuf>) -> Result<Self, DockerError> {
        let entrypoint = entrypoint(&libraries);
        let mut digest = Sha256::new_with_prefix(entrypoint.join("\0"));
        let mut archive = Archive::default();
        let write = |written: std::io::Result<()>| {
            written.map_err(|source| DockerError::Pack { attempted: "writing the layer".to_owned(), source })
        };
        // The journal's overflow goes to a temporary file.
        write(archive.folder(Path::new("/tmp"), 0o1777))?;
        digest.update(program);
        write(archive.file(Path::new(PROGRAM), 0o755, program))?;
        if !libraries.is_empty() {
            write(archive.folder(Path::new("/lib"), 0o755))?;
            write(archive.folder(Path::new(LIBRARIES), 0o755))?;
        }
        for library in &libraries {
            let content = read(library)?;
            digest.update(&content);
            write(archive.file(&packed(library), 0o755, &content))?;
        }
        let layer = archive.finish().map_err(|source| DockerError::Pack { attempted: "writing the layer".to_owned(), source })?;
        Ok(Self { entrypoint, layer, digest: hex::encode(digest.finalize()), libraries })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, DockerError> {
    fs::read(path).map_err(|source| DockerError::Pack { attempted: format!("reading {}", path.display()), source })
}

/// Returns the shared objects in a `maps` file, the loader among them, each once and in order.
fn mapped_libraries(maps: &str) -> Vec<PathBuf> {
    let path = |line: &str| line.find('/').map(|at| PathBuf::from(line[at..].trim_end()));
    let is_library = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.split('.').skip(1).any(|part| part == "so")
    };
    maps.lines().filter_map(path).filter(is_library).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The loader is started with the program as its argument, so the image needs none at the path that the program names.
fn entrypoint(libraries: &[PathBuf]) -> Vec<String> {
    let is_loader = |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ld-"));
    match libraries.iter().find(is_loader) {
        Some(loader) => {
            let loader = packed(loader).to_string_lossy().into_owned();
            vec![loader, "--library-path".to_owned(), LIBRARIES.to_owned(), PROGRAM.to_owned()]
        }
        None => vec![PROGRAM.to_owned()],
    }
}

fn packed(library: &Path) -> PathBuf {
    Path::new(LIBRARIES).join(library.file_name().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55d0-55d1 r--p 00000000 fe:00 1 /usr/bin/hallmark
7f00-7f01 r--p 00000000 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 r-xp 00000000 fe:00 2 /usr/lib/x86_64-linux-gnu/libc.so.6
7f03-7f04 r--p 00000000 fe:00 3 /usr/lib/locale/locale-archive
7f05-7f06 r--p 00000000 fe:00 4 /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
7ffc-7ffd rw-p 00000000 00:00 0 [stack]
";

    #[test]
    fn a_dynamic_program_is_started_by_its_own_loader() {
        let libraries = mapped_libraries(MAPS);
        let names: Vec<_> = libraries.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["ld-linux-x86-64.so.2", "libc.so.6"]);
        let expected = ["/lib/hallmark/ld-linux-x86-64.so.2", "--library-path", "/lib/hallmark", "/hallmark"];
        assert_eq!(entrypoint(&libraries), expected);
    }

    #[test]
    fn a_static_program_is_packed_alone() {
        let libraries = mapped_libraries("55d0-55d1 r--p 00000000 fe:00 1 /usr/bin/hallmark\n7ffc-7ffd rw-p 00000000 00:00 0 [stack]\n");
        assert!(libraries.is_empty(), "{libraries:?}");
        assert_eq!(entrypoint(&libraries), ["/hallmark"]);
    }

    #[test]
    fn the_digest_is_that_of_the_content() {
        let one = PackedExecutable::pack(b"one", Vec::new()).unwrap();
        assert_eq!(one.digest, PackedExecutable::pack(b"one", Vec::new()).unwrap().digest);
        assert_ne!(one.digest, PackedExecutable::pack(b"two", Vec::new()).unwrap().digest);
    }
}
