//! Why a listener could not start.

use std::net::SocketAddr;

/// A listener could not start.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Somebody else listens there.
    #[error("cannot listen on {address}: the port is taken; stop what listens there or choose another port (0 picks a free one)")]
    PortTaken {
        /// Address asked for.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("cannot listen on {address}; check that the address belongs to this machine and that the port may be used")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
}
