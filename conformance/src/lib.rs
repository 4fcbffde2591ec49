//! Judges what the harness recorded about a credentials provider.

pub mod catalog;
pub mod oracle;
pub mod results;
pub mod verdict;
