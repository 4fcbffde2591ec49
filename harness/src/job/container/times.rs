//! Where the time of a run's containers goes, and what the same containers cost with nothing around them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bollard::models::{ContainerCreateBody, HostConfig};
use futures::StreamExt as _;

use crate::docker::{DockerError, Holding, Role, SubjectImage, internal};

/// Bare containers at once at most: a stage's network has addresses for no more.
const MOST_AT_ONCE: usize = 12;

/// Sums over the containers of a run; they overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContainerTimes {
    /// Containers of jobs.
    pub jobs: u32,
    /// Waiting until one may start.
    pub queued: Duration,
    /// Making them.
    pub made: Duration,
    /// Putting files into them and attaching to them.
    pub furnished: Duration,
    /// Starting them.
    pub started: Duration,
    /// Running, from the start to the end.
    pub ran: Duration,
    /// Removing them.
    pub removed: Duration,
    /// Fake clouds that were started.
    pub clouds: u32,
    /// Starting those, with their networks.
    pub clouds_started: Duration,
    /// Setting stages up.
    pub set_up: Duration,
}

/// What is being summed up. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopwatch(Arc<Mutex<ContainerTimes>>);

impl Stopwatch {
    /// Adds what took since `since`, and returns the present.
    pub(crate) fn add(&self, since: Instant, part: impl FnOnce(&mut ContainerTimes) -> &mut Duration) -> Instant {
        let now = Instant::now();
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *part(&mut times) += now.saturating_duration_since(since);
        now
    }

    /// Counts something.
    pub(crate) fn count(&self, what: impl FnOnce(&mut ContainerTimes) -> &mut u32) {
        *what(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)) += 1;
    }

    /// Returns the sums so far.
    pub(crate) fn times(&self) -> ContainerTimes {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bare runs of an image: each made, started, ended at once and removed, with nothing put into it. What the program does by itself is no part of it:
/// without a cloud many a provider waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BareRuns {
    /// How many.
    pub runs: u32,
    /// How many at once.
    pub at_once: u32,
    /// From the first to the last.
    pub time: Duration,
}

impl BareRuns {
    /// Runs an image so often, so many at once.
    pub async fn measure(holding: &Holding, image: &SubjectImage, runs: u32, at_once: usize) -> Result<Self, DockerError> {
        let at_once = at_once.clamp(1, MOST_AT_ONCE);
        let network = internal(holding).await?;
        let started = Instant::now();
        let each = (0..runs).map(|_| bare(holding, image, &network.name));
        let ended: Vec<_> = futures::stream::iter(each).buffer_unordered(at_once).collect().await;
        let time = started.elapsed();
        holding.remove_network(&network.name).await.ok();
        ended.into_iter().collect::<Result<(), _>>()?;
        Ok(Self { runs, at_once: u32::try_from(at_once).unwrap_or(u32::MAX), time })
    }
}

async fn bare(holding: &Holding, image: &SubjectImage, network: &str) -> Result<(), DockerError> {
    // Without a way out, like every container here.
    let host_config = HostConfig { network_mode: Some(network.to_owned()), ..HostConfig::default() };
    let body = ContainerCreateBody { image: Some(image.id.clone()), host_config: Some(host_config), ..ContainerCreateBody::default() };
    let container = holding.create(Role::Bare, body).await?;
    let started = holding.daemon().docker().start_container(&container, None).await;
    holding.remove(&container).await?;
    started.map_err(DockerError::when(format!("start a container of {}", image.reference)))
}
