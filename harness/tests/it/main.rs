//! The harness over real sockets, in one binary.

mod admin;
mod connect;
mod fake;
mod secrets_manager;
mod stage;
mod wire;
