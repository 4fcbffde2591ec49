//! What a person sees while the suite runs, on standard error: a bar on a terminal, a few lines elsewhere, or nothing.
//!
//! The main type is [`Progress`].

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::report::printable;
use crate::verdict::Verdict;

/// How the bar looks. No colour: `NO_COLOR` needs no thought then.
const TEMPLATE: &str = "[{elapsed_precise}] {bar:30} {pos}/{len} {prefix}{msg}";

/// How often the bar's clock moves while no scenario ends.
const TICK: Duration = Duration::from_millis(250);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A bar that moves; for terminals.
    Bar,
    /// A line for every tenth of the scenarios and one for each that did not go well; for logs.
    Lines,
    /// Nothing.
    Silent,
}

impl Mode {
    /// Chooses by what standard error is; `quiet` wins.
    pub fn choose(quiet: bool) -> Self {
        match quiet {
            true => Self::Silent,
            false if io::stderr().is_terminal() => Self::Bar,
            false => Self::Lines,
        }
    }
}

/// Counts scenarios and tells a person about it. May be shared: every call is short and takes `&self`.
pub struct Progress {
    total: u64,
    /// What is counted, in the plural.
    what: &'static str,
    counts: Mutex<Counts>,
    shown: Shown,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    finished: u64,
    failed: u64,
    open: u64,
}

enum Shown {
    Bar(ProgressBar),
    Lines(Mutex<Box<dyn Write + Send>>),
    Silent,
}

impl Progress {
    /// Begins to show `total` scenarios.
    pub fn new(total: u64, mode: Mode) -> Self {
        Self::of("scenarios", total, mode)
    }

    /// Begins to show `total` of what is named in the plural.
    pub fn of(what: &'static str, total: u64, mode: Mode) -> Self {
        let shown = match mode {
            Mode::Bar => {
                let bar = Self::bar(what, total, ProgressDrawTarget::stderr());
                bar.enable_steady_tick(TICK);
                Shown::Bar(bar)
            }
            Mode::Lines => Shown::Lines(Mutex::new(Box::new(io::stderr()))),
            Mode::Silent => Shown::Silent,
        };
        Self { total, what, counts: Mutex::default(), shown }
    }

    fn bar(what: &'static str, total: u64, target: ProgressDrawTarget) -> ProgressBar {
        let style = ProgressStyle::with_template(TEMPLATE);
        let bar = ProgressBar::with_draw_target(Some(total), target);
        // A template that does not parse would cost the bar's looks, not the run. A test holds that it does.
        bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ")).with_prefix(what)
    }

    /// Counts a scenario, with its verdict on its own rule.
    pub fn scenario_finished(&self, name: &str, verdict: Verdict) {
        let (before, now) = {
            // A panic elsewhere while counting leaves numbers that are still good enough to show.
            let mut counts = self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let before = *counts;
            counts.finished += 1;
            counts.failed += u64::from(verdict == Verdict::Fail);
            counts.open += u64::from(matches!(verdict, Verdict::Inconclusive | Verdict::NotExercised));
            (before, *counts)
        };
        if matches!(verdict, Verdict::Fail | Verdict::Inconclusive) {
            self.note(&format!("{verdict}: {name}"));
        }
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_message(now.in_words());
                bar.set_position(now.finished);
            }
            Shown::Lines(_) if self.tenth(now.finished) > self.tenth(before.finished) && now.finished < self.total => {
                self.note(&format!("{} of {} {}{}", now.finished, self.total, self.what, now.in_words()));
            }
            Shown::Lines(_) | Shown::Silent => {}
        }
    }

    fn tenth(&self, finished: u64) -> u64 {
        finished * 10 / self.total.max(1)
    }

    /// Says something, above the bar if there is one.
    pub fn note(&self, text: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.println(printable(text)),
            Shown::Lines(lines) => {
                let mut lines = lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                // Who closed standard error does not want to read this; the results are written elsewhere.
                writeln!(lines, "{}", printable(text)).and_then(|()| lines.flush()).ok();
            }
            Shown::Silent => {}
        }
    }

    /// Ends: removes the bar, or says how many scenarios were run.
    pub fn finish(&self) {
        let counts = *self.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
        if matches!(self.shown, Shown::Lines(_)) {
            self.note(&format!("{} of {} {}{}", counts.finished, self.total, self.what, counts.in_words()));
        }
    }
}

impl Counts {
    /// Returns what did not go well, as a suffix.
    fn in_words(self) -> String {
        let mut words = String::new();
        for (number, what) in [(self.failed, "failed"), (self.open, "without a verdict")] {
            if number > 0 {
                write!(words, ", {number} {what}").ok();
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(data)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(total: u64, run: impl FnOnce(&Progress)) -> Vec<String> {
        let sink = Sink::default();
        let progress =
            Progress { total, what: "scenarios", counts: Mutex::default(), shown: Shown::Lines(Mutex::new(Box::new(sink.clone()))) };
        run(&progress);
        progress.finish();
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_come_at_each_tenth_and_at_failures() {
        let lines = lines(200, |progress| {
            for number in 0..200 {
                progress.scenario_finished("The update is answered 404", if number == 30 { Verdict::Fail } else { Verdict::Pass });
            }
        });
        assert_eq!(lines.len(), 11, "{lines:#?}");
        assert_eq!(lines[0], "20 of 200 scenarios");
        assert_eq!(lines[1], "fail: The update is answered 404");
        assert_eq!(lines[2], "40 of 200 scenarios, 1 failed");
        assert_eq!(lines[10], "200 of 200 scenarios, 1 failed");
    }

    #[test]
    fn few_and_no_scenarios_are_no_special_case() {
        let three = lines(3, |progress| (0..3).for_each(|_| progress.scenario_finished("x", Verdict::NotExercised)));
        assert_eq!(
            three,
            ["1 of 3 scenarios, 1 without a verdict", "2 of 3 scenarios, 2 without a verdict", "3 of 3 scenarios, 3 without a verdict"]
        );
        assert_eq!(lines(0, |_| {}), ["0 of 0 scenarios"]);
    }

    #[test]
    fn a_note_cannot_steer_the_terminal() {
        assert_eq!(lines(1, |progress| progress.note("\u{1b}[2Jgone"))[0], "\\u{1b}[2Jgone");
    }

    #[test]
    fn the_bar_counts() {
        let bar = Progress::bar("scenarios", 4, ProgressDrawTarget::hidden());
        let progress = Progress { total: 4, what: "scenarios", counts: Mutex::default(), shown: Shown::Bar(bar.clone()) };
        progress.scenario_finished("x", Verdict::Pass);
        progress.scenario_finished("x", Verdict::Fail);
        assert_eq!((bar.position(), bar.message()), (2, ", 1 failed".to_owned()));
        progress.finish();
        assert!(bar.is_finished());
    }

    #[test]
    fn the_bar_s_template_parses() {
        ProgressStyle::with_template(TEMPLATE).unwrap();
    }

    #[test]
    fn quiet_is_silent() {
        assert_eq!(Mode::choose(true), Mode::Silent);
    }
}
