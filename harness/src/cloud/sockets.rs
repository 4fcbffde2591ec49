//! The sockets of one set-up: a listener for each service, and the proxy that catches real host names.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::certificates::Authority;
use super::contents::{Contents, SetupError};
use super::declared::DeclaredHost;
use super::wire::{Backend, Entrance, Router, WireServer, Wiring};
use crate::fault::FaultBook;
use crate::stage::StageAddresses;

/// Names under which providers know the IAM token service.
const IAM_HOSTS: [&str; 3] = ["iam.cloud.ibm.com", "private.iam.cloud.ibm.com", "iam.test.cloud.ibm.com"];

/// Region of the instance's real-looking host name.
const REGION: &str = "us-south";

/// The sockets of one set-up.
pub(super) struct Sockets {
    secrets_manager: WireServer,
    iam: WireServer,
    third_parties: BTreeMap<String, WireServer>,
    proxy: WireServer,
    faults: Arc<FaultBook>,
    wiring: Arc<Wiring>,
}

impl Sockets {
    /// Opens a listener on loopback for each service of `contents`, and the proxy; on consecutive ports from `first_port`, or on
    /// free ones.
    pub(super) fn open(
        contents: &Contents,
        authority: &Arc<Authority>,
        runtime: &Handle,
        first_port: Option<u16>,
    ) -> Result<Self, SetupError> {
        let faults = Arc::new(FaultBook::new());
        let wiring = Wiring::new(contents.journal.clone(), faults.clone());
        let listen = |place: usize, entrance: Entrance, router: Router| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port(first_port, place)?));
            WireServer::start(runtime, address, entrance, router, &wiring).map_err(|error| SetupError::Listen(error.to_string()))
        };
        let secrets_manager = listen(0, Entrance::Plain, Router::to(contents.secrets_manager.clone()))?;
        let iam = listen(1, Entrance::Plain, Router::to(contents.iam.clone()))?;
        let mut third_parties = BTreeMap::new();
        for (index, party) in contents.third_parties.iter().enumerate() {
            let server = listen(3 + index, Entrance::Plain, Router::to(party.clone()))?;
            party.set_url(&url(&server));
            third_parties.insert(party.name().to_owned(), server);
        }
        let mut router = Router::new();
        let mut real =
            |host: &str, prefix: &str, backend: Arc<dyn Backend>| router = std::mem::take(&mut router).route(host, prefix, backend);
        for host in IAM_HOSTS {
            real(host, "", contents.iam.clone());
        }
        real(&instance_host(&contents.instance), "", contents.secrets_manager.clone());
        for party in &contents.third_parties {
            for host in &party.spec().hosts {
                real(host, &party.spec().path_prefix, party.clone());
            }
            if let Some(host) = party.spec().hosts.first() {
                party.set_url(&format!("https://{host}"));
            }
        }
        // A client that takes the proxy for loopback addresses too is served, not refused.
        let servers = [(&secrets_manager, contents.secrets_manager.clone() as Arc<dyn Backend>), (&iam, contents.iam.clone())];
        for (server, backend) in servers {
            real(&server.address().to_string(), "", backend);
        }
        for party in &contents.third_parties {
            if let Some(server) = third_parties.get(party.name()) {
                real(&server.address().to_string(), "", party.clone());
            }
        }
        for host in &contents.setup().hosts {
            real(host, "", Arc::new(DeclaredHost));
        }
        let proxy = listen(2, Entrance::Proxy(authority.clone()), router)?;
        Ok(Self { secrets_manager, iam, third_parties, proxy, faults, wiring })
    }

    /// Returns the fault book that all listeners share.
    pub(super) fn faults(&self) -> &FaultBook {
        &self.faults
    }

    /// Returns where everything is.
    pub(super) fn addresses(&self, contents: &Contents, authority: &Authority) -> StageAddresses {
        let secrets_manager_url = url(&self.secrets_manager);
        let instance_url = if contents.setup().real_instance_url {
            format!("https://{}", instance_host(&contents.instance))
        } else {
            secrets_manager_url.clone()
        };
        StageAddresses {
            instance_url,
            secrets_manager_url,
            iam_url: url(&self.iam),
            proxy_url: url(&self.proxy),
            third_parties: self.third_parties.iter().map(|(name, server)| (name.clone(), url(server))).collect(),
            authority: authority.pem(),
        }
    }

    /// Waits until every connection has ended and its exchanges are in the journal. Only for when no job runs any more.
    pub(super) async fn drained(&self) {
        for server in self.all() {
            server.drained().await;
        }
        self.wiring.lift_halt();
    }

    /// Ends everything.
    pub(super) async fn close(self) {
        for server in [self.secrets_manager, self.iam, self.proxy].into_iter().chain(self.third_parties.into_values()) {
            server.stop().await;
        }
    }

    fn all(&self) -> impl Iterator<Item = &WireServer> {
        [&self.secrets_manager, &self.iam, &self.proxy].into_iter().chain(self.third_parties.values())
    }
}

/// Returns the port of the service at a place in the order; 0 takes a free one.
fn port(first: Option<u16>, place: usize) -> Result<u16, SetupError> {
    let Some(first) = first else { return Ok(0) };
    u16::try_from(place).ok().and_then(|place| first.checked_add(place)).ok_or_else(|| {
        SetupError::Listen(format!("there are not enough ports from {first} on, one for each service; choose a lower first port"))
    })
}

fn url(server: &WireServer) -> String {
    format!("http://{}", server.address())
}

/// Returns the instance's real-looking host name.
fn instance_host(instance: &str) -> String {
    format!("{instance}.{REGION}.secrets-manager.appdomain.cloud")
}
