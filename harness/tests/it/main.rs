//! The harness over real sockets, in one binary.

mod wire;
