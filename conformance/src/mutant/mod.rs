//! Wrong providers: they prove that every rule can be broken and that breaking it is found.
//!
//! | module | job |
//! |---|---|
//! | [`table`] | the mutations: what each does wrong, what it must break, what the finding must say |
//! | `provider` | one small provider that keeps every rule, with the points at which a mutation makes it wrong |
//!
//! It shares no code with the harness or the suite: what judges and what is judged must not make the same mistake.

mod provider;
pub mod table;

pub use provider::run;
pub use table::Mutation;

/// The manifest of every mutant.
pub const MANIFEST: &str = include_str!("manifest.toml");

/// Id of the provider without a mutation, which breaks nothing.
pub const CONTROL: &str = "none";
