//! `hallmark merge`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::Stop;
use super::certify::{Certification, Ended};
use super::folder::OutFolder;
use super::keeping::Keeping;
use super::output::{OutputArguments, results};
use super::recorded::{has_same_rules, read_plan, read_results};
use crate::catalog::Catalog;
use crate::comparison::{Difference, differences};
use crate::results::{Results, RunRecord, ScenarioRecord, SelectionRecord};
use crate::suite::{Features, Gathered, Partition, Plan, RecordedPlan, Recordings};

/// What `hallmark merge` takes.
#[derive(Debug, Args)]
pub(super) struct MergeArguments {
    /// The folders that the parts of one run wrote to (their --out), all of them.
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Folder for the whole run's results and recordings.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// A part that was read.
struct Part {
    folder: PathBuf,
    partition: Partition,
    plan: RecordedPlan,
    recordings: Recordings,
    results: Results,
}

/// Puts the parts of a run together, rules over the whole and prints the report; returns the exit code.
pub(super) fn merge(arguments: &MergeArguments) -> Result<u8, Stop> {
    let parts = arguments.folders.iter().map(|folder| Part::read(folder)).collect::<Result<Vec<_>, _>>()?;
    check_same_run(&parts).map_err(Stop::Usage)?;
    check_complete(&parts).map_err(Stop::Usage)?;
    check_version(&parts).map_err(Stop::Usage)?;
    let out = &arguments.out;
    if parts.iter().any(|part| matches!((part.folder.canonicalize(), out.canonicalize()), (Ok(one), Ok(other)) if one == other)) {
        return Err(Stop::Usage(anyhow!("{} is one of the parts, and stays as it is; choose another folder with --out", out.display())));
    }

    let mut catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let features = Features::built_in().context("reading the built-in features")?;
    let run = whole(&parts);
    let whole_plan = plan(&parts, &run)?;
    catalog.rules.extend(whole_plan.own_rules.iter().cloned());
    let plan = whole_plan.restore(&features).plan;
    let scenarios: Vec<ScenarioRecord> = parts.iter().flat_map(|part| part.results.scenarios()).cloned().collect();
    let certification = Certification {
        catalog: &catalog,
        waivers: &whole_plan.waivers,
        profile: run.profile,
        plan: &plan,
        selection: &run.selection,
        whole: run.selection.is_whole(),
        ended: Ended::Whole,
        build: Duration::ZERO,
        started: Instant::now().checked_sub(longest(&parts)).unwrap_or_else(Instant::now),
        stages: 0,
        containers: None,
        schedules: None,
    };
    let records = certification.records(trouble(&parts), &scenarios);

    let folder = OutFolder::open(out).map_err(Stop::Usage)?;
    let mut keeping = Keeping::begin(out, &run).map_err(|error| Stop::Usage(anyhow!(error)))?;
    whole_plan.write(&folder.recordings()).map_err(|error| Stop::Usage(anyhow!(error)))?;
    copy_recordings(&parts, &plan, &folder)?;
    keeping.save(&records)?;
    arguments.output.report(&results(run, records)?)
}

impl Part {
    fn read(folder: &Path) -> Result<Self, Stop> {
        let results = read_results(folder)?;
        let (plan, recordings) = read_plan(folder)?;
        let partition = results.run().selection.partition.as_deref().map(str::parse::<Partition>);
        let Some(Ok(partition)) = partition else {
            return Err(Stop::Usage(anyhow!("{} is no part of a run: it was made without --partition", folder.display())));
        };
        Ok(Self { folder: folder.to_owned(), partition, plan, recordings, results })
    }

    fn name(&self) -> String {
        format!("{} ({})", self.folder.display(), self.partition)
    }
}

/// Tells something about a run.
type Told = fn(&RunRecord) -> String;

/// Returns in what two parts differ, besides the part that they are: of one run they differ in nothing.
fn apart(one: &RunRecord, another: &RunRecord) -> Vec<Difference> {
    let whole = |run: &RunRecord| RunRecord { selection: SelectionRecord { partition: None, ..run.selection.clone() }, ..run.clone() };
    // What no verdict hangs on where the digests are the same is no difference between two judgements, but is one between parts.
    let further: [(&'static str, Told); 4] = [
        ("the mode", |run| format!("{:?}", run.mode)),
        ("the image", |run| run.image.as_ref().map(|image| format!("{} {}", image.id, image.platform)).unwrap_or_default()),
        ("the command line", |run| run.command.clone()),
        ("--thorough", |run| run.selection.thorough.to_string()),
    ];
    let further = further.into_iter().map(|(what, told)| Difference { what, before: told(one), after: told(another) });
    differences(&whole(one), &whole(another)).into_iter().chain(further.filter(|told| told.before != told.after)).collect()
}

fn check_same_run(parts: &[Part]) -> anyhow::Result<()> {
    let Some((first, others)) = parts.split_first() else { return Ok(()) };
    for other in others {
        if let Some(Difference { what, before, after }) = apart(first.results.run(), other.results.run()).first() {
            anyhow::bail!(
                "{} and {} are not parts of one run: {what} is `{before}` in the first and `{after}` in the second; run the parts again alike",
                first.name(),
                other.name()
            );
        }
        let (one, another) = (first.partition, other.partition);
        anyhow::ensure!(
            (one.by, one.parts) == (another.by, another.parts),
            "{} and {} are not parts of one whole; run them with the same kind and number of parts",
            first.name(),
            other.name()
        );
    }
    Ok(())
}

/// What another hallmark found can only be put together by it: rules that this one does not know would be lost.
fn check_version(parts: &[Part]) -> anyhow::Result<()> {
    let Some(run) = parts.first().map(|part| part.results.run()) else { return Ok(()) };
    anyhow::ensure!(
        run.hallmark == env!("CARGO_PKG_VERSION") && has_same_rules(run, &Features::built_in()?),
        "the parts were run by another hallmark ({}), with other rules or features; merge them with that one, or run them again",
        run.hallmark
    );
    Ok(())
}

fn check_complete(parts: &[Part]) -> anyhow::Result<()> {
    let Some(first) = parts.first() else { return Ok(()) };
    let mut places: BTreeMap<u32, &Part> = BTreeMap::new();
    for part in parts {
        if let Some(other) = places.insert(part.partition.part, part) {
            anyhow::bail!("{} and {} are the same part; name each part once", other.name(), part.name());
        }
    }
    let missing: Vec<String> = (1..=first.partition.parts)
        .filter(|part| !places.contains_key(part))
        .map(|part| Partition { part, ..first.partition }.to_string())
        .collect();
    anyhow::ensure!(missing.is_empty(), "the parts {} are missing; name the folders of all parts", missing.join(", "));
    Ok(())
}

/// Returns what the whole run was.
fn whole(parts: &[Part]) -> RunRecord {
    let first = parts[0].results.run();
    let mut limits = Vec::new();
    for part in parts {
        let of_part = part.results.run().selection.in_words();
        limits.extend(part.results.run().limits.iter().filter(|limit| Some(*limit) != of_part.as_ref()).cloned());
    }
    let selection = SelectionRecord { partition: None, ..first.selection.clone() };
    limits.extend(selection.in_words());
    let mut seen = std::collections::BTreeSet::new();
    limits.retain(|limit| seen.insert(limit.clone()));
    let started = parts.iter().map(|part| part.results.run().started.clone()).min().unwrap_or_default();
    RunRecord { selection, started, limits, ..first.clone() }
}

/// The parts are run at the same time.
fn longest(parts: &[Part]) -> Duration {
    let seconds = parts.iter().filter_map(|part| part.results.summary()).map(|summary| summary.seconds);
    seconds.filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok()).max().unwrap_or_default()
}

fn plan(parts: &[Part], run: &RunRecord) -> Result<RecordedPlan, Stop> {
    let mut plans = parts.iter().map(|part| part.plan.clone());
    let mut plan = plans.next().ok_or_else(|| Stop::Usage(anyhow!("there is nothing to merge")))?;
    plan.run = run.clone();
    plan.run_ids = parts.iter().flat_map(|part| part.plan.run_ids.clone()).collect();
    plans.for_each(|other| plan.extend(other));
    Ok(plan)
}

/// Trouble of a whole part: it was interrupted, or its time was up.
fn trouble(parts: &[Part]) -> Gathered {
    let cut = parts.iter().filter_map(|part| match part.results.summary() {
        None => Some(format!("{} was cut off", part.name())),
        Some(summary) if summary.exit_code == crate::exit_code::INTERRUPTED => Some(format!("{} was interrupted", part.name())),
        Some(summary) if summary.exit_code == crate::exit_code::INCONCLUSIVE => Some(format!("{}: {}", part.name(), summary.conclusion)),
        Some(_) => None,
    });
    (BTreeMap::new(), cut.collect())
}

fn copy_recordings(parts: &[Part], plan: &Plan, out: &OutFolder) -> Result<(), Stop> {
    let there = Recordings::new(out.recordings());
    for scenario in &plan.scenarios {
        let found = parts.iter().map(|part| part.recordings.path(&scenario.id)).find(|path| path.exists());
        if let Some(from) = found {
            let to = there.path(&scenario.id);
            std::fs::copy(&from, &to)
                .with_context(|| format!("copying the recording {} to {}; check --out and the free space", from.display(), to.display()))
                .map_err(Stop::Usage)?;
        }
    }
    Ok(())
}
