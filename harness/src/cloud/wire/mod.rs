//! Where bytes become requests and answers, and where faults act on both.
//!
//! A [`Backend`] is a service without sockets: it gets a whole request and returns what it would answer. The wire reads, counts,
//! injects, writes and journals. The main type is [`WireServer`]: one listener and its connections.
//!
//! # Order
//!
//! For each request: the service's state changes, the answer is written, the exchange is appended to the journal. Where the wire
//! itself ends a connection, the exchange is appended first, so a peer that sees the end finds the exchange in the journal.
//! [`WireServer::quiesce`] and [`WireServer::drained`] wait for what a peer left behind.
//!
//! # Faults before the commit that need a body
//!
//! A cut or reset body `before_commit` acts on the service's own `503`: nothing was done, so a `200` would be a lie that no service tells. Most such
//! faults mean `after_commit`, where they act on the answer that the service gave. A fault that only changes the answer decides nothing: with it
//! alone the request takes effect in either phase.

mod activity;
mod admission;
mod answer;
mod backend;
mod changes;
mod connection;
mod control;
mod door;
mod error;
pub mod fidelity;
mod gathering;
mod halt;
mod injection;
mod line;
mod record;
mod relay;
mod rewriting;
mod router;
mod server;
mod service;
mod stream;
mod tls;
mod transport;
mod waiting;

pub use backend::{Backend, Disturbance, Forwarding, Handled, Received};
pub use error::WireError;
pub use line::{Lookout, Wiring};
pub use relay::Upstream;
pub use router::Router;
pub use server::{Entrance, WireServer};

pub(in crate::cloud) use answer::Answer;
pub(in crate::cloud) use line::{Line, Target};
