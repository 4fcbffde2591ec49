//! What the tests share: the engine, an image of this program, and a network.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveImageOptions};
use hallmark_harness::contract::TaskId;
use hallmark_harness::docker::{Daemon, Holding, ImageSpec, InternalNetwork, PackedExecutable, Pull, SubjectImage, internal, load};
use hallmark_harness::job::container::{ContainerJob, ContainerLauncher, Furnishing, Rights};
use hallmark_harness::job::{JobRun, LaunchError, OutputBound};
use hallmark_harness::journal::{JobRef, LogStream};
use tokio::sync::OnceCell;

use crate::engine::engine;
use crate::subject::{DOES, NAME};

/// The image of this program. One name, so that an old one can be told and goes.
const IMAGE: &str = "hallmark-test-subject:harness";

/// A network and what runs on it; [`World::end`] removes all of it.
pub(crate) struct World {
    pub(crate) holding: Holding,
    pub(crate) network: InternalNetwork,
    pub(crate) image: SubjectImage,
    pub(crate) launcher: ContainerLauncher,
}

/// Returns the image of this program.
pub(crate) async fn image(daemon: &Daemon) -> SubjectImage {
    static MADE: OnceCell<()> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        let old = SubjectImage::find(daemon, IMAGE, Pull::Never).await.ok();
        let packed =
            tokio::task::spawn_blocking(PackedExecutable::own).await.expect("packing does not panic").expect("this program can be packed");
        let command = ["--exact", NAME, "--ignored", "--nocapture", "--quiet"].map(str::to_owned).to_vec();
        let spec = ImageSpec { reference: IMAGE.to_owned(), command, ..ImageSpec::default() };
        load(daemon, &packed, &[spec]).await.expect("the engine does it");
        let new = SubjectImage::find(daemon, IMAGE, Pull::Never).await.expect("the engine does it");
        if let Some(old) = old.filter(|old| old.id != new.id) {
            daemon.docker().remove_image(&old.id, None::<RemoveImageOptions>, None).await.ok();
        }
    })
    .await;
    SubjectImage::find(daemon, IMAGE, Pull::Never).await.expect("the engine does it")
}

impl World {
    pub(crate) async fn new() -> Option<Self> {
        let daemon = engine().await?;
        let image = image(&daemon).await;
        let holding = Holding::new(daemon, tokio::runtime::Handle::current());
        let network = internal(&holding).await.expect("the engine does it");
        Some(Self { launcher: ContainerLauncher::new(holding.clone(), 4), holding, network, image })
    }

    /// Returns a job in which the subject does something.
    pub(crate) fn job(&self, does: &str) -> ContainerJob {
        ContainerJob {
            job: JobRef { task: TaskId(format!("sm-task-{}", uuid::Uuid::new_v4())), run: 0 },
            image: self.image.clone(),
            environment: BTreeMap::from([(DOES.to_owned(), does.to_owned())]),
            network: self.network.name.clone(),
            resolver: "/etc/resolv.conf".to_owned(),
            files: Furnishing::default(),
            rights: Rights::Usual,
            measured: false,
            token_file: None,
            limit: Duration::from_mins(2),
            grace: Duration::from_secs(1),
            line_bound: 1000,
            output_bound: OutputBound::default(),
        }
    }

    pub(crate) async fn run(&self, job: ContainerJob) -> Result<JobRun, LaunchError> {
        self.launcher.ready(job).await?.run(std::future::pending()).await
    }

    /// Removes everything and makes sure that nothing is left.
    pub(crate) async fn end(self) {
        assert_eq!(self.holding.clear().await, Vec::<String>::new());
    }
}

/// Returns what the subject said on one stream; the test harness around it talks on standard output too.
pub(crate) fn said(run: &JobRun, stream: LogStream) -> String {
    run.lines.iter().filter(|(of, _)| *of == stream).flat_map(|(_, line)| [line.as_str(), "\n"]).collect()
}

/// Returns how many volumes a run has.
pub(crate) async fn volumes(holding: &Holding) -> usize {
    let filters = HashMap::from([("label".to_owned(), vec![format!("hallmark.run={}", holding.run())])]);
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let found = holding.daemon().docker().list_volumes(Some(options)).await.expect("the engine does it");
    found.volumes.unwrap_or_default().len()
}

/// Keeps an authority for a whole test program.
pub(crate) fn authority() -> Arc<hallmark_harness::cloud::certificates::Authority> {
    Arc::new(hallmark_harness::cloud::certificates::Authority::new().expect("an authority can be made"))
}
