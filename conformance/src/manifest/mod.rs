//! The manifest `provider.toml`: what a provider's author says about the provider, so that it can be judged.
//!
//! The main type is [`Manifest`]. The text becomes a tree with positions (`toml`), the tree becomes a form (`form`, one struct
//! per table; the JSON Schema comes from the same structs), and `check` turns the form into a manifest or into [`Problem`]s that
//! point at the text. Mistakes of form are all reported at once; only when there are none, all mistakes of meaning are.

mod check;
mod error;
mod form;
mod input;
mod located;
mod mask;
mod model;
mod problem;
mod reader;
mod schema;
mod words;

pub use error::ManifestError;
pub use model::{
    DeclaredInput, DeletePolicy, InputValue, Manifest, SecretData, SecretSource, TcpSource, ThirdPartySource, TrustedProfile, Variant,
    Waiver,
};
pub use problem::Problem;
pub use schema::schema;
pub use words::{AuthorityDelivery, CanaryKind, Generator, InstanceUrl, Preset};

#[cfg(test)]
mod tests;
