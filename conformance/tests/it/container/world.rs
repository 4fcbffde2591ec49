//! What the tests share: the engine, images of wrong providers and of a right one, and hallmark run on them.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use bollard::models::{ContainerConfig, ContainerCreateBody};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateContainerOptions, ListContainersOptionsBuilder, ListImagesOptionsBuilder,
    ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptions, RemoveImageOptions, UploadToContainerOptionsBuilder,
};
use hallmark::results::Results;
use hallmark_harness::cloud::certificates::Authority;
use hallmark_harness::docker::{Archive, Daemon};
use tokio::sync::Mutex;

use super::engine::engine;

/// A folder with the mutants' manifest, and the image of one mutant.
pub(super) struct World {
    place: tempfile::TempDir,
    pub(super) daemon: Daemon,
    pub(super) image: String,
}

/// A hallmark that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) process: u32,
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl World {
    /// Makes the image of a mutant: this hallmark, FROM scratch, started as that mutant. `more` stands at the top of the manifest.
    pub(super) async fn with(mutant: &str, more: &str) -> Option<Self> {
        Self::dressed(mutant, more, Dressing::Stranger).await
    }

    /// The same with an image of nothing but the program, which runs as nobody in particular.
    pub(super) async fn from_scratch() -> Option<Self> {
        Self::dressed("none", "", Dressing::Nothing).await
    }

    async fn dressed(mutant: &str, more: &str, dressing: Dressing) -> Option<Self> {
        let daemon = engine().await?;
        let image = image(&daemon, mutant, dressing).await;
        let place = tempfile::Builder::new().prefix("hallmark-container-").tempdir().unwrap();
        std::fs::write(place.path().join("provider.toml"), format!("{more}\n{}", hallmark::mutant::MANIFEST)).unwrap();
        std::fs::write(place.path().join("job_config.json"), hallmark::mutant::JOB_CONFIG).unwrap();
        Some(Self { place, daemon, image })
    }

    /// Starts `hallmark run --image` on it.
    pub(super) fn start(&self, arguments: &[&str]) -> Child {
        self.hallmark(&[&["run", "provider.toml", "--image", &self.image, "--out", "out", "--quiet"], arguments].concat())
    }

    /// Starts hallmark in its folder.
    pub(super) fn hallmark(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hallmark"));
        command.args(arguments);
        command.current_dir(self.place.path()).env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Runs it to its end, and makes sure that nothing of it is left.
    pub(super) async fn run(&self, arguments: &[&str]) -> Ended {
        let ended = ended(self.start(arguments)).await;
        assert_eq!(self.left(ended.process).await, Vec::<String>::new(), "{ended:?}");
        ended
    }

    /// Returns its folder.
    pub(super) fn folder(&self) -> &Path {
        self.place.path()
    }

    /// Returns the results that a run left.
    pub(super) fn results(&self) -> Results {
        Results::read(&self.place.path().join("out/results.ndjson")).unwrap()
    }

    /// Returns the names of everything on the engine that is a process'.
    pub(super) async fn left(&self, process: u32) -> Vec<String> {
        let filters = HashMap::from([("label".to_owned(), vec!["hallmark.run".to_owned()])]);
        let owned = |labels: Option<HashMap<String, String>>| {
            labels.is_some_and(|labels| labels.get("hallmark.owner").is_some_and(|owner| owner.contains(&format!("/{process}/"))))
        };
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let containers = self.daemon.docker().list_containers(Some(options)).await.unwrap();
        let containers = containers.into_iter().filter(|container| owned(container.labels.clone()));
        let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let networks = self.daemon.docker().list_networks(Some(options)).await.unwrap();
        let networks = networks.into_iter().filter(|network| owned(network.labels.clone()));
        let containers = containers.map(|container| container.names.unwrap_or_default().join(" "));
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let volumes = self.daemon.docker().list_volumes(Some(options)).await.unwrap().volumes.unwrap_or_default();
        let volumes = volumes.into_iter().filter(|volume| owned(Some(volume.labels.clone()))).map(|volume| volume.name);
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let images = self.daemon.docker().list_images(Some(options)).await.unwrap();
        let images = images.into_iter().filter(|image| owned(Some(image.labels.clone()))).map(|image| image.repo_tags.join(" "));
        let networks = networks.map(|network| network.name.unwrap_or_default());
        containers.chain(networks).chain(volumes).chain(images).collect()
    }
}

/// What stands in an image beside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dressing {
    /// Certificates of a stranger.
    Stranger,
    /// Nothing.
    Nothing,
}

/// Returns the image of a mutant, making it where there is none of this very program.
async fn image(daemon: &Daemon, mutant: &str, dressing: Dressing) -> String {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());
    let _making = ONE_AT_A_TIME.lock().await;
    let built = tokio::process::Command::new(env!("CARGO_BIN_EXE_hallmark")).args(["image", "build"]).output().await.unwrap();
    assert!(built.status.success(), "{built:?}");
    let program = String::from_utf8(built.stdout).unwrap().lines().next().unwrap().to_owned();
    let bare = if dressing == Dressing::Nothing { "-from-scratch" } else { "" };
    let tag = mutant.to_ascii_lowercase().replace('/', "-") + bare;
    let image = format!("hallmark-test-mutant:{tag}");
    let docker = daemon.docker();
    let old = docker.inspect_image(&image).await.ok();
    let labels = old.as_ref().and_then(|old| old.config.as_ref()?.labels.clone()).unwrap_or_default();
    // What is made of the program's image bears its labels.
    if labels.get("hallmark.program").is_some_and(|digest| program.ends_with(digest)) {
        return image;
    }
    let body = ContainerCreateBody { image: Some(program), ..Default::default() };
    let container = docker.create_container(None::<CreateContainerOptions>, body).await.unwrap().id;
    if dressing == Dressing::Stranger {
        // Like any image, it trusts somebody; here nobody who signs for the run.
        let mut files = Archive::default();
        for folder in ["/etc", "/etc/ssl", "/etc/ssl/certs"] {
            files.folder(Path::new(folder), 0o755).unwrap();
        }
        let stranger = Authority::new().unwrap().pem();
        files.file(Path::new("/etc/ssl/certs/ca-certificates.crt"), 0o644, stranger.as_bytes()).unwrap();
        let options = UploadToContainerOptionsBuilder::default().path("/").build();
        docker.upload_to_container(&container, Some(options), bollard::body_full(files.finish().unwrap())).await.unwrap();
    }
    let options = CommitContainerOptionsBuilder::default().container(&container).repo("hallmark-test-mutant").tag(&tag).build();
    let user = (dressing == Dressing::Nothing).then(|| "65532:65532".to_owned());
    let config = ContainerConfig { cmd: Some(vec!["mutant".into(), mutant.into()]), user, ..Default::default() };
    docker.commit_container(options, config).await.unwrap();
    docker.remove_container(&container, None::<RemoveContainerOptions>).await.unwrap();
    if let Some(old) = old.and_then(|old| old.id) {
        docker.remove_image(&old, None::<RemoveImageOptions>, None).await.ok();
    }
    image
}

/// Waits for a hallmark's end.
pub(super) async fn ended(child: Child) -> Ended {
    let process = child.id();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { process, code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
