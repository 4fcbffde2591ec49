//! Making images without any builder: the archive that `docker load` takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use bollard::body_full;
use bollard::query_parameters::ImportImageOptions;
use bytes::Bytes;
use futures::TryStreamExt as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::daemon::own_architecture;
use super::holding::{Holding, MADE, Role};
use super::{Archive, Daemon, DockerError, PackedExecutable};

/// An image of a packed program, described.
#[derive(Debug, Clone, Default)]
pub struct ImageSpec {
    /// Its name.
    pub reference: String,
    /// The arguments with which the program starts.
    pub command: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its environment.
    pub environment: BTreeMap<String, String>,
    /// The user as which it runs; empty for none.
    pub user: String,
    /// The architecture for which it says that it is; none for this machine's.
    pub architecture: Option<String>,
    /// Folders into which everybody may write, beside `/tmp`.
    pub folders: Vec<PathBuf>,
}

/// Gives the engine images of one packed program. The program is sent once, whatever their number.
pub async fn load(daemon: &Daemon, packed: &PackedExecutable, images: &[ImageSpec]) -> Result<(), DockerError> {
    let names = images.iter().map(|image| image.reference.as_str()).collect::<Vec<_>>().join(", ");
    let archive =
        archive(packed, images).map_err(|source| DockerError::Pack { attempted: format!("writing the image {names}"), source })?;
    let attempted = format!("load the image {names}");
    let mut loading = std::pin::pin!(daemon.docker().import_image(ImportImageOptions::default(), body_full(archive), None));
    while loading.try_next().await.map_err(DockerError::when(attempted.clone()))?.is_some() {}
    Ok(())
}

impl Holding {
    /// Gives the engine images of one packed program that are this run's, and go at its end; returns their names.
    pub async fn load(&self, packed: PackedExecutable, mut images: Vec<ImageSpec>) -> Result<Vec<String>, DockerError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        for image in &mut images {
            image.reference = format!("{}:latest", self.name(Role::Image));
            image.labels.extend(self.labels(Role::Image));
            image.labels.insert(MADE.to_owned(), now.to_string());
        }
        let names = images.iter().map(|image| image.reference.clone()).collect();
        let daemon = self.daemon().clone();
        self.make(async move { load(&daemon, &packed, &images).await }).await?;
        Ok(names)
    }
}

/// The program carries no build time, so the same program is the same image.
fn archive(packed: &PackedExecutable, images: &[ImageSpec]) -> std::io::Result<Bytes> {
    let mut archive = Archive::default();
    let mut manifest = Vec::new();
    let digest = |layer: &[u8]| format!("sha256:{}", hex::encode(Sha256::digest(layer)));
    let program = digest(&packed.layer);
    archive.file(Path::new("program.tar"), 0o644, &packed.layer)?;
    for (number, image) in images.iter().enumerate() {
        let mut layers = vec!["program.tar".to_owned()];
        let mut digests = vec![program.clone()];
        if !image.folders.is_empty() {
            let mut folders = Archive::default();
            image.folders.iter().try_for_each(|folder| folders.folder(folder, 0o1777))?;
            let folders = folders.finish()?;
            layers.push(format!("{number}.tar"));
            digests.push(digest(&folders));
            archive.file(Path::new(&format!("{number}.tar")), 0o644, &folders)?;
        }
        let config = json!({
            "architecture": image.architecture.as_deref().unwrap_or(own_architecture()),
            "os": "linux",
            "created": "1970-01-01T00:00:00Z",
            "config": {
                "Entrypoint": packed.entrypoint,
                "Cmd": image.command,
                "Labels": image.labels,
                "Env": image.environment.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
                "User": image.user,
                "WorkingDir": "/",
            },
            "rootfs": { "type": "layers", "diff_ids": digests },
            "history": layers.iter().map(|_| json!({ "created": "1970-01-01T00:00:00Z", "created_by": "hallmark" })).collect::<Vec<_>>(),
        });
        archive.file(Path::new(&format!("{number}.json")), 0o644, config.to_string().as_bytes())?;
        manifest.push(json!({ "Config": format!("{number}.json"), "RepoTags": [image.reference], "Layers": layers }));
    }
    archive.file(Path::new("manifest.json"), 0o644, serde_json::Value::from(manifest).to_string().as_bytes())?;
    archive.finish()
}
