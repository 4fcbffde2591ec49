//! `hallmark chaos`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::arena::{SubjectArguments, Subjected, arena};
use super::certify::Ended;
use super::output::{PlainFormat, print};
use super::run::until_ended;
use super::schedules::MOST_FAULTS;
use super::{Stop, folder, tell};
use crate::catalog::{Catalog, Profile};
use crate::chaos::generation::Wishes;
use crate::chaos::invariant::Counted;
use crate::chaos::report::{ChaosReport, FindingRecord};
use crate::chaos::scenario;
use crate::chaos::schedule::Schedule;
use crate::chaos::search::{Effort, Player, Searched, Trial, weightiest};
use crate::chaos::shrink::{CONFIRMATIONS, SHRINK_LIMIT, Shrunk, holds, shrink};
use crate::chaos::story;
use crate::exit_code;
use crate::manifest::Manifest;
use crate::progress::{Mode as ProgressMode, Progress};
use crate::verdict::Verdict;

/// Most findings of one rule that are shrunk: the first shows most of what is wrong.
const SHRUNK_OF_RULE: usize = 3;

/// Most findings that are told as they were drawn, where there was no time to make them small.
const UNSHRUNK: usize = 5;

/// A search ends by itself.
pub(super) const NO_LIMIT: Duration = Duration::from_hours(24 * 365);

/// What `hallmark chaos` takes.
#[derive(Debug, Args)]
pub(super) struct ChaosArguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// Schedules that are played.
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    runs: u64,
    /// Seed of the search: the same seed draws the same schedules.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Most faults of a schedule.
    #[arg(long, value_name = "K", default_value_t = MOST_FAULTS, value_parser = clap::value_parser!(u32).range(1..=12))]
    max_faults: u32,
    /// After this time no further schedule is begun.
    #[arg(long, value_name = "LIMIT", default_value = "30m", value_parser = some_time)]
    time: Duration,
    /// Also lets services fall silent, and limits no wait: a search for hours.
    #[arg(long)]
    slow: bool,
    /// Schedules that play at once.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: u16,
    /// Which rules fail the provider.
    #[arg(long, value_enum, default_value_t = Profile::Resilient)]
    profile: Profile,
    /// Folder for the report and the recordings of what was found.
    #[arg(long, value_name = "DIR", default_value = "hallmark-chaos")]
    out: PathBuf,
    /// Keeps the first finding as a scenario in this file, for `hallmark run --features`.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Form of the report on stdout.
    #[arg(long, value_enum, default_value_t)]
    format: PlainFormat,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Searches and prints what was found; returns the exit code.
pub(super) fn chaos(arguments: &ChaosArguments) -> Result<u8, Stop> {
    let manifest = arguments.subject.manifest()?;
    let catalog = Catalog::built_in().context("reading the built-in catalog; this is a defect of hallmark, please report it")?;
    folder::make(&arguments.out).map_err(Stop::Usage)?;
    if let Some(path) = &arguments.save {
        check_save(path)?;
    }
    let subject = arguments.subject.clone();
    arena(&subject, &manifest, usize::from(arguments.jobs), arguments.seed, async |subjected| {
        search(arguments, &manifest, &catalog, &subjected).await
    })
}

/// Reads a duration above zero.
fn some_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("a time above zero, such as 10m".to_owned()) } else { Ok(time) }
}

fn check_save(path: &Path) -> Result<(), Stop> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.exists() {
        return Err(Stop::Usage(anyhow!("--save {}: the file is there already; give another, or remove it", path.display())));
    }
    if folder.is_dir() && path.extension().is_some_and(|end| end == "feature") {
        return Ok(());
    }
    Err(Stop::Usage(anyhow!("--save {}: give a file of a folder that exists, ending in .feature", path.display())))
}

/// Returns which of a manifest's rules fail the provider: those of the profile, but for what is waived today.
pub(super) fn counted(catalog: &Catalog, profile: Profile, manifest: &Manifest) -> Counted {
    let today = time::OffsetDateTime::now_utc().date();
    let waivers = manifest.waivers.iter().filter(|waiver| profile != Profile::Hardened && waiver.expires >= today);
    Counted::new(catalog, profile, &waivers.map(|waiver| waiver.rule.as_str()).collect::<Vec<_>>())
}

async fn search(arguments: &ChaosArguments, manifest: &Manifest, catalog: &Catalog, subjected: &Subjected) -> Result<u8, Stop> {
    let counted = counted(catalog, arguments.profile, manifest);
    let progress = Progress::of("schedules", arguments.runs, ProgressMode::choose(arguments.quiet));
    let (searched, memory, ended) = played(arguments, &subjected.player, &counted, &progress).await?;
    let mut findings = Vec::new();
    let ended = match ended {
        Ended::Whole => {
            let shrinking = async {
                shrunk(&subjected.player, &counted, &searched, &progress, &mut findings).await;
                Ok(())
            };
            until_ended(shrinking, NO_LIMIT).await?
        }
        cut => cut,
    };
    progress.finish();
    if ended == Ended::Interrupted {
        // What was found is told as it was drawn.
        let found = |trial: &Trial| findings.iter().any(|(shrunk, _): &(Shrunk, u64)| shrunk.from == trial.index);
        let rest: Vec<&Trial> = searched.failed.iter().filter(|trial| !found(trial)).take(UNSHRUNK).collect();
        findings.extend(rest.into_iter().filter_map(|trial| Some((Shrunk::not_yet(trial, weightiest(&trial.findings, &counted)?), 0))));
    }
    if let (Some(path), Some((first, _))) = (&arguments.save, findings.first()) {
        let schedule = Schedule { variant: None, seed: 0, ..first.schedule.clone() };
        let about = format!("{}: {}", first.judgement.rule, first.judgement.actual);
        scenario::save(path, "OWN-001", &about, &schedule).map_err(|error| Stop::Trouble(anyhow!(error)))?;
        tell(&format!("hallmark: saved the first finding as {}; tag its rule with an id of your own", path.display()));
    }
    let findings =
        findings.iter().enumerate().map(|(number, (shrunk, others))| record(arguments, catalog, shrunk, *others, number)).collect();
    let report = report(arguments, manifest, &subjected.command, searched, findings, (memory, ended));
    let json = serde_json::to_string_pretty(&report).context("writing the report as JSON")? + "\n";
    let path = arguments.out.join("chaos.json");
    std::fs::write(&path, &json).with_context(|| format!("keeping the report in {}; check the free space", path.display()))?;
    print(&match arguments.format {
        PlainFormat::Human => report.human(),
        PlainFormat::Json => json,
    })?;
    Ok(report.exit_code)
}

/// Plays a lifecycle without faults, then the schedules; returns also the most memory after the first tenth and at the end.
async fn played(
    arguments: &ChaosArguments,
    player: &Player,
    counted: &Counted,
    progress: &Progress,
) -> Result<(Searched, Option<(u64, u64)>, Ended), Stop> {
    let (paths, plain) = player.calibrate(arguments.seed).await;
    let mut searched = Searched::default();
    // What fails without any fault would fail in each schedule, and says all that they could.
    let broken: Vec<Trial> = plain.into_iter().filter(|trial| says_something(trial, counted)).collect();
    if !broken.is_empty() {
        searched.add_plain(broken, counted);
        return Ok((searched, None, Ended::Whole));
    }
    let wishes = Wishes { seed: arguments.seed, most_faults: arguments.max_faults, slow: arguments.slow };
    let mut generator = player.generator(wishes, paths);
    let effort = Effort { runs: arguments.runs, at_once: usize::from(arguments.jobs), time_limit: arguments.time };
    let tenth = (arguments.runs / 10).max(1);
    let (mut early, mut finished) = (None, 0_u64);
    let searching = async {
        let heard = |trial: &Trial, failed| {
            finished += 1;
            if finished == tenth {
                early = peak_memory();
            }
            let verdict = match (failed, trial.findings.trouble.is_empty()) {
                (true, _) => Verdict::Fail,
                (_, false) => Verdict::Inconclusive,
                _ => Verdict::Pass,
            };
            progress.scenario_finished(&format!("schedule {}: {}", trial.index, trial.schedule), verdict);
            ControlFlow::Continue(())
        };
        player.search(&mut generator, effort, counted, &mut searched, heard).await;
        Ok(())
    };
    // The search ends by itself; this is for whoever does not want to wait for it.
    let ended = until_ended(searching, NO_LIMIT).await?;
    Ok((searched, early.zip(peak_memory()), ended))
}

fn report(
    arguments: &ChaosArguments,
    manifest: &Manifest,
    command: &str,
    searched: Searched,
    findings: Vec<FindingRecord>,
    (memory, ended): (Option<(u64, u64)>, Ended),
) -> ChaosReport {
    let (exit_code, conclusion) = conclude(arguments, &searched, &findings, ended);
    ChaosReport {
        hallmark: env!("CARGO_PKG_VERSION").to_owned(),
        provider: manifest.name.clone(),
        manifest: arguments.subject.manifest.display().to_string(),
        subject: command.to_owned(),
        mode: arguments.subject.mode(),
        seed: arguments.seed,
        profile: arguments.profile,
        most_faults: arguments.max_faults,
        slow: arguments.slow,
        asked: arguments.runs,
        played: searched.played,
        failed: searched.failed.len() as u64,
        findings,
        coverage: ChaosReport::rows(&searched.coverage, arguments.slow),
        jobs: searched.jobs,
        seconds: searched.time.as_secs_f64(),
        per_minute: searched.per_minute(),
        at_once: usize::from(arguments.jobs),
        own_share: searched.own_share(),
        undecidable: searched.undecidable,
        excused: searched.excused,
        uncounted: searched.uncounted.into_iter().collect(),
        troubled: searched.troubled,
        memory,
        exit_code,
        conclusion,
    }
}

fn says_something(trial: &Trial, counted: &Counted) -> bool {
    !trial.findings.trouble.is_empty() || weightiest(&trial.findings, counted).is_some()
}

/// Shrinks what failed: for each rule the smallest schedule first, then those that do not hold the same faults. Returns each with the number of others
/// that hold its faults. What is found stays when this is given up.
pub(super) async fn shrunk(player: &Player, counted: &Counted, searched: &Searched, progress: &Progress, found: &mut Vec<(Shrunk, u64)>) {
    let mut failed: Vec<&Trial> = searched.failed.iter().collect();
    failed.sort_by_key(|trial| (trial.schedule.faults().count(), trial.index));
    for trial in failed {
        let Some(judgement) = weightiest(&trial.findings, counted) else { continue };
        let of_rule = |shrunk: &Shrunk| shrunk.judgement.rule == judgement.rule;
        if let Some((_, others)) = found.iter_mut().find(|(shrunk, _)| of_rule(shrunk) && holds(&trial.schedule, &shrunk.schedule)) {
            *others += 1;
            continue;
        }
        if found.iter().filter(|(shrunk, _)| of_rule(shrunk)).count() >= SHRUNK_OF_RULE {
            if let Some((_, others)) = found.iter_mut().find(|(shrunk, _)| of_rule(shrunk)) {
                *others += 1;
            }
            continue;
        }
        progress.note(&format!("shrinking schedule {} ({})", trial.index, judgement.rule));
        let shrunk = shrink(player, counted, trial, judgement, SHRINK_LIMIT).await;
        // Two schedules may come to the same.
        let alike = |known: &Shrunk| known.schedule.acts == shrunk.schedule.acts && known.judgement.rule == shrunk.judgement.rule;
        match found.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, others)) => *others += 1,
            None => found.push((shrunk, 0)),
        }
    }
}

/// Makes the record of a finding, and keeps the recording that shows it.
fn record(arguments: &ChaosArguments, catalog: &Catalog, shrunk: &Shrunk, others: u64, number: usize) -> FindingRecord {
    let rule = catalog.rule(shrunk.judgement.rule.as_str());
    let judgement = shrunk.judgement.clone();
    let mut told = "its recording was not kept".to_owned();
    if let Some(recording) = &shrunk.recording {
        told = story::tell(recording, &judgement.evidence);
        let path = arguments.out.join(format!("finding-{}.ndjson", number + 1));
        if let Err(error) = recording.write(&path) {
            tell(&format!("hallmark: {error}"));
        }
    }
    FindingRecord {
        rule: judgement.rule.as_str().to_owned(),
        level: rule.map_or(crate::catalog::Level::Info, |rule| rule.level),
        requirement: rule.map_or_else(String::new, |rule| rule.requirement.clone()),
        schedule: shrunk.schedule.to_string(),
        faults: shrunk.schedule.faults().count(),
        from: shrunk.from,
        confirmed: (shrunk.confirmed, CONFIRMATIONS),
        tried: shrunk.tried,
        expected: judgement.expected,
        actual: judgement.actual,
        story: told,
        others,
        replay: arguments.subject.again(&shrunk.schedule),
    }
}

fn conclude(arguments: &ChaosArguments, searched: &Searched, findings: &[FindingRecord], ended: Ended) -> (u8, String) {
    let played = searched.played;
    let seen = format!("{played} schedules of seed {}", arguments.seed);
    if ended == Ended::Interrupted {
        return (exit_code::INTERRUPTED, format!("Interrupted after {seen}: {} of them broke the provider.", searched.failed.len()));
    }
    if !searched.failed.is_empty() {
        let rules: std::collections::BTreeSet<&str> = findings.iter().map(|finding| finding.rule.as_str()).collect();
        let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
        return (exit_code::NOT_CONFORMANT, format!("Broken: {} of {seen} broke the provider ({rules}).", searched.failed.len()));
    }
    if let Some((index, reason)) = searched.troubled.first() {
        return (
            exit_code::INCONCLUSIVE,
            format!("Inconclusive: {} of {seen} say nothing; schedule {index}: {reason}.", searched.troubled.len()),
        );
    }
    if searched.cut {
        let limit = humantime::format_duration(arguments.time);
        return (
            exit_code::INCONCLUSIVE,
            format!("Inconclusive: {seen} were survived, and the time limit of {limit} came before the other {}.", arguments.runs - played),
        );
    }
    (exit_code::CONFORMANT, format!("Survived: {seen} broke no rule that profile {} counts.", arguments.profile))
}

/// Returns the most memory that this process has had so far, in MiB.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kibibytes| kibibytes / 1024)
}
