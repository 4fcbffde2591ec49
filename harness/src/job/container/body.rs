//! A job's container, described for the engine.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, MountVolumeOptions};

use super::launcher::{ContainerJob, Rights, TOKEN_FILE};

/// Half a core, as IBM's deployer gives a provider's job. In billionths of a core.
const CPU: i64 = 500_000_000;
/// One gibibyte, as IBM's deployer gives, and no swap beyond it.
const MEMORY: i64 = 1024 * 1024 * 1024;
/// Processes and threads at most: a runtime needs hundreds, a fork bomb takes the machine.
const PROCESSES: i64 = 2048;
/// What a container with the least rights may write: temporary files, in memory, as many as the deployer's job may have. Some runtimes unpack there what
/// they execute, which the engine forbids unless it is told.
const TEMPORARY: (&str, &str) = ("/tmp", "rw,exec,nosuid,nodev,mode=1777,size=400000000");

/// What an image that names no command starts: nothing that is there, as the reason then says.
const NO_COMMAND: &str = "/this-image-names-no-command";

/// Returns the container of a job; `labels` are for what the engine makes with it.
pub(super) fn body(job: &ContainerJob, labels: &HashMap<String, String>) -> ContainerCreateBody {
    let token = job.token_file.iter().map(|token| format!("{}={TOKEN_FILE}", token.variable));
    let environment = job.environment.iter().map(|(name, value)| format!("{name}={value}")).chain(token).collect();
    let usual = HostConfig {
        network_mode: Some(job.network.clone()),
        nano_cpus: Some(CPU),
        memory: Some(MEMORY),
        memory_swap: Some(MEMORY),
        pids_limit: Some(PROCESSES),
        binds: Some(vec![format!("{}:/etc/resolv.conf:ro", job.resolver)]),
        // What is read is not kept twice.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        ..HostConfig::default()
    };
    let (user, host_config) = match &job.rights {
        Rights::Usual => (None, usual),
        Rights::Least { user } => (user.clone(), restricted(usual, job, labels)),
    };
    ContainerCreateBody {
        image: Some(job.image.id.clone()),
        // The engine would refuse to make it, and that is the image's fault.
        entrypoint: job.image.command.is_empty().then(|| vec![NO_COMMAND.to_owned()]),
        user,
        hostname: job.environment.get("HOSTNAME").filter(|name| name.len() <= 63).cloned(),
        env: Some(environment),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        host_config: Some(host_config),
        ..ContainerCreateBody::default()
    }
}

/// Takes every right away that the engine can take away.
fn restricted(usual: HostConfig, job: &ContainerJob, labels: &HashMap<String, String>) -> HostConfig {
    let furnishing = job.furnishing();
    let volume = |folder: &std::path::Path| Mount {
        target: Some(folder.to_string_lossy().into_owned()),
        typ: Some(MountType::VOLUME),
        // Without a name it is removed with its container; the labels are for one that stays for all that.
        volume_options: Some(MountVolumeOptions { labels: Some(labels.clone()), ..MountVolumeOptions::default() }),
        ..Mount::default()
    };
    HostConfig {
        readonly_rootfs: Some(true),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        tmpfs: Some(HashMap::from([(TEMPORARY.0.to_owned(), TEMPORARY.1.to_owned())])),
        mounts: Some(furnishing.folders().into_iter().map(volume).collect()),
        ..usual
    }
}
