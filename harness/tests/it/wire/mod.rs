//! The wire: what a client sees on its socket, and what the journal then holds.

mod answers;
mod bench;
mod composition;
mod connect;
mod connections;
mod faults;
mod fidelity;
mod gathering;
mod kill;
mod lifetime;
mod phases;
mod proxy;
mod relay;
mod tls;
