//! The sockets of one set-up: a listener for each service and the proxy that catches real host names, or the real ports under the real names.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::runtime::Handle;

use super::certificates::Authority;
use super::contents::{Contents, SetupError};
use super::declared::DeclaredHost;
use super::hosts;
use super::name_server::NameServer;
use super::tcp_service::TcpServices;
use super::wire::{Entrance, Lookout, Router, WireServer, Wiring};
use crate::fault::{FaultBook, FaultPlan};
use crate::journal::{EventKind, Journal};
use crate::stage::StageAddresses;

/// Where a cloud's services listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// On loopback, each service on a port of its own, and a proxy for real host names: on consecutive ports from the first, or on free ones.
    Loopback { first_port: Option<u16> },
    /// On the real ports of one address, to which the real host names lead.
    Hosts { address: Ipv4Addr },
}

/// The sockets of one set-up.
pub(super) struct Sockets {
    servers: Vec<WireServer>,
    /// Only where real host names lead to the cloud.
    names: Option<NameServer>,
    faults: Arc<FaultBook>,
    wiring: Arc<Wiring>,
    addresses: StageAddresses,
    journal: Arc<Journal>,
}

impl Sockets {
    /// Opens the listeners for the services of `contents`.
    pub(super) fn open(contents: &Contents, authority: &Arc<Authority>, runtime: &Handle, layout: Layout) -> Result<Self, SetupError> {
        let faults = Arc::new(FaultBook::new());
        let lookout: Option<Arc<dyn Lookout>> = match contents.tcp_services.as_slice() {
            [] => None,
            services => Some(Arc::new(TcpServices(services.to_vec()))),
        };
        let wiring = Wiring::with_lookout(contents.journal.clone(), faults.clone(), lookout);
        let listen = |address: SocketAddr, entrance: Entrance, router: Router| {
            WireServer::start(runtime, address, entrance, router, &wiring).map_err(|error| SetupError::Listen(error.to_string()))
        };
        let (servers, names, addresses) = match layout {
            Layout::Loopback { first_port } => {
                let on_loopback = |place: usize, entrance: Entrance, router: Router| {
                    listen(SocketAddr::from((Ipv4Addr::LOCALHOST, port(first_port, place)?)), entrance, router)
                };
                let (servers, addresses) = loopback(contents, authority, on_loopback)?;
                (servers, None, addresses)
            }
            Layout::Hosts { address } => {
                if let Some(real) = contents.setup().third_parties.iter().find(|party| party.service.is_some() || party.tcp.is_some()) {
                    return Err(SetupError::OutOfReach(real.name.clone()));
                }
                let secure = listen(SocketAddr::from((address, 443)), Entrance::Tls(authority.clone()), real_hosts(contents))?;
                let plain = listen(SocketAddr::from((address, 80)), Entrance::Plain, real_hosts(contents))?;
                let addresses = hosts::addresses(contents, authority);
                let names = NameServer::start(runtime, address, &addresses.hosts, real_hosts(contents), wiring.clone());
                let names = names.map_err(|error| SetupError::Listen(format!("listening on {address}, port 53: {error}")))?;
                (vec![secure, plain], Some(names), addresses)
            }
        };
        Ok(Self { servers, names, faults, wiring, addresses, journal: contents.journal.clone() })
    }

    /// Replaces the fault plan. A job that was to be killed may go on then.
    pub(super) fn set_faults(&self, plan: FaultPlan) {
        for server in &self.servers {
            server.follow(&plan);
        }
        self.faults.set(plan);
        self.wiring.lift_halt();
    }

    /// Tells whether names are looked up here.
    pub(super) fn has_names(&self) -> bool {
        self.names.is_some()
    }

    /// Returns the fault book that all listeners share.
    pub(super) fn faults(&self) -> &FaultBook {
        &self.faults
    }

    /// Returns where everything is.
    pub(super) fn addresses(&self) -> &StageAddresses {
        &self.addresses
    }

    /// Waits until every connection has ended and its exchanges are in the journal. Only for when no job runs any more.
    pub(super) async fn drained(&self) {
        for server in &self.servers {
            server.drained().await;
        }
        if let Some(names) = &self.names
            && let Err(error) = names.drained().await
        {
            let what = format!("ask our own name server, to see that it has caught up: {error}");
            self.journal.append(EventKind::EngineTrouble { what });
        }
        self.wiring.lift_halt();
    }

    /// Ends everything.
    pub(super) async fn close(self) {
        for server in self.servers {
            server.stop().await;
        }
        if let Some(names) = self.names {
            names.stop().await;
        }
    }
}

/// Opens a listener on loopback for each service, and the proxy.
fn loopback(
    contents: &Contents,
    authority: &Arc<Authority>,
    listen: impl Fn(usize, Entrance, Router) -> Result<WireServer, SetupError>,
) -> Result<(Vec<WireServer>, StageAddresses), SetupError> {
    let secure = contents.setup().secure_loopback;
    let entrance = || if secure { Entrance::Tls(authority.clone()) } else { Entrance::Plain };
    let url = |server: &WireServer| format!("{}://{}", if secure { "https" } else { "http" }, server.address());
    let secrets_manager = listen(0, entrance(), Router::to(contents.secrets_manager.clone()))?;
    let iam = listen(1, entrance(), Router::to(contents.iam.clone()))?;
    // A client that takes the proxy for loopback addresses too is served, not refused.
    let mut router = real_hosts(contents).route(&secrets_manager.address().to_string(), "", contents.secrets_manager.clone()).route(
        &iam.address().to_string(),
        "",
        contents.iam.clone(),
    );
    let (mut parties, mut urls) = (Vec::new(), BTreeMap::new());
    for (index, party) in contents.third_parties.iter().enumerate() {
        let backend = contents.backend(party);
        let server = listen(3 + index, entrance(), Router::to(backend.clone()))?;
        // A third party with a real host name is known to providers under that, others by their loopback address.
        match party.spec().hosts.first() {
            Some(host) => party.set_url(&format!("https://{host}")),
            None => party.set_url(&url(&server)),
        }
        router = router.route(&server.address().to_string(), "", backend);
        urls.insert(party.name().to_owned(), url(&server));
        parties.push(server);
    }
    for (index, service) in contents.tcp_services.iter().enumerate() {
        let place = 3 + contents.third_parties.len() + index;
        let server = listen(place, Entrance::Relay(service.upstream()), Router::new())?;
        let address = server.address().to_string();
        service.set_place(&address);
        urls.insert(service.name().to_owned(), address);
        parties.push(server);
    }
    let proxy = listen(2, Entrance::Proxy(authority.clone()), router)?;
    let secrets_manager_url = url(&secrets_manager);
    let instance_url = if contents.setup().real_instance_url {
        format!("https://{}", hosts::instance(&contents.instance))
    } else {
        secrets_manager_url.clone()
    };
    let addresses = StageAddresses {
        instance_url,
        secrets_manager_url,
        iam_url: url(&iam),
        proxy_url: format!("http://{}", proxy.address()),
        third_parties: urls,
        authority: authority.pem(),
        hosts: hosts::declared(contents),
    };
    let servers = [secrets_manager, iam, proxy].into_iter().chain(parties).collect();
    Ok((servers, addresses))
}

/// Returns a router that knows every service by its real host names.
fn real_hosts(contents: &Contents) -> Router {
    let mut router = Router::new();
    for host in hosts::IAM {
        router = router.route(host, "", contents.iam.clone());
    }
    router = router.route(&hosts::instance(&contents.instance), "", contents.secrets_manager.clone());
    for party in &contents.third_parties {
        for host in &party.spec().hosts {
            router = router.route(host, &party.spec().path_prefix, contents.backend(party));
        }
    }
    for host in &contents.setup().hosts {
        router = router.route(host, "", Arc::new(DeclaredHost));
    }
    router
}

/// Returns the port of the service at a place in the order; 0 takes a free one.
fn port(first: Option<u16>, place: usize) -> Result<u16, SetupError> {
    let Some(first) = first else { return Ok(0) };
    u16::try_from(place).ok().and_then(|place| first.checked_add(place)).ok_or_else(|| {
        SetupError::Listen(format!("there are not enough ports from {first} on, one for each service; choose a lower first port"))
    })
}
