//! Finding the job's program, and telling before the start why it cannot run.
//!
//! The C library runs a file that the kernel refuses as a shell script. A container runtime does not, so the file is looked at first.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Exit code of a shell for a program that does not exist.
pub(super) const NOT_FOUND: i32 = 127;

/// Exit code of a shell for a program that cannot be executed.
pub(super) const NOT_EXECUTABLE: i32 = 126;

/// Why a program cannot run: a shell's exit code, and words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusable {
    /// 126 or 127.
    pub(super) exit_code: i32,
    /// Why.
    pub(super) why: String,
}

/// Returns the file that a program names, seen from a directory and with a `PATH`.
pub(super) fn resolve(program: &Path, directory: &Path, path: &str) -> Result<PathBuf, Unusable> {
    let named = program.as_os_str().to_string_lossy();
    if named.contains('/') {
        return examine(&directory.join(program));
    }
    let mut refused = None;
    // As a shell does: the first that can run wins, and one that cannot is told only when there is no other.
    for place in path.split(':') {
        match examine(&directory.join(place).join(program)) {
            Ok(file) => return Ok(file),
            Err(unusable) if unusable.exit_code == NOT_EXECUTABLE => refused = refused.or(Some(unusable)),
            Err(_) => {}
        }
    }
    Err(refused.unwrap_or_else(|| Unusable {
        exit_code: NOT_FOUND,
        why: format!("{named}: no such program in the job's PATH ({path}); name it with its full path or set PATH in the manifest's [env]"),
    }))
}

fn examine(file: &Path) -> Result<PathBuf, Unusable> {
    let shown = file.display();
    let metadata = fs::metadata(file)
        .map_err(|error| Unusable { exit_code: NOT_FOUND, why: format!("{shown}: {error}; check the command in the manifest") })?;
    let refuse = |why: String| Err(Unusable { exit_code: NOT_EXECUTABLE, why });
    if !metadata.is_file() {
        return refuse(format!("{shown}: not a file; name the executable itself"));
    }
    if access(file, Access::EXEC_OK).is_err() {
        return refuse(format!("{shown}: permission denied; make it executable (chmod +x)"));
    }
    // A program that may be run but not read cannot be looked at; the kernel will tell.
    match beginning(file) {
        Some(bytes) if !is_program(&bytes) => {
            refuse(format!("{shown}: exec format error; build it for this machine, or begin a script with #! and its interpreter"))
        }
        _ => Ok(file.to_owned()),
    }
}

/// Bytes of the ELF header up to and with the machine.
const HEADER: u64 = 20;

fn beginning(file: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file).ok()?.take(HEADER).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn is_program(bytes: &[u8]) -> bool {
    const SIXTY_FOUR_BITS: u8 = 2;
    if bytes.starts_with(b"#!") {
        return true;
    }
    let &[0x7f, b'E', b'L', b'F', class, ..] = bytes else { return false };
    let Some(own) = beginning(Path::new("/proc/self/exe")) else { return true };
    // Most 64-bit kernels run their 32-bit relatives, so only 64-bit machines are compared.
    class != SIXTY_FOUR_BITS || bytes.get(18..20) == own.get(18..20)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(directory: &Path, name: &str, content: &[u8], mode: u32) {
        fs::write(directory.join(name), content).unwrap();
        fs::set_permissions(directory.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn refused(program: &str, directory: &Path, path: &str) -> (i32, String) {
        let unusable = resolve(Path::new(program), directory, path).unwrap_err();
        (unusable.exit_code, unusable.why)
    }

    #[test]
    fn a_program_is_found_by_path_and_by_name() {
        let place = tempfile::tempdir().unwrap();
        file(place.path(), "provider", b"#!/bin/sh\n", 0o755);
        let expected = place.path().join("provider");
        assert_eq!(resolve(&expected, Path::new("/"), ""), Ok(expected.clone()));
        assert_eq!(resolve(Path::new("./provider"), place.path(), "").unwrap().canonicalize().unwrap(), expected.canonicalize().unwrap());
        let path = format!("/nowhere:{}", place.path().display());
        assert_eq!(resolve(Path::new("provider"), Path::new("/"), &path), Ok(expected));
        assert!(resolve(Path::new("sh"), Path::new("/"), "/usr/bin:/bin").is_ok());
    }

    #[test]
    fn what_is_missing_is_127_and_what_cannot_run_is_126() {
        let place = tempfile::tempdir().unwrap();
        file(place.path(), "plain", b"#!/bin/sh\n", 0o644);
        file(place.path(), "garbage", b"echo no interpreter\n", 0o755);
        file(place.path(), "empty", b"", 0o755);
        let mut foreign = fs::read("/proc/self/exe").unwrap()[..64].to_vec();
        foreign[18] ^= 0xff;
        file(place.path(), "foreign", &foreign, 0o755);
        let path = place.path().to_str().unwrap();
        for (program, exit_code, word) in [
            ("missing", 127, "PATH"),
            ("./missing", 127, "No such file"),
            ("plain", 126, "chmod +x"),
            ("./plain", 126, "permission denied"),
            ("garbage", 126, "exec format error"),
            ("empty", 126, "exec format error"),
            ("foreign", 126, "exec format error"),
            ("./", 126, "not a file"),
        ] {
            let (code, why) = refused(program, place.path(), path);
            assert_eq!(code, exit_code, "{program}: {why}");
            assert!(why.contains(word), "{program}: {why}");
        }
    }
}
