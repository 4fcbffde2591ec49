//! Making an image of one layer without any builder: the archive that `docker load` takes.

use std::path::Path;

use bollard::body_full;
use bollard::query_parameters::ImportImageOptions;
use futures::TryStreamExt as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::daemon::own_architecture;
use super::{Archive, Daemon, DockerError, PackedExecutable};

/// Gives the engine an image of a packed program under `reference`; `command` are the arguments with which it starts.
pub async fn load(
    daemon: &Daemon,
    packed: &PackedExecutable,
    reference: &str,
    command: &[&str],
    labels: &[(&str, &str)],
) -> Result<(), DockerError> {
    let archive = image(packed, reference, command, labels)
        .map_err(|source| DockerError::Pack { attempted: format!("writing the image {reference}"), source })?;
    let attempted = format!("load the image {reference}");
    let mut loading = std::pin::pin!(daemon.docker().import_image(ImportImageOptions::default(), body_full(archive), None));
    while loading.try_next().await.map_err(DockerError::when(attempted.clone()))?.is_some() {}
    Ok(())
}

/// The program carries no build time, so the same program is the same image.
fn image(packed: &PackedExecutable, reference: &str, command: &[&str], labels: &[(&str, &str)]) -> std::io::Result<bytes::Bytes> {
    let labels: serde_json::Map<_, _> = labels.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let config = json!({
        "architecture": own_architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": { "Entrypoint": packed.entrypoint, "Cmd": command, "Labels": labels, "WorkingDir": "/" },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex::encode(Sha256::digest(&packed.layer)))] },
        "history": [{ "created": "1970-01-01T00:00:00Z", "created_by": "hallmark" }],
    });
    let manifest = json!([{ "Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"] }]);
    let mut archive = Archive::default();
    archive.file(Path::new("config.json"), 0o644, config.to_string().as_bytes())?;
    archive.file(Path::new("layer.tar"), 0o644, &packed.layer)?;
    archive.file(Path::new("manifest.json"), 0o644, manifest.to_string().as_bytes())?;
    archive.finish()
}
