//! Plays many schedules at once and gathers what they came to.
//!
//! proptest's own runner plays one case after another; a schedule mostly waits, so a hundred at once take hardly longer than one.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use hallmark_harness::stage::Recording;
use tokio::runtime::Handle;

use super::consequence::Paths;
use super::coverage::Coverage;
use super::generation::{Generator, Wishes};
use super::invariant::{self, Counted, Findings};
use super::kind::Target;
use super::play::{AFTERMATH, Arena, Played};
use super::schedule::{Deed, Schedule};
use crate::oracle::History;
use crate::verdict::Judgement;

/// Most words of undecidable and excused cases that are kept; all are counted.
const KEPT_WORDS: usize = 20;

/// Most recordings of failed schedules that are kept: each may take megabytes.
const KEPT_RECORDINGS: usize = 20;

/// How often a schedule is played that met trouble of ours, before that stands.
const TRIES: u32 = 2;

/// One schedule, played and judged.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Its number, from 0.
    pub index: u64,
    /// The schedule.
    pub schedule: Schedule,
    /// What it came to.
    pub findings: Findings,
    /// What happened, where a rule was broken; not kept of every one that fails.
    pub recording: Option<Arc<Recording>>,
    coverage: Coverage,
    jobs: u32,
    job_time: Duration,
    queued: Duration,
    time: Duration,
}

/// How much is searched.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Schedules.
    pub runs: u64,
    /// Schedules that play at once.
    pub at_once: usize,
    /// After this time no further one is begun.
    pub time_limit: Duration,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Searched {
    /// Schedules that were played.
    pub played: u64,
    /// Those that broke a rule that counts, in the order in which they were drawn.
    pub failed: Vec<Trial>,
    /// Schedules in which a rule was broken that does not count, by rule.
    pub uncounted: std::collections::BTreeMap<String, u64>,
    /// How many cases nobody could decide, and some of them in words.
    pub undecidable: (u64, Vec<String>),
    /// How many credentials live on because a fault made their end impossible, and some of them in words.
    pub excused: (u64, Vec<String>),
    /// Schedules of which nothing can be said, for a reason of ours: number and reason.
    pub troubled: Vec<(u64, String)>,
    /// What was tried.
    pub coverage: Coverage,
    /// Job runs.
    pub jobs: u64,
    /// From the first schedule to the end of the last.
    pub time: Duration,
    /// Time that schedules took, added up.
    schedule_time: Duration,
    /// Time in which at least one of a schedule's jobs ran or waited for its turn, added up.
    job_time: Duration,
    steady: Steady,
    /// Whether the time was up before all were played.
    pub cut: bool,
}

/// The part of a search in which as many schedules played as may: without its beginning and its end.
#[derive(Debug, Default, Clone, Copy)]
struct Steady {
    began: Option<Instant>,
    ended: Option<Instant>,
    schedules: u64,
}

impl Searched {
    /// Returns schedules a minute while as many played as may; none where the search was too short for that.
    pub fn per_minute(&self) -> Option<f64> {
        let time = self.steady.ended?.duration_since(self.steady.began?).as_secs_f64();
        (time > 0.0 && self.steady.schedules > 0).then(|| count(self.steady.schedules) * 60.0 / time)
    }

    /// Returns the share of the schedules' time in which no job of theirs ran or waited for its turn to: what the stage took.
    pub fn own_share(&self) -> f64 {
        let all = self.schedule_time.as_secs_f64();
        if all > 0.0 { (1.0 - self.job_time.as_secs_f64() / all).max(0.0) } else { 0.0 }
    }

    /// Adds lifecycles without a fault that failed: there is no search then.
    pub fn add_plain(&mut self, trials: Vec<Trial>, counted: &Counted) {
        for trial in trials {
            self.note(trial, counted);
        }
    }

    fn note(&mut self, trial: Trial, counted: &Counted) {
        self.played += 1;
        self.jobs += u64::from(trial.jobs);
        self.schedule_time += trial.time;
        self.job_time += trial.job_time + trial.queued;
        self.coverage.add(&trial.coverage);
        if let Some(first) = trial.findings.trouble.first() {
            self.troubled.push((trial.index, first.clone()));
            return;
        }
        let keep = |(number, words): &mut (u64, Vec<String>), new: &[String]| {
            *number += new.len() as u64;
            words.extend(new.iter().take(KEPT_WORDS.saturating_sub(words.len())).cloned());
        };
        keep(&mut self.undecidable, &trial.findings.undecidable);
        keep(&mut self.excused, &trial.findings.excused);
        let uncounted: BTreeSet<&str> =
            trial.findings.broken.iter().filter(|judgement| !counted.counts(judgement)).map(|judgement| judgement.rule.as_str()).collect();
        for rule in uncounted {
            *self.uncounted.entry(rule.to_owned()).or_insert(0) += 1;
        }
        if trial.findings.counted(counted).next().is_some() {
            let recording = trial.recording.clone().filter(|_| self.failed.len() < KEPT_RECORDINGS);
            self.failed.push(Trial { recording, ..trial });
        }
    }
}

/// Counts are far below the precision of a float.
#[expect(clippy::cast_precision_loss, reason = "schedules are counted in thousands")]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}

/// Plays schedules and judges them, on `threads`.
#[derive(Clone)]
pub struct Player {
    arena: Arena,
    threads: Handle,
}

impl Player {
    /// Makes a player.
    pub fn new(arena: Arena, threads: Handle) -> Self {
        Self { arena, threads }
    }

    /// Returns where it plays.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Starts to draw schedules for the provider that it plays.
    pub fn generator(&self, wishes: Wishes, paths: Paths) -> Generator {
        Generator::new(wishes, self.arena.variants(), paths)
    }

    /// Plays one schedule; what met trouble of ours is played once more.
    pub async fn play(&self, index: u64, schedule: Schedule) -> Trial {
        let arena = self.arena.clone();
        let playing = async move {
            let mut trial = attempt(&arena, index, &schedule).await;
            for _ in 1..TRIES {
                if trial.findings.trouble.is_empty() {
                    break;
                }
                trial = attempt(&arena, index, &schedule).await;
            }
            trial
        };
        let task = self.threads.spawn(playing);
        // A search that is given up must not go on in the background.
        let guard = Guard(task.abort_handle());
        let trial = task.await;
        drop(guard);
        trial.unwrap_or_else(|error| troubled(index, Schedule { variant: None, seed: 0, acts: Vec::new() }, error.to_string()))
    }

    /// Plays a lifecycle without a fault for each variant: what it calls is what faults can meet.
    pub async fn calibrate(&self, seed: u64) -> (Paths, Vec<Trial>) {
        let (mut paths, mut trials) = (Paths::default(), Vec::new());
        for variant in self.arena.variants() {
            let schedule = Schedule { variant, seed: seed | 1, acts: plain(&[Deed::Create, Deed::Rotate, Deed::Delete]) };
            match self.arena.play(&schedule).await {
                Ok(played) => {
                    walked(&History::new(&played.recording), &mut paths);
                    trials.push(judged(0, schedule, played));
                }
                Err(error) => trials.push(troubled(0, schedule, error.to_string())),
            }
        }
        (paths, trials)
    }

    /// Plays what a generator draws and notes it in `searched`, which holds what was found also when this is given up. `finished` hears of each schedule
    /// that ended, and may end the search.
    pub async fn search(
        &self,
        generator: &mut Generator,
        effort: Effort,
        counted: &Counted,
        searched: &mut Searched,
        mut finished: impl FnMut(&Trial, bool) -> ControlFlow<()>,
    ) {
        let started = Instant::now();
        let mut playing = FuturesUnordered::new();
        let (mut begun, mut last) = (0, effort.runs);
        // Until the last was played, it is cut.
        searched.cut = true;
        loop {
            while begun < last && playing.len() < effort.at_once && started.elapsed() < effort.time_limit {
                playing.push(self.play(begun, generator.draw()));
                begun += 1;
            }
            if begun == last || started.elapsed() >= effort.time_limit {
                searched.steady.ended.get_or_insert_with(Instant::now);
            }
            let Some(trial) = playing.next().await else { break };
            let failed = trial.findings.counted(counted).next().is_some();
            let enough = finished(&trial, failed).is_break();
            searched.note(trial, counted);
            searched.time = started.elapsed();
            if enough {
                last = begun;
            }
            match searched.steady.began {
                None if searched.played >= effort.at_once as u64 => searched.steady.began = Some(Instant::now()),
                Some(_) if begun < last => searched.steady.schedules += 1,
                _ => {}
            }
        }
        searched.cut = begun < last;
        searched.failed.sort_by_key(|trial| trial.index);
        searched.troubled.sort();
    }
}

/// Ends a task that nobody awaits any more.
struct Guard(tokio::task::AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn attempt(arena: &Arena, index: u64, schedule: &Schedule) -> Trial {
    match arena.play(schedule).await {
        Ok(played) => judged(index, schedule.clone(), played),
        Err(error) => troubled(index, schedule.clone(), error.to_string()),
    }
}

fn judged(index: u64, schedule: Schedule, played: Played) -> Trial {
    let Played { recording, time } = played;
    let mut coverage = Coverage::default();
    coverage.note(&recording);
    let played = &recording.played;
    let (jobs, job_time, queued) =
        (played.jobs, Duration::from_nanos(played.job_nanoseconds), Duration::from_nanos(played.queued_nanoseconds));
    let findings = invariant::judge(&recording);
    let recording = (!findings.broken.is_empty()).then(|| Arc::new(recording));
    Trial { index, schedule, findings, recording, coverage, jobs, job_time, queued, time }
}

fn troubled(index: u64, schedule: Schedule, what: String) -> Trial {
    let findings = Findings { trouble: vec![what], ..Findings::default() };
    Trial {
        index,
        schedule,
        findings,
        recording: None,
        coverage: Coverage::default(),
        jobs: 0,
        job_time: Duration::ZERO,
        queued: Duration::ZERO,
        time: Duration::ZERO,
    }
}

/// Returns acts without faults.
fn plain(deeds: &[Deed]) -> Vec<super::schedule::Act> {
    deeds.iter().map(|deed| super::schedule::Act { deed: *deed, faults: hallmark_harness::fault::FaultPlan::default() }).collect()
}

/// Notes which calls the first creation and the first deletion made.
fn walked(history: &History<'_>, paths: &mut Paths) {
    for run in history.runs.iter().filter(|run| run.note.is_none_or(|note| !note.starts_with(AFTERMATH))) {
        let deed = if run.deletes() { Deed::Delete } else { Deed::Create };
        paths.note(deed, run.exchanges.iter().filter_map(|call| Target::of(call.what.operation)).collect());
    }
}

/// Returns the finding of a trial that weighs most: what must be kept before what should.
pub fn weightiest<'trial>(findings: &'trial Findings, counted: &'trial Counted) -> Option<&'trial Judgement> {
    findings.counted(counted).min_by_key(|judgement| counted.rank(&judgement.rule))
}
