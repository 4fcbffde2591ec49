//! The sockets of one set-up: a listener for each service, and the proxy that catches real host names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificates::Authority;
use super::contents::{Contents, SetupError};
use super::declared::DeclaredHost;
use super::proxy::Proxy;
use super::wire::{Backend, Router, WireServer};
use crate::fault::FaultBook;
use crate::stage::StageAddresses;

/// Names under which providers know the IAM token service.
const IAM_HOSTS: [&str; 3] = ["iam.cloud.ibm.com", "private.iam.cloud.ibm.com", "iam.test.cloud.ibm.com"];

/// Region of the instance's real-looking host name.
const REGION: &str = "us-south";

/// The sockets of one set-up.
pub(super) struct Sockets {
    secrets_manager: WireServer,
    iam: WireServer,
    third_parties: BTreeMap<String, WireServer>,
    proxy: Proxy,
    faults: Arc<FaultBook>,
}

/// Returns the instance's real-looking host name.
pub(super) fn instance_host(instance: &str) -> String {
    format!("{instance}.{REGION}.secrets-manager.appdomain.cloud")
}
