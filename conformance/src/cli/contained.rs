//! What a run in container mode needs beyond any run: the engine, both images, the stages.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use hallmark_harness::cloud::random_token;
use hallmark_harness::docker::{Daemon, DockerError, Holding, Pull, SubjectImage, reap_abandoned};
use hallmark_harness::job::container::{AuthorityDelivery, Trust};
use hallmark_harness::job::{CompletedJobs, ProcessLauncher};
use hallmark_harness::stage::{CloudImage, ContainerStages, ImageProvider, Resources};

use super::certify::Ended;
use super::run::until_ended;
use super::setting::{GRACE, OVERRUN};
use super::{Stop, tell};
use crate::manifest::{self, Manifest};
use crate::results::ImageRecord;
use crate::suite::{Collector, Staging, Suite, probe_trust};

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

impl Contained {
    /// Makes everything that the stages share. What runs that were killed left behind goes first.
    pub(super) async fn begin(
        daemon: Daemon,
        image: SubjectImage,
        manifest: &Manifest,
        completed: CompletedJobs,
        resources: &Resources,
    ) -> Result<Self, Stop> {
        reap(&daemon).await;
        let cloud = CloudImage::of_this_program(&daemon).await.map_err(trouble)?;
        if cloud.made {
            tell(&format!("hallmark: made the fake cloud's image {}", cloud.reference));
        }
        let token = random_token().context("making the admin token: the system's source of randomness failed; check /dev/urandom")?;
        let holding = Holding::new(daemon, resources.runtime.clone());
        let begun = async {
            let deliveries: Vec<AuthorityDelivery> = manifest.ca.iter().map(|delivery| harness(*delivery)).collect();
            let trust = Trust::prepare(&holding, &image, &resources.authority.pem(), &deliveries).await?;
            let (authority, client) = (Arc::clone(&resources.authority), resources.client.clone());
            let starts = ProcessLauncher::usual_starts();
            let stages =
                ContainerStages::begin(holding.clone(), &cloud, authority, client, token, resources.runtime.clone(), starts).await?;
            Ok::<_, DockerError>((stages, trust))
        };
        let (stages, trust) = match begun.await {
            Ok(begun) => begun,
            Err(error) => {
                for what in holding.clear().await {
                    tell(&format!("hallmark: {what}"));
                }
                return Err(trouble(error));
            }
        };
        let provider = ImageProvider {
            image,
            trust,
            own: manifest.env.clone(),
            declared: manifest.job_config.variables.clone(),
            completed,
            limit: manifest.task_timeout + OVERRUN,
            grace: GRACE,
        };
        Ok(Self { stages, provider })
    }

    /// Runs the trust probe: a provider that trusts nobody here would fail every rule for a reason of ours.
    async fn probe(&self, order: &Order<'_>) -> Result<(), Stop> {
        let Some(variant) = order.manifest.variants().into_iter().next() else { return Ok(()) };
        let probed = probe_trust(&self.stages, &self.provider, order.manifest, &variant, order.seed).await;
        let Some(distrust) = probed.map_err(|error| Stop::Trouble(anyhow!("{error}").context("probing whom the provider trusts")))? else {
            return Ok(());
        };
        let tried: Vec<&str> = order.manifest.ca.iter().map(|delivery| delivery.as_str()).collect();
        Err(Stop::Trouble(anyhow!(
            "the provider refused the certificate of {} ({}) before it made any request: it does not trust the run's certificate authority, so \
             nothing can be said about it. The authority was delivered by ca = {tried:?}. Choose in the manifest from \"environment\" \
             (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE), \"bundle\" (the system's bundle), \"certifi\" \
             (Python's certifi package) and \"java\" (a keystore). A provider that compiled its roots in cannot be certified as an image",
            distrust.host,
            distrust.reason
        )))
    }

    /// Removes everything that the run has on the engine. What cannot be removed is told and changes no verdict.
    pub(super) async fn end(&self) {
        for what in self.stages.end().await {
            tell(&format!("hallmark: clearing up: {what}"));
        }
        reap(self.stages.holding().daemon()).await;
    }
}

/// Removes what runs that were killed left behind.
async fn reap(daemon: &Daemon) {
    match reap_abandoned(daemon).await {
        Ok((0, _)) => {}
        Ok((count, trouble)) => {
            tell(&format!("hallmark: removed {count} containers and networks that a run left behind when it was killed"));
            for what in trouble {
                tell(&format!("hallmark: clearing up after that run: {what}"));
            }
        }
        Err(error) => tell(&format!("hallmark: looking for what runs left behind: {error}")),
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
fn trouble(error: DockerError) -> Stop {
    match error {
        DockerError::NoImage { .. } | DockerError::Credentials(_) => Stop::Usage(anyhow!("{error}")),
        error => Stop::Trouble(anyhow!("{error}").context("certifying an image, which needs Docker (`hallmark doctor` checks it)")),
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
}

/// Plays the suite in containers until it ends, the time is up, or somebody interrupts it; then nothing of the run is left on the engine.
pub(super) fn play(
    daemon: Daemon,
    image: SubjectImage,
    order: &Order<'_>,
    resources: &Resources,
    time_limit: Duration,
    suite: impl FnOnce(Staging) -> Suite,
) -> Result<(Arc<Collector>, Ended), Stop> {
    // The engine's connections live on the runtime that made them, so everything is awaited there; the fake clouds are in processes of their own.
    let runtime = resources.runtime.clone();
    let contained = runtime.block_on(Contained::begin(daemon, image, order.manifest, order.completed, resources))?;
    let staging = Staging::Container { stages: contained.stages.clone(), provider: Box::new(contained.provider.clone()) };
    let suite = suite(staging);
    let collector = suite.collector();
    let ended = runtime.block_on(until_ended(
        async {
            contained.probe(order).await?;
            suite.play().await;
            Ok(())
        },
        time_limit,
    ));
    runtime.block_on(contained.end());
    Ok((collector, ended?))
}
