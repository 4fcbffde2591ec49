//! `run --image` on a real Docker Engine. Without one every test says that it was skipped.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed, in its set-up too")]

mod bench;
mod certify;
// The same engine, found in the same way.
#[path = "../../../../harness/tests/container/engine.rs"]
pub(super) mod engine;
mod interruption;
mod missing;
mod mutants;
mod world;
