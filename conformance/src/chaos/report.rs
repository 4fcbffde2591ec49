//! What a search found, as data and for a person.

use std::fmt::Write as _;

use serde::Serialize;

use super::coverage::Coverage;
use super::search::count;
use super::shrink::CONFIRMATIONS;
use crate::catalog::{Level, Profile};
use crate::explain::PAGE;
use crate::paragraph::wrapped;
use crate::report::printable;

/// A search from beginning to end.
#[derive(Debug, Serialize)]
pub struct ChaosReport {
    /// Version of hallmark.
    pub hallmark: String,
    /// The provider's name.
    pub provider: String,
    /// The manifest, as it was named.
    pub manifest: String,
    /// The command or image that was played.
    pub subject: String,
    /// `process` or `container`.
    pub mode: crate::results::Mode,
    /// Seed of the search.
    pub seed: u64,
    /// Which rules count.
    pub profile: Profile,
    /// Most faults of a schedule.
    pub most_faults: u32,
    /// Whether silence was among the faults.
    pub slow: bool,
    /// Schedules that were asked for.
    pub asked: u64,
    /// Schedules that were played.
    pub played: u64,
    /// What broke the provider, one for each way.
    pub findings: Vec<FindingRecord>,
    /// Schedules that broke the provider, all.
    pub failed: u64,
    /// Cases that nobody could decide, and some of them in words.
    pub undecidable: (u64, Vec<String>),
    /// Credentials that live on because a fault made their end impossible, and some of them in words.
    pub excused: (u64, Vec<String>),
    /// Rules that do not count and were broken, with the number of schedules.
    pub uncounted: Vec<(String, u64)>,
    /// Schedules of which nothing can be said, for a reason of hallmark's: number and reason.
    pub troubled: Vec<(u64, String)>,
    /// What was tried: operation, cells met, cells, faults that acted.
    pub coverage: Vec<(String, usize, usize, u32)>,
    /// Job runs.
    pub jobs: u64,
    /// Seconds of the search.
    pub seconds: f64,
    /// Schedules a minute in the steady state; none where the search was too short for one.
    pub per_minute: Option<f64>,
    /// Schedules that played at once.
    pub at_once: usize,
    /// Share of the schedules' time in which none of their jobs ran or waited for its turn to: hallmark's own.
    pub own_share: f64,
    /// Most memory that this process had, in MiB, at the end of the first tenth and at the end of all.
    pub memory: Option<(u64, u64)>,
    /// The exit code.
    pub exit_code: u8,
    /// It in one sentence.
    pub conclusion: String,
}

/// One way in which the provider broke.
#[derive(Debug, Serialize)]
pub struct FindingRecord {
    /// The rule.
    pub rule: String,
    /// Its level.
    pub level: Level,
    /// What it requires.
    pub requirement: String,
    /// The smallest schedule, as its line.
    pub schedule: String,
    /// Its faults.
    pub faults: usize,
    /// Number of the schedule that it was made from, from 0.
    pub from: u64,
    /// How often it broke the rule of so many further plays.
    pub confirmed: (u32, u32),
    /// Schedules that were tried to make it small.
    pub tried: u64,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub actual: String,
    /// What happened, line by line.
    pub story: String,
    /// Other schedules that hold the same faults and break the same rule.
    pub others: u64,
    /// The command that plays it again.
    pub replay: String,
}

impl ChaosReport {
    /// Makes the rows of what was tried.
    pub fn rows(coverage: &Coverage, slow: bool) -> Vec<(String, usize, usize, u32)> {
        coverage.rows(slow).into_iter().map(|(target, met, of, acted)| (target.name().to_owned(), met, of, acted)).collect()
    }

    /// Returns the report for a person.
    pub fn human(&self) -> String {
        let mut text = String::new();
        writeln!(text, "Chaos against {} ({})", self.provider, printable(&self.subject)).ok();
        writeln!(text, "seed {}, at most {} faults a schedule, rules of profile {}\n", self.seed, self.most_faults, self.profile).ok();
        for (number, finding) in self.findings.iter().enumerate() {
            finding.human(&mut text, number + 1);
        }
        self.cases(&mut text);
        self.tried(&mut text);
        self.speed(&mut text);
        writeln!(text, "\n{}", wrapped(&self.conclusion, PAGE, "", "")).ok();
        text
    }

    fn cases(&self, text: &mut String) {
        let lists = [
            (&self.undecidable, "undecidable, as nobody could know what became of a report"),
            (&self.excused, "excused, as a fault that lasted made the end of what lives on impossible"),
        ];
        for ((number, words), what) in lists.into_iter().filter(|((number, _), _)| *number > 0) {
            writeln!(text, "{number} {}: {what}", if *number == 1 { "case" } else { "cases" }).ok();
            for word in words.iter().take(3) {
                writeln!(text, "{}", wrapped(&printable(word), PAGE, "  - ", "    ")).ok();
            }
            if *number > 3 {
                writeln!(text, "  - ... (--format json has more)").ok();
            }
        }
        for (rule, number) in &self.uncounted {
            writeln!(text, "{rule}, which profile {} does not count, was broken {number} times", self.profile).ok();
        }
        for (index, reason) in self.troubled.iter().take(3) {
            writeln!(text, "{}", wrapped(&format!("schedule {index} says nothing: {}", printable(reason)), PAGE, "", "  ")).ok();
        }
        if self.troubled.len() > 3 {
            writeln!(text, "... and {} more schedules", self.troubled.len() - 3).ok();
        }
    }

    fn tried(&self, text: &mut String) {
        writeln!(text, "\nTried (operation x kind of fault x moment)").ok();
        writeln!(text, "  {:<30} {:>7} {:>7} {:>8}", "operation", "met", "of", "faults").ok();
        for (target, met, of, acted) in self.coverage.iter().filter(|(.., acted)| *acted > 0) {
            writeln!(text, "  {target:<30} {met:>7} {of:>7} {acted:>8}").ok();
        }
        let never: Vec<&str> = self.coverage.iter().filter(|(.., acted)| *acted == 0).map(|(target, ..)| target.as_str()).collect();
        if !never.is_empty() {
            writeln!(text, "  never met a fault in this search: {}", never.join(", ")).ok();
        }
    }

    fn speed(&self, text: &mut String) {
        let each = if self.played > 0 { count(self.jobs) / count(self.played) } else { 0.0 };
        writeln!(
            text,
            "\n{} schedules with {} job runs ({each:.1} each) in {:.1} s, {} at once",
            self.played, self.jobs, self.seconds, self.at_once
        )
        .ok();
        if let Some(per_minute) = self.per_minute {
            writeln!(
                text,
                "{per_minute:.0} schedules a minute in the steady state; {:.0} % of a schedule's time is hallmark's own, the rest its jobs' and their queue's",
                self.own_share * 100.0
            )
            .ok();
        }
        if let Some((early, late)) = self.memory {
            writeln!(text, "memory at most {early} MiB after the first tenth, {late} MiB at the end").ok();
        }
    }
}

impl FindingRecord {
    fn human(&self, text: &mut String, number: usize) {
        writeln!(text, "{}", wrapped(&format!("{number}. {} ({}): {}", self.rule, self.level, self.requirement), PAGE, "", "   ")).ok();
        let (broke, of) = self.confirmed;
        let faults = if self.faults == 1 { "1 fault".to_owned() } else { format!("{} faults", self.faults) };
        let others = match self.others {
            0 => String::new(),
            1 => "; another schedule broke it alike".to_owned(),
            others => format!("; {others} other schedules broke it alike"),
        };
        let how = match (self.tried, broke == CONFIRMATIONS) {
            (0, _) => format!("with {faults}, as it was drawn: the search was interrupted before it was made small"),
            (tried, true) => format!("shrunk to {faults} with {tried} tries; it broke the rule in each of {of} further plays"),
            (tried, false) => format!("shrunk to {faults} with {tried} tries; FLAKY: it broke the rule in {broke} of {of} further plays"),
        };
        let about = format!("schedule {}, {how}{others}", self.from);
        writeln!(text, "{}", wrapped(&about, PAGE, "   ", "   ")).ok();
        writeln!(text, "{}", wrapped(&printable(&self.expected), PAGE, "   expected  ", "             ")).ok();
        writeln!(text, "{}", wrapped(&printable(&self.actual), PAGE, "   actual    ", "             ")).ok();
        writeln!(text, "   what happened (> is what shows it)").ok();
        for line in printable(&self.story).lines() {
            writeln!(text, "   {line}").ok();
        }
        // One line, to be copied.
        writeln!(text, "   again     {}\n", self.replay).ok();
    }
}
