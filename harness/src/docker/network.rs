//! The run's networks: one for each stage, without a way out, and one over which the clouds' admin ports are published.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU32, Ordering};

use bollard::models::{Ipam, IpamConfig, NetworkCreateRequest};

use super::holding::{Holding, Role};
use super::subnet::Subnet;
use super::{DockerError, error};

/// Parts of the range that are tried for one network. Another run takes them at random too.
const TRIES: u32 = 256;

/// A stage's network.
#[derive(Debug, Clone)]
pub struct InternalNetwork {
    /// Its name.
    pub name: String,
    /// The address at which the fake cloud is, and to which all declared names lead.
    pub cloud: Ipv4Addr,
}

/// Makes a network without a way out.
pub async fn internal(holding: &Holding) -> Result<InternalNetwork, DockerError> {
    let (name, subnet) = made(holding, true).await?;
    Ok(InternalNetwork { name, cloud: subnet.address(2) })
}

/// Makes the network over which admin ports are published. Its containers do not reach each other, and nothing masquerades them to the outside.
pub async fn bridge(holding: &Holding) -> Result<String, DockerError> {
    // Many more clouds than a small part has addresses for: the engine chooses from its own pools.
    let name = holding.name(Role::Network);
    make(holding, &name, None, false).await?;
    Ok(name)
}

async fn made(holding: &Holding, internal: bool) -> Result<(String, Subnet), DockerError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = holding.name(Role::Network);
    // Two runs at once begin at different places.
    let start = u32::from_str_radix(holding.run().get(..6).unwrap_or_default(), 16).unwrap_or(0);
    for _ in 0..TRIES {
        let subnet = Subnet::numbered(start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)));
        match make(holding, &name, Some(subnet), internal).await {
            Ok(()) => return Ok((name, subnet)),
            Err(error) if overlaps(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(DockerError::NoSubnet { name })
}

async fn make(holding: &Holding, name: &str, subnet: Option<Subnet>, internal: bool) -> Result<(), DockerError> {
    let ipam = subnet.map(|subnet| Ipam {
        config: Some(vec![IpamConfig { subnet: Some(subnet.text()), gateway: Some(subnet.address(1).to_string()), ..Default::default() }]),
        ..Default::default()
    });
    let closed = [("com.docker.network.bridge.enable_icc", "false"), ("com.docker.network.bridge.enable_ip_masquerade", "false")];
    let options = (!internal).then(|| closed.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("bridge".to_owned()),
        internal: Some(internal),
        ipam,
        options,
        labels: Some(holding.labels(Role::Network)),
        ..Default::default()
    };
    let docker = holding.daemon().docker().clone();
    let attempted = format!("make the network {name}");
    holding.make(async move { docker.create_network(request).await.map(drop).map_err(DockerError::when(attempted)) }).await
}

/// Tells whether a network could not be made because another one has its addresses.
fn overlaps(error: &DockerError) -> bool {
    match error {
        DockerError::Call { source, .. } => {
            let text = source.to_string();
            matches!(error::status(source), Some(400 | 403 | 409 | 500))
                && (text.contains("overlap") || text.contains("conflicts with network"))
        }
        _ => false,
    }
}
