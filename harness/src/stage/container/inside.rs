//! What runs inside a cloud's container: the fake cloud under the real host names, and its admin API on the other side.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use crate::admin::{AdminListenError, AdminServer};
use crate::cloud::Cloud;
use crate::cloud::certificates::{Authority, AuthorityTransfer, CertificateError};
use crate::cloud::iam::{SignerError, TokenSigner};

/// The subcommand that does nothing but call [`serve_inside`].
pub(super) const COMMAND: &str = "cloud";

/// Port of the admin API inside the container.
pub(super) const ADMIN_PORT: u16 = 4710;

/// What is said on standard output once the admin API listens.
pub(super) const READY: &str = "ready";

/// Time without a heartbeat after which a cloud ends itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// What the cloud is told on its standard input, in one line of JSON. It never stands in the container's description.
#[derive(Serialize, Deserialize)]
pub(super) struct Settings {
    token: String,
    authority: String,
    certificate: String,
    key: String,
    address: Ipv4Addr,
}

/// Why the cloud in a container could not serve.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// What stands on standard input is no setting.
    #[error("cannot understand the settings on standard input; `hallmark cloud` is started by hallmark itself, in a container")]
    Settings,
    /// Something of the system failed.
    #[error("{attempted}: {source}; this is started by hallmark itself, in a container with two networks")]
    System {
        /// What was attempted.
        attempted: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The authority cannot be taken over.
    #[error(transparent)]
    Authority(#[from] CertificateError),
    /// No tokens can be signed.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The admin API could not be opened.
    #[error(transparent)]
    Listen(#[from] AdminListenError),
}

impl Settings {
    pub(super) fn new(token: &SecretString, authority: &Authority, address: Ipv4Addr) -> Self {
        let AuthorityTransfer { name, certificate, key } = authority.transfer();
        Self { token: token.expose_secret().to_owned(), authority: name, certificate, key: key.expose_secret().to_owned(), address }
    }
}

/// Serves until nobody drives the cloud any more: standard input ends, no heartbeat comes for 30 seconds, or SIGTERM does. Says `ready` on standard
/// output when the admin API listens.
pub async fn serve_inside() -> Result<(), InsideError> {
    let system = |attempted: &'static str| move |source| InsideError::System { attempted, source };
    let mut terminated = signal(SignalKind::terminate()).map_err(system("listening for SIGTERM"))?;
    let mut input = BufReader::new(tokio::io::stdin());
    let mut line = String::new();
    input.read_line(&mut line).await.map_err(system("reading the settings from standard input"))?;
    let settings: Settings = serde_json::from_str(&line).map_err(|_| InsideError::Settings)?;
    let transfer = AuthorityTransfer { name: settings.authority, certificate: settings.certificate, key: SecretString::from(settings.key) };
    let authority = Arc::new(Authority::take_over(&transfer)?);
    let runtime = tokio::runtime::Handle::current();
    let cloud = Cloud::on_hosts(authority, Arc::new(TokenSigner::new()?), runtime.clone(), settings.address);
    let mut heartbeats = cloud.heartbeats();
    let admin = SocketAddr::new(outward_address().map_err(system("finding the address on the bridge"))?, ADMIN_PORT);
    let server = AdminServer::open(cloud.clone(), SecretString::from(settings.token), admin, &runtime).await?;
    // Docker keeps this file outside of the container; the jobs' containers of this stage get it as their own.
    let resolver = format!("nameserver {}\n", settings.address);
    tokio::fs::write("/etc/resolv.conf", resolver).await.map_err(system("naming the name server in /etc/resolv.conf"))?;
    say_ready().map_err(system("saying that the cloud is ready"))?;
    let forgotten = async { while let Ok(Ok(())) = timeout(PATIENCE, heartbeats.changed()).await {} };
    let mut rest = Vec::new();
    tokio::select! {
        () = forgotten => {}
        _ = input.read_to_end(&mut rest) => {}
        _ = terminated.recv() => {}
    }
    cloud.tear_down().await;
    server.close().await;
    Ok(())
}

/// Returns the address on the network with a way out, which is the bridge's: the stage's network has none, and the admin API must not be there.
fn outward_address() -> std::io::Result<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // Sends nothing: a datagram socket only learns its route. The address is one for documentation.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
    Ok(socket.local_addr()?.ip())
}

fn say_ready() -> std::io::Result<()> {
    use std::io::Write as _;
    let mut output = std::io::stdout();
    writeln!(output, "{READY}")?;
    output.flush()
}
