//! What to do instead of a fault that can never act.

use crate::fault::{Fault, FaultService, FaultWhat, FaultWhen};
use crate::journal::Operation;

/// Says what a service has instead of what a fault wants of it.
pub(super) fn advice(fault: &Fault) -> &'static str {
    match (&fault.service, fault.operation) {
        (FaultService::ThirdParty, Operation::Connect) => {
            "connect takes delay, stall, close, reset and, to a third party behind the TCP proxy, cut_body, reset_mid_body, bandwidth, gather and the \
             kills, all without a phase, and refuse of every connection or of those of a window"
        }
        (_, Operation::Connect) => {
            "connect takes delay, stall, close and reset, without a phase, and refuse of every connection or of those of a window"
        }
        (_, Operation::Lookup) => "lookup takes dns(..) alone, without a phase",
        (_, Operation::Handshake) => "handshake takes certificate(..) alone",
        (FaultService::SecretsManager, _) => {
            "secrets_manager has list_tasks, get_task, update_task, delete_task, get_secret and other; \
             cancel_task and expire_task need an operation on one task; certificate(..) acts on handshake alone, dns(..) on lookup, and bandwidth and \
             refuse on connect"
        }
        (FaultService::Iam, _) => {
            "iam has token and other, and no task or token to cancel or expire; certificate(..) acts on handshake alone, dns(..) on lookup, and bandwidth \
             and refuse on connect"
        }
        (FaultService::ThirdParty, _) => {
            "third_party has create, revoke, list, get and other, and no task or token to cancel or expire; certificate(..) acts on handshake alone, \
             dns(..) on lookup, and bandwidth and refuse on connect"
        }
    }
}

/// Says why a fault that acts elsewhere cannot act on what is set up: with a third party behind the TCP proxy or without, with names that are
/// looked up or without.
pub(super) fn unfit(fault: &Fault, tcp_proxy: bool, names: bool) -> Option<&'static str> {
    if fault.is_of_lookup() && !names {
        return Some(
            "on loopback no name is looked up; play it where the fake cloud runs as a container (--image), or use connect with refuse instead",
        );
    }
    if fault.needs_tcp_proxy() && !tcp_proxy {
        return Some("no third party is behind the TCP proxy; of the connections to others use delay, stall, close, reset or refuse");
    }
    let counts = fault.what == FaultWhat::Refuse && fault.when != FaultWhen::Every && fault.service == FaultService::ThirdParty;
    if counts && tcp_proxy {
        return Some("a service behind the TCP proxy refuses every connection, or none; leave the window out");
    }
    None
}
