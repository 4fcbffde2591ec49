//! The inputs, checked before anything is called.

use super::Provider;
use super::failure::Failure;
use crate::mutant::table::create;

/// What a creation asks for.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) scope: String,
    pub(super) username: Option<String>,
    pub(super) expires_in: u64,
    pub(super) refreshable: bool,
}

impl Provider {
    /// Returns a required input.
    pub(super) fn required(&self, name: &str) -> Result<String, Failure> {
        let value = self.variable(name).map(str::to_owned);
        value.ok_or_else(|| Failure::new("INPUT_MISSING", "A required input has no value. Nothing was changed."))
    }

    /// Returns the inputs of a creation.
    pub(super) fn wishes(&self) -> Result<Wishes, Failure> {
        let invalid = || Failure::new("INPUT_INVALID", "An input has a value that cannot be used. Nothing was changed.");
        let scope = match self.required("SM_SCOPE_VALUE") {
            Err(_) if self.is(&create::GUESSES_THE_SCOPE) => "applied-permissions/admin".to_owned(),
            read => read?,
        };
        let username = self.variable("SM_USERNAME_VALUE").map(str::to_owned);
        if username.is_none() && self.is(&create::NEEDS_THE_OPTIONAL) {
            return Err(invalid());
        }
        let expires_in = match self.variable("SM_EXPIRES_IN_VALUE").unwrap_or("3600").parse() {
            Err(_) if self.is(&create::NUMBER_BECOMES_ZERO) => 0,
            parsed => parsed.map_err(|_| invalid())?,
        };
        let refreshable = match self.variable("SM_REFRESHABLE_VALUE").unwrap_or("false") {
            "true" => true,
            "false" => false,
            _ if self.is(&create::CHECKS_TOO_LATE) => false,
            _ => return Err(invalid()),
        };
        let mode = self.variable("SM_MODE_VALUE").unwrap_or("standard");
        if !matches!(mode, "standard" | "strict") && !self.is(&create::TAKES_ANY_WORD) {
            return Err(invalid());
        }
        Ok(Wishes { scope, username, expires_in, refreshable })
    }
}
