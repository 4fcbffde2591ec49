//! The admin API: how a suite, or a provider's developer, drives the fake cloud. Versioned under `/admin/v1`, JSON, behind a
//! random bearer token that no job ever sees, on a port of its own.
//!
//! The main types are [`AdminServer`] and [`AdminClient`]; the routes are documented in `openapi.json`.

mod body;
mod client;
mod command;
mod exports;
#[cfg(test)]
mod openapi;
mod routes;
mod server;

pub use client::{AdminClient, AdminError};
pub use command::{
    AlterSecrets, ClockAdvanced, CreateSecret, DeleteVersionData, JobFinished, JobStoppedReport, JournalPage, LogLine, NoteText, Problem,
    Rotate, SeedCredential, Snapshotted, TaskIds, TaskList, Tokens, Welcome,
};
pub use exports::{exports, job_exports};
pub use routes::{OPENAPI, ROUTES, Route};
pub use server::{AdminListenError, AdminServer};
