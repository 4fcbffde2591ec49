//! What one run owns on the engine: everything that it makes bears its labels, and nothing is made once it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use tokio::sync::RwLock;

use super::owner::Owner;
use super::{Daemon, DockerError};

/// The label with the run's id: whatever bears it is hallmark's.
pub(super) const RUN: &str = "hallmark.run";
/// The label with what something is for.
pub(super) const ROLE: &str = "hallmark.role";
/// The label with when it was made, in seconds since 1970, where the engine does not tell.
pub(super) const MADE: &str = "hallmark.made";
/// The label with the process that owns it.
pub(super) const OWNER: &str = "hallmark.owner";

/// What something of a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A fake cloud.
    Cloud,
    /// A job run of the provider.
    Job,
    /// The provider's image, looked into and never started.
    Look,
    /// The provider's image, run with nothing around it.
    Bare,
    /// A network.
    Network,
    /// Files of ours in a job's container: an anonymous volume.
    Files,
    /// An image that only this run needs.
    Image,
}

impl Role {
    /// Returns the word in labels and names.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Job => "job",
            Self::Look => "look",
            Self::Bare => "bare",
            Self::Network => "network",
            Self::Files => "files",
            Self::Image => "image",
        }
    }
}

/// Everything that one run has on the engine. Clones are the same holding.
#[derive(Debug, Clone)]
pub struct Holding {
    daemon: Daemon,
    run: String,
    owner: String,
    runtime: tokio::runtime::Handle,
    made: Arc<AtomicU32>,
    /// Whether the run ends; whoever makes something holds it for reading meanwhile.
    pub(super) ending: Arc<RwLock<bool>>,
}

impl Holding {
    /// Begins an empty holding with a random id. What is made is made on `runtime`, to its end, also when nobody waits for it any more.
    pub fn new(daemon: Daemon, runtime: tokio::runtime::Handle) -> Self {
        let run = format!("{:012x}", rand::random::<u64>() >> 16);
        Self { daemon, run, owner: Owner::own().label(), runtime, made: Arc::default(), ending: Arc::default() }
    }

    /// Returns the engine.
    pub fn daemon(&self) -> &Daemon {
        &self.daemon
    }

    /// Returns the run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Returns the labels of something.
    pub(crate) fn labels(&self, role: Role) -> HashMap<String, String> {
        [(RUN, self.run.as_str()), (ROLE, role.word()), (OWNER, self.owner.as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    /// Returns a fresh name.
    pub(super) fn name(&self, role: Role) -> String {
        format!("hallmark-{}-{}-{}", self.run, role.word(), self.made.fetch_add(1, Ordering::Relaxed))
    }

    /// Makes a container, labelled and named; returns its id.
    pub async fn create(&self, role: Role, mut body: ContainerCreateBody) -> Result<String, DockerError> {
        body.labels = Some(self.labels(role));
        let options = CreateContainerOptionsBuilder::default().name(&self.name(role)).build();
        let docker = self.daemon.docker().clone();
        let attempted = format!("make a container of {}", body.image.as_deref().unwrap_or_default());
        self.make(async move {
            let made = docker.create_container(Some(options), body).await;
            made.map(|made| made.id).map_err(DockerError::when(attempted))
        })
        .await
    }

    /// Carries `making` out to its end, whatever becomes of the caller: a call that is given up half-way may still leave what it was to make.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        making: impl Future<Output = Result<T, DockerError>> + Send + 'static,
    ) -> Result<T, DockerError> {
        let ending = self.ending.clone();
        let made = self.runtime.spawn(async move {
            let ending = ending.read().await;
            if *ending {
                return Err(DockerError::Ending);
            }
            making.await
        });
        made.await.unwrap_or(Err(DockerError::Ending))
    }
}
