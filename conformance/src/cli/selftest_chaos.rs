//! `hallmark selftest --chaos`: the proof that the search finds what no scenario does.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::ValueEnum;
use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::Provider;
use serde::Serialize;

use super::machinery::{Machinery, own_executable};
use super::output::{PlainFormat, print};
use super::schedules::MOST_FAULTS;
use super::{Stop, tell};
use crate::catalog::{Catalog, Profile};
use crate::chaos::generation::Wishes;
use crate::chaos::invariant::Counted;
use crate::chaos::play::Arena;
use crate::chaos::saved::saved;
use crate::chaos::schedule::Schedule;
use crate::chaos::search::{Effort, Player, Searched, Trial};
use crate::chaos::shrink::{CONFIRMATIONS, SHRINK_LIMIT, shrink};
use crate::exit_code;
use crate::manifest::Manifest;
use crate::mutant::table::schedule;
use crate::mutant::{CONTROL, Mutation};
use crate::suite::Staging;
use crate::verdict::Judgement;

/// Schedules within which each mutant is to be found.
const RUNS: u64 = 300;

/// The seed of every search.
const SEED: u64 = 6;

/// What every search draws.
const WISHES: Wishes = Wishes { seed: SEED, most_faults: MOST_FAULTS, slow: false };

/// Most faults of a schedule that was made small.
const FEW: usize = 3;

/// Schedules that play at once.
const AT_ONCE: usize = 64;

/// How the search is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ChaosProof {
    /// Plays the schedules that are kept with hallmark again, each against its mutant and against a right provider.
    Saved,
    /// Also searches for each mutant anew, makes what is found small, and shows that no scenario finds it.
    Search,
}

/// What became of one mutant.
#[derive(Debug, Serialize)]
struct Proof {
    mutant: &'static str,
    wrong: &'static str,
    /// Whether the schedule that is kept breaks it as it must.
    saved_breaks: bool,
    /// What the same schedule breaks with the right provider: nothing, or our verdict is wrong.
    saved_breaks_control: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<Found>,
    /// Rules that the scenarios find broken: none, or the schedule is not needed. Not asked where nothing was searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    scenarios_find: Option<Vec<String>>,
}

/// What a search found.
#[derive(Debug, Serialize)]
struct Found {
    /// Schedules that it took, from 1; none where it was not found.
    schedules: Option<u64>,
    schedule: String,
    faults: usize,
    confirmed: u32,
    actual: String,
}

impl Proof {
    fn holds(&self) -> bool {
        let found = |found: &Found| found.schedules.is_some() && found.faults <= FEW && found.confirmed == CONFIRMATIONS;
        self.saved_breaks
            && self.saved_breaks_control.is_empty()
            && self.search.as_ref().is_none_or(found)
            && self.scenarios_find.as_ref().is_none_or(Vec::is_empty)
    }
}

/// All proofs.
#[derive(Debug, Serialize)]
struct Proofs {
    seed: u64,
    runs: u64,
    mutants: Vec<Proof>,
    /// Schedules that the right provider was searched with, and those that broke it.
    control: Option<(u64, Vec<String>)>,
    trouble: Vec<String>,
    seconds: f64,
}

/// Proves it and prints how; returns the exit code. `scenarios` plays all scenarios with each mutant and returns the rules that they find broken.
pub(super) fn prove(
    how: ChaosProof,
    mutants: &[String],
    manifest: &Manifest,
    format: PlainFormat,
    scenarios: impl FnOnce(&[&'static Mutation]) -> Result<Vec<Vec<String>>, Stop>,
) -> Result<u8, Stop> {
    let started = Instant::now();
    let chosen = chosen(mutants)?;
    let catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let bench = Bench { manifest: Arc::new(manifest.clone()), counted: Counted::new(&catalog, Profile::Resilient, &[]) };
    let machinery = Machinery::start(AT_ONCE as u64)?;
    let runtime = machinery.resources.runtime.clone();
    let mut proofs = runtime.block_on(bench.all(how, &chosen, &machinery))?;
    drop(machinery);
    if how == ChaosProof::Search {
        for (proof, broken) in proofs.mutants.iter_mut().zip(scenarios(&chosen)?) {
            proof.scenarios_find = Some(broken);
        }
    }
    proofs.seconds = started.elapsed().as_secs_f64();
    print(&match format {
        PlainFormat::Human => proofs.human(),
        PlainFormat::Json => serde_json::to_string_pretty(&proofs).context("printing the proofs")? + "\n",
    })?;
    Ok(proofs.exit_code())
}

fn chosen(ids: &[String]) -> Result<Vec<&'static Mutation>, Stop> {
    if ids.is_empty() {
        return Ok(schedule::ALL.iter().collect());
    }
    let find = |id: &String| {
        schedule::ALL.iter().find(|mutation| mutation.id == *id).ok_or_else(|| {
            let known: Vec<&str> = schedule::ALL.iter().map(|mutation| mutation.id).collect();
            Stop::Usage(anyhow!("no schedule is kept for a mutant {id:?}; there are {}", known.join(", ")))
        })
    };
    ids.iter().map(find).collect()
}

/// What all proofs share.
struct Bench {
    manifest: Arc<Manifest>,
    counted: Counted,
}

impl Bench {
    async fn all(&self, how: ChaosProof, chosen: &[&'static Mutation], machinery: &Machinery) -> Result<Proofs, Stop> {
        let saved = saved().map_err(|error| Stop::Trouble(anyhow!(error)))?;
        let control = self.player(CONTROL, machinery)?;
        let mut proofs = Proofs { seed: SEED, runs: RUNS, mutants: Vec::new(), control: None, trouble: Vec::new(), seconds: 0.0 };
        for mutation in chosen {
            let player = self.player(mutation.id, machinery)?;
            let mut proof = Proof {
                mutant: mutation.id,
                wrong: mutation.wrong,
                saved_breaks: false,
                saved_breaks_control: Vec::new(),
                search: None,
                scenarios_find: None,
            };
            for (_, schedule) in saved.iter().filter(|(saved, _)| saved.mutant == mutation.id) {
                let (wrong, right) = futures::future::join(player.play(0, schedule.clone()), control.play(0, schedule.clone())).await;
                proof.saved_breaks = self.finding(&wrong, mutation).is_some();
                let broken = right.findings.counted(&self.counted);
                proof.saved_breaks_control = broken.map(|judgement| format!("{}: {}", judgement.rule, judgement.actual)).collect();
                proofs.trouble.extend([&wrong, &right].into_iter().flat_map(|trial| trial.findings.trouble.clone()));
            }
            if how == ChaosProof::Search {
                proof.search = Some(self.search(&player, mutation).await);
                tell(&format!("hallmark: {}: searched", mutation.id));
            }
            proofs.mutants.push(proof);
        }
        if how == ChaosProof::Search {
            let (paths, _) = control.calibrate(SEED).await;
            let (mut generator, mut searched) = (control.generator(WISHES, paths), Searched::default());
            let heard = |_: &Trial, _| ControlFlow::Continue(());
            control.search(&mut generator, Self::effort(), &self.counted, &mut searched, heard).await;
            proofs.control = Some((searched.played, searched.failed.iter().map(|trial| trial.schedule.to_string()).collect()));
            proofs.trouble.extend(searched.troubled.into_iter().map(|(_, what)| what));
        }
        Ok(proofs)
    }

    fn player(&self, mutant: &str, machinery: &Machinery) -> Result<Player, Stop> {
        let provider = Provider {
            program: own_executable()?,
            arguments: vec!["mutant".into(), mutant.into()],
            own: self.manifest.env.clone(),
            declared: self.manifest.job_config.variables.clone(),
            completed: CompletedJobs::Immediately,
            limit: self.manifest.task_timeout + super::setting::OVERRUN,
            grace: super::setting::GRACE,
        };
        let staging = Staging::Process { resources: Box::new(machinery.resources.clone()), provider };
        Ok(Player::new(Arena::new(self.manifest.clone(), staging), machinery.resources.runtime.clone()))
    }

    fn effort() -> Effort {
        Effort { runs: RUNS, at_once: AT_ONCE, time_limit: Duration::from_hours(1) }
    }

    /// Returns the finding that a mutant must bring about.
    fn finding(&self, trial: &Trial, mutation: &Mutation) -> Option<Judgement> {
        let right = |judgement: &&Judgement| judgement.rule.as_str() == mutation.rule() && judgement.actual.contains(mutation.says);
        trial.findings.counted(&self.counted).find(right).cloned()
    }

    async fn search(&self, player: &Player, mutation: &Mutation) -> Found {
        let (paths, _) = player.calibrate(SEED).await;
        let mut generator = player.generator(WISHES, paths);
        let heard =
            |trial: &Trial, _| if self.finding(trial, mutation).is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let mut searched = Searched::default();
        player.search(&mut generator, Self::effort(), &self.counted, &mut searched, heard).await;
        let first = searched.failed.iter().find_map(|trial| Some((trial, self.finding(trial, mutation)?)));
        let Some((trial, judgement)) = first else {
            return Found { schedules: None, schedule: String::new(), faults: 0, confirmed: 0, actual: String::new() };
        };
        let shrunk = shrink(player, &self.counted, trial, &judgement, SHRINK_LIMIT).await;
        // What it is about does not change with the variant or the seed.
        let plain = Schedule { seed: 0, ..shrunk.schedule.clone() };
        Found {
            schedules: Some(trial.index + 1),
            schedule: plain.to_string(),
            faults: shrunk.schedule.faults().count(),
            confirmed: shrunk.confirmed,
            actual: shrunk.judgement.actual,
        }
    }
}

impl Proofs {
    fn exit_code(&self) -> u8 {
        let control = self.control.as_ref().is_none_or(|(_, broke)| broke.is_empty());
        if !self.mutants.iter().all(Proof::holds) || !control {
            1
        } else if !self.trouble.is_empty() {
            exit_code::INCONCLUSIVE
        } else {
            exit_code::CONFORMANT
        }
    }

    fn human(&self) -> String {
        let mut text = String::new();
        for proof in &self.mutants {
            let word = if proof.holds() { "ok" } else { "NOT PROVED" };
            writeln!(text, "{word:<10} {}: {}", proof.mutant, proof.wrong).ok();
            let saved = match (proof.saved_breaks, proof.saved_breaks_control.as_slice()) {
                (true, []) => "the schedule that is kept breaks it, and not the right provider",
                (true, _) => "the schedule that is kept breaks the right provider too",
                (false, _) => "the schedule that is kept does not break it",
            };
            writeln!(text, "           {saved}").ok();
            for broken in &proof.saved_breaks_control {
                writeln!(text, "             {broken}").ok();
            }
            if let Some(found) = &proof.search {
                let line = match found.schedules {
                    None => format!("not found within {} schedules of seed {}", self.runs, self.seed),
                    Some(schedules) => format!(
                        "found by schedule {schedules} of seed {}, shrunk to {} faults, broken in {} of {CONFIRMATIONS} further plays",
                        self.seed, found.faults, found.confirmed
                    ),
                };
                writeln!(text, "           {line}\n           {}", found.schedule).ok();
            }
            match proof.scenarios_find.as_deref() {
                None => {}
                Some([]) => drop(writeln!(text, "           no scenario finds it")),
                Some(rules) => drop(writeln!(text, "           scenarios find it as well: {}", rules.join(", "))),
            }
        }
        if let Some((played, broke)) = &self.control {
            writeln!(text, "\nThe right provider survived {} of {played} schedules of seed {}.", played - broke.len() as u64, self.seed)
                .ok();
            for schedule in broke {
                writeln!(text, "  broken by {schedule}").ok();
            }
        }
        for what in self.trouble.iter().take(3) {
            writeln!(text, "trouble of hallmark's own: {what}").ok();
        }
        let held = self.mutants.iter().filter(|proof| proof.holds()).count();
        writeln!(text, "\n{held} of {} mutants that take several faults are proved, in {:.0} s.", self.mutants.len(), self.seconds).ok();
        text
    }
}
