//! The journal: what happened, in order, with secrets replaced by marks before anything is kept.

mod event;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::redaction::Redactor;

pub use event::{
    Delivery, Derivation, Event, EventKind, Exchange, Facts, JobOutcome, JobRef, LogStream, Operation, PayloadFact, Refusal,
    ResponseRecord, Service, TaskCause, UpdateFacts,
};

/// An append-only, ordered record of one stage. Shared by everything in the cloud as `Arc<Journal>`.
#[derive(Debug)]
pub struct Journal {
    redactor: Arc<Redactor>,
    started: Instant,
    job: Mutex<Option<JobRef>>,
    events: Mutex<Vec<Event>>,
}

impl Journal {
    /// Starts an empty journal whose texts pass `redactor`.
    pub fn new(redactor: Arc<Redactor>) -> Arc<Self> {
        Arc::new(Self { redactor, started: Instant::now(), job: Mutex::new(None), events: Mutex::new(Vec::new()) })
    }

    /// Returns the redactor that every text passes.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// Returns nanoseconds since the stage was set up.
    pub fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns the job run that is running now.
    pub fn job(&self) -> Option<JobRef> {
        self.job.lock().ok().and_then(|job| job.clone())
    }

    /// Redacts and appends one event; returns its id.
    pub fn append(&self, kind: EventKind) -> u64 {
        let at = self.now();
        let Ok(mut events) = self.events.lock() else { return 0 };
        let id = events.len() as u64;
        events.push(Event { id, at, kind });
        id
    }
}
