//! The IAM token service: API keys and compute resource tokens in, signed tokens out.
//!
//! The main type is [`Iam`]. It is also what Secrets Manager asks whose token a request bears.

mod identity;
mod login;
mod service;
mod token;

pub use identity::{Identity, Role, Scope};
pub use service::Iam;
pub use token::{SignerError, TokenSigner};
