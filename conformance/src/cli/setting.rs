//! From a manifest and the command line to the provider that is run: its command, built and found.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use hallmark_harness::docker::{Daemon, SubjectImage};
use hallmark_harness::job::{CompletedJobs, SANE_PATH};
use hallmark_harness::stage::Provider;
use sha2::{Digest, Sha256};

use super::{Stop, contained};
use crate::manifest::Manifest;

/// How much longer than the task timeout a job may run before it is ended: enough to see that it overran.
pub(super) const OVERRUN: Duration = Duration::from_secs(1);

/// Time between TERM and KILL. Code Engine documents none for jobs; Kubernetes' 30 seconds would only make a hang slower.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What is certified.
#[derive(Debug, Clone)]
pub(super) enum SubjectGround {
    /// A command of this machine.
    Process(Provider),
    /// An image.
    Container {
        /// The engine that has it.
        daemon: Daemon,
        /// The image.
        image: SubjectImage,
    },
}

/// The provider, found.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) ground: SubjectGround,
    /// The command line, for the results.
    pub(super) command: String,
    /// SHA-256 of the executable and of the files among its arguments, hex; empty when it is no file.
    pub(super) digest: String,
    /// Time that the build command took.
    pub(super) build: Duration,
}

impl Subject {
    /// Finds an image; nothing is built.
    pub(super) async fn image(reference: &str, pull: bool) -> Result<Self, Stop> {
        let (daemon, image) = contained::find(reference, pull).await?;
        let command = shell_words::join(&image.command);
        Ok(Self { ground: SubjectGround::Container { daemon, image }, command, digest: String::new(), build: Duration::ZERO })
    }

    /// Builds and finds the provider's command; `replaced` replaces the manifest's, which is then not built.
    pub(super) fn command(manifest: &Manifest, replaced: Option<&str>, completed: CompletedJobs) -> anyhow::Result<Self> {
        let started = Instant::now();
        let (program, arguments) = match replaced {
            Some(line) => {
                let mut words = shell_words::split(line).with_context(|| format!("reading --command {line:?}"))?;
                if words.is_empty() {
                    bail!("--command is empty; give the program and its arguments");
                }
                let program = words.remove(0);
                (PathBuf::from(program), words)
            }
            None => {
                build(manifest)?;
                (manifest.program(), manifest.args.iter().map(|argument| beside(manifest, argument)).collect())
            }
        };
        let build = started.elapsed();
        let program = located(&program)?;
        let digest = digest(&program, &arguments)?;
        let provider = Provider {
            program: program.clone(),
            arguments: arguments.clone(),
            own: manifest.env.clone(),
            declared: manifest.job_config.variables.clone(),
            completed,
            limit: manifest.task_timeout + OVERRUN,
            grace: GRACE,
        };
        let command = shell_words::join(std::iter::once(program.to_string_lossy().into_owned()).chain(arguments));
        Ok(Self { ground: SubjectGround::Process(provider), command, digest, build })
    }
}

/// Makes an argument that names a file beside the manifest absolute: a job starts in a folder of its own, `python3 main.py` too.
fn beside(manifest: &Manifest, argument: &str) -> String {
    let file = manifest.directory().join(argument);
    let named = !argument.is_empty() && file.is_file();
    if named { std::path::absolute(&file).unwrap_or(file).to_string_lossy().into_owned() } else { argument.to_owned() }
}

/// Runs the manifest's build command in the manifest's folder, its output to stderr.
fn build(manifest: &Manifest) -> anyhow::Result<()> {
    let Some((program, arguments)) = manifest.build.as_ref().and_then(|build| build.split_first()) else { return Ok(()) };
    let line = shell_words::join(manifest.build.iter().flatten());
    let mut command = Command::new(program);
    // Under `cargo run` these say what hallmark was built from. A nested cargo takes them for a change and builds everything anew.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_PKG_")) {
        command.env_remove(name);
    }
    let status = command
        .args(arguments)
        .current_dir(manifest.directory())
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("running the manifest's build command `{line}` in {}", manifest.directory().display()))?;
    if status.success() {
        Ok(())
    } else {
        Err(anyhow!(
            "the manifest's build command `{line}` ended with {status}; run it yourself in {} to see why",
            manifest.directory().display()
        ))
    }
}

/// Returns the digest of the executable. What is no file has none, and cannot start either: that is for the rules to say.
///
/// Of `python3 main.py` the second word is the provider: with files among the arguments, it is the digest of all the files' digests in order.
fn digest(program: &Path, arguments: &[String]) -> anyhow::Result<String> {
    if !program.is_file() {
        return Ok(String::new());
    }
    let files = arguments.iter().map(Path::new).filter(|file| file.is_absolute() && file.is_file());
    let digests = std::iter::once(program).chain(files).map(|file| {
        let content = std::fs::read(file).with_context(|| format!("reading the provider's file {}", file.display()))?;
        Ok(Sha256::digest(content))
    });
    let digests: Vec<_> = digests.collect::<anyhow::Result<_>>()?;
    Ok(match digests.as_slice() {
        [alone] => hex::encode(alone),
        several => hex::encode(Sha256::digest(several.concat())),
    })
}

/// Returns the absolute path of a program: as it stands with a slash in it, otherwise looked up where jobs look.
///
/// A link as the last part stays: the Python of a virtual environment is a link, and knows its packages by where the link stands.
fn located(program: &Path) -> anyhow::Result<PathBuf> {
    let found = if program.components().count() > 1 || program.is_absolute() {
        Some(program.to_owned()).filter(|program| program.exists())
    } else {
        SANE_PATH.split(':').map(|folder| Path::new(folder).join(program)).find(|candidate| candidate.is_file())
    };
    let Some(found) = found else {
        if program.components().count() > 1 || program.is_absolute() {
            bail!("there is no provider command {}; build it first, or correct `command` in the manifest", program.display());
        }
        bail!(
            "there is no provider command {} in {SANE_PATH}, where a job looks for a name without a slash; write its path, as `command -v` shows it",
            program.display()
        );
    };
    let (folder, name) = (found.parent().unwrap_or(Path::new("/")), found.file_name().unwrap_or_default());
    let folder = std::fs::canonicalize(folder).with_context(|| format!("finding the provider's command {}", found.display()))?;
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_the_command_and_its_folder_is_resolved() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().canonicalize().unwrap();
        std::fs::create_dir(place.join("bin")).unwrap();
        std::os::unix::fs::symlink("/bin/sh", place.join("bin/python3")).unwrap();
        assert_eq!(located(&place.join("bin/../bin/python3")).unwrap(), place.join("bin/python3"));
        assert!(located(&place.join("bin/python2")).unwrap_err().to_string().contains("build it first"));
        assert!(located(Path::new("no-such-program")).unwrap_err().to_string().contains(SANE_PATH));
        assert!(located(Path::new("sh")).unwrap().ends_with("sh"));
    }

    #[test]
    fn the_digest_is_of_the_script_as_much_as_of_its_interpreter() {
        let place = tempfile::tempdir().unwrap();
        let script = place.path().join("main.py");
        let digest = |text: &str| {
            std::fs::write(&script, text).unwrap();
            digest(Path::new("/bin/sh"), &[script.to_string_lossy().into_owned(), "--verbose".into()]).unwrap()
        };
        let alone = super::digest(Path::new("/bin/sh"), &["--verbose".into()]).unwrap();
        assert_eq!(alone, hex::encode(Sha256::digest(std::fs::read("/bin/sh").unwrap())));
        assert_eq!(digest("one"), digest("one"));
        assert!(digest("one") != digest("two") && digest("one") != alone);
    }
}
