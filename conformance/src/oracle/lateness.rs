//! How late our own threads were, for oracles that judge times: what only our delay explains is nobody's fault.

use std::time::Duration;

use hallmark_harness::cloud::Delay;

use super::History;

/// Around a moment, how far away a delay may lie that still has to do with it.
const NEAR: u64 = 500_000_000;

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

fn longest<'delays>(delays: impl Iterator<Item = &'delays Delay>) -> Duration {
    Duration::from_nanos(delays.map(|delay| delay.until.saturating_sub(delay.from)).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use hallmark_harness::stage::Recording;

    use super::*;

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
