//! What a live run needs: the fake clouds' threads, the run's certificate authority, the launcher.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use hallmark_harness::admin::AdminClient;
use hallmark_harness::cloud::certificates::Authority;
use hallmark_harness::cloud::iam::TokenSigner;
use hallmark_harness::job::{ProcessLauncher, SupervisorCommand};
use hallmark_harness::stage::Resources;
use rustix::process::{Resource, getrlimit};
use secrecy::SecretString;
use tokio::runtime::Runtime;

/// Files that hallmark holds open whatever it plays, generously.
pub(super) const FILES: u64 = 32;

/// Files of one stage: its listeners, the connections of a provider that opens several, three pipes to a supervisor. A full run takes 11.
pub(super) const FILES_OF_STAGE: u64 = 16;

/// The machinery of one run. Dropping it ends the fake clouds.
pub(super) struct Machinery {
    /// What all stages share.
    pub(super) resources: Resources,
    clouds: Option<Runtime>,
    /// Holds the authority's certificate for as long as jobs run.
    _folder: tempfile::TempDir,
}

impl Machinery {
    /// Starts it, for so many stages at once.
    pub(super) fn start(stages: u64) -> anyhow::Result<Self> {
        enough_files(stages, getrlimit(Resource::Nofile).current)?;
        Self::start_on(threads()?, stages)
    }

    /// As [`Self::start`], on threads that run already.
    pub(super) fn start_on(clouds: Runtime, stages: u64) -> anyhow::Result<Self> {
        enough_files(stages, getrlimit(Resource::Nofile).current)?;
        install_provider();
        let folder =
            tempfile::Builder::new().prefix("hallmark-run-").tempdir().context("making a temporary folder for the run's certificate")?;
        let authority = Arc::new(Authority::new().context("making the run's certificate authority")?);
        let authority_file = authority.write_bundle(folder.path()).context("writing the run's certificate")?;
        let supervisor = SupervisorCommand { program: own_executable()?, arguments: vec!["supervise".into()] };
        let resources = Resources {
            authority,
            signer: Arc::new(TokenSigner::new()?),
            runtime: clouds.handle().clone(),
            launcher: Arc::new(ProcessLauncher::new(supervisor, ProcessLauncher::usual_starts())),
            client: AdminClient::new("http://127.0.0.1:0", SecretString::default())?,
            authority_file,
        };
        Ok(Self { resources, clouds: Some(clouds), _folder: folder })
    }
}

impl Drop for Machinery {
    fn drop(&mut self) {
        // A stalled connection must not hold up the end.
        if let Some(clouds) = self.clouds.take() {
            clouds.shutdown_background();
        }
    }
}

/// Starts the threads on which the fake clouds run, and what talks to the Docker Engine.
pub(super) fn threads() -> anyhow::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name("hallmark-cloud")
        .enable_all()
        .build()
        .context("starting the threads of the fake clouds")
}

/// Refuses to begin what would end in the middle for want of files.
fn enough_files(stages: u64, allowed: Option<u64>) -> anyhow::Result<()> {
    let needed = FILES + FILES_OF_STAGE * stages;
    // None stands for no limit.
    let Some(allowed) = allowed.filter(|allowed| *allowed < needed) else { return Ok(()) };
    let instead = match allowed.saturating_sub(FILES) / FILES_OF_STAGE {
        0 => String::new(),
        fewer => format!(", or play fewer at once with --jobs {fewer}"),
    };
    bail!(
        "playing {stages} scenarios at once takes up to {needed} open files, and this process may have {allowed}; allow more with `ulimit -n {needed}`{instead}"
    )
}

/// Makes ring the process' crypto provider; a second call finds it made.
pub(super) fn install_provider() {
    rustls::crypto::ring::default_provider().install_default().ok();
}

/// Returns hallmark's own executable, even when its file was replaced meanwhile.
pub(super) fn own_executable() -> anyhow::Result<PathBuf> {
    let linked = PathBuf::from("/proc/self/exe");
    if linked.exists() {
        std::fs::read_link(&linked).or(Ok(linked))
    } else {
        std::env::current_exe().context("finding hallmark's own executable")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_are_refused_with_what_to_do() {
        enough_files(32, Some(1024)).unwrap();
        enough_files(512, None).unwrap();
        let few = enough_files(32, Some(100)).unwrap_err().to_string();
        assert!(few.contains("ulimit -n 544") && few.contains("--jobs 4"), "{few}");
        let none = enough_files(1, Some(20)).unwrap_err().to_string();
        assert!(none.contains("ulimit -n 48") && !none.contains("--jobs"), "{none}");
    }
}
