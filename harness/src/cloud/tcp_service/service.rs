//! What is alive at a real third party behind the TCP proxy, and what a scenario may do there.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::context;
use serde_json::Value;

use super::command::{CommandError, Commands};
use crate::cloud::third_party::{LedgerEntry, Renderer, SpecError};
use crate::cloud::wire::{Lookout, Upstream};
use crate::journal::{EventKind, JobRef, Journal};
use crate::stage::TcpServiceSetup;

/// A real third party behind the TCP proxy, with a ledger of what was seen in it.
pub(in crate::cloud) struct TcpService {
    name: String,
    setup: TcpServiceSetup,
    journal: Arc<Journal>,
    renderer: Renderer,
    ledger: Mutex<Vec<LedgerEntry>>,
    /// Where the jobs find it: the proxy's host and port.
    place: Mutex<String>,
    /// One look at a time; it holds the credentials ids that jobs have reported, where nothing lists what is alive.
    looking: tokio::sync::Mutex<BTreeSet<String>>,
    refuses: AtomicBool,
}

/// All real third parties behind TCP proxies of one set-up.
pub(in crate::cloud) struct TcpServices(pub(in crate::cloud) Vec<Arc<TcpService>>);

impl Lookout for TcpServices {
    fn look<'a>(&'a self, update: &'a [u8]) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            let reported = serde_json::from_slice::<Value>(update).ok();
            let reported = reported.as_ref().and_then(|update| update.pointer("/credentials/id")?.as_str()).filter(|id| !id.is_empty());
            for service in &self.0 {
                service.look(reported).await;
            }
        })
    }
}

impl TcpService {
    /// Checks the commands' templates. Nothing is asked of the service yet.
    pub(in crate::cloud) fn new(name: &str, setup: TcpServiceSetup, journal: Arc<Journal>) -> Result<Self, SpecError> {
        if setup.list.is_empty() && setup.exists.is_empty() {
            return Err(SpecError::value("tcp", "there is neither a `list` nor an `exists` command, and what is alive could not be known"));
        }
        let service = Self {
            name: name.to_owned(),
            setup,
            journal,
            renderer: Renderer::new(),
            ledger: Mutex::default(),
            place: Mutex::default(),
            looking: tokio::sync::Mutex::default(),
            refuses: AtomicBool::new(false),
        };
        for words in [&service.setup.list, &service.setup.exists, &service.setup.revoke, &service.setup.refuse, &service.setup.recover] {
            service.rendered(words, "example")?;
        }
        Ok(service)
    }

    /// Returns its name.
    pub(in crate::cloud) fn name(&self) -> &str {
        &self.name
    }

    /// Returns where a proxy leads to.
    pub(in crate::cloud) fn upstream(&self) -> Upstream {
        Upstream { third_party: self.name.clone(), address: self.setup.address.clone() }
    }

    /// Sets what templates see as `third_party.url`: the proxy's host and port.
    pub(in crate::cloud) fn set_place(&self, place: &str) {
        place.clone_into(&mut self.place.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends a refusal that an earlier run left, and notes what is there already: somebody else's.
    pub(in crate::cloud) async fn begin(&self) -> Result<(), CommandError> {
        if !self.setup.recover.is_empty() {
            self.commands().succeed("recover", &self.words(&self.setup.recover, "")).await?;
        }
        if !self.setup.list.is_empty() {
            for id in self.listed().await? {
                self.issued(&id, None, true);
            }
        }
        Ok(())
    }

    /// Ends a refusal, and takes away what jobs left, as far as there is a command for that and the service lets it.
    pub(in crate::cloud) async fn leave(&self) {
        self.refuse(false).await.ok();
        if !self.setup.revoke.is_empty() {
            for id in self.alive().into_iter().filter(|id| !self.is_seeded(id)) {
                self.commands().succeed("revoke", &self.words(&self.setup.revoke, &id)).await.ok();
            }
        }
    }

    /// Has the service refuse what it is asked, or do it again.
    pub(in crate::cloud) async fn refuse(&self, refuse: bool) -> Result<(), CommandError> {
        if self.refuses.swap(refuse, Ordering::SeqCst) == refuse {
            return Ok(());
        }
        let (which, words) = if refuse { ("refuse", &self.setup.refuse) } else { ("recover", &self.setup.recover) };
        self.commands().succeed(which, &self.words(words, "")).await.map(drop)
    }

    /// Takes a credential away behind everybody's back. Returns whether it was there and alive.
    pub(in crate::cloud) async fn revoke_silently(&self, id: &str) -> Result<bool, CommandError> {
        let _one_at_a_time = self.looking.lock().await;
        if !self.alive().contains(id) {
            return Ok(false);
        }
        self.commands().succeed("revoke", &self.words(&self.setup.revoke, id)).await?;
        self.revoked(id, None);
        Ok(true)
    }

    /// Looks at what is alive, the credential that a job reports just now among it, and puts what has changed down to the job that runs. A look that
    /// fails is trouble of ours.
    pub(in crate::cloud) async fn look(&self, reported: Option<&str>) {
        let mut known = self.looking.lock().await;
        known.extend(reported.map(str::to_owned));
        let job = self.journal.job();
        if let Err(error) = self.compare(&known, job.as_ref()).await {
            self.journal.append(EventKind::EngineTrouble { what: error.to_string() });
        }
    }

    async fn compare(&self, reported: &BTreeSet<String>, job: Option<&JobRef>) -> Result<(), CommandError> {
        let known = self.alive();
        let now = if self.setup.list.is_empty() {
            let mut now = BTreeSet::new();
            for id in reported.union(&known) {
                if self.exists(id).await? {
                    now.insert(id.clone());
                }
            }
            now
        } else {
            self.listed().await?
        };
        known.difference(&now).for_each(|gone| self.revoked(gone, job));
        now.difference(&known).for_each(|new| self.issued(new, job, false));
        Ok(())
    }

    async fn listed(&self) -> Result<BTreeSet<String>, CommandError> {
        let printed = self.commands().succeed("list", &self.words(&self.setup.list, "")).await?;
        Ok(printed.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    async fn exists(&self, id: &str) -> Result<bool, CommandError> {
        let commands = self.commands();
        let ran = commands.run("exists", &self.words(&self.setup.exists, id)).await?;
        match ran.status {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(commands.failed("exists", &ran)),
        }
    }

    /// Returns everything that was ever seen, in the order in which it was.
    pub(in crate::cloud) fn ledger(&self) -> Vec<LedgerEntry> {
        self.entries().clone()
    }

    /// Returns the ids for which `template` renders to exactly `value`; see [`ThirdParty::matching`](crate::cloud::third_party::ThirdParty::matching).
    pub(in crate::cloud) fn matching(&self, template: &str, value: &Value) -> Vec<String> {
        let Value::String(expected) = value else { return Vec::new() };
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let equal = |id: &String| {
            let names = context! { credential => context! { id => id }, third_party => context! { name => &self.name, url => &place } };
            self.renderer.text("equals", template, &names).is_ok_and(|text| text == *expected)
        };
        let ids: BTreeSet<String> = self.entries().iter().map(|entry| entry.credential.clone()).collect();
        ids.into_iter().filter(equal).collect()
    }

    fn issued(&self, id: &str, job: Option<&JobRef>, seeded: bool) {
        let (third_party, credential) = (self.name.clone(), id.to_owned());
        self.journal.append(EventKind::CredentialIssued { third_party, credential, job: job.cloned() });
        self.entries().push(LedgerEntry {
            third_party: self.name.clone(),
            credential: id.to_owned(),
            issued_in: job.cloned(),
            revoked_in: None,
            alive: true,
            seeded,
            fields: std::collections::BTreeMap::new(),
        });
    }

    fn revoked(&self, id: &str, job: Option<&JobRef>) {
        let (third_party, credential) = (self.name.clone(), id.to_owned());
        self.journal.append(EventKind::CredentialRevoked { third_party, credential, job: job.cloned() });
        for entry in self.entries().iter_mut().filter(|entry| entry.alive && entry.credential == id) {
            entry.alive = false;
            entry.revoked_in = job.cloned();
        }
    }

    fn alive(&self) -> BTreeSet<String> {
        self.entries().iter().filter(|entry| entry.alive).map(|entry| entry.credential.clone()).collect()
    }

    fn is_seeded(&self, id: &str) -> bool {
        self.entries().iter().any(|entry| entry.alive && entry.seeded && entry.credential == id)
    }

    /// A panic while it was held has been reported; it is whole after each of its steps.
    fn entries(&self) -> MutexGuard<'_, Vec<LedgerEntry>> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commands(&self) -> Commands<'_> {
        Commands { third_party: &self.name, setup: &self.setup, redactor: self.journal.redactor() }
    }

    /// Returns a command with a credential's id in it; its templates were rendered once when the service was made.
    fn words(&self, words: &[String], id: &str) -> Vec<String> {
        self.rendered(words, id).unwrap_or_default()
    }

    fn rendered(&self, words: &[String], id: &str) -> Result<Vec<String>, SpecError> {
        let names = context! { credential => context! { id => id } };
        words.iter().map(|word| self.renderer.text("tcp", word, &names)).collect()
    }
}
