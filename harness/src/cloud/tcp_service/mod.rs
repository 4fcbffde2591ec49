//! A real third party of any protocol, behind the TCP proxy.
//!
//! Nothing is understood of its bytes. What is alive in it is known by the commands of the manifest, and so is how to make it refuse. The main type is
//! [`TcpService`].

mod command;
mod service;
#[cfg(test)]
mod tests;

pub use command::CommandError;
pub(super) use service::{TcpService, TcpServices};
