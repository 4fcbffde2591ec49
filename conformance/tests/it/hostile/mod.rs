//! Hostile subjects and broken surroundings: hallmark gives a verdict or says why it cannot, keeps what it found, and leaves no process.

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
