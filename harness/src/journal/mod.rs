//! The journal: what happened, in order, with secrets replaced by marks before anything is kept.
//!
//! The main type is [`Journal`].

mod event;
mod facts;
mod record;
mod redact;
mod spill;
mod under_way;

pub use event::{
    Connection, ConnectionEnd, Delivery, Event, EventKind, Exchange, JobOutcome, JobRef, LogStream, Operation, ResponseRecord, Service,
    TaskCause, in_order,
};
pub use facts::{Derivation, Facts, Misplaced, PayloadFact, Refusal, UpdateFacts};
pub use record::{Journal, MEMORY_EVENTS};
pub use under_way::JobsUnderWay;
