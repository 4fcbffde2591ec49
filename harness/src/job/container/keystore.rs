//! The run's certificate authority as a keystore for Java, whose runtime reads no PEM.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Where the keystore stands in a container.
pub(super) const FILE: &str = "/hallmark-files/ca.p12";

/// Java's own usual password; there is nothing secret in the keystore.
const PASSWORD: &str = "changeit";

/// Returns the variable that every Java runtime reads, and its value: it trusts whom the keystore holds.
pub(super) fn variable() -> (String, String) {
    let options = [("trustStore", FILE), ("trustStoreType", "PKCS12"), ("trustStorePassword", PASSWORD)];
    let options: Vec<String> = options.iter().map(|(name, value)| format!("-Djavax.net.ssl.{name}={value}")).collect();
    ("JAVA_TOOL_OPTIONS".to_owned(), options.join(" "))
}

/// Returns a PKCS#12 keystore in which `authority` (PEM) is trusted.
pub(super) fn pkcs12(authority: &str) -> std::io::Result<Vec<u8>> {
    let certificate = CertificateDer::from_pem_slice(authority.as_bytes()).map_err(std::io::Error::other)?;
    let certificate = Certificate::from_der(&certificate).map_err(std::io::Error::other)?;
    let mut store = KeyStore::new();
    store.add_entry("hallmark", KeyStoreEntry::Certificate(certificate));
    store.writer(PASSWORD).write().map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::cloud::certificates::Authority;

    #[test]
    fn the_keystore_holds_the_authority() {
        let authority = Authority::new().unwrap();
        let store = pkcs12(&authority.pem()).unwrap();
        let read = KeyStore::from_pkcs12(&store, PASSWORD, p12_keystore::Pkcs12ImportPolicy::Strict).unwrap();
        let Some(KeyStoreEntry::Certificate(found)) = read.entry("hallmark") else { panic!("no certificate of that name") };
        assert_eq!(found.as_der(), &*authority.der());
    }

    /// Only where there is a Java: a certificate without Java's own mark is in the keystore and trusted by nobody.
    #[test]
    fn java_trusts_the_authority() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.p12");
        std::fs::write(&path, pkcs12(&Authority::new().unwrap().pem()).unwrap()).unwrap();
        let arguments = ["-list", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"];
        match Command::new("keytool").args(arguments).arg(&path).output() {
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stdout);
                assert!(said.contains("hallmark") && said.contains("trustedCertEntry"), "{said}");
            }
            Err(error) => eprintln_skipped(&error),
        }
    }

    fn eprintln_skipped(error: &std::io::Error) {
        use std::io::Write as _;
        std::io::stderr().write_all(format!("skipped: no keytool: {error}\n").as_bytes()).ok();
    }
}
