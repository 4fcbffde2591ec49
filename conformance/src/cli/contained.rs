//! What a run in container mode needs beyond any run: the engine, both images, the stages.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use hallmark_harness::cloud::random_token;
use hallmark_harness::docker::{Daemon, DockerError, Holding, ImageFacts, Pull, SubjectImage, reap_abandoned};
use hallmark_harness::exposure::KnownSecret;
use hallmark_harness::job::container::{AuthorityDelivery, BareRuns, ContainerTimes, Trust};
use hallmark_harness::job::{CompletedJobs, ProcessLauncher};
use hallmark_harness::stage::{CloudImage, ContainerStages, ImageProvider, Resources};
use secrecy::SecretString;

use super::certify::Ended;
use super::run::until_ended;
use super::setting::{GRACE, OVERRUN};
use super::{Stop, tell};
use crate::manifest::{self, Manifest, SecretData, Variant};
use crate::results::{BareTimingRecord, ContainerTimingRecord, ImageRecord};
use crate::suite::{Collector, Staging, Suite, probe_trust};

/// Bare runs that are measured, at least and at most, by half.
const BARE_FEWEST: usize = 4;
const BARE_MOST: usize = 12;

/// Longest that bare runs are measured.
const BARE_LIMIT: Duration = Duration::from_mins(2);

/// The stages of a run in container mode, and its provider.
pub(super) struct Contained {
    pub(super) stages: ContainerStages,
    pub(super) provider: ImageProvider,
}

/// Finds the engine and the image that is to be certified.
pub(super) async fn find(reference: &str, pull: bool) -> Result<(Daemon, SubjectImage), Stop> {
    let daemon = Daemon::connect().await.map_err(trouble)?;
    let image = SubjectImage::find(&daemon, reference, if pull { Pull::Always } else { Pull::Never }).await.map_err(trouble)?;
    Ok((daemon, image))
}

/// Makes what all stages share. What runs that were killed left behind goes first.
pub(super) async fn ground(daemon: Daemon, resources: &Resources) -> Result<ContainerStages, Stop> {
    reap(&daemon).await;
    let cloud = CloudImage::of_this_program(&daemon).await.map_err(trouble)?;
    if cloud.made {
        tell(&format!("hallmark: made the fake cloud's image {}", cloud.reference));
    }
    let token = random_token().context("making the admin token: the system's source of randomness failed; check /dev/urandom")?;
    let holding = Holding::new(daemon, resources.runtime.clone());
    let (authority, client) = (Arc::clone(&resources.authority), resources.client.clone());
    let starts = ProcessLauncher::usual_starts();
    let begun = ContainerStages::begin(holding.clone(), &cloud, authority, client, token, resources.runtime.clone(), starts).await;
    match begun {
        Ok(stages) => Ok(stages),
        Err(error) => {
            for what in holding.clear().await {
                tell(&format!("hallmark: {what}"));
            }
            Err(trouble(error))
        }
    }
}

/// Looks an image up, and makes it a provider that trusts the run.
pub(super) async fn provider(
    holding: &Holding,
    image: SubjectImage,
    manifest: &Manifest,
    completed: CompletedJobs,
    resources: &Resources,
) -> Result<ImageProvider, DockerError> {
    let deliveries: Vec<AuthorityDelivery> = manifest.ca.iter().map(|delivery| harness(*delivery)).collect();
    let trust = Trust::prepare(holding, &image, &resources.authority.pem(), &deliveries).await?;
    Ok(ImageProvider {
        facts: ImageFacts::find(holding.daemon(), &image, &known_secrets(manifest)).await?,
        image,
        trust,
        own: manifest.env.clone(),
        declared: manifest.job_config.variables.clone(),
        completed,
        limit: manifest.task_timeout + OVERRUN,
        grace: GRACE,
    })
}

/// Returns the secrets that stand in the manifest.
pub(super) fn known_secrets(manifest: &Manifest) -> Vec<KnownSecret> {
    let mut known: BTreeMap<String, SecretString> = BTreeMap::new();
    for (name, source) in manifest.variants().into_iter().flat_map(|variant| variant.secrets) {
        if let SecretData::Value(value) = source.data {
            known.insert(name, value);
        }
    }
    known.into_iter().map(|(name, value)| KnownSecret { name, value }).collect()
}

/// Removes everything that a run has on the engine. What cannot be removed is told and changes no verdict.
pub(super) async fn end(stages: &ContainerStages) {
    for what in stages.end().await {
        tell(&format!("hallmark: clearing up: {what}"));
    }
    reap(stages.holding().daemon()).await;
}

impl Contained {
    async fn begin(
        daemon: Daemon,
        image: SubjectImage,
        manifest: &Manifest,
        completed: CompletedJobs,
        resources: &Resources,
    ) -> Result<Self, Stop> {
        let stages = ground(daemon, resources).await?;
        match provider(stages.holding(), image, manifest, completed, resources).await {
            Ok(provider) => Ok(Self { stages, provider }),
            Err(error) => {
                end(&stages).await;
                Err(trouble(error))
            }
        }
    }

    /// Measures what the image costs with nothing around it. Trouble with that is told and changes no verdict.
    async fn measured(&self, at_once: usize) -> Option<BareTimingRecord> {
        let runs = u32::try_from(2 * at_once.clamp(BARE_FEWEST, BARE_MOST)).unwrap_or(u32::MAX);
        match BareRuns::measure(self.stages.holding(), &self.provider.image, runs, at_once).await {
            Ok(BareRuns { runs, at_once, time }) => Some(BareTimingRecord { runs, at_once, seconds: time.as_secs_f64() }),
            Err(error) => {
                tell(&format!("hallmark: measuring bare runs of the image: {error}"));
                None
            }
        }
    }

    /// Returns its stages, for who plays on them.
    pub(super) fn staging(&self) -> Staging {
        Staging::Container { stages: self.stages.clone(), provider: Box::new(self.provider.clone()) }
    }

    /// Runs the trust probe: a provider that trusts nobody here would fail every rule for a reason of ours.
    pub(super) async fn probe(&self, order: &Order<'_>) -> Result<(), Stop> {
        let first = || order.manifest.variants().into_iter().next();
        let Some(variant) = order.variant.cloned().or_else(first) else { return Ok(()) };
        let probed = Box::pin(probe_trust(&self.stages, &self.provider, order.manifest, &variant, order.seed)).await;
        let Some(distrust) = probed.map_err(|error| Stop::Trouble(anyhow!("{error}").context("probing whom the provider trusts")))? else {
            return Ok(());
        };
        let tried: Vec<&str> = order.manifest.ca.iter().map(|delivery| delivery.as_str()).collect();
        Err(Stop::Trouble(anyhow!(
            "the provider refused the certificate of {} ({}) before it made any request: it does not trust the run's certificate authority, so \
             nothing can be said about it. The authority was delivered by ca = {tried:?}. Choose in the manifest from \"environment\" \
             (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE), \"bundle\" (the system's bundle), \"certifi\" \
             (Python's certifi package) and \"java\" (a keystore). A provider that compiled its roots in cannot be played as an image",
            distrust.host,
            distrust.reason
        )))
    }
}

/// Removes what runs that were killed left behind.
async fn reap(daemon: &Daemon) {
    match reap_abandoned(daemon).await {
        Ok((0, _)) => {}
        Ok((count, trouble)) => {
            tell(&format!("hallmark: removed {count} containers, networks, volumes and images that a run left behind when it was killed"));
            for what in trouble {
                tell(&format!("hallmark: clearing up after that run: {what}"));
            }
        }
        Err(error) => tell(&format!("hallmark: looking for what runs left behind: {error}")),
    }
}

fn timing(times: &ContainerTimes, bare: Option<BareTimingRecord>) -> ContainerTimingRecord {
    ContainerTimingRecord {
        runs: times.jobs,
        queued: times.queued.as_secs_f64(),
        made: times.made.as_secs_f64(),
        furnished: times.furnished.as_secs_f64(),
        started: times.started.as_secs_f64(),
        ran: times.ran.as_secs_f64(),
        removed: times.removed.as_secs_f64(),
        clouds: times.clouds,
        clouds_started: times.clouds_started.as_secs_f64(),
        set_up: times.set_up.as_secs_f64(),
        bare,
    }
}

/// Returns the record of an image.
pub(super) fn record(image: &SubjectImage) -> ImageRecord {
    ImageRecord {
        reference: image.reference.clone(),
        digest: image.digest().to_owned(),
        id: image.id.clone(),
        platform: image.platform.clone(),
    }
}

/// An image that is not there is the caller's mistake; everything else is trouble of ours or the machine's.
pub(super) fn trouble(error: DockerError) -> Stop {
    match error {
        DockerError::NoImage { .. } | DockerError::NoReference { .. } | DockerError::Credentials(_) => Stop::Usage(anyhow!("{error}")),
        error => Stop::Trouble(anyhow!("{error}").context("playing an image, which needs Docker (`hallmark doctor` checks it)")),
    }
}

fn harness(delivery: manifest::AuthorityDelivery) -> AuthorityDelivery {
    match delivery {
        manifest::AuthorityDelivery::Environment => AuthorityDelivery::Environment,
        manifest::AuthorityDelivery::Bundle => AuthorityDelivery::Bundle,
        manifest::AuthorityDelivery::Certifi => AuthorityDelivery::Certifi,
        manifest::AuthorityDelivery::Java => AuthorityDelivery::Java,
    }
}

/// What is to be played in containers.
pub(super) struct Order<'run> {
    pub(super) manifest: &'run Manifest,
    pub(super) completed: CompletedJobs,
    pub(super) seed: u64,
    /// The variant with which trust is probed; none is the first.
    pub(super) variant: Option<&'run Variant>,
    /// How many bare runs of the image are measured at once after the suite; none measures none.
    pub(super) bare_at_once: Option<usize>,
}

/// Makes an image ready in containers, has something played on its stages, and removes all of it from the engine.
///
/// The engine's connections live on the runtime that made them, so everything is awaited there; the fake clouds are in processes of their own.
pub(super) fn with<T>(
    daemon: Daemon,
    image: SubjectImage,
    order: &Order<'_>,
    resources: &Resources,
    play: impl AsyncFnOnce(&Contained) -> Result<T, Stop>,
) -> Result<T, Stop> {
    resources.runtime.block_on(async {
        let contained = Contained::begin(daemon, image, order.manifest, order.completed, resources).await?;
        let played = play(&contained).await;
        end(&contained.stages).await;
        played
    })
}

/// What came of playing the suite in containers.
pub(super) struct Played {
    pub(super) collector: Arc<Collector>,
    pub(super) ended: Ended,
    pub(super) containers: ContainerTimingRecord,
    /// Time that was spent on measuring afterwards.
    pub(super) aside: Duration,
}

/// Plays the suite in containers, and what comes after it, until that ends, the time is up, or somebody interrupts it; then nothing of the run is left on
/// the engine.
pub(super) fn play(
    daemon: Daemon,
    image: SubjectImage,
    order: &Order<'_>,
    resources: &Resources,
    time_limit: Duration,
    suite: impl FnOnce(Staging) -> Suite,
    after: impl AsyncFnOnce(Staging),
) -> Result<Played, Stop> {
    with(daemon, image, order, resources, async |contained| {
        let suite = suite(contained.staging());
        let collector = suite.collector();
        let playing = async {
            contained.probe(order).await?;
            suite.play().await;
            after(contained.staging()).await;
            Ok(())
        };
        let ended = until_ended(playing, time_limit).await;
        let times = contained.stages.times();
        let over = Instant::now();
        let mut bare = None;
        if let (Some(at_once), Ok(Ended::Whole)) = (order.bare_at_once, &ended) {
            // Whoever interrupts this has seen the suite's end, and gets its results.
            let measuring = async {
                bare = contained.measured(at_once).await;
                Ok(())
            };
            until_ended(measuring, BARE_LIMIT).await.ok();
        }
        Ok(Played { collector, ended: ended?, containers: timing(&times, bare), aside: over.elapsed() })
    })
}
