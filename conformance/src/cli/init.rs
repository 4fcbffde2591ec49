//! `hallmark init`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;

use super::Stop;
use super::output::print;
use crate::exit_code;
use crate::job_config::{JobConfigError, Objection, Severity};

/// What `hallmark init` takes.
#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The provider's inputs and outputs.
    #[arg(long, value_name = "FILE", default_value = "job_config.json")]
    job_config: PathBuf,
    /// The manifest to write; - is standard output. Beside the job_config.json when left out.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replaces a file that is there.
    #[arg(long)]
    force: bool,
}

/// Writes a first manifest.
pub(super) fn init(arguments: &InitArguments) -> Result<u8, Stop> {
    let beside = || arguments.job_config.with_file_name("provider.toml");
    let out = arguments.out.clone().unwrap_or_else(beside);
    let stdout = out.as_os_str() == "-";
    let named =
        if stdout { PathBuf::from(arguments.job_config.file_name().unwrap_or_default()) } else { seen_from(&out, &arguments.job_config) };
    let crate::init::Template { text, objections } =
        crate::init::template_naming(&arguments.job_config, &named).map_err(|error| refused(&arguments.job_config, error))?;
    if stdout {
        print(&text)?;
    } else {
        write(&out, &text, arguments.force)?;
        tell(&out);
    }
    point_at(&arguments.job_config, &objections);
    Ok(exit_code::CONFORMANT)
}

/// Returns the path of `file` for somebody who reads it in the folder of `reader`: its name in the same folder, otherwise absolute.
fn seen_from(reader: &Path, file: &Path) -> PathBuf {
    let folder = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        std::fs::canonicalize(&parent).unwrap_or(parent)
    };
    match file.file_name() {
        Some(name) if folder(reader) == folder(file) => PathBuf::from(name),
        Some(name) => folder(file).join(name),
        None => file.to_owned(),
    }
}

fn write(out: &Path, text: &str, force: bool) -> Result<(), Stop> {
    let opened = if force { File::create(out) } else { File::create_new(out) };
    opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Stop::Usage(match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                anyhow!("{} is there already and stays as it is; --force replaces it, --out writes elsewhere", out.display())
            }
            _ => anyhow!("writing the manifest {}: {error}; choose another place with --out", out.display()),
        })
    })
}

/// Returns why there is no manifest.
fn refused(job_config: &Path, error: JobConfigError) -> Stop {
    let file = job_config.display();
    Stop::Usage(match error {
        JobConfigError::Invalid(objections) => {
            let counts = crate::lint::counted(&objections).unwrap_or_default();
            anyhow!("{file} does not say what the provider takes and reports ({counts}): `hallmark lint {file}` shows where")
        }
        JobConfigError::Unreadable { .. } => {
            anyhow!(error).context("describing the provider from its job_config.json (--job-config names it)")
        }
    })
}

/// Points at what is wrong with a job_config.json; what is only good to know is left to those who ask.
#[expect(clippy::print_stderr, reason = "talk goes to standard error")]
fn point_at(job_config: &Path, objections: &[Objection]) {
    let faults: Vec<Objection> = objections.iter().filter(|objection| objection.severity() > Severity::Note).cloned().collect();
    if let Some(counts) = crate::lint::counted(&faults) {
        let file = job_config.display();
        eprintln!("{file} is not as generator and deployer want it ({counts}): `hallmark lint {file}` shows where");
    }
}

#[expect(clippy::print_stderr, reason = "talk goes to standard error")]
fn tell(out: &Path) {
    let out = out.display();
    eprintln!("wrote {out}: put real values in place of the examples, then `hallmark run {out}`");
}
