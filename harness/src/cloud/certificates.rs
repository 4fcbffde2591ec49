//! The run's own certificate authority, and certificates that a careful client must refuse.
//!
//! The main type is [`Authority`]. A provider trusts it through the bundle of [`Authority::write_bundle`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SigningKey,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

/// File name of the bundle.
const BUNDLE: &str = "hallmark-ca.pem";

/// A certificate authority that lives as long as the run; its key stays with the run's own processes.
pub struct Authority {
    name: String,
    certificate: CertificateDer<'static>,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    served: Mutex<ServedConfigs>,
}

type ServedConfigs = HashMap<(String, Option<CertificateFlaw>), Arc<ServerConfig>>;

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFlaw {
    /// It ran out an hour ago.
    Expired,
    /// It is for another host.
    WrongHost,
    /// Another authority signed it, one that nobody trusts.
    UnknownAuthority,
}

/// A certificate could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The library refused to make one, e.g. because the host is no host name.
    #[error("cannot make a certificate for `{subject}`; check that it is a host name")]
    Make {
        /// Host, or the authority's own name.
        subject: String,
        /// Cause.
        #[source]
        source: rcgen::Error,
    },
    /// An authority that another process made cannot be taken over.
    #[error("cannot take over the run's certificate authority: its {part} cannot be read; this is a defect of hallmark")]
    TakeOver {
        /// Which part.
        part: &'static str,
    },
    /// The TLS library refused it.
    #[error("cannot serve TLS for `{host}` with the certificate made for it; this is a defect of hallmark")]
    Serve {
        /// Host.
        host: String,
        /// Cause.
        #[source]
        source: rustls::Error,
    },
    /// The bundle could not be written.
    #[error("cannot write the certificate bundle {}; check that the folder exists and is writable", path.display())]
    Write {
        /// File.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
}

impl Authority {
    /// Makes a new authority with a fresh ECDSA P-256 key.
    pub fn new() -> Result<Self, CertificateError> {
        // A name of its own: a client that trusts two runs' authorities tells them apart by it.
        let name = format!("hallmark run CA {:08x}", rand::random::<u32>());
        let key = KeyPair::generate().map_err(|source| make_error(&name, source))?;
        let certificate = issuer(&name).self_signed(&key).map_err(|source| make_error(&name, source))?;
        Self::with(name, certificate.der().clone(), certificate.pem(), key)
    }

    fn with(name: String, certificate: CertificateDer<'static>, pem: String, key: KeyPair) -> Result<Self, CertificateError> {
        let leaf_key = KeyPair::generate().map_err(|source| make_error("the run's hosts", source))?;
        let issuer = Issuer::new(issuer(&name), key);
        Ok(Self { name, certificate, pem, issuer, leaf_key, served: Mutex::default() })
    }

    /// Returns everything that another process of the run needs to be the same authority.
    pub fn transfer(&self) -> AuthorityTransfer {
        AuthorityTransfer {
            name: self.name.clone(),
            certificate: self.pem.clone(),
            key: SecretString::from(self.issuer.key().serialize_pem()),
        }
    }

    /// Becomes the authority that another process of the run made.
    pub fn take_over(transfer: &AuthorityTransfer) -> Result<Self, CertificateError> {
        let certificate = CertificateDer::from_pem_slice(transfer.certificate.as_bytes())
            .map_err(|_| CertificateError::TakeOver { part: "certificate" })?;
        let key = KeyPair::from_pem(transfer.key.expose_secret()).map_err(|_| CertificateError::TakeOver { part: "key" })?;
        Self::with(transfer.name.clone(), certificate, transfer.certificate.clone(), key)
    }

    /// Returns the authority's certificate as PEM.
    pub fn pem(&self) -> String {
        self.pem.clone()
    }

    /// Returns the authority's certificate as DER, for a client's root store.
    pub fn der(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }

    /// Writes the PEM bundle that `SSL_CERT_FILE` and its like can name into `folder`; returns its path.
    pub fn write_bundle(&self, folder: &Path) -> Result<PathBuf, CertificateError> {
        let path = folder.join(BUNDLE);
        std::fs::write(&path, self.pem()).map_err(|source| CertificateError::Write { path: path.clone(), source })?;
        Ok(path)
    }

    /// Returns the TLS side of `host` (a name or an IP address): with a good certificate, or with one that a careful client refuses. Made once per
    /// host and flaw.
    pub fn server_config(&self, host: &str, flaw: Option<CertificateFlaw>) -> Result<Arc<ServerConfig>, CertificateError> {
        let mut served = lock(&self.served);
        let key = (host.to_owned(), flaw);
        if let Some(config) = served.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make_config(host, flaw)?);
        served.insert(key, Arc::clone(&config));
        Ok(config)
    }

    fn make_config(&self, host: &str, flaw: Option<CertificateFlaw>) -> Result<ServerConfig, CertificateError> {
        let now = OffsetDateTime::now_utc();
        let name = if flaw == Some(CertificateFlaw::WrongHost) { "another-host.invalid" } else { host };
        let not_after = if flaw == Some(CertificateFlaw::Expired) { now - Duration::hours(1) } else { now + Duration::days(30) };
        let certificate = if flaw == Some(CertificateFlaw::UnknownAuthority) {
            let stranger = "an authority that nobody trusts";
            let key = KeyPair::generate().map_err(|source| make_error(stranger, source))?;
            let stranger = Issuer::new(issuer(stranger), key);
            leaf(name, not_after, &self.leaf_key, &stranger)
        } else {
            leaf(name, not_after, &self.leaf_key, &self.issuer)
        }
        .map_err(|source| make_error(host, source))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key))
            .map_err(|source| CertificateError::Serve { host: host.to_owned(), source })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// What makes another process of the run the same authority. It holds the key and prints without it.
#[derive(Debug, Clone)]
pub struct AuthorityTransfer {
    /// The authority's name.
    pub name: String,
    /// Its certificate, PEM.
    pub certificate: String,
    /// Its key, PEM.
    pub key: SecretString,
}

/// Describes an authority that may sign leaves and nothing below them.
fn issuer(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = OffsetDateTime::now_utc();
    parameters.not_before = now - Duration::days(1);
    parameters.not_after = now + Duration::days(365);
    parameters
}

/// Makes a server certificate for `host`.
fn leaf(
    host: &str,
    not_after: OffsetDateTime,
    key: &impl PublicKeyData,
    issuer: &Issuer<'_, impl SigningKey>,
) -> Result<CertificateDer<'static>, rcgen::Error> {
    let mut parameters = CertificateParams::new(vec![host.to_owned()])?;
    // A common name holds at most 64 characters; clients read the alternative names only.
    parameters.distinguished_name.push(DnType::CommonName, "hallmark fake cloud");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    parameters.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    parameters.not_after = not_after;
    Ok(parameters.signed_by(key, issuer)?.der().clone())
}

fn make_error(subject: &str, source: rcgen::Error) -> CertificateError {
    CertificateError::Make { subject: subject.to_owned(), source }
}

/// A panic elsewhere leaves these maps whole: they stay usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_that_was_taken_over_signs_for_the_same_root() {
        let authority = Authority::new().unwrap();
        let other = Authority::take_over(&authority.transfer()).unwrap();
        assert_eq!(other.pem(), authority.pem());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.der()).unwrap();
        let leaf = leaf("iam.cloud.ibm.com", OffsetDateTime::now_utc() + Duration::days(1), &other.leaf_key, &other.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let name = "iam.cloud.ibm.com".try_into().unwrap();
        let now = rustls::pki_types::UnixTime::now();
        rustls::client::danger::ServerCertVerifier::verify_server_cert(&*verifier, &leaf, &[], &name, &[], now).unwrap();
    }

    #[test]
    fn a_transfer_prints_without_its_key() {
        let transfer = Authority::new().unwrap().transfer();
        assert!(transfer.key.expose_secret().contains("PRIVATE KEY"));
        assert!(!format!("{transfer:?}").contains("PRIVATE KEY"));
    }
}
