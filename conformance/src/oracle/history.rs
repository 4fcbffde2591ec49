//! A recording as oracles read it: job runs in order, each with what it did.
//!
//! The main types are [`History`] and [`Run`].

use hallmark_harness::contract::{TaskId, TaskStatus, VersionId};
use hallmark_harness::journal::{
    Connection, EventKind, Exchange, JobOutcome, JobRef, LogStream, Operation, Service, TaskCause, UpdateFacts, in_order,
};
use hallmark_harness::redaction::{Mark, marks};
use hallmark_harness::stage::{RecordedTask, Recording};

/// Something of the journal, with the id of its event.
#[derive(Debug)]
pub struct At<'recording, T: ?Sized> {
    /// Id of the event.
    pub event: u64,
    /// When it began, in nanoseconds since set-up. Ids do not tell which of two came first: an exchange is noted when its answer has left.
    pub began_at: u64,
    /// What it holds.
    pub what: &'recording T,
}

// Derived ones would ask that T itself can be copied.
impl<T: ?Sized> Clone for At<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for At<'_, T> {}

/// A line that a job printed.
#[derive(Debug, Clone, Copy)]
pub struct LogLine<'recording> {
    /// Id of the event.
    pub event: u64,
    /// Where it was printed.
    pub stream: LogStream,
    /// The line.
    pub what: &'recording str,
}

/// One job run and what it did.
#[derive(Debug)]
pub struct Run<'recording> {
    /// Task and run.
    pub job: &'recording JobRef,
    /// Event in which the engine asked for it.
    pub requested: u64,
    /// The action word that it was given.
    pub action: Option<&'recording str>,
    /// The trigger word that it was given.
    pub trigger: Option<&'recording str>,
    /// Variables of Secrets Manager's that it was given otherwise, or not at all.
    pub altered: &'recording [String],
    /// The version that its task is about.
    pub version: Option<&'recording VersionId>,
    /// How it ended; none when the scenario was cut.
    pub outcome: Option<At<'recording, JobOutcome>>,
    /// Its requests in the order in which they came.
    pub exchanges: Vec<At<'recording, Exchange>>,
    /// Its connections to services behind TCP proxies, in the order in which they came.
    pub connections: Vec<At<'recording, Connection>>,
    /// Its log lines.
    pub logs: Vec<LogLine<'recording>>,
    /// Credentials that it made, by id.
    pub issued: Vec<At<'recording, str>>,
    /// Credentials that it revoked, by id.
    pub revoked: Vec<At<'recording, str>>,
    /// The scenario's last note before it: what the scenario was about to do.
    pub note: Option<&'recording str>,
    /// How its task was moved, in order, and by what.
    pub moves: Vec<(At<'recording, TaskStatus>, TaskCause)>,
}

/// A recording as oracles read it.
#[derive(Debug)]
pub struct History<'recording> {
    /// The recording.
    pub recording: &'recording Recording,
    /// Job runs in the order in which they were asked for.
    pub runs: Vec<Run<'recording>>,
    /// Our own trouble.
    pub trouble: Vec<String>,
}

impl<'recording> History<'recording> {
    /// Reads a recording.
    pub fn new(recording: &'recording Recording) -> Self {
        let mut history = Self { recording, runs: Vec::new(), trouble: Vec::new() };
        let mut note = None;
        for event in in_order(&recording.events) {
            let id = event.id;
            let began_at = event.began_at();
            match &event.kind {
                EventKind::Note { text } => note = Some(text.as_str()).filter(|text| !text.is_empty()),
                EventKind::JobRequested { job, action, trigger, altered, version } => history.runs.push(Run {
                    job,
                    requested: id,
                    action: action.as_deref(),
                    trigger: trigger.as_deref(),
                    altered,
                    version: version.as_ref().or_else(|| version_of(recording, &job.task)),
                    outcome: None,
                    exchanges: Vec::new(),
                    connections: Vec::new(),
                    logs: Vec::new(),
                    issued: Vec::new(),
                    revoked: Vec::new(),
                    note,
                    moves: Vec::new(),
                }),
                EventKind::Exchange(exchange) => {
                    let at = At { event: id, began_at, what: &**exchange };
                    history.with_run(exchange.job.as_ref(), |run| run.exchanges.push(at));
                }
                EventKind::Connection(connection) => {
                    let at = At { event: id, began_at, what: &**connection };
                    history.with_run(connection.job.as_ref(), |run| run.connections.push(at));
                }
                EventKind::JobLog { job, stream, line } => {
                    history.with_run(Some(job), |run| run.logs.push(LogLine { event: id, stream: *stream, what: line }));
                }
                EventKind::JobEnded { job, outcome } => {
                    history.with_run(Some(job), |run| run.outcome = Some(At { event: id, began_at, what: outcome }));
                }
                EventKind::CredentialIssued { job, credential, .. } => {
                    history.with_run(job.as_ref(), |run| run.issued.push(At { event: id, began_at, what: credential }));
                }
                EventKind::CredentialRevoked { job, credential, .. } => {
                    history.with_run(job.as_ref(), |run| run.revoked.push(At { event: id, began_at, what: credential }));
                }
                EventKind::TaskChanged { task, status, cause, .. } => {
                    let moved = (At { event: id, began_at, what: status }, *cause);
                    if let Some(run) = history.runs.iter_mut().rev().find(|run| run.job.task == *task) {
                        run.moves.push(moved);
                    }
                }
                EventKind::EngineTrouble { what } => history.trouble.push(what.clone()),
                _ => {}
            }
        }
        history.trouble.extend(distrust(recording));
        if recording.snapshot.lost_events > 0 {
            history.trouble.push(format!("{} events of the journal were lost", recording.snapshot.lost_events));
        }
        history
    }

    fn with_run(&mut self, job: Option<&JobRef>, act: impl FnOnce(&mut Run<'recording>)) {
        if let Some(run) = job.and_then(|job| self.runs.iter_mut().rev().find(|run| run.job == job)) {
            act(run);
        }
    }

    /// Returns the runs that were asked to create.
    pub fn creations(&self) -> impl Iterator<Item = &Run<'recording>> {
        self.runs.iter().filter(|run| run.creates())
    }

    /// Returns the runs that were asked to delete.
    pub fn deletions(&self) -> impl Iterator<Item = &Run<'recording>> {
        self.runs.iter().filter(|run| run.deletes())
    }

    /// Returns the runs that were asked to create the version that another run is about.
    pub fn creations_of<'history>(
        &'history self,
        run: &Run<'_>,
    ) -> impl Iterator<Item = &'history Run<'recording>> + use<'history, 'recording> {
        let version = run.version.cloned();
        self.creations().filter(move |creation| version.is_some() && creation.version == version.as_ref())
    }

    /// Returns a task as it ended; none when it was cancelled.
    pub fn task(&self, id: &TaskId) -> Option<&'recording RecordedTask> {
        self.recording.snapshot.tasks.iter().find(|task| task.id == *id)
    }

    /// Tells whether a credential lives at the third party.
    pub fn alive(&self, credential: &str) -> bool {
        self.recording.snapshot.ledger.iter().any(|entry| entry.credential == credential && entry.alive)
    }
}

/// Returns the version of a task, as recordings of older versions have it: cancelled ones are gone.
fn version_of<'recording>(recording: &'recording Recording, task: &TaskId) -> Option<&'recording VersionId> {
    recording.snapshot.tasks.iter().find(|known| known.id == *task).map(|known| &known.version)
}

/// Returns why a recording says nothing about a provider that does not trust the run's certificate authority: it fails at its
/// first call, for a reason of ours.
fn distrust(recording: &Recording) -> Option<String> {
    let trusted = recording.events.iter().any(|event| matches!(&event.kind, EventKind::Exchange(exchange) if exchange.tls));
    let aborted = recording.events.iter().find_map(|event| match &event.kind {
        EventKind::TlsAborted { host, reason, fault: None } => Some((host, reason)),
        _ => None,
    });
    let (host, reason) = aborted.filter(|_| !trusted)?;
    Some(format!(
        "the provider ended the TLS handshake with {host} before any request ({reason}): it does not trust the run's certificate \
         authority, which it is given by SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS; have it read one of them"
    ))
}

/// Returns the marks of every secret that a request carries: in its headers, its address and its body. Within the value of an output, which is
/// one mark itself, only the facts of the update tell.
pub(super) fn carried(request: &Exchange) -> impl Iterator<Item = Mark> + '_ {
    let headers = request.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let misplaced = request.facts.update.iter().flat_map(|update| &update.misplaced).map(|misplaced| misplaced.mark.as_str());
    headers.chain([request.target.as_str(), request.body.as_str()]).chain(misplaced).flat_map(marks)
}

impl<'recording> Run<'recording> {
    /// Tells whether it was asked to create.
    pub fn creates(&self) -> bool {
        self.action == Some("create_credentials")
    }

    /// Tells whether it was asked to delete.
    pub fn deletes(&self) -> bool {
        self.action == Some("delete_credentials")
    }

    /// Returns its requests for an operation of Secrets Manager or IAM.
    pub fn calls(&self, operation: Operation) -> impl DoubleEndedIterator<Item = At<'recording, Exchange>> + '_ {
        self.exchanges.iter().copied().filter(move |exchange| exchange.what.operation == operation)
    }

    /// Returns its task updates, each with what it says.
    pub fn updates(&self) -> impl DoubleEndedIterator<Item = Update<'recording>> + '_ {
        self.calls(Operation::UpdateTask).filter_map(|exchange| {
            let facts = exchange.what.facts.update.as_ref()?;
            Some(Update { event: exchange.event, exchange: exchange.what, facts })
        })
    }

    /// Returns its requests at third parties.
    pub fn third_party(&self) -> impl DoubleEndedIterator<Item = At<'recording, Exchange>> + '_ {
        self.exchanges.iter().copied().filter(|exchange| matches!(exchange.what.service, Service::ThirdParty(_)))
    }

    /// Returns the update that took effect, whatever was answered.
    pub fn applied(&self) -> Option<Update<'recording>> {
        self.updates().find(|update| update.exchange.applied)
    }

    /// Returns the task's last status that this run saw, from the engine's side.
    pub fn status(&self) -> Option<TaskStatus> {
        self.moves.last().map(|(moved, _)| *moved.what)
    }

    /// Returns the event in which the task reached its last status, or in which the run was asked for.
    pub fn settled(&self) -> u64 {
        self.moves.last().map_or(self.requested, |(moved, _)| moved.event)
    }

    /// Returns the move of its task to success by its own report.
    pub fn succeeded(&self) -> Option<At<'recording, TaskStatus>> {
        let success = [TaskStatus::CredentialsCreated, TaskStatus::CredentialsDeleted];
        let moved = self.moves.iter().find(|(moved, cause)| success.contains(moved.what) && *cause == TaskCause::Update)?;
        Some(moved.0)
    }

    /// Tells whether a fault had it killed.
    pub fn was_killed(&self) -> bool {
        self.outcome.is_some_and(|outcome| outcome.what.killed)
    }

    /// Returns the run in a few words, for a person.
    pub fn describe(&self) -> String {
        let what = match self.action {
            Some("create_credentials") => "create job",
            Some("delete_credentials") => "delete job",
            _ => "job",
        };
        match self.note {
            Some(note) => format!("{what} ({note})"),
            None => what.to_owned(),
        }
    }
}

/// A task update of a run.
#[derive(Debug, Clone, Copy)]
pub struct Update<'recording> {
    /// Event of the exchange.
    pub event: u64,
    /// The exchange.
    pub exchange: &'recording Exchange,
    /// What it says.
    pub facts: &'recording UpdateFacts,
}

impl Update<'_> {
    /// Returns the status word that it reports.
    pub fn reports(&self) -> &str {
        self.facts.status.as_deref().unwrap_or("nothing readable")
    }

    /// Returns the HTTP status that was answered, when the answer arrived whole.
    pub fn answered(&self) -> Option<u16> {
        let whole = self.exchange.delivery == hallmark_harness::journal::Delivery::Complete;
        self.exchange.response.as_ref().filter(|_| whole).map(|response| response.status)
    }

    /// Tells whether the provider was told that it was accepted.
    pub fn acknowledged(&self) -> bool {
        self.answered().is_some_and(|status| (200..300).contains(&status))
    }

    /// Returns how it was answered, in words.
    pub fn answer_in_words(&self) -> String {
        answer_in_words(self.exchange)
    }
}

/// Returns how a request was answered, in words.
pub fn answer_in_words(exchange: &Exchange) -> String {
    use hallmark_harness::journal::Delivery;
    let status = exchange.response.as_ref().map_or_else(|| "nothing".to_owned(), |response| response.status.to_string());
    match exchange.delivery {
        Delivery::Complete => status,
        Delivery::Closed => "a closed connection".into(),
        Delivery::Reset => "a reset connection".into(),
        Delivery::Cut { .. } => format!("{status} with a cut body"),
        Delivery::ResetMidBody { .. } => format!("{status} and a reset in its body"),
        Delivery::Stalled => "silence".into(),
        Delivery::PeerGone => format!("{status}, but the provider had hung up"),
    }
}
