//! Judges what the harness recorded about a credentials provider.

pub mod catalog;
pub mod exit_code;
pub mod progress;
pub mod report;
pub mod results;
pub mod verdict;
