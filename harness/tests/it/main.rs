//! The harness over real sockets, in one binary.

mod admin;
mod fake;
mod secrets_manager;
mod stage;
mod wire;
