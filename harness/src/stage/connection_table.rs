//! The kernel's table of connections: where Docker or a firewall has it kept, each connection of the machine stands in it, and for two minutes after its
//! end. Where it is full, the kernel drops packets, and a provider waits for an answer that nobody held back.
//!
//! Read from `/proc`, in the formats that the kernel's `nf_conntrack_standalone.c` and `proc.c` write. A machine that has no such table never lacks room.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";
const MOST: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
const STATISTICS: &str = "/proc/net/stat/nf_conntrack";
const TCP: &str = "/proc/net/netstat";

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
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    dropped_by_table(&text(STATISTICS)) + refused_by_listeners(&text(TCP))
}

fn number(path: &str) -> Option<u64> {
    std::fs::read_to_string(Path::new(path)).ok()?.trim().parse().ok()
}

fn is_full(count: Option<u64>, most: Option<u64>) -> bool {
    count.zip(most).is_some_and(|(count, most)| count.saturating_mul(10) >= most.saturating_mul(FULL))
}

/// Adds up what each processor dropped: a line of names, then one of hexadecimal numbers for each.
fn dropped_by_table(statistics: &str) -> u64 {
    let mut lines = statistics.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let told = |name: &str| ["drop", "insert_failed"].contains(&name);
    lines
        .flat_map(|line| names.iter().zip(line.split_whitespace()))
        .filter(|(name, _)| told(name))
        .filter_map(|(_, value)| u64::from_str_radix(value, 16).ok())
        .sum()
}

/// Returns how many connections found no room in the queue of the socket that they were for: lines of names and of decimal numbers in turn.
fn refused_by_listeners(statistics: &str) -> u64 {
    let lines: Vec<&str> = statistics.lines().collect();
    let tcp = lines.chunks_exact(2).find(|pair| pair[0].starts_with("TcpExt:"));
    let mut named = tcp.into_iter().flat_map(|pair| pair[0].split_whitespace().zip(pair[1].split_whitespace()));
    named.find(|(name, _)| *name == "ListenDrops").and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_processor_dropped_is_added_up() {
        let statistics = "entries  clashres found new insert_failed drop early_drop\n\
                          000259e7  00000000 00000001 00000000 00000002 0000017a 00000005\n\
                          000259e7  00000000 00000000 00000000 00000000 000001e6 00000000\n";
        assert_eq!(dropped_by_table(statistics), 2 + 0x17a + 0x1e6);
        assert_eq!(dropped_by_table(""), 0);
    }

    #[test]
    fn connections_without_room_in_a_queue_are_counted() {
        let statistics = "TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPTimeouts\nTcpExt: 1 6 7 801\nIpExt: InNoRoutes\nIpExt: 9\n";
        assert_eq!(refused_by_listeners(statistics), 7);
        assert_eq!(refused_by_listeners("IpExt: InNoRoutes\nIpExt: 9\n"), 0);
    }

    #[test]
    fn a_table_is_full_before_it_drops_anything() {
        assert!(is_full(Some(236_000), Some(262_144)));
        assert!(!is_full(Some(154_087), Some(262_144)));
        assert!(!is_full(None, Some(262_144)), "a machine without one");
    }
}
