//! The fake cloud: Secrets Manager, IAM and third parties on real sockets.

pub mod certificates;
mod proxy;
pub mod third_party;
pub mod wire;
