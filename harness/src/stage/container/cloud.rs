//! A cloud's container: its network, its start, its heartbeat.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::models::{ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, NetworkConnectRequest, PortBinding};
use bollard::query_parameters::AttachContainerOptionsBuilder;
use futures::StreamExt as _;
use secrecy::SecretString;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::inside::{ADMIN_PORT, PATIENCE, READY, Settings};
use crate::admin::AdminClient;
use crate::cloud::certificates::Authority;
use crate::docker::{DockerError, Holding, InternalNetwork, Role, internal};

/// Longest that a cloud takes to listen, on a loaded machine.
const START: Duration = Duration::from_mins(2);

/// Bytes of a cloud's own complaint that are shown.
const COMPLAINT: usize = 2048;

/// Time between two heartbeats.
const BEAT: Duration = Duration::from_secs(5);

/// What all clouds of a run share.
#[derive(Clone)]
pub(super) struct CloudPlan {
    pub(super) holding: Holding,
    /// Id of the cloud's image.
    pub(super) image: String,
    /// The network over which admin ports are published.
    pub(super) bridge: String,
    pub(super) authority: Arc<Authority>,
    pub(super) token: SecretString,
    pub(super) client: AdminClient,
    pub(super) runtime: tokio::runtime::Handle,
}

/// A cloud's container on a network of its own.
pub(super) struct CloudContainer {
    holding: Holding,
    container: String,
    pub(super) network: InternalNetwork,
    /// Path, as the engine sees it, of a resolv.conf that names this cloud's name server.
    pub(super) resolver: String,
    pub(super) client: AdminClient,
    heartbeat: JoinHandle<()>,
    /// While it is open, the cloud knows that we are there.
    _input: Mutex<Pin<Box<dyn AsyncWrite + Send>>>,
}

impl CloudContainer {
    /// Starts one, empty.
    pub(super) async fn start(plan: &CloudPlan) -> Result<Self, DockerError> {
        let network = internal(&plan.holding).await?;
        let container = plan.holding.create(Role::Cloud, body(plan)).await?;
        let docker = plan.holding.daemon().docker();
        let address = EndpointIpamConfig { ipv4_address: Some(network.cloud.to_string()), ..Default::default() };
        let request = NetworkConnectRequest {
            container: container.clone(),
            endpoint_config: Some(EndpointSettings { ipam_config: Some(address), ..Default::default() }),
        };
        let connected = docker.connect_network(&network.name, request).await;
        connected.map_err(DockerError::when("put a fake cloud's container into its stage's network"))?;
        let options = AttachContainerOptionsBuilder::default().stdin(true).stdout(true).stderr(true).stream(true).build();
        let attached = docker.attach_container(&container, Some(options)).await.map_err(DockerError::when("attach to a fake cloud"))?;
        docker.start_container(&container, None).await.map_err(DockerError::when("start a fake cloud's container"))?;
        let mut input = attached.input;
        tell(&mut input, &Settings::new(&plan.token, &plan.authority, network.cloud)).await?;
        heard(attached.output).await?;
        let (port, resolver) = found(plan, &container).await?;
        let client = plan.client.at(&format!("http://127.0.0.1:{port}"), plan.token.clone());
        let heartbeat = plan.runtime.spawn(beat(client.clone()));
        Ok(Self { holding: plan.holding.clone(), container, network, resolver, client, heartbeat, _input: Mutex::new(input) })
    }

    /// Removes it and its network. What cannot be removed now is at the run's end.
    pub(super) async fn remove(self) {
        self.heartbeat.abort();
        self.holding.remove(&self.container).await.ok();
        self.holding.remove_network(&self.network.name).await.ok();
    }
}

fn body(plan: &CloudPlan) -> ContainerCreateBody {
    let port = format!("{ADMIN_PORT}/tcp");
    let loopback = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(String::new()) };
    ContainerCreateBody {
        image: Some(plan.image.clone()),
        exposed_ports: Some(vec![port.clone()]),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        open_stdin: Some(true),
        // The end of our connection is the end of its input.
        stdin_once: Some(true),
        host_config: Some(HostConfig {
            network_mode: Some(plan.bridge.clone()),
            port_bindings: Some(HashMap::from([(port, Some(vec![loopback]))])),
            auto_remove: Some(true),
            cap_drop: Some(vec!["ALL".to_owned()]),
            cap_add: Some(vec!["NET_BIND_SERVICE".to_owned()]),
            security_opt: Some(vec!["no-new-privileges".to_owned()]),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

async fn tell(input: &mut Pin<Box<dyn AsyncWrite + Send>>, settings: &Settings) -> Result<(), DockerError> {
    let silent = || DockerError::Silent { what: "that it passed the settings on to a fake cloud".to_owned() };
    let mut line = serde_json::to_vec(settings).map_err(|_| silent())?;
    line.push(b'\n');
    input.write_all(&line).await.map_err(|_| silent())?;
    input.flush().await.map_err(|_| silent())
}

/// Waits until the cloud says that it listens.
async fn heard(
    output: impl futures::Stream<Item = Result<bollard::container::LogOutput, bollard::errors::Error>>,
) -> Result<(), DockerError> {
    let mut output = std::pin::pin!(output);
    let mut said = Vec::new();
    let listening = async {
        while let Some(Ok(part)) = output.next().await {
            said.extend_from_slice(part.as_ref());
            if said.split(|byte| *byte == b'\n').any(|line| line == READY.as_bytes()) {
                return true;
            }
            said.truncate(COMPLAINT);
        }
        false
    };
    match timeout(START, listening).await {
        Ok(true) => Ok(()),
        _ => {
            let said = String::from_utf8_lossy(&said).trim().to_owned();
            let said = if said.is_empty() { "nothing".to_owned() } else { said };
            Err(DockerError::Silent { what: format!("that a fake cloud listens in its container; the cloud said: {said}") })
        }
    }
}

/// Returns where the admin API is published, and where the engine keeps the container's resolv.conf.
async fn found(plan: &CloudPlan, container: &str) -> Result<(u16, String), DockerError> {
    let found = plan.holding.daemon().docker().inspect_container(container, None).await;
    let found = found.map_err(DockerError::when("look where a fake cloud's admin port is"))?;
    let ports = found.network_settings.and_then(|all| all.ports);
    let bindings = ports.and_then(|mut ports| ports.remove(&format!("{ADMIN_PORT}/tcp")).flatten()).unwrap_or_default();
    let port = bindings.iter().find_map(|binding| binding.host_port.as_deref()?.parse().ok());
    let port =
        port.ok_or_else(|| DockerError::Silent { what: format!("where it published the admin port of the container {container}") })?;
    let resolver = found.resolv_conf_path.filter(|path| !path.is_empty());
    let resolver =
        resolver.ok_or_else(|| DockerError::Silent { what: format!("where it keeps resolv.conf of the container {container}") })?;
    Ok((port, resolver))
}

/// Tells the cloud that we are there until it does not answer any more.
async fn beat(client: AdminClient) {
    let mut pace = tokio::time::interval(BEAT.min(PATIENCE / 3));
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if client.heartbeat().await.is_err() {
            return;
        }
    }
}
