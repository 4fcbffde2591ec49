//! Results of others, computed again: what anchors the simulated policies and the metrics.
//!
//! Each table is printed by `cargo run -p hallmark-benches --example NAME`, and what it prints is checked in beside the example.

pub mod closed_forms;
pub mod jitter;
pub mod outage;
