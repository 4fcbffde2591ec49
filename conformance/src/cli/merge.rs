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
use super::output::OutputArguments;
use super::recorded::{read_plan, read_results};
use crate::catalog::Catalog;
use crate::results::{Record, Results, RunRecord, ScenarioRecord, SelectionRecord};
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
    };
    let records = certification.records(trouble(&parts), &scenarios);

    let folder = OutFolder::open(out).map_err(Stop::Usage)?;
    let mut keeping = Keeping::begin(out, &run).map_err(|error| Stop::Usage(anyhow!(error)))?;
    whole_plan.write(&folder.recordings()).map_err(|error| Stop::Usage(anyhow!(error)))?;
    copy_recordings(&parts, &plan, &folder)?;
    keeping.save(&records)?;
    let results =
        Results::from_records(std::iter::once(Record::Run(Box::new(run))).chain(records)).map_err(|error| Stop::Trouble(anyhow!(error)))?;
    arguments.output.print(&results)?;
    Ok(results.summary().map_or(crate::exit_code::INCONCLUSIVE, |summary| summary.exit_code))
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

/// Everything that has to be the same for two parts to be of one run, in words.
fn identity(run: &RunRecord) -> Vec<(&'static str, String)> {
    let selection = SelectionRecord { partition: None, ..run.selection.clone() };
    let image = run.image.as_ref().map(|image| format!("{} {}", image.id, image.platform)).unwrap_or_default();
    vec![
        ("version of hallmark", run.hallmark.clone()),
        ("catalog", run.catalog_digest.clone()),
        ("features", run.features_digest.clone()),
        ("own features", run.own_features.as_ref().map(|own| own.digest.clone()).unwrap_or_default()),
        ("provider", run.provider.clone()),
        ("manifest", run.manifest_digest.clone()),
        ("job_config.json", run.job_config_digest.clone().unwrap_or_default()),
        ("mode", format!("{:?}", run.mode)),
        ("image", image),
        ("command", run.command.clone()),
        ("executable", run.command_digest.clone()),
        ("seed", run.seed.to_string()),
        ("profile", run.profile.to_string()),
        ("selection", selection.in_words().unwrap_or_default() + if selection.thorough { " thorough" } else { "" }),
    ]
}

fn check_same_run(parts: &[Part]) -> anyhow::Result<()> {
    let Some((first, others)) = parts.split_first() else { return Ok(()) };
    let expected = identity(first.results.run());
    for other in others {
        for ((what, one), (_, another)) in expected.iter().zip(identity(other.results.run())) {
            anyhow::ensure!(
                *one == another,
                "{} and {} are not parts of one run: the {what} is `{one}` in the first and `{another}` in the second; run the parts again alike",
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
    let own = (env!("CARGO_PKG_VERSION"), Catalog::digest(), Features::built_in()?.digest());
    anyhow::ensure!(
        (run.hallmark.as_str(), run.catalog_digest.as_str(), run.features_digest.as_str()) == (own.0, own.1.as_str(), own.2.as_str()),
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
