//! What the images of mutants say about themselves.
//!
//! The main type is [`Recipe`].

use super::table::Mutation;
use super::table::image::{ARM64, KEEPS_A_FILE, KEY_IN_ENV, LOGIN_IN_LABEL, NO_USER, OWNER_IN_LABEL, ROOT};

/// The folder in which a mutant keeps a file.
pub(super) const STATE: &str = "/state";

/// How the image of a mutant is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The user as which it runs; empty for none.
    pub user: &'static str,
    /// The architecture that it declares; none for this machine's.
    pub architecture: Option<&'static str>,
    /// Its environment.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Its labels.
    pub labels: Vec<(&'static str, &'static str)>,
    /// A folder into which everybody may write.
    pub folder: Option<&'static str>,
}

impl Recipe {
    /// Returns the recipe of a mutant's image, or of the image that is right.
    pub fn of(mutation: Option<&Mutation>) -> Self {
        let is = |wrong: &Mutation| mutation == Some(wrong);
        // Everything here may stand in an image; a right one has some of it, so that not the mere presence is found.
        let mut recipe = Self {
            user: "65532:65532",
            architecture: None,
            environment: vec![("LANG", "C.UTF-8"), ("API_TOKEN_FILE", "/run/secrets/api-token")],
            labels: vec![
                ("org.opencontainers.image.authors", "The team <providers@company.com>"),
                ("org.opencontainers.image.revision", "8a0a9c5d2b1f4e6a7c3d9e8f0b1a2c3d4e5f6a7b"),
            ],
            folder: is(&KEEPS_A_FILE).then_some(STATE),
        };
        if is(&ROOT) {
            recipe.user = "0:0";
        }
        if is(&NO_USER) {
            recipe.user = "";
        }
        if is(&ARM64) {
            recipe.architecture = Some("arm64");
        }
        if is(&KEY_IN_ENV) {
            recipe.environment.push(("UPSTREAM_API_KEY", "Zk3vJq9-RtYw0bN_e7uHs2LxPmA5dC8fGi1oTkVzXwQy"));
        }
        if is(&LOGIN_IN_LABEL) {
            recipe.labels.push(("com.example.registry", "https://builder:Xu7-wq9Lm2@registry.company.com"));
        }
        if is(&OWNER_IN_LABEL) {
            recipe.labels.push(("com.example.owner", "ada.lovelace@company.com"));
        }
        recipe
    }
}
