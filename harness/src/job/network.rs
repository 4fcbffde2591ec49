//! The variables that lead a job's network traffic through the harness and make it trust the harness's certificate authority.

use std::collections::BTreeMap;
use std::fmt;

/// The variable with the proxy's URL, of which every stage has its own.
pub(super) const PROXY: &str = "HTTPS_PROXY";

/// Where a job's requests go and whom it trusts. Code Engine sets none of these: without them an unmodified provider would leave the machine.
#[derive(Clone, PartialEq, Eq)]
pub struct NetworkVariables {
    /// URL of the harness's proxy, e.g. `http://127.0.0.1:40123`.
    pub proxy_url: String,
    /// Hosts that are asked directly, comma-separated.
    pub no_proxy: String,
    /// Path of a PEM file with the certificates to trust.
    pub ca_file: String,
}

impl NetworkVariables {
    /// Returns variables under which loopback is asked directly, because the harness's own plain-http services listen there.
    pub fn new(proxy_url: impl Into<String>, ca_file: impl Into<String>) -> Self {
        Self { proxy_url: proxy_url.into(), no_proxy: "127.0.0.1,localhost".to_owned(), ca_file: ca_file.into() }
    }

    /// Returns the variables by name.
    pub fn variables(&self) -> BTreeMap<String, String> {
        let (proxy, direct) = (self.proxy_url.as_str(), self.no_proxy.as_str());
        [
            // https through CONNECT. Go, Node and Java's clients read the upper-case name, curl and Python both.
            (PROXY, proxy),
            ("https_proxy", proxy),
            // Plain http, so that an undeclared host asked in the clear is seen too. curl reads only the lower-case name: in a CGI program the
            // upper-case one could come from a request header.
            ("HTTP_PROXY", proxy),
            ("http_proxy", proxy),
            // Go never sends loopback through a proxy; the others must be told.
            ("NO_PROXY", direct),
            ("no_proxy", direct),
            // Node's own fetch and https honour the proxy variables only when told to.
            ("NODE_USE_ENV_PROXY", "1"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .chain(TrustVariables::new(&self.ca_file).variables())
        .collect()
    }
}

/// Whom a job trusts, in the variables of the common runtimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustVariables {
    /// Path of a PEM file with the certificates to trust.
    pub ca_file: String,
}

impl TrustVariables {
    /// Returns variables that name `ca_file`.
    pub fn new(ca_file: impl Into<String>) -> Self {
        Self { ca_file: ca_file.into() }
    }

    /// Returns the variables by name.
    pub fn variables(&self) -> BTreeMap<String, String> {
        [
            // OpenSSL and what builds on it, Go, rustls-native-certs.
            "SSL_CERT_FILE",
            // Python's requests brings its own certificates and ignores SSL_CERT_FILE.
            "REQUESTS_CA_BUNDLE",
            // curl's command and library, where they are not built on OpenSSL's defaults.
            "CURL_CA_BUNDLE",
            // Node compiles its roots in; this adds to them.
            "NODE_EXTRA_CA_CERTS",
        ]
        .into_iter()
        .map(|name| (name.to_owned(), self.ca_file.clone()))
        .collect()
    }
}

impl fmt::Debug for NetworkVariables {
    /// Leaves out the proxy's URL, which may carry a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NetworkVariables").field("no_proxy", &self.no_proxy).field("ca_file", &self.ca_file).finish_non_exhaustive()
    }
}
