//! `POST /identity/token` and who stands behind a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::super::answer;
use super::super::wire::{Backend, Handled, Received};
use super::{Identity, TokenSigner};
use crate::journal::{Facts, Journal, Operation, Refusal, Service};
use crate::redaction::SecretKind;

const API_KEY_GRANT: &str = "urn:ibm:params:oauth:grant-type:apikey";
const COMPUTE_RESOURCE_GRANT: &str = "urn:ibm:params:oauth:grant-type:cr-token";

/// The IAM token service of one stage.
#[derive(Debug)]
pub struct Iam {
    signer: Arc<TokenSigner>,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    keys: Vec<ApiKey>,
    tokens: HashMap<String, Token>,
    lifetime: Duration,
    issued: u32,
}

struct ApiKey {
    value: SecretString,
    name: String,
    identity: Identity,
    revoked: bool,
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "ApiKey({})", self.name)
    }
}

struct Token {
    identity: Identity,
    key: String,
    expires: SystemTime,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Token of {}", self.key)
    }
}

impl Iam {
    /// Starts without keys; tokens last for `lifetime`.
    pub fn new(signer: Arc<TokenSigner>, journal: Arc<Journal>, lifetime: Duration) -> Self {
        Self { signer, journal, state: Mutex::new(State { keys: Vec::new(), tokens: HashMap::new(), lifetime, issued: 0 }) }
    }

    /// Makes an API key known. `name` may be shown; the value is registered as secret by whoever made it.
    pub fn add_key(&self, name: &str, value: SecretString, identity: Identity) {
        self.state().keys.push(ApiKey { value, name: name.to_owned(), identity, revoked: false });
    }

    /// Revokes a key: no token is issued for it any more. Returns whether there was one of that name.
    pub fn revoke_key(&self, name: &str) -> bool {
        let mut state = self.state();
        let found = state.keys.iter_mut().find(|key| key.name == name);
        found.map(|key| key.revoked = true).is_some()
    }

    /// Replaces the roles of the identity behind a key, for tokens issued before too. Returns whether there was one.
    pub fn set_identity(&self, name: &str, identity: &Identity) -> bool {
        let mut state = self.state();
        state.tokens.values_mut().filter(|token| token.key == name).for_each(|token| token.identity = identity.clone());
        let found = state.keys.iter_mut().find(|key| key.name == name);
        found.map(|key| key.identity = identity.clone()).is_some()
    }

    /// Sets how long tokens issued from now on last.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    /// Lets every token issued so far expire now.
    pub fn expire_tokens(&self) {
        self.state().tokens.values_mut().for_each(|token| token.expires = UNIX_EPOCH);
    }

    /// Returns who stands behind the bearer token of a request.
    pub fn bearer(&self, request: &Received) -> Result<Identity, Refusal> {
        let header = request.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(Refusal::MissingToken)?;
        let token = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer ")).ok_or(Refusal::MissingToken)?;
        let state = self.state();
        let token = state.tokens.get(token.trim()).ok_or(Refusal::BadToken)?;
        if token.expires <= SystemTime::now() { Err(Refusal::BadToken) } else { Ok(token.identity.clone()) }
    }

    fn issue(&self, form: &HashMap<String, String>, request: &Received) -> Handled {
        let refuse = |code, message| Self::error(StatusCode::BAD_REQUEST, code, message, request);
        let key = match form.get("grant_type").map(String::as_str) {
            Some(API_KEY_GRANT) => form.get("apikey").filter(|key| !key.is_empty()),
            Some(COMPUTE_RESOURCE_GRANT) => {
                return refuse("BXNIM0398E", "Selected trusted profile not eligible for CR token");
            }
            _ => return refuse("BXNIM0109E", "Property missing or empty: grant_type"),
        };
        let Some(key) = key else { return refuse("BXNIM0109E", "Property missing or empty: apikey") };
        let mut state = self.state();
        let Some((name, identity)) = state
            .keys
            .iter()
            .find(|known| !known.revoked && known.value.expose_secret() == key)
            .map(|known| (known.name.clone(), known.identity.clone()))
        else {
            drop(state);
            return refuse("BXNIM0415E", "Provided API key could not be found.");
        };
        let now = SystemTime::now();
        let issued_at = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let lifetime = state.lifetime;
        let expiration = issued_at + lifetime.as_secs();
        let claims = json!({
            "iam_id": identity.iam_id, "id": identity.iam_id, "realmid": "iam", "jti": uuid::Uuid::new_v4().to_string(),
            "identifier": identity.iam_id.trim_start_matches("iam-"), "sub": identity.iam_id.trim_start_matches("iam-"),
            "sub_type": "ServiceId", "iat": issued_at, "exp": expiration, "iss": "https://iam.cloud.ibm.com/identity",
            "grant_type": API_KEY_GRANT, "scope": "ibm openid", "client_id": "default", "acr": 1, "amr": ["pwd"],
        });
        let Some(token) = self.signer.sign(&claims) else {
            drop(state);
            self.journal.append(crate::journal::EventKind::EngineTrouble { what: "signing an IAM token failed".into() });
            return Self::error(StatusCode::INTERNAL_SERVER_ERROR, "BXNIM0099E", "Internal error", request);
        };
        state.issued += 1;
        self.journal.redactor().register(SecretKind::Token, &format!("{name}/{}", state.issued), &token);
        let facts = Facts { identity: Some(identity.describe()), ..Facts::default() };
        state.tokens.insert(token.clone(), Token { identity, key: name, expires: now + lifetime });
        let body = json!({
            "access_token": token, "refresh_token": "not_supported", "token_type": "Bearer",
            "expires_in": lifetime.as_secs(), "expiration": expiration, "scope": "ibm openid",
        });
        dress(answer::json(StatusCode::OK, &body, true, facts))
    }

    /// An error in IAM's own shape, as recorded from the real service.
    fn error(status: StatusCode, code: &str, message: &str, request: &Received) -> Handled {
        let agent = request.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
        let body = json!({
            "context": {
                "clusterName": "iam-id-fake", "elapsedTime": "1", "host": "iamid-fake-0", "instanceId": "iamid-fake-0",
                "locale": "en_US", "requestId": uuid::Uuid::new_v4().to_string(), "requestType": "incoming.Identity_Token",
                "threadId": "1", "url": "https://iam.cloud.ibm.com", "userAgent": agent,
            },
            "errorCode": code,
            "errorMessage": message,
        });
        let refused = (code == "BXNIM0415E").then_some(Refusal::Login);
        dress(answer::json(status, &body, false, Facts { refused, ..Facts::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Iam {
    fn service(&self) -> Service {
        Service::Iam
    }

    fn operation(&self, request: &Received) -> Operation {
        if request.path.trim_end_matches('/') == "/identity/token" { Operation::Token } else { Operation::Other }
    }

    fn handle(&self, request: &Received) -> Handled {
        let handled = match (&request.method, request.path.trim_end_matches('/')) {
            (&Method::POST, "/identity/token") => self.issue(&form(&request.body), request),
            (&Method::GET, "/identity/keys") => answer::json(StatusCode::OK, &self.signer.key_set(), false, Facts::default()),
            (_, "/identity/token") => Self::error(StatusCode::METHOD_NOT_ALLOWED, "BXNIM0111E", "Method not allowed", request),
            _ => Self::error(StatusCode::NOT_FOUND, "BXNIM0110E", "Resource not found", request),
        };
        answer::echo(handled, request)
    }

    fn refuse(&self, request: &Received, status: StatusCode) -> Handled {
        let (code, message) = match status.as_u16() {
            400 => ("BXNIM0415E", "Provided API key could not be found."),
            401 => ("BXNIM0400E", "External authentication failed."),
            403 => ("BXNIM0513E", "You are not authorized to use this feature."),
            429 => ("BXNIM0120E", "Too many requests."),
            _ => ("BXNIM0099E", "The service is temporarily not available."),
        };
        answer::echo(Self::error(status, code, message, request), request)
    }
}

fn dress(mut handled: Handled) -> Handled {
    for (name, value) in [
        ("cache-control", "no-cache, no-store, must-revalidate"),
        ("content-language", "en-US"),
        ("ibm-cloud-service-name", "iam-identity"),
    ] {
        handled.headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(transaction) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        handled.headers.insert("transaction-id", transaction);
    }
    handled
}

/// Reads an `application/x-www-form-urlencoded` body; the last of two equal names wins.
fn form(body: &[u8]) -> HashMap<String, String> {
    let text = String::from_utf8_lossy(body).replace('+', " ");
    text.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use base64::Engine as _;
    use bytes::Bytes;
    use http::HeaderMap;

    use super::super::{Role, Scope};
    use serde_json::Value;

    use super::*;
    use crate::redaction::Redactor;

    fn iam(lifetime: u64) -> Iam {
        let journal = Journal::new(Arc::new(Redactor::default()));
        let iam = Iam::new(Arc::new(TokenSigner::new().unwrap()), journal, Duration::from_secs(lifetime));
        let roles = BTreeSet::from([Role::SecretTaskUpdater]);
        let identity = Identity { iam_id: "iam-ServiceId-1".into(), roles, scope: Scope::Instance };
        iam.add_key("access", "the-api-key".to_owned().into(), identity);
        iam
    }

    fn request(body: &str, authorization: Option<&str>) -> Received {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(http::header::AUTHORIZATION, value.parse().unwrap());
        }
        let (method, path) = (Method::POST, "/identity/token".to_owned());
        Received {
            connection: 1,
            tls: true,
            host: "iam.cloud.ibm.com".into(),
            method,
            path,
            query: None,
            headers,
            body: Bytes::from(body.to_owned()),
        }
    }

    fn answered(iam: &Iam, body: &str) -> (u16, Value) {
        let handled = iam.handle(&request(body, None));
        (handled.status.as_u16(), serde_json::from_slice(&handled.body).unwrap())
    }

    const GRANT: &str = "apikey=the-api-key&grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&response_type=cloud_iam";

    #[test]
    fn a_known_key_gets_a_token_with_iat_and_exp() {
        let iam = iam(3600);
        let (status, body) = answered(&iam, GRANT);
        assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(3600)));
        let token = body["access_token"].as_str().unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
        assert_eq!(claims["exp"], body["expiration"]);
        assert!(iam.bearer(&request("", Some(&format!("Bearer {token}")))).is_ok());
        iam.expire_tokens();
        assert_eq!(iam.bearer(&request("", Some(&format!("Bearer {token}")))), Err(Refusal::BadToken));
    }

    #[test]
    fn an_unknown_or_revoked_key_is_400_bxnim0415e() {
        let iam = iam(3600);
        let unknown = answered(&iam, &GRANT.replace("the-api-key", "another"));
        assert_eq!((unknown.0, &unknown.1["errorCode"]), (400, &json!("BXNIM0415E")));
        assert_eq!(unknown.1["errorMessage"], "Provided API key could not be found.");
        assert!(iam.revoke_key("access"));
        assert_eq!(answered(&iam, GRANT).1["errorCode"], "BXNIM0415E");
    }

    #[test]
    fn a_missing_grant_is_named() {
        assert_eq!(answered(&iam(1), "apikey=x").1["errorCode"], "BXNIM0109E");
    }

    #[test]
    fn no_and_foreign_tokens_are_told_apart() {
        let iam = iam(1);
        assert_eq!(iam.bearer(&request("", None)), Err(Refusal::MissingToken));
        assert_eq!(iam.bearer(&request("", Some("Bearer made.up.token"))), Err(Refusal::BadToken));
    }
}
