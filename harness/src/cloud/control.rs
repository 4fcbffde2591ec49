//! The fake cloud as its admin API drives it.
//!
//! The main type is [`Cloud`]: at any time one set-up with its sockets, replaced as a whole by the next.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::access::ACCESS;
use super::certificates::Authority;
use super::contents::{Contents, SetupError};
use super::iam::TokenSigner;
use super::lateness::Lateness;
use super::sockets::{Layout, Sockets};
use crate::contract::{SecretId, TaskId};
use crate::engine::{Engine, EngineError, JobRequest, JobStopped, Knobs, NewSecret, Overrides};
use crate::fault::{Fault, FaultParseError, FaultPlan, FaultService, FaultWhat, FaultWhen};
use crate::journal::{EventKind, JobRef, Journal, Operation};
use crate::stage::{Alteration, ParameterSource, RecordedTask, RecordedVersion, Snapshot, StageAddresses, StageSetup};

/// Why an order cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// Nothing is set up.
    #[error("the fake cloud is empty; set it up first (PUT /admin/v1/stage)")]
    Empty,
    /// The set-up is wrong.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The engine cannot do it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A fault cannot be carried out.
    #[error("the fault plan cannot be carried out: {0}")]
    Plan(FaultParseError),
    /// A fault names an operation that its service does not have, so it would never act.
    #[error("the fault plan cannot be carried out: `{0}` can never act; {advice}", advice = advice(.0))]
    Misplaced(Box<Fault>),
    /// A fault could act, but not on what is set up.
    #[error("the fault plan cannot be carried out: `{fault}` can never act here; {advice}")]
    Unfit {
        /// The fault.
        fault: Box<Fault>,
        /// Why not, and what to do instead.
        advice: &'static str,
    },
    /// What was asked makes no sense for a real service.
    #[error("the third party {0} is a real service, where hallmark makes nothing; let a job create a credential")]
    Real(String),
    /// A real service did not do as it was asked.
    #[error("{0}")]
    Service(String),
    /// No such credential.
    #[error("the third party {third_party} has no living credential {credential}; list them with GET /admin/v1/ledger")]
    NoCredential {
        /// Which third party.
        third_party: String,
        /// Which credential.
        credential: String,
    },
}

/// Says what a service has instead of what a fault wants of it.
fn advice(fault: &Fault) -> &'static str {
    match (&fault.service, fault.operation) {
        (FaultService::ThirdParty, Operation::Connect) => {
            "connect takes delay, stall, close, reset and, to a third party behind the TCP proxy, cut_body, reset_mid_body, bandwidth, gather and the \
             kills, all without a phase, and refuse of every connection or of those of a window"
        }
        (_, Operation::Connect) => {
            "connect takes delay, stall, close and reset, without a phase, and refuse of every connection or of those of a window"
        }
        (_, Operation::Lookup) => "lookup takes dns(..) alone, without a phase",
        (_, Operation::Handshake) => "handshake takes certificate(..) alone",
        (FaultService::SecretsManager, _) => {
            "secrets_manager has list_tasks, get_task, update_task, delete_task, get_secret and other; \
             cancel_task and expire_task need an operation on one task; certificate(..) acts on handshake alone, dns(..) on lookup, and bandwidth and \
             refuse on connect"
        }
        (FaultService::Iam, _) => {
            "iam has token and other, and no task or token to cancel or expire; certificate(..) acts on handshake alone, dns(..) on lookup, and bandwidth \
             and refuse on connect"
        }
        (FaultService::ThirdParty, _) => {
            "third_party has create, revoke, list, get and other, and no task or token to cancel or expire; certificate(..) acts on handshake alone, \
             dns(..) on lookup, and bandwidth and refuse on connect"
        }
    }
}

/// Says why a fault that acts elsewhere cannot act on what is set up.
fn unfit(fault: &Fault, contents: &Contents, names: bool) -> Option<&'static str> {
    if fault.is_of_lookup() && !names {
        return Some(
            "on loopback no name is looked up; play it where the fake cloud runs as a container (--image), or use connect with refuse instead",
        );
    }
    if fault.needs_tcp_proxy() && contents.tcp_services.is_empty() {
        return Some("no third party is behind the TCP proxy; of the connections to others use delay, stall, close, reset or refuse");
    }
    let counts = fault.what == FaultWhat::Refuse && fault.when != FaultWhen::Every && fault.service == FaultService::ThirdParty;
    if counts && !contents.tcp_services.is_empty() {
        return Some("a service behind the TCP proxy refuses every connection, or none; leave the window out");
    }
    None
}

/// A secret that is to be created, as the admin API asks for it.
#[derive(Debug, Clone, Default)]
pub struct SecretOrder {
    /// Its name; default a new one.
    pub name: Option<String>,
    /// Input values instead of those of the set-up.
    pub parameters: Option<BTreeMap<String, ParameterSource>>,
    /// How long a version lives.
    pub ttl: Option<Duration>,
    /// How often it rotates by itself.
    pub rotation: Option<Duration>,
}

/// The fake cloud.
pub struct Cloud {
    authority: Arc<Authority>,
    signer: Arc<TokenSigner>,
    runtime: tokio::runtime::Handle,
    layout: Layout,
    current: Mutex<Option<Arc<Current>>>,
    set_ups: watch::Sender<u64>,
    heartbeats: watch::Sender<()>,
}

/// One set-up with its sockets.
pub(crate) struct Current {
    contents: Contents,
    sockets: Sockets,
    addresses: StageAddresses,
    created: Mutex<u32>,
    lateness: Lateness,
}

impl Cloud {
    /// Starts an empty cloud. Its services run on `runtime`.
    pub fn new(authority: Arc<Authority>, signer: Arc<TokenSigner>, runtime: tokio::runtime::Handle) -> Arc<Self> {
        Self::on_ports(authority, signer, runtime, None)
    }

    /// As [`Self::new`], with services on consecutive ports: Secrets Manager on `first_port`, then IAM, the proxy, and the third
    /// parties as the set-up lists them. None takes free ports.
    pub fn on_ports(
        authority: Arc<Authority>,
        signer: Arc<TokenSigner>,
        runtime: tokio::runtime::Handle,
        first_port: Option<u16>,
    ) -> Arc<Self> {
        Self::with(authority, signer, runtime, Layout::Loopback { first_port })
    }

    /// As [`Self::new`], with all services on ports 443 and 80 of `address`, under their real host names. Whoever looks the names up must be
    /// sent there. A third party without a host name gets one.
    pub fn on_hosts(authority: Arc<Authority>, signer: Arc<TokenSigner>, runtime: tokio::runtime::Handle, address: Ipv4Addr) -> Arc<Self> {
        Self::with(authority, signer, runtime, Layout::Hosts { address })
    }

    fn with(authority: Arc<Authority>, signer: Arc<TokenSigner>, runtime: tokio::runtime::Handle, layout: Layout) -> Arc<Self> {
        Arc::new(Self {
            authority,
            signer,
            runtime,
            layout,
            current: Mutex::new(None),
            set_ups: watch::Sender::new(0),
            heartbeats: watch::Sender::new(()),
        })
    }

    /// Notes that whoever drives the cloud is still there.
    pub fn heartbeat(&self) {
        self.heartbeats.send_replace(());
    }

    /// Tells of each heartbeat.
    pub fn heartbeats(&self) -> watch::Receiver<()> {
        self.heartbeats.subscribe()
    }

    /// Tells whether something is set up.
    pub fn is_set_up(&self) -> bool {
        self.lock().is_some()
    }

    /// Sets the cloud up, replacing what there was.
    pub async fn set_up(&self, mut setup: StageSetup) -> Result<StageAddresses, CloudError> {
        self.tear_down().await;
        if matches!(self.layout, Layout::Hosts { .. }) {
            setup.name_third_parties();
        }
        let contents = Contents::new(setup, self.signer.clone())?;
        let sockets = Sockets::open(&contents, &self.authority, &self.runtime, self.layout)?;
        for service in &contents.tcp_services {
            service.begin().await.map_err(SetupError::from)?;
        }
        let addresses = sockets.addresses().clone();
        // Every input is resolved once here, so that a wrong name is told before any job runs.
        let lateness = Lateness::watch(contents.journal.clone(), &self.runtime);
        let current = Current { contents, sockets, addresses: addresses.clone(), created: Mutex::new(0), lateness };
        current.contents.parameters(&current.contents.setup().parameters, &current.third_party_urls())?;
        *self.lock() = Some(Arc::new(current));
        self.set_ups.send_modify(|count| *count += 1);
        Ok(addresses)
    }

    /// Counts the set-ups; tells when there is another one, with another journal.
    pub fn set_ups(&self) -> watch::Receiver<u64> {
        self.set_ups.subscribe()
    }

    /// Returns where the present set-up's services are.
    pub fn addresses(&self) -> Result<StageAddresses, CloudError> {
        Ok(self.current()?.addresses.clone())
    }

    /// Sets the cloud up as before, with everything that happened gone.
    pub async fn reset(&self) -> Result<StageAddresses, CloudError> {
        let setup = self.current()?.contents.setup().clone();
        self.set_up(setup).await
    }

    /// Closes all sockets of the set-up and forgets it.
    pub async fn tear_down(&self) {
        let current = self.lock().take();
        if let Some(current) = &current {
            current.leave().await;
        }
        // Somebody may still read the journal; the sockets end with the last holder then.
        if let Some(current) = current.and_then(Arc::into_inner) {
            current.sockets.close().await;
        }
    }

    /// Returns the journal.
    pub fn journal(&self) -> Result<Arc<Journal>, CloudError> {
        Ok(self.current()?.contents.journal.clone())
    }

    /// Journals a call of the admin API without its token.
    pub fn admin_refused(&self, method: &str, path: &str) {
        if let Ok(journal) = self.journal() {
            journal.append(EventKind::AdminRefused { job: journal.job(), method: method.to_owned(), path: path.to_owned() });
        }
    }

    /// Returns the knobs.
    pub fn knobs(&self) -> Result<Knobs, CloudError> {
        Ok(self.current()?.engine().knobs().clone())
    }

    /// Replaces the knobs.
    pub fn set_knobs(&self, knobs: Knobs) -> Result<(), CloudError> {
        let current = self.current()?;
        current.contents.iam.set_lifetime(Duration::from_secs(knobs.token_lifetime_seconds));
        for party in &current.contents.third_parties {
            party.issue_in(knobs.issued_secrets);
        }
        current.engine().set_knobs(knobs);
        Ok(())
    }

    /// Returns the fault plan.
    pub fn faults(&self) -> Result<FaultPlan, CloudError> {
        Ok(self.current()?.sockets.faults().plan())
    }

    /// Replaces the fault plan; an empty one ends all faults.
    pub async fn set_faults(&self, plan: FaultPlan) -> Result<(), CloudError> {
        plan.check().map_err(CloudError::Plan)?;
        if let Some(fault) = plan.faults.iter().find(|fault| !fault.can_act()) {
            return Err(CloudError::Misplaced(Box::new(fault.clone())));
        }
        let current = self.current()?;
        let names = current.sockets.has_names();
        for fault in &plan.faults {
            if let Some(advice) = unfit(fault, &current.contents, names) {
                return Err(CloudError::Unfit { fault: Box::new(fault.clone()), advice });
            }
        }
        let of_third_parties = |fault: &&Fault| fault.service == FaultService::ThirdParty && fault.what == FaultWhat::Refuse;
        let refuses = plan.faults.iter().any(|fault| of_third_parties(&fault));
        for service in &current.contents.tcp_services {
            service.refuse(refuses).await.map_err(SetupError::from)?;
        }
        current.contents.journal.append(EventKind::FaultsSet { plan: plan.to_string() });
        current.sockets.set_faults(plan);
        Ok(())
    }

    /// Changes the variables of the job runs that follow.
    pub fn set_overrides(&self, overrides: Overrides) -> Result<(), CloudError> {
        self.current()?.engine().set_overrides(overrides);
        Ok(())
    }

    /// Changes the secrets that inputs name.
    pub fn alter_secrets(&self, alteration: Alteration) -> Result<(), CloudError> {
        self.current()?.contents.alter_named(alteration);
        Ok(())
    }

    /// Lets every token issued so far expire.
    pub fn expire_tokens(&self) -> Result<(), CloudError> {
        self.current()?.contents.iam.expire_tokens();
        Ok(())
    }

    /// Revokes the provider's access key, or the trusted profile that takes its place.
    pub fn revoke_access_key(&self) -> Result<(), CloudError> {
        self.current()?.contents.iam.revoke_login(ACCESS);
        Ok(())
    }

    /// Creates a custom-credentials secret.
    pub fn create_secret(&self, order: SecretOrder) -> Result<SecretId, CloudError> {
        let current = self.current()?;
        let contents = &current.contents;
        let sources = order.parameters.unwrap_or_else(|| contents.setup().parameters.clone());
        let parameters = contents.parameters(&sources, &current.third_party_urls())?;
        let number = {
            let mut created = current.created.lock().unwrap_or_else(PoisonError::into_inner);
            *created += 1;
            *created
        };
        let name = order.name.unwrap_or_else(|| format!("custom-credentials-{number}"));
        let new = NewSecret { name, group: contents.group.clone(), parameters, ttl: order.ttl, rotation: order.rotation };
        Ok(current.engine().create_secret(new))
    }

    /// Does something with the engine.
    pub fn with_engine<T>(&self, act: impl FnOnce(&mut Engine) -> T) -> Result<T, CloudError> {
        let current = self.current()?;
        let mut engine = current.engine();
        Ok(act(&mut engine))
    }

    /// Takes the next job run.
    pub fn claim(&self) -> Result<Option<JobRequest>, CloudError> {
        let current = self.current()?;
        let access = &current.contents.access;
        let mut constant = access.variables();
        constant.insert("SM_INSTANCE_URL".to_owned(), current.addresses.instance_url.clone());
        let request = current.engine().claim(&constant);
        Ok(request.map(|request| JobRequest { token_file: access.token_file(), ..request }))
    }

    /// Notes the start of a job run. What changed at a real third party since the last one is nobody's.
    pub async fn job_started(&self, job: &JobRef) -> Result<(), CloudError> {
        let current = self.current()?;
        current.look().await;
        Ok(current.engine().job_started(job)?)
    }

    /// Notes the end of a job run, once every request of it has been dealt with.
    pub async fn job_ended(&self, job: &JobRef, events: Vec<EventKind>) -> Result<JobStopped, CloudError> {
        let current = self.current()?;
        // The connections of other jobs end with those.
        if current.contents.journal.jobs().is_last(job) {
            current.sockets.drained().await;
        }
        current.look().await;
        current.contents.journal.append_all(events);
        Ok(current.engine().job_ended(job)?)
    }

    /// Puts somebody else's credential at a simulated third party.
    pub fn seed_credential(&self, third_party: &str) -> Result<String, CloudError> {
        if self.current()?.contents.real_service(third_party).is_some() {
            return Err(CloudError::Real(third_party.to_owned()));
        }
        Ok(self.current()?.contents.third_party(third_party, "a seeded credential")?.seed_credential())
    }

    /// Takes a credential away, outside any job.
    pub async fn revoke_silently(&self, third_party: &str, credential: &str) -> Result<(), CloudError> {
        let current = self.current()?;
        let contents = &current.contents;
        let was_there = if let Some(service) = contents.tcp_service(third_party) {
            service.revoke_silently(credential).await.map_err(SetupError::from)?
        } else if let Some(service) = contents.real_service(third_party) {
            service.revoke(credential).await.map_err(CloudError::Service)?
        } else {
            contents.third_party(third_party, "a credential to take away")?.revoke_silently(credential)
        };
        if was_there {
            return Ok(());
        }
        Err(CloudError::NoCredential { third_party: third_party.to_owned(), credential: credential.to_owned() })
    }

    /// Returns every credential that third parties issued.
    pub fn ledger(&self) -> Result<Vec<super::third_party::LedgerEntry>, CloudError> {
        let current = self.current()?;
        let contents = &current.contents;
        let described = contents.third_parties.iter().flat_map(|party| party.ledger());
        Ok(described.chain(contents.tcp_services.iter().flat_map(|service| service.ledger())).collect())
    }

    /// Returns the world as it is, once every connection has ended, and the ids of the secrets that inputs name.
    pub async fn snapshot(&self) -> Result<(Snapshot, Vec<SecretId>), CloudError> {
        let current = self.current()?;
        current.sockets.drained().await;
        let ledger = self.ledger()?;
        let contents = &current.contents;
        let redactor = contents.journal.redactor();
        let engine = current.engine();
        let tasks = engine
            .tasks()
            .map(|task| {
                let mut errors = task.errors.clone();
                for error in &mut errors {
                    error.code = redactor.redact(&error.code);
                    error.description = redactor.redact(&error.description);
                }
                RecordedTask {
                    id: task.id.clone(),
                    secret: task.secret.clone(),
                    version: task.version.clone(),
                    action: task.action,
                    trigger: task.trigger,
                    status: task.status,
                    errors,
                    attempt: task.attempt,
                }
            })
            .collect();
        let versions = engine
            .secrets()
            .flat_map(|secret| secret.versions.iter().map(move |version| (secret, version)))
            .map(|(secret, version)| RecordedVersion {
                secret: secret.id.clone(),
                version: version.id.clone(),
                credentials_id: version.credentials_id.as_deref().map(|id| redactor.redact(id)),
                state: version.state.word().to_owned(),
            })
            .collect();
        let snapshot = Snapshot { ledger, tasks, versions, lost_events: contents.journal.lost(), delays: current.lateness.delays() };
        Ok((snapshot, contents.named_secrets()))
    }

    /// Moves the virtual clock ahead; returns what is left when a job is asked for before the end.
    pub fn advance(&self, by: Duration) -> Result<Duration, CloudError> {
        self.with_engine(|engine| engine.advance(by))
    }

    /// Queues a new delete task for the version of a task.
    pub fn repeat_deletion(&self, task: &TaskId) -> Result<TaskId, CloudError> {
        Ok(self.with_engine(|engine| engine.repeat_deletion(task))??)
    }

    fn current(&self) -> Result<Arc<Current>, CloudError> {
        self.lock().clone().ok_or(CloudError::Empty)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Current>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    /// Waits for what real services were asked for, and looks at what is alive there.
    async fn look(&self) {
        for (_, service) in &self.contents.real_services {
            service.settled().await;
        }
        for service in &self.contents.tcp_services {
            service.look(None).await;
        }
    }

    /// Leaves real services as they were found. What cannot be taken away stays: the scenario is over, and says nothing of it.
    async fn leave(&self) {
        for (_, service) in &self.contents.real_services {
            service.leave().await;
        }
        for service in &self.contents.tcp_services {
            service.leave().await;
        }
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.contents.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A third party with a real host name is known to providers under that, others by their loopback address.
    fn third_party_urls(&self) -> BTreeMap<String, String> {
        let mut urls = self.addresses.third_parties.clone();
        urls.extend(self.contents.third_parties.iter().filter_map(|party| {
            let host = party.spec().hosts.first()?;
            Some((party.name().to_owned(), format!("https://{host}")))
        }));
        urls
    }
}
