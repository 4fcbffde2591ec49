//! Real signed tokens: JSON web tokens with `iat` and `exp`, as the SDKs decode them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// Signs tokens with a key of the run. The real service signs with RS256; no client of it checks the signature, and an
/// elliptic key is made in no time.
pub struct TokenSigner {
    key: EcdsaKeyPair,
    random: SystemRandom,
    key_id: String,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "TokenSigner({})", self.key_id)
    }
}

/// The system's source of randomness failed.
#[derive(Debug, thiserror::Error)]
#[error("no signing key for IAM tokens could be made: the system's source of randomness failed; check /dev/urandom")]
pub struct SignerError;

impl TokenSigner {
    /// Makes a signer with a new key.
    pub fn new() -> Result<Self, SignerError> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(|_| SignerError)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).map_err(|_| SignerError)?;
        let key_id = hex::encode(&key.public_key().as_ref()[1..9]);
        Ok(Self { key, random, key_id })
    }

    /// Returns a signed token with these claims.
    pub(super) fn sign(&self, claims: &Value) -> Option<String> {
        let header = json!({"kid": self.key_id, "alg": "ES256", "typ": "JWT"});
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key.sign(&self.random, signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Returns the public key as a JSON web key set, as `GET /identity/keys` answers it.
    pub(super) fn key_set(&self) -> Value {
        let point = self.key.public_key().as_ref();
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id,
            "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..65]),
        }]})
    }
}
