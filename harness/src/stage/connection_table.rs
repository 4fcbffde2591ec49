//! The kernel's table of connections: where Docker or a firewall has it kept, each connection of the machine stands in it, and for two minutes after its
//! end. Where it is full, the kernel drops packets, and a provider waits for an answer that nobody held back.
//!
//! Read from `/proc`, in the format that the kernel's `nf_conntrack_standalone.c` writes. A machine that has no such table never lacks room.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
const MOST: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
const STATISTICS: &str = "/proc/net/stat/nf_conntrack";

/// Tenths of the table beyond which nothing new is begun.
const FULL: u64 = 9;

/// How often it is looked whether there is room again.
const STEP: Duration = Duration::from_millis(250);

/// Connections are forgotten two minutes after their end; what is still there then is somebody else's.
const LONGEST: Duration = Duration::from_mins(3);

/// Waits until there is room for the connections of one more stage, for three minutes at most. Where that brought nothing, somebody else fills the table, and
/// nobody waits again.
#[expect(clippy::disallowed_methods, reason = "the kernel tells nobody when there is room again: it must be asked")]
pub(super) async fn until_room() {
    static IN_VAIN: AtomicBool = AtomicBool::new(false);
    let begun = Instant::now();
    while is_full(number(COUNT), number(MOST)) && !IN_VAIN.load(Ordering::Relaxed) {
        if begun.elapsed() >= LONGEST {
            IN_VAIN.store(true, Ordering::Relaxed);
        }
        sleep(STEP).await;
    }
}

/// Returns how many packets the kernel has dropped so far because it had no room for a connection.
pub(super) fn dropped() -> u64 {
    dropped_in(&std::fs::read_to_string(STATISTICS).unwrap_or_default())
}

fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn is_full(count: Option<u64>, most: Option<u64>) -> bool {
    count.zip(most).is_some_and(|(count, most)| count.saturating_mul(10) >= most.saturating_mul(FULL))
}

/// Adds up what each processor dropped: a line of names, then one of hexadecimal numbers for each.
fn dropped_in(statistics: &str) -> u64 {
    let mut lines = statistics.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    lines
        .flat_map(|line| names.iter().zip(line.split_whitespace()))
        .filter(|(name, _)| **name == "drop")
        .filter_map(|(_, value)| u64::from_str_radix(value, 16).ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_processor_dropped_is_added_up() {
        let statistics = "entries  clashres found new insert_failed drop early_drop\n\
                          000259e7  00000000 00000001 00000000 00000002 0000017a 00000005\n\
                          000259e7  00000000 00000000 00000000 00000000 000001e6 00000000\n";
        assert_eq!(dropped_in(statistics), 0x17a + 0x1e6);
        assert_eq!(dropped_in(""), 0);
    }

    #[test]
    fn a_table_is_full_before_it_drops_anything() {
        assert!(is_full(Some(236_000), Some(262_144)));
        assert!(!is_full(Some(154_087), Some(262_144)));
        assert!(!is_full(None, Some(262_144)), "a machine without one");
    }
}
