//! How a job signs in to IAM: an API key in its variables, or a trusted profile with a token in a file.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::contents::KEY_ALPHABET;
use super::iam::{Iam, Identity, Scope};
use crate::contract::IdSource;
use crate::engine::TokenFile;
use crate::stage::{AccountSetup, TrustedProfileSetup};

/// Name under which IAM knows the provider's own login.
pub(super) const ACCESS: &str = "sm-access";

/// The provider's own login.
pub(super) enum Access {
    Key(SecretString),
    Profile { id: String, token: SecretString, variables: TrustedProfileSetup },
}

impl Access {
    /// Draws a login for the account, limited to the secret group, and makes it known to IAM.
    pub(super) fn new(account: &AccountSetup, group: &str, iam: &Iam, ids: &mut IdSource) -> Self {
        let identity = |iam_id: String| Identity { iam_id, roles: account.roles.clone(), scope: Scope::SecretGroup(group.to_owned()) };
        if let Some(variables) = account.trusted_profile.clone() {
            let id = format!("Profile-{}", ids.uuid());
            let token = compute_resource_token(ids);
            iam.add_profile(ACCESS, &id, "hallmark-provider", token.clone(), identity(format!("iam-{id}")));
            return Self::Profile { id, token, variables };
        }
        let key = SecretString::from(ids.characters(KEY_ALPHABET, 44));
        iam.add_key(ACCESS, key.clone(), identity(format!("iam-ServiceId-{}", ids.uuid())));
        Self::Key(key)
    }

    /// Returns what must not be shown.
    pub(super) fn secret(&self) -> &SecretString {
        match self {
            Self::Key(secret) | Self::Profile { token: secret, .. } => secret,
        }
    }

    /// Returns the variables of a job that signs in so. They leave the cloud only with a job run, over the admin API.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        BTreeMap::from([match self {
            Self::Key(key) => ("SM_ACCESS_APIKEY".to_owned(), key.expose_secret().to_owned()),
            Self::Profile { id, variables, .. } => (variables.id_variable.clone(), id.clone()),
        }])
    }

    /// Returns the file of such a job.
    pub(super) fn token_file(&self) -> Option<TokenFile> {
        match self {
            Self::Key(_) => None,
            Self::Profile { token, variables, .. } => {
                Some(TokenFile { variable: variables.token_file_variable.clone(), contents: token.expose_secret().to_owned() })
            }
        }
    }
}

/// Returns a token in the form of a Kubernetes service account's. The fake IAM knows it as a whole, so nobody checks its signature. Its head must
/// not be that of IAM's own tokens, or one would be taken for a part of the other.
fn compute_resource_token(ids: &mut IdSource) -> SecretString {
    let header = format!(r#"{{"kid":"{}","alg":"RS256"}}"#, ids.characters(KEY_ALPHABET, 43));
    let claims = format!(
        r#"{{"jti":"{}","aud":["iam"],"iss":"https://kubernetes.default.svc","sub":"system:serviceaccount:{}:default"}}"#,
        ids.uuid(),
        ids.uuid()
    );
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    SecretString::from(format!("{}.{}.{}", part(&header), part(&claims), ids.characters(KEY_ALPHABET, 342)))
}
