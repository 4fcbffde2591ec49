//! The inputs, checked before anything is called.

use super::Provider;
use super::failure::Failure;
use crate::mutant::table::create;

/// The kinds of systems that the provider knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum System {
    Artifactory,
    PagerDuty,
}

/// What a creation asks for.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) scope: String,
    pub(super) username: Option<String>,
    /// Whether there is no user name where there could be one.
    pub(super) lacks_user: bool,
    pub(super) expires_in: u64,
    pub(super) refreshable: bool,
}

impl Provider {
    /// Returns a required input.
    pub(super) fn required(&self, name: &str) -> Result<String, Failure> {
        let value = self.variable(name).map(str::to_owned);
        value.ok_or_else(|| Failure::new("INPUT_MISSING", "A required input has no value. Nothing was changed."))
    }

    /// Returns the system that the inputs name.
    pub(super) fn system(&self) -> Result<System, Failure> {
        match self.required("SM_SYSTEM_VALUE")?.as_str() {
            "artifactory" => Ok(System::Artifactory),
            "pagerduty" => Ok(System::PagerDuty),
            _ if self.is(&create::TAKES_ANY_WORD) => Ok(System::Artifactory),
            _ => Err(Failure::new("SYSTEM_UNKNOWN", "The provider does not know this system. Nothing was changed.")),
        }
    }

    /// Returns what a credential is for: Artifactory's scope, or the id of PagerDuty's event orchestration.
    pub(super) fn scope(&self) -> Result<String, Failure> {
        match self.required("SM_SCOPE_VALUE") {
            Err(_) if self.is(&create::GUESSES_THE_SCOPE) => Ok("applied-permissions/admin".to_owned()),
            read => read,
        }
    }

    /// Returns the inputs of a creation.
    pub(super) fn wishes(&self) -> Result<Wishes, Failure> {
        let invalid = || Failure::new("INPUT_INVALID", "An input has a value that cannot be used. Nothing was changed.");
        let system = self.system()?;
        let scope = self.scope()?;
        let username = self.variable("SM_USERNAME_VALUE").map(str::to_owned);
        // Routing keys have no user.
        let lacks_user = username.is_none() && system == System::Artifactory;
        if lacks_user && self.is(&create::NEEDS_THE_OPTIONAL) {
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
        Ok(Wishes { scope, username, lacks_user, expires_in, refreshable })
    }
}
