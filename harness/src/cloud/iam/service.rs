//! `POST /identity/token` and who stands behind a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde_json::json;

use super::super::answer;
use super::super::wire::{Backend, Handled, Received};
use super::login::{self, Login, Proof, Refused};
use super::{Identity, TokenSigner};
use crate::journal::{Facts, Journal, Operation, Refusal, Service};
use crate::redaction::SecretKind;

/// The IAM token service of one stage.
#[derive(Debug)]
pub struct Iam {
    signer: Arc<TokenSigner>,
    journal: Arc<Journal>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    logins: Vec<Login>,
    tokens: HashMap<String, Token>,
    lifetime: Duration,
    issued: u32,
}

struct Token {
    identity: Identity,
    /// The login that it was issued for.
    login: String,
    expires: SystemTime,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Token of {}", self.login)
    }
}

impl Iam {
    /// Starts without logins; tokens last for `lifetime`.
    pub fn new(signer: Arc<TokenSigner>, journal: Arc<Journal>, lifetime: Duration) -> Self {
        Self { signer, journal, state: Mutex::new(State { logins: Vec::new(), tokens: HashMap::new(), lifetime, issued: 0 }) }
    }

    /// Makes an API key known. `name` may be shown; the value is registered as secret by whoever made it.
    pub fn add_key(&self, name: &str, value: SecretString, identity: Identity) {
        self.add_login(name, Proof::ApiKey(value), identity);
    }

    /// Makes a trusted profile known that the bearer of the compute resource token may assume, by its id or its name. `name` is the login's and
    /// may be shown; the token is registered as secret by whoever made it.
    pub fn add_profile(&self, name: &str, profile_id: &str, profile_name: &str, token: SecretString, identity: Identity) {
        let proof = Proof::ComputeResource { token, profile_id: profile_id.to_owned(), profile_name: profile_name.to_owned() };
        self.add_login(name, proof, identity);
    }

    fn add_login(&self, name: &str, proof: Proof, identity: Identity) {
        self.state().logins.push(Login { name: name.to_owned(), proof, identity, revoked: false });
    }

    /// Revokes a login: no token is issued for it any more. Returns whether there was one of that name.
    pub fn revoke_login(&self, name: &str) -> bool {
        let mut state = self.state();
        let found = state.logins.iter_mut().find(|login| login.name == name);
        found.map(|login| login.revoked = true).is_some()
    }

    /// Replaces the roles of the identity behind a login, for tokens issued before too. Returns whether there was one.
    pub fn set_identity(&self, name: &str, identity: &Identity) -> bool {
        let mut state = self.state();
        state.tokens.values_mut().filter(|token| token.login == name).for_each(|token| token.identity = identity.clone());
        let found = state.logins.iter_mut().find(|login| login.name == name);
        found.map(|login| login.identity = identity.clone()).is_some()
    }

    /// Sets how long tokens issued from now on last.
    pub fn set_lifetime(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    /// Lets every token issued so far expire now.
    pub fn expire_tokens(&self) {
        self.state().tokens.values_mut().for_each(|token| token.expires = UNIX_EPOCH);
    }

    /// Lets the bearer token of a request expire now.
    pub fn expire_bearer(&self, request: &Received) {
        if let Some(token) = bearer_token(request)
            && let Some(token) = self.state().tokens.get_mut(token)
        {
            token.expires = UNIX_EPOCH;
        }
    }

    /// Returns who stands behind the bearer token of a request.
    pub fn bearer(&self, request: &Received) -> Result<Identity, Refusal> {
        let token = bearer_token(request).ok_or(Refusal::MissingToken)?;
        let state = self.state();
        let token = state.tokens.get(token).ok_or(Refusal::BadToken)?;
        if token.expires <= SystemTime::now() { Err(Refusal::BadToken) } else { Ok(token.identity.clone()) }
    }

    fn issue(&self, form: &HashMap<String, String>, request: &Received) -> Handled {
        let mut state = self.state();
        let login = match login::find(&state.logins, form) {
            Ok(login) => login,
            Err(refusal) => {
                drop(state);
                return Self::error(StatusCode::BAD_REQUEST, &refusal, request);
            }
        };
        let (name, identity, grant, sub_type) =
            (login.name.clone(), login.identity.clone(), login.proof.grant(), login.proof.subject_type());
        let now = SystemTime::now();
        let issued_at = request.clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let lifetime = state.lifetime;
        let expiration = issued_at + lifetime.as_secs();
        let claims = json!({
            "iam_id": identity.iam_id, "id": identity.iam_id, "realmid": "iam", "jti": uuid::Uuid::new_v4().to_string(),
            "identifier": identity.iam_id.trim_start_matches("iam-"), "sub": identity.iam_id.trim_start_matches("iam-"),
            "sub_type": sub_type, "iat": issued_at, "exp": expiration, "iss": "https://iam.cloud.ibm.com/identity",
            "grant_type": grant, "scope": "ibm openid", "client_id": "default", "acr": 1, "amr": ["pwd"],
        });
        let Some(token) = self.signer.sign(&claims) else {
            drop(state);
            self.journal.append(crate::journal::EventKind::EngineTrouble { what: "signing an IAM token failed".into() });
            return Self::error(StatusCode::INTERNAL_SERVER_ERROR, &Refused::new("BXNIM0099E", "Internal error"), request);
        };
        state.issued += 1;
        self.journal.redactor().register(SecretKind::Token, &format!("{name}/{}", state.issued), &token);
        let facts = Facts { identity: Some(identity.describe()), ..Facts::default() };
        state.tokens.insert(token.clone(), Token { identity, login: name, expires: now + lifetime });
        let body = json!({
            "access_token": token, "refresh_token": "not_supported", "token_type": "Bearer",
            "expires_in": lifetime.as_secs(), "expiration": expiration, "scope": "ibm openid",
        });
        dress(answer::json(StatusCode::OK, &body, true, facts))
    }

    /// An error in IAM's own shape, as recorded from the real service.
    fn error(status: StatusCode, refused: &Refused, request: &Received) -> Handled {
        let agent = request.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("");
        let mut body = json!({
            "context": {
                "clusterName": "iam-id-fake", "elapsedTime": "1", "host": "iamid-fake-0", "instanceId": "iamid-fake-0",
                "locale": "en_US", "requestId": uuid::Uuid::new_v4().to_string(), "requestType": "incoming.Identity_Token",
                "threadId": "1", "url": "https://iam.cloud.ibm.com", "userAgent": agent,
            },
            "errorCode": refused.code,
            "errorMessage": refused.message,
        });
        if let Some(details) = refused.details {
            body["errorDetails"] = json!(details);
        }
        let refused = refused.is_login().then_some(Refusal::Login);
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
            (_, "/identity/token") => {
                Self::error(StatusCode::METHOD_NOT_ALLOWED, &Refused::new("BXNIM0111E", "Method not allowed"), request)
            }
            _ => Self::error(StatusCode::NOT_FOUND, &Refused::new("BXNIM0110E", "Resource not found"), request),
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
        answer::echo(Self::error(status, &Refused::new(code, message), request), request)
    }
}

/// Returns the bearer token that a request carries.
fn bearer_token(request: &Received) -> Option<&str> {
    let header = request.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    Some(header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer "))?.trim())
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
            clock_skew: 0,
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
        assert!(iam.revoke_login("access"));
        assert_eq!(answered(&iam, GRANT).1["errorCode"], "BXNIM0415E");
    }

    #[test]
    fn a_trusted_profile_gets_a_token_until_it_is_revoked() {
        let iam = iam(3600);
        let identity = Identity { iam_id: "iam-Profile-1".into(), roles: BTreeSet::new(), scope: Scope::Instance };
        iam.add_profile("profile", "Profile-1", "named", "a.token".to_owned().into(), identity);
        let grant = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Acr-token&cr_token=a.token&profile_id=Profile-1";
        let (status, body) = answered(&iam, grant);
        assert_eq!(status, 200, "{body}");
        let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
        assert_eq!(iam.bearer(&request("", Some(&bearer))).unwrap().iam_id, "iam-Profile-1");
        assert!(iam.revoke_login("profile"));
        let (status, body) = answered(&iam, grant);
        assert_eq!((status, &body["errorCode"]), (400, &json!("BXNIM0398E")));
        assert!(body["errorDetails"].is_string() && !body.to_string().contains("a.token"), "{body}");
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

    #[test]
    fn a_skewed_clock_dates_a_token_wrong_and_the_token_works() {
        let iam = iam(3600);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        for skew in [-7200, 86_400] {
            let handled = iam.handle(&Received { clock_skew: skew, ..request(GRANT, None) });
            let body: Value = serde_json::from_slice(&handled.body).unwrap();
            let token = body["access_token"].as_str().unwrap();
            let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
            let claims: Value = serde_json::from_slice(&claims).unwrap();
            let issued_at = claims["iat"].as_u64().unwrap();
            assert!(issued_at.abs_diff(now.saturating_add_signed(skew)) < 60, "{claims}");
            assert_eq!((&claims["exp"], &body["expiration"]), (&json!(issued_at + 3600), &json!(issued_at + 3600)));
            assert!(iam.bearer(&request("", Some(&format!("Bearer {token}")))).is_ok());
        }
    }

    #[test]
    fn one_token_can_expire_alone() {
        let iam = iam(3600);
        let [one, other] = [(); 2].map(|()| format!("Bearer {}", answered(&iam, GRANT).1["access_token"].as_str().unwrap()));
        iam.expire_bearer(&request("", Some(&one)));
        assert_eq!(iam.bearer(&request("", Some(&one))), Err(Refusal::BadToken));
        assert!(iam.bearer(&request("", Some(&other))).is_ok());
    }
}
