//! Wrong providers: they prove that every rule can be broken and that breaking it is found.
//!
//! | module | job |
//! |---|---|
//! | [`table`] | the mutations: what each does wrong, what it must break, what the finding must say |
//! | `config` | the manifest and the `job_config.json` of each |
//! | `image` | what the images of mutants say about themselves |
//! | `provider` | one small provider that keeps every rule, with the points at which a mutation makes it wrong |
//!
//! It shares no code with the harness or the suite: what judges and what is judged must not make the same mistake.

mod config;
mod image;
mod provider;
pub mod table;

pub use config::{JOB_CONFIG, MANIFEST, job_config};
pub use image::Recipe;
pub use provider::run;
pub use table::Mutation;

/// Id of the provider without a mutation, which breaks nothing.
pub const CONTROL: &str = "none";

/// Id of the same provider as an image.
pub const IMAGE_CONTROL: &str = "none-image";
