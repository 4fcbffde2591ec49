//! Which service answers for a host and a path.

use std::collections::HashMap;
use std::sync::Arc;

use super::Backend;

/// Maps hosts and path prefixes to services.
///
/// A host is a name (`iam.cloud.ibm.com`, any port) or a name with a port (`127.0.0.1:4321`, that port only). The entry with the
/// port wins, then the longest prefix. The default answers where no entry does.
#[derive(Default)]
pub struct Router {
    hosts: HashMap<String, Vec<Entry>>,
    default: Option<Arc<dyn Backend>>,
}

/// A path prefix and the service behind it.
type Entry = (String, Arc<dyn Backend>);

impl Router {
    /// Starts a router that knows no host.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a router that sends every request to one service.
    pub fn to(backend: Arc<dyn Backend>) -> Self {
        Self { hosts: HashMap::new(), default: Some(backend) }
    }

    /// Adds an entry. The prefix ends at a path segment (`/v1` covers `/v1/keys` and not `/v10`); empty covers every path.
    #[must_use]
    pub fn route(mut self, host: &str, prefix: &str, backend: Arc<dyn Backend>) -> Self {
        let entries = self.hosts.entry(host.trim_end_matches('.').to_ascii_lowercase()).or_default();
        entries.push((prefix.trim_end_matches('/').to_owned(), backend));
        entries.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        self
    }

    /// Sets the service that answers where no entry does.
    #[must_use]
    pub fn or(mut self, backend: Arc<dyn Backend>) -> Self {
        self.default = Some(backend);
        self
    }

    /// Tells whether a host has an entry; the default does not count.
    pub fn knows(&self, host: &str, port: u16) -> bool {
        self.hosts.contains_key(host) || self.hosts.contains_key(&format!("{host}:{port}"))
    }

    /// Returns the service to which every request goes, where it is one alone.
    pub fn only(&self) -> Option<&Arc<dyn Backend>> {
        self.default.as_ref().filter(|_| self.hosts.is_empty())
    }

    /// Returns every service at a host, whatever the path. The default counts where there is nothing else.
    pub fn at(&self, host: &str, port: Option<u16>) -> impl Iterator<Item = &Arc<dyn Backend>> {
        let with_port = port.and_then(|port| self.hosts.get(&format!("{host}:{port}")));
        let routed = [with_port, self.hosts.get(host)].into_iter().flatten().flatten().map(|(_, backend)| backend);
        routed.chain(self.default.iter().filter(|_| self.hosts.is_empty()))
    }

    /// Returns the service for a request to `host` (lower case) at `path`.
    pub fn find(&self, host: &str, port: Option<u16>, path: &str) -> Option<&Arc<dyn Backend>> {
        if self.hosts.is_empty() {
            return self.default.as_ref();
        }
        let with_port = port.and_then(|port| self.hosts.get(&format!("{host}:{port}")));
        [with_port, self.hosts.get(host)]
            .into_iter()
            .flatten()
            .flatten()
            .find(|(prefix, _)| path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
            .map(|(_, backend)| backend)
            .or(self.default.as_ref())
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Router")
            .field("hosts", &self.hosts.keys().collect::<Vec<_>>())
            .field("default", &self.default.is_some())
            .finish()
    }
}
