//! The Secrets Manager v2 API as a credentials provider sees it: tasks and secrets.
//!
//! The main type is [`SecretsManager`].

mod backend;
mod misplaced;
mod refusal;
mod route;
mod secrets;
mod update;

pub use backend::SecretsManager;
pub use secrets::{StoredSecret, StoredSecrets};
pub use update::Issued;
