//! How late our own threads were, for oracles that judge times, and what the machine's kernel lost: what only our delay explains is nobody's fault.

use std::time::Duration;

use hallmark_harness::cloud::Delay;
use hallmark_harness::fault::FaultPlan;
use hallmark_harness::journal::{Delivery, EventKind, Exchange};

use super::{History, Run};

/// Around a moment, how far away a delay may lie that still has to do with it.
const NEAR: u64 = 500_000_000;

/// A delay that, with the others of one request, uses up the patience of a provider that waits no longer than a second.
const PATIENCE: Duration = Duration::from_millis(100);

impl History<'_> {
    /// Returns the longest delay of the scenario.
    pub(super) fn worst_delay(&self) -> Duration {
        longest(self.recording.snapshot.delays.iter())
    }

    /// Returns the longest delay around a moment, which is in nanoseconds since the journal began.
    pub(super) fn delay_near(&self, at: u64) -> Duration {
        let near = |delay: &&Delay| delay.from <= at.saturating_add(NEAR) && delay.until.saturating_add(NEAR) >= at;
        longest(self.recording.snapshot.delays.iter().filter(near))
    }
}

/// How long a request waited for its answer before it counts as given up: its sender may have hung up unseen, while the answer stood in a buffer.
const ABANDONED: u64 = 2_000_000_000;

/// Tells whether the sender of a request hung up on it, or may have. `at` is when it was over.
fn gave_up(exchange: &Exchange, at: u64) -> bool {
    exchange.delivery == Delivery::PeerGone || at.saturating_sub(exchange.head_at) >= ABANDONED
}

/// Tells whether the faults that acted only have requests wait, for less than anybody's patience.
fn holds(faults: &str) -> bool {
    faults.parse::<FaultPlan>().is_ok_and(|acted| acted.faults.iter().all(|fault| fault.what.waits()))
}

/// Returns why a failure says nothing: the provider may have met what this machine did, and no service.
pub fn disturbed(history: &History<'_>) -> impl Iterator<Item = String> {
    history.recording.played.loss().into_iter().chain(hung_up(history))
}

/// Returns why a failure says nothing where a provider hung up, asked for by no fault, while our threads were late: it may have waited for as long
/// as anybody should.
fn hung_up(history: &History<'_>) -> Option<String> {
    // What a job had under way when it was killed ends with it.
    if history.runs.iter().any(Run::was_killed) {
        return None;
    }
    history.recording.events.iter().find_map(|event| {
        let (host, at) = match &event.kind {
            EventKind::Exchange(exchange) if exchange.fault.as_deref().is_none_or(holds) && gave_up(exchange, event.at) => {
                (&exchange.host, exchange.body_at)
            }
            EventKind::TlsAborted { host, fault: None, .. } => (host, event.at),
            _ => return None,
        };
        let delay = history.delay_near(at).max(history.delay_near(event.at));
        let late = delay >= PATIENCE;
        late.then(|| {
            format!(
                "the provider hung up on {host} while our own threads were up to {} ms late; give the machine less to do",
                delay.as_millis()
            )
        })
    })
}

fn longest<'delays>(delays: impl Iterator<Item = &'delays Delay>) -> Duration {
    Duration::from_nanos(delays.map(|delay| delay.until.saturating_sub(delay.from)).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use hallmark_harness::journal::Event;
    use hallmark_harness::stage::Recording;

    use super::*;

    #[test]
    fn a_provider_that_hangs_up_on_threads_that_are_late_is_not_to_blame() {
        let aborted = |fault: Option<&str>| {
            let kind = EventKind::TlsAborted { host: "iam.cloud.ibm.com".into(), reason: "eof".into(), fault: fault.map(str::to_owned) };
            Event { id: 0, at: 2_000_000_000, kind }
        };
        let told = |event: Event, delay: u64| {
            let mut recording = Recording::of_nothing("a scenario");
            recording.events.push(event);
            recording.snapshot.delays.push(Delay { from: 1_900_000_000, until: 1_900_000_000 + delay });
            disturbed(&History::new(&recording)).next()
        };
        let words = told(aborted(None), 150_000_000).unwrap();
        assert!(words.contains("iam.cloud.ibm.com") && words.contains("150 ms late"), "{words}");
        assert_eq!(told(aborted(None), 30_000_000), None, "nobody waited long for us");
        assert_eq!(told(aborted(Some("iam.handshake@every certificate(expired)")), 150_000_000), None, "a fault asked for it");
    }

    #[test]
    fn a_provider_whose_packets_the_kernel_dropped_is_not_to_blame() {
        let told = |dropped_packets| {
            let mut recording = Recording::of_nothing("a scenario");
            recording.played.dropped_packets = dropped_packets;
            disturbed(&History::new(&recording)).next()
        };
        assert!(told(864).is_some_and(|words| words.contains("dropped 864 packets") && words.contains("nf_conntrack_max")));
        assert_eq!(told(0), None);
    }

    #[test]
    fn faults_that_only_have_requests_wait_are_told_from_others_beside_them() {
        let (delay, gather) = ("iam.token@every before_commit delay(5ms)", "iam.token@every before_commit gather");
        assert!(holds(delay) && holds(gather) && holds(&format!("{delay}; {gather}")));
        assert!(!holds(&format!("{delay}; iam.token@every before_commit reset")));
        assert!(!holds("iam.token@every before_commit status(503, body=\" delay(5ms)\")"));
    }

    #[test]
    fn a_delay_counts_where_it_was() {
        let milliseconds = |number: u64| number * 1_000_000;
        let mut recording = Recording::of_nothing("a scenario");
        let delay = |from, until| Delay { from: milliseconds(from), until: milliseconds(until) };
        recording.snapshot.delays = vec![delay(1000, 1040), delay(5000, 5300)];
        let history = History::new(&recording);
        assert_eq!(history.worst_delay(), Duration::from_millis(300));
        for (at, expected) in [(0, 0), (600, 40), (1500, 40), (3000, 0), (4600, 300), (5100, 300), (5700, 300), (6000, 0)] {
            assert_eq!(history.delay_near(milliseconds(at)), Duration::from_millis(expected), "at {at} ms");
        }
    }
}
