//! Judges what the harness recorded about a credentials provider.

pub mod catalog;
#[cfg(test)]
mod catalog_lint;
pub mod chapter;
pub mod explain;
pub mod list;
mod paragraph;
pub mod results;
pub mod verdict;
