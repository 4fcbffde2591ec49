//! The journal: what happened, in order, with secrets replaced by marks before anything is kept.
//!
//! The main type is [`Journal`].

mod event;
mod record;
mod redact;
mod spill;

pub use event::{
    Delivery, Derivation, Event, EventKind, Exchange, Facts, JobOutcome, JobRef, LogStream, Operation, PayloadFact, Refusal,
    ResponseRecord, Service, TaskCause, UpdateFacts,
};
pub use record::{Journal, MEMORY_EVENTS};
