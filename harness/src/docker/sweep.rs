//! Clearing up: all of a run that ends, and what runs left behind that were killed. Nothing without hallmark's labels is ever touched.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveImageOptionsBuilder, RemoveVolumeOptions, WaitContainerOptionsBuilder,
};
use futures::StreamExt as _;
use tokio::time::timeout;

use super::holding::{Holding, MADE, OWNER, ROLE, RUN, Role};
use super::owner::{Fate, Owner};
use super::{Daemon, DockerError, error};

/// Things that are removed at once.
const AT_ONCE: usize = 8;

/// Rounds of looking and removing; what is still there afterwards is told.
const ROUNDS: usize = 5;

/// Age below which a run of another machine or container is left alone although it has no cloud: it may be about to start one.
const YOUNG: Duration = Duration::from_mins(2);

/// Kinds of things, in the order in which they can be removed: what is used by a container goes after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Container,
    Network,
    Volume,
    Image,
}

/// Something of hallmark's on the engine.
#[derive(Debug, Clone)]
struct Thing {
    id: String,
    run: String,
    role: String,
    owner: Option<Owner>,
    running: bool,
    kind: Kind,
    /// Seconds since 1970, where the engine tells.
    created: Option<i64>,
}

impl Holding {
    /// Removes everything of this run, after which nothing can be made any more. Returns what could not be removed.
    pub async fn clear(&self) -> Vec<String> {
        // Waits for whoever is making something.
        *self.ending.write().await = true;
        let mut trouble = Vec::new();
        for _ in 0..ROUNDS {
            match things(self.daemon(), Some(self.run())).await {
                Ok(found) if found.is_empty() => return Vec::new(),
                Ok(found) => trouble = remove(self.daemon(), &found).await,
                Err(error) => return vec![error.to_string()],
            }
        }
        trouble
    }

    /// Removes one container of this run. One that is gone already is as good.
    pub async fn remove(&self, container: &str) -> Result<(), DockerError> {
        remove_container(self.daemon(), container).await
    }

    /// Removes one network of this run.
    pub async fn remove_network(&self, name: &str) -> Result<(), DockerError> {
        remove_network(self.daemon(), name).await
    }
}

/// Longest wait for a container that somebody else removes.
const LONGEST_REMOVAL: Duration = Duration::from_secs(30);

/// Removes what runs left behind whose process is gone, or whose clouds are; live runs are left alone. Returns how many things it removed, and what
/// it could not.
pub async fn reap_abandoned(daemon: &Daemon) -> Result<(usize, Vec<String>), DockerError> {
    let mut runs: BTreeMap<String, Vec<Thing>> = BTreeMap::new();
    for thing in things(daemon, None).await? {
        runs.entry(thing.run.clone()).or_default().push(thing);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let abandoned: Vec<Thing> = runs.into_values().filter(|things| is_abandoned(things, now)).flatten().collect();
    let trouble = remove(daemon, &abandoned).await;
    Ok((abandoned.len(), trouble))
}

/// Tells whether a run's things are nobody's any more.
fn is_abandoned(things: &[Thing], now: Duration) -> bool {
    match things.iter().find_map(|thing| thing.owner.as_ref()).map_or(Fate::Unknown, Owner::fate) {
        Fate::Alive => false,
        Fate::Gone => true,
        Fate::Unknown => {
            let has_cloud = things.iter().any(|thing| thing.running && thing.role == Role::Cloud.word());
            let age =
                |thing: &Thing| thing.created.and_then(|at| u64::try_from(at).ok()).map(|at| now.saturating_sub(Duration::from_secs(at)));
            let youngest = things.iter().filter_map(age).min();
            !has_cloud && youngest.is_some_and(|age| age > YOUNG)
        }
    }
}

async fn things(daemon: &Daemon, run: Option<&str>) -> Result<Vec<Thing>, DockerError> {
    let docker = daemon.docker();
    let label = run.map_or_else(|| RUN.to_owned(), |run| format!("{RUN}={run}"));
    let filters = HashMap::from([("label".to_owned(), vec![label])]);
    let mut things = Vec::new();
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    for container in docker.list_containers(Some(options)).await.map_err(DockerError::when("list containers"))? {
        let running =
            container.state.is_some_and(|state| matches!(state.to_string().as_str(), "running" | "created" | "restarting" | "paused"));
        things.extend(thing(Kind::Container, container.id, container.labels, running, container.created));
    }
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    for network in docker.list_networks(Some(options)).await.map_err(DockerError::when("list networks"))? {
        things.extend(thing(Kind::Network, network.id, network.labels, false, since(network.created.as_deref())));
    }
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let volumes = docker.list_volumes(Some(options)).await.map_err(DockerError::when("list volumes"))?;
    for volume in volumes.volumes.unwrap_or_default() {
        things.extend(thing(Kind::Volume, Some(volume.name), Some(volume.labels), false, since(volume.created_at.as_deref())));
    }
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    for image in docker.list_images(Some(options)).await.map_err(DockerError::when("list images"))? {
        // An image is as old as it says, and says nothing.
        let made = image.labels.get(MADE).and_then(|made| made.parse().ok());
        things.extend(thing(Kind::Image, Some(image.id), Some(image.labels), false, made));
    }
    Ok(things)
}

/// Returns the seconds since 1970 of a time as the engine writes it.
fn since(text: Option<&str>) -> Option<i64> {
    let time = time::OffsetDateTime::parse(text?, &time::format_description::well_known::Rfc3339).ok()?;
    Some(time.unix_timestamp())
}

fn thing(kind: Kind, id: Option<String>, labels: Option<HashMap<String, String>>, running: bool, created: Option<i64>) -> Option<Thing> {
    let labels = labels?;
    let owner = labels.get(OWNER).and_then(|label| Owner::parse(label));
    let role = labels.get(ROLE).cloned().unwrap_or_default();
    Some(Thing { id: id?, run: labels.get(RUN)?.clone(), role, owner, running, kind, created })
}

async fn remove(daemon: &Daemon, things: &[Thing]) -> Vec<String> {
    let mut trouble = Vec::new();
    for kind in [Kind::Container, Kind::Network, Kind::Volume, Kind::Image] {
        let removals = things.iter().filter(|thing| thing.kind == kind).map(|thing| async move {
            match kind {
                Kind::Container => remove_container(daemon, &thing.id).await,
                Kind::Network => remove_network(daemon, &thing.id).await,
                Kind::Volume => remove_volume(daemon, &thing.id).await,
                Kind::Image => remove_image(daemon, &thing.id).await,
            }
        });
        let removed = futures::stream::iter(removals).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
        trouble.extend(removed.into_iter().filter_map(|removed| removed.err().map(|error| error.to_string())));
    }
    trouble
}

async fn remove_container(daemon: &Daemon, id: &str) -> Result<(), DockerError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match daemon.docker().remove_container(id, Some(options)).await {
        Ok(()) => Ok(()),
        Err(error) if error::status(&error) == Some(404) => Ok(()),
        // Somebody is removing it already. Until that is done it holds on to its network.
        Err(error) if error::status(&error) == Some(409) => removed(daemon, id).await,
        Err(error) => Err(DockerError::when(format!("remove the container {id}"))(error)),
    }
}

/// Waits until a container is gone that is being removed.
async fn removed(daemon: &Daemon, id: &str) -> Result<(), DockerError> {
    let options = WaitContainerOptionsBuilder::default().condition("removed").build();
    let mut waiting = std::pin::pin!(daemon.docker().wait_container(id, Some(options)));
    match timeout(LONGEST_REMOVAL, waiting.next()).await {
        // Its exit code, which the library makes an error of, or nothing of that id any more.
        Ok(_) => Ok(()),
        Err(_) => Err(DockerError::Silent { what: format!("that the container {id} is removed") }),
    }
}

async fn remove_network(daemon: &Daemon, id: &str) -> Result<(), DockerError> {
    match daemon.docker().remove_network(id).await {
        Ok(()) => Ok(()),
        Err(error) if error::status(&error) == Some(404) => Ok(()),
        Err(error) => Err(DockerError::when(format!("remove the network {id}"))(error)),
    }
}

async fn remove_volume(daemon: &Daemon, name: &str) -> Result<(), DockerError> {
    match daemon.docker().remove_volume(name, None::<RemoveVolumeOptions>).await {
        Ok(()) => Ok(()),
        // It went with its container.
        Err(error) if error::status(&error) == Some(404) => Ok(()),
        Err(error) => Err(DockerError::when(format!("remove the volume {name}"))(error)),
    }
}

async fn remove_image(daemon: &Daemon, id: &str) -> Result<(), DockerError> {
    let options = RemoveImageOptionsBuilder::default().force(true).build();
    match daemon.docker().remove_image(id, Some(options), None).await {
        Ok(_) => Ok(()),
        Err(error) if error::status(&error) == Some(404) => Ok(()),
        Err(error) => Err(DockerError::when(format!("remove the image {id}"))(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing_of(owner: Option<Owner>, role: &str, running: bool, created: i64) -> Thing {
        let kind = if role == "network" { Kind::Network } else { Kind::Container };
        Thing { id: "x".into(), run: "r".into(), role: role.into(), owner, running, kind, created: Some(created) }
    }

    #[test]
    fn a_run_is_abandoned_when_its_process_is_gone_or_nobody_can_tell_and_its_cloud_is() {
        let now = Duration::from_secs(10_000);
        let own = Owner::own();
        assert!(!is_abandoned(&[thing_of(Some(own), "network", false, 0)], now));
        let gone = Owner::parse(&Owner::own().label().replace(&format!("/{}/", std::process::id()), "/4194305/"));
        assert!(is_abandoned(&[thing_of(gone, "cloud", true, 9_999)], now));
        let elsewhere = Owner::parse("another-boot/1/1");
        assert!(!is_abandoned(&[thing_of(elsewhere.clone(), "cloud", true, 0)], now));
        assert!(!is_abandoned(&[thing_of(elsewhere.clone(), "network", false, 9_950)], now));
        assert!(is_abandoned(&[thing_of(elsewhere.clone(), "network", false, 0), thing_of(elsewhere, "cloud", false, 0)], now));
    }
}
