//! What IAM exchanges for a token: an API key, or a compute resource token with a trusted profile.

use std::collections::HashMap;

use secrecy::{ExposeSecret, SecretString};

use super::Identity;

const API_KEY_GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";
const COMPUTE_RESOURCE_GRANT: &str = "urn:ibm:params:oauth:grant-type:cr-token";

/// One way to sign in.
pub(super) struct Login {
    /// A name that may be shown.
    pub(super) name: String,
    pub(super) proof: Proof,
    pub(super) identity: Identity,
    pub(super) revoked: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Login({})", self.name)
    }
}

/// What has to be shown.
pub(super) enum Proof {
    ApiKey(SecretString),
    /// A token that the platform gives to a job, good for one profile.
    ComputeResource {
        token: SecretString,
        profile_id: String,
        profile_name: String,
    },
}

impl Proof {
    /// Returns the grant that takes it.
    pub(super) fn grant(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => API_KEY_GRANT,
            Self::ComputeResource { .. } => COMPUTE_RESOURCE_GRANT,
        }
    }

    /// Returns the claim `sub_type` of its tokens.
    pub(super) fn subject_type(&self) -> &'static str {
        match self {
            Self::ApiKey(_) => "ServiceId",
            Self::ComputeResource { .. } => "Profile",
        }
    }
}

/// Why no token is issued, in IAM's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) message: &'static str,
    pub(super) details: Option<&'static str>,
}

impl Refused {
    pub(super) const fn new(code: &'static str, message: &'static str) -> Self {
        Self { code, message, details: None }
    }

    /// Tells whether what was shown is not known, and not merely how it was shown.
    pub(super) fn is_login(&self) -> bool {
        *self == KEY_UNKNOWN || *self == PROFILE_NOT_ELIGIBLE
    }
}

const KEY_UNKNOWN: Refused = Refused::new("BXNIM0415E", "Provided API key could not be found.");

/// The real answer's details repeat token and profile; a fake that does so would plant a secret in the provider's hands.
const PROFILE_NOT_ELIGIBLE: Refused = Refused {
    code: "BXNIM0398E",
    message: "Selected trusted profile not eligible for CR token",
    details: Some("No link or claim rule of the selected trusted profile matches the compute resource token."),
};

/// Returns the login that a form shows; what is missing is told in the order in which IAM's documentation lists the fields.
pub(super) fn find<'logins>(logins: &'logins [Login], form: &HashMap<String, String>) -> Result<&'logins Login, Refused> {
    let given = |field: &str| form.get(field).map(String::as_str).filter(|value| !value.is_empty());
    let mut usable = logins.iter().filter(|login| !login.revoked);
    match given("grant_type") {
        Some(API_KEY_GRANT) => {
            let key = given("apikey").ok_or(Refused::new("BXNIM0109E", "Property missing or empty: apikey"))?;
            let known = usable.find(|login| matches!(&login.proof, Proof::ApiKey(value) if value.expose_secret() == key));
            known.ok_or(KEY_UNKNOWN)
        }
        Some(COMPUTE_RESOURCE_GRANT) => {
            let shown = given("cr_token").ok_or(Refused::new("BXNIM0109E", "Property missing or empty: cr_token"))?;
            let (id, name) = (given("profile_id"), given("profile_name"));
            if id.is_none() && name.is_none() {
                return Err(Refused::new("BXNIM0109E", "Property missing or empty: profile_id"));
            }
            // Where both are given, both must fit.
            let fits = |given: Option<&str>, own: &str| given.is_none_or(|given| given == own);
            let known = usable.find(|login| match &login.proof {
                Proof::ComputeResource { token, profile_id, profile_name } => {
                    token.expose_secret() == shown && fits(id, profile_id) && fits(name, profile_name)
                }
                Proof::ApiKey(_) => false,
            });
            known.ok_or(PROFILE_NOT_ELIGIBLE)
        }
        _ => Err(Refused::new("BXNIM0109E", "Property missing or empty: grant_type")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Scope;
    use super::*;

    fn logins() -> Vec<Login> {
        let identity = |id: &str| Identity { iam_id: id.into(), roles: BTreeSet::new(), scope: Scope::Instance };
        let login = |name: &str, proof| Login { name: name.into(), proof, identity: identity(name), revoked: false };
        let profile = |token: &str, id: &str| Proof::ComputeResource {
            token: SecretString::from(token),
            profile_id: id.into(),
            profile_name: format!("name of {id}"),
        };
        vec![login("key", Proof::ApiKey(SecretString::from("k"))), login("one", profile("t1", "p1")), login("two", profile("t2", "p2"))]
    }

    fn shown(fields: &[(&str, &str)]) -> Result<String, &'static str> {
        let form = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        find(&logins(), &form).map(|login| login.name.clone()).map_err(|refused| refused.code)
    }

    #[test]
    fn a_profile_is_assumed_with_its_own_token_alone() {
        let grant = ("grant_type", COMPUTE_RESOURCE_GRANT);
        assert_eq!(shown(&[grant, ("cr_token", "t1"), ("profile_id", "p1")]).as_deref(), Ok("one"));
        assert_eq!(shown(&[grant, ("cr_token", "t2"), ("profile_name", "name of p2")]).as_deref(), Ok("two"));
        assert_eq!(shown(&[grant, ("cr_token", "t1"), ("profile_id", "p2")]), Err("BXNIM0398E"));
        assert_eq!(shown(&[grant, ("cr_token", "t1"), ("profile_id", "p1"), ("profile_name", "name of p2")]), Err("BXNIM0398E"));
        assert_eq!(shown(&[grant, ("cr_token", "k"), ("profile_id", "p1")]), Err("BXNIM0398E"), "a key is no such token");
        assert_eq!(shown(&[grant, ("cr_token", "t1\n"), ("profile_id", "p1")]), Err("BXNIM0398E"), "the token is not trimmed");
    }

    #[test]
    fn what_is_missing_is_told() {
        let grant = ("grant_type", COMPUTE_RESOURCE_GRANT);
        for fields in
            [&[grant, ("profile_id", "p1")][..], &[grant, ("cr_token", "t1")], &[grant, ("cr_token", ""), ("profile_id", "p1")], &[]]
        {
            assert_eq!(shown(fields), Err("BXNIM0109E"), "{fields:?}");
        }
        assert_eq!(shown(&[("grant_type", API_KEY_GRANT), ("apikey", "t1")]), Err("BXNIM0415E"), "such a token is no key");
    }
}
