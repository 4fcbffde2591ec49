//! What a job's processes took: processor time and memory.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What the descendants of this process took that have ended and were waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Nanoseconds of all of them.
    pub(super) processor: Option<u64>,
    /// Bytes of the largest of them.
    pub(super) peak_memory: Option<u64>,
}

impl Usage {
    /// Asks the system. A supervisor has one job, so what its descendants took is what the job took.
    pub(super) fn of_descendants() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_CHILDREN) else { return Self::default() };
        let processor = usage.user_time().num_nanoseconds().saturating_add(usage.system_time().num_nanoseconds());
        // The system counts in KiB.
        let peak_memory = u64::try_from(usage.max_rss()).ok().and_then(|kibibytes| kibibytes.checked_mul(1024));
        Self { processor: u64::try_from(processor).ok(), peak_memory }
    }
}
