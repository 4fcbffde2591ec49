//! Hostile subjects and broken surroundings: hallmark gives a verdict or says why it cannot, keeps what it found, and leaves no process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, in its set-up too")]

mod admin;
mod bench;
mod containment;
mod disk;
mod interruption;
mod limits;
mod output;
mod secrecy;
mod start;
mod usage;
