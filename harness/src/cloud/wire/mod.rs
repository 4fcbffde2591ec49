//! Where bytes become requests and answers, and where faults act on both.
//!
//! A [`Backend`] is a service without sockets: it gets a whole request and returns what it would answer. The wire reads, counts,
//! injects, writes and journals.

mod backend;

pub use backend::{Backend, Disturbance, Handled, Received};
