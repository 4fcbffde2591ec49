//! Small address ranges for the run's networks.
//!
//! The engine's own pools hold about thirty networks on a usual machine, fewer than stages. 198.18.0.0/15 is set aside for benchmarks of networks
//! (RFC 2544): nobody's network is there, so a route to a part of it takes nothing away.

use std::net::Ipv4Addr;

/// First address of the range.
const FIRST: u32 = 0xc612_0000;
/// Bits of an address within the range.
const RANGE_BITS: u32 = 17;
/// Bits of an address within one part: sixteen addresses, of which thirteen are for containers.
const PART_BITS: u32 = 4;

/// A part of the range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subnet {
    network: u32,
}

impl Subnet {
    /// Returns the part with a number; beyond the last one it begins again.
    pub(super) fn numbered(number: u32) -> Self {
        let parts = 1 << (RANGE_BITS - PART_BITS);
        Self { network: FIRST + ((number % parts) << PART_BITS) }
    }

    /// Returns it as `198.18.0.16/28`.
    pub(super) fn text(self) -> String {
        format!("{}/{}", self.address(0), 32 - PART_BITS)
    }

    /// Returns an address in it.
    pub(super) fn address(self, host: u32) -> Ipv4Addr {
        Ipv4Addr::from(self.network + host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_in_the_range_and_do_not_meet() {
        assert_eq!(Subnet::numbered(0).text(), "198.18.0.0/28");
        assert_eq!(Subnet::numbered(1).address(2), Ipv4Addr::new(198, 18, 0, 18));
        assert_eq!(Subnet::numbered(8191).address(15), Ipv4Addr::new(198, 19, 255, 255));
        assert_eq!(Subnet::numbered(8192), Subnet::numbered(0));
    }
}
