//! Keeps secrets out of everything that is kept: every text passes the [`Redactor`] on its way into the journal, and each
//! occurrence of a secret, in any encoding that a provider might use, leaves as a mark such as `⟦login_secret/artifactory/base64⟧`.
//!
//! The mark is also the observation: an oracle that finds one in a task's error description needs no secret to know what leaked.

mod derivation;
mod encoding;
mod finder;
mod grams;
mod likeness;
mod mark;
mod redactor;
mod view;

pub use mark::{Mark, SecretKind, marks};
pub use redactor::{Redactor, SHORTEST_SECRET};

#[cfg(test)]
mod tests;
