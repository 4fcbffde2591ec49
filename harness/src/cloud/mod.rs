//! The fake cloud: Secrets Manager, IAM and third parties on real sockets.
//!
//! The main type is [`Cloud`].

mod access;
mod advice;
mod answer;
pub mod certificates;
mod contents;
mod control;
mod declared;
pub(crate) mod hosts;
pub mod iam;
mod lateness;
mod name_server;
pub(crate) mod ports;
mod proxy;
pub mod secrets_manager;
mod sockets;
mod tcp_service;
pub mod third_party;
mod token;
pub mod wire;

pub use contents::SetupError;
pub use control::{Cloud, CloudError, SecretOrder};
pub use lateness::Delay;
pub use tcp_service::CommandError;
pub use token::random_token;
