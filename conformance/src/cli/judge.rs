//! `hallmark judge`.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;

use super::Stop;
use super::certify::{Certification, Ended, check_profile, now};
use super::keeping::Keeping;
use super::output::{Format, OutputArguments, exit_code, print, results};
use super::recorded::{RECORDINGS, has_same_rules, read_plan, read_results};
use crate::catalog::{Catalog, Profile, RuleId};
use crate::comparison::{Comparison, human};
use crate::mutant::table;
use crate::progress::{Mode as ProgressMode, Progress};
use crate::results::{Record, RecordedRecord, RunRecord};
use crate::ruling::scenario_record;
use crate::suite::{Features, RecordedPlan, Restored, Suite};

/// What `hallmark judge` takes.
#[derive(Debug, Args)]
pub(super) struct JudgeArguments {
    /// The folder that a run wrote to (its --out), or the folder of recordings in it.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Which rules the exit code counts; those of the run when left out.
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// Lists what is judged otherwise than in the results of OTHER instead of the whole report: DIR itself for what this version of hallmark sees
    /// otherwise, the folder of another run for what another build of the provider does otherwise.
    #[arg(long, value_name = "OTHER")]
    against: Option<PathBuf>,
    /// Folder for the results; they are kept nowhere when left out.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

/// Judges what a run recorded and prints the report; returns the exit code.
pub(super) fn judge(arguments: &JudgeArguments) -> Result<u8, Stop> {
    if arguments.against.is_some() && arguments.output.format == Format::Junit {
        return Err(Stop::Usage(anyhow!("--against has no JUnit form; use --format human or json")));
    }
    // Both are read before anything is judged or written.
    let before = arguments.against.as_deref().map(read_results).transpose()?;
    let (recorded, recordings) = read_plan(&arguments.folder)?;
    check_profile(arguments.profile.unwrap_or(recorded.run.profile), recorded.run.mode).map_err(Stop::Usage)?;
    let mut catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let features = Features::built_in().context("reading the built-in features")?;
    let age = Age::of(&recorded, &catalog, &features);
    catalog.rules.extend(recorded.own_rules.iter().cloned());
    let Restored { plan, as_recorded } = recorded.restore(&features);
    let run = run_record(arguments, &recorded, &features, &age, as_recorded);

    let started = Instant::now();
    let progress = Rc::new(Progress::new(plan.scenarios.len() as u64, ProgressMode::choose(arguments.output.quiet)));
    let suite = Suite::recorded(&plan, &recordings, {
        let progress = progress.clone();
        Box::new(move |planned, outcome| {
            progress.scenario_finished(&planned.id, scenario_record(planned, Some(outcome)).verdict);
        })
    });
    let collector = suite.collector();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the suite's runtime")?;
    runtime.block_on(suite.play());
    progress.finish();

    let (outcomes, trouble) = collector.gathered();
    let played = plan.scenarios.iter().filter_map(|planned| Some(scenario_record(planned, Some(outcomes.get(&planned.id)?))));
    let finished: Vec<_> = played.collect();
    let certification = Certification {
        catalog: &catalog,
        waivers: &recorded.waivers,
        profile: run.profile,
        plan: &plan,
        selection: &run.selection,
        whole: run.selection.is_whole() && age.is_complete(),
        ended: Ended::Whole,
        build: Duration::ZERO,
        started,
        stages: 0,
        containers: None,
        schedules: None,
    };
    let records = certification.records((outcomes, trouble), &finished);
    if let Some(out) = &arguments.out {
        keep(arguments, out, &run, &records)?;
    }
    let results = results(run, records)?;
    let Some(before) = before else { return arguments.output.report(&results) };
    let comparison = Comparison::between(&before, &results);
    match arguments.output.format {
        Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&comparison).context("printing what changed")?))?,
        _ => print(&human(&comparison))?,
    }
    Ok(exit_code(&results))
}

/// What this version of hallmark and a recording do not have in common.
struct Age {
    /// Rules of this version of which the recording has no scenario.
    newer: Vec<String>,
    /// Recorded rules that this version does not have.
    unknown: Vec<String>,
    /// Whether it was recorded by the rules and features of this version, so that no scenario is missing.
    same: bool,
}

impl Age {
    fn of(recorded: &RecordedPlan, catalog: &Catalog, features: &Features) -> Self {
        let known = recorded.rules();
        let same = has_same_rules(&recorded.run, features);
        let mut age = Self { newer: Vec::new(), unknown: Vec::new(), same };
        if recorded.run.selection.is_whole() {
            age.newer = catalog.rules.iter().filter(|rule| !known.contains(&rule.id)).map(|rule| rule.id.to_string()).collect();
        }
        let own = |id: &RuleId| recorded.own_rules.iter().any(|rule| rule.id == *id);
        age.unknown = known.iter().filter(|id| catalog.rule(id.as_str()).is_none() && !own(id)).map(ToString::to_string).collect();
        age
    }

    fn is_complete(&self) -> bool {
        self.same && self.newer.is_empty() && self.unknown.is_empty()
    }

    fn limits(&self) -> impl Iterator<Item = String> {
        let newer =
            (!self.newer.is_empty()).then(|| format!("the recordings are older than {}: run again for a profile", self.newer.join(", ")));
        let unknown = (!self.unknown.is_empty()).then(|| format!("this hallmark does not know {}: not judged", self.unknown.join(", ")));
        let other =
            (!self.same).then(|| "it was recorded by other rules or features than this hallmark's, so no profile is claimed".to_owned());
        other.into_iter().chain(newer).chain(unknown)
    }
}

fn run_record(arguments: &JudgeArguments, recorded: &RecordedPlan, features: &Features, age: &Age, as_recorded: usize) -> RunRecord {
    let then = &recorded.run;
    let judged = format!("judged from what hallmark {} recorded on {}: nothing was run", then.hallmark, then.started);
    let steps = (as_recorded > 0).then(|| {
        format!(
            "{as_recorded} recorded scenarios are no longer in this hallmark's features: they are judged by the steps that they had then"
        )
    });
    RunRecord {
        hallmark: env!("CARGO_PKG_VERSION").into(),
        catalog_digest: Catalog::digest(),
        features_digest: features.digest(),
        detection: table::detection(),
        recorded: Some(RecordedRecord {
            hallmark: then.hallmark.clone(),
            catalog_digest: then.catalog_digest.clone(),
            features_digest: then.features_digest.clone(),
            judged: now(),
        }),
        profile: arguments.profile.unwrap_or(then.profile),
        limits: std::iter::once(judged).chain(steps).chain(age.limits()).chain(then.limits.iter().cloned()).collect(),
        ..then.clone()
    }
}

/// Writes the results elsewhere: those of the run stay as they are.
fn keep(arguments: &JudgeArguments, out: &Path, run: &RunRecord, records: &[Record]) -> Result<(), Stop> {
    let there = out.canonicalize();
    let read = arguments.folder.canonicalize();
    // The folder of the recordings may have been named, or the one around it.
    let taken = read.iter().flat_map(|read| read.ancestors().take(2).map(Path::to_path_buf).chain([read.join(RECORDINGS)]));
    if there.is_ok_and(|there| taken.into_iter().any(|taken| taken == there)) {
        return Err(Stop::Usage(anyhow!("{} holds the run's own results; choose another folder with --out", out.display())));
    }
    let mut keeping = Keeping::begin(out, run).map_err(|error| Stop::Usage(anyhow!(error)))?;
    Ok(keeping.save(records)?)
}
