//! Makes things happen around a credentials provider and records them; it never judges.

pub mod cloud;
pub mod contract;
pub mod engine;
pub mod fault;
pub mod journal;
pub mod redaction;
