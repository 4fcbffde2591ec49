//! Judges credentials providers by what the harness recorded of them.

pub mod init;
pub mod job_config;
pub mod manifest;
