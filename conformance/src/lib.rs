//! Judges what the harness recorded about a credentials provider.

pub mod catalog;
pub mod init;
pub mod job_config;
pub mod manifest;
pub mod oracle;
pub mod results;
pub mod ruling;
pub mod suite;
pub mod verdict;
