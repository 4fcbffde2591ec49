//! Wrong providers: they prove that every rule can be broken and that breaking it is found.
//!
//! | module | job |
//! |---|---|
//! | [`table`] | the mutations: what each does wrong, what it must break, what the finding must say |
//! | `image` | what the images of mutants say about themselves |
//! | `provider` | one small provider that keeps every rule, with the points at which a mutation makes it wrong |
//!
//! It shares no code with the harness or the suite: what judges and what is judged must not make the same mistake.

mod image;
mod provider;
pub mod table;

pub use image::Recipe;
pub use provider::run;
pub use table::Mutation;

/// The manifest of every mutant: the reference provider's, so that the two take the same inputs and what is found out about one means something
/// for the other.
pub const MANIFEST: &str = include_str!("../../../reference-provider/provider.toml");

/// The declarations that the manifest names.
pub const JOB_CONFIG: &str = include_str!("../../../reference-provider/job_config.json");

/// Id of the provider without a mutation, which breaks nothing.
pub const CONTROL: &str = "none";

/// Id of the same provider as an image.
pub const IMAGE_CONTROL: &str = "none-image";
