//! The fake cloud: Secrets Manager, IAM and third parties on real sockets.

mod answer;
pub mod certificates;
pub mod iam;
mod proxy;
pub mod secrets_manager;
pub mod third_party;
pub mod wire;
