//! Turns the form of a manifest into a [`Manifest`] and reports every mistake of meaning.

mod declaration;
mod input;
mod root;
mod service;
mod source;
mod variant;

use std::path::Path;

use miette::NamedSource;
use sha2::Digest as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::form::ManifestForm;
use super::mask::masked;
use super::model::directory_of;
use super::problem::{Problem, Problems};
use super::reader::FromToml as _;
use super::{Manifest, ManifestError};

impl Manifest {
    /// Reads the manifest at `path` and the `job_config.json` that it names.
    ///
    /// Nothing else is looked at: whether the program exists is known once it was built.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ManifestError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| ManifestError::Unreadable { path: path.to_owned(), source })?;
        Self::from_bytes(path, &bytes)
    }

    /// Reads a manifest from the bytes of the file at `path`; a `job_config.json` is looked for beside that path.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, ManifestError> {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => return Err(not_utf8(path, bytes, error)),
        };
        let (tree, errors) = DeTable::parse_recoverable(text);
        let broken = !errors.is_empty();
        let mut problems = Problems::default();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let help = "correct the TOML here; https://toml.io describes the format";
            problems.push(Problem::new(span, format!("the manifest is not TOML: {}", error.message()), "here", help));
        }
        let shown = masked(text, tree.get_ref(), broken);
        let manifest = if broken { None } else { read(path, bytes, tree, &mut problems) };
        match manifest {
            Some(manifest) if problems.is_empty() => Ok(manifest),
            _ => Err(invalid(path, shown, problems)),
        }
    }
}

fn read(path: &Path, bytes: &[u8], tree: Spanned<DeTable<'_>>, problems: &mut Problems) -> Option<Manifest> {
    let span = tree.span();
    let root = Spanned::new(span, DeValue::Table(tree.into_inner()));
    let form = ManifestForm::from_toml(&root, "", problems).filter(|_| problems.is_empty())?;
    let declared = declaration::declared(&form, directory_of(path), problems);
    let root = root::checked(&form, problems);
    let variants = declared.as_ref().map(|declared| variant::resolved(&form, &declared.config, problems));
    let (declared, root) = (declared?, root?);
    Some(Manifest {
        path: path.to_owned(),
        digest: digest(bytes),
        name: form.name.value,
        command: form.command.value,
        args: form.args.unwrap_or_default(),
        build: form.build.map(|build| build.value),
        job_config: declared.config,
        job_config_path: declared.path,
        job_config_digest: declared.digest,
        job_config_text: declared.text,
        task_timeout: root.task_timeout,
        hosts: root.hosts,
        sm_url: form.sm_url.unwrap_or(super::InstanceUrl::Loopback),
        ca: root.ca,
        env: root.env,
        delete: root.delete,
        waivers: root.waivers,
        variants: variants?,
    })
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}

fn not_utf8(path: &Path, bytes: &[u8], error: std::str::Utf8Error) -> ManifestError {
    let mut problems = Problems::default();
    let offset = error.valid_up_to();
    problems.push(Problem::new(offset..offset, "the manifest is not UTF-8", "no character", "save the file as UTF-8"));
    // Without a tree nobody knows which values are secret, so the text is masked as a whole and only line and column remain.
    let shown = bytes.iter().map(|byte| if *byte == b'\n' { '\n' } else { '*' }).collect();
    invalid(path, shown, problems)
}

fn invalid(path: &Path, shown: String, problems: Problems) -> ManifestError {
    let text = NamedSource::new(path.display().to_string(), shown);
    ManifestError::Invalid { path: path.to_owned(), text, problems: problems.into_sorted() }
}
