//! `hallmark serve`: the fake cloud alone, for somebody who writes a provider.

mod example;
mod jobs;
mod source;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::Args;
use clap::builder::PossibleValuesParser;
use hallmark_harness::admin::{AdminClient, AdminServer, CreateSecret};
use hallmark_harness::cloud::third_party::ThirdPartySpec;
use hallmark_harness::cloud::{Cloud, random_token};
use hallmark_harness::stage::{Resources, StageAddresses};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};

use super::Stop;
use super::machinery::Machinery;
use super::output::print;
use example::Example;
use source::Source;

/// What `hallmark serve` takes.
#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// First of the services' consecutive ports: Secrets Manager, IAM, the proxy, the third parties. 0 takes free ones.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Port of the admin API. 0 takes a free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    admin_port: u16,
    /// Sets the cloud up as this provider's manifest says.
    #[arg(long, value_name = "FILE", conflicts_with = "presets")]
    manifest: Option<PathBuf>,
    /// Which variant of the manifest; the first when left out.
    #[arg(long, value_name = "NAME", requires = "manifest")]
    variant: Option<String>,
    /// Sets the cloud up with this third party and a login secret for it; may be given several times.
    #[arg(long = "preset", value_name = "NAME", default_value = "artifactory", value_parser = PossibleValuesParser::new(ThirdPartySpec::preset_names()))]
    presets: Vec<String>,
    /// Runs the manifest's provider for each job that is asked for, as Code Engine would.
    #[arg(long, requires = "manifest")]
    run: bool,
    /// Seed of ids, keys and generated values: the same seed gives the same values.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// A fake cloud that serves.
struct Served {
    cloud: Arc<Cloud>,
    server: AdminServer,
    client: AdminClient,
    token: SecretString,
    addresses: StageAddresses,
}

/// Serves until somebody interrupts it; returns the exit code.
pub(super) fn serve(arguments: &ServeArguments) -> Result<u8, Stop> {
    let source = match &arguments.manifest {
        Some(file) => Source::from_manifest(file, arguments.variant.as_deref(), arguments.run, arguments.seed)?,
        None => Source::from_presets(&arguments.presets, arguments.seed),
    };
    let machinery = Machinery::start(1)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime of `serve`")?;
    runtime.block_on(async {
        // Before anything is printed: who reads the example may end us at once.
        let mut terminated = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let mut interrupted = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
        let served = Served::open(arguments, &source, &machinery.resources).await?;
        print(&served.example(&source, &machinery.resources).await?)?;
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
            result = jobs::run(&served, source.provider.as_ref(), &machinery.resources) => result?,
        }
        served.cloud.tear_down().await;
        served.server.close().await;
        Ok(crate::exit_code::CONFORMANT)
    })
}

impl Served {
    async fn open(arguments: &ServeArguments, source: &Source, resources: &Resources) -> Result<Self, Stop> {
        let token = random_token().context("making the admin token: the system's source of randomness failed; check /dev/urandom")?;
        let first_port = (arguments.port != 0).then_some(arguments.port);
        let cloud = Cloud::on_ports(resources.authority.clone(), resources.signer.clone(), resources.runtime.clone(), first_port);
        // The ports first: a wrong one is the caller's mistake.
        let addresses = cloud.set_up(source.setup.clone()).await.map_err(|error| Stop::Usage(anyhow!("{error}")))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.admin_port));
        let server = AdminServer::open(cloud.clone(), token.clone(), address, &resources.runtime)
            .await
            .map_err(|error| Stop::Usage(anyhow!("{error}")))?;
        let client = resources.client.at(&format!("http://{}", server.address()), token.clone());
        Ok(Self { cloud, server, client, token, addresses })
    }

    /// Creates a secret, so that there is a job to run, and describes everything.
    async fn example(&self, source: &Source, resources: &Resources) -> anyhow::Result<String> {
        let secret = self.client.create_secret(&CreateSecret::default()).await.context("creating a first secret")?;
        let job = if source.provider.is_some() {
            None
        } else {
            let request = self.client.claim().await.context("taking the first job")?.context("the new secret asks for no job")?;
            self.client.job_started(&request.job).await.context("starting the first job")?;
            Some(request)
        };
        let example = Example {
            admin: self.server.address(),
            token: &self.token,
            addresses: &self.addresses,
            authority_file: &resources.authority_file,
            source,
            secret: &secret,
            job: job.as_ref(),
        };
        Ok(example.text())
    }
}
