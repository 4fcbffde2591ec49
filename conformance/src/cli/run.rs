//! `hallmark run`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;
use hallmark_harness::job::CompletedJobs;

use super::Stop;
use super::machinery::Machinery;
use super::setting::Subject;
use crate::catalog::{Catalog, Profile, RuleId};
use crate::manifest::Manifest;
use crate::ruling::{Ruling, scenario_record};
use crate::suite::{Plan, Recordings, Selection, Staging, Suite};

/// What `hallmark run` takes.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The provider's manifest.
    manifest: PathBuf,
    /// Another command instead of the manifest's, with its arguments; it is not built.
    #[arg(long)]
    command: Option<String>,
    /// Which rules the exit code counts.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Only this rule; may be given several times.
    #[arg(long = "rule", value_name = "ID")]
    rules: Vec<String>,
    /// Only scenarios whose tags match, e.g. '@days or @CRE-007'.
    #[arg(long, value_name = "EXPRESSION")]
    tags: Option<String>,
    /// Scenarios that play at once.
    #[arg(long, default_value_t = 32)]
    jobs: usize,
    /// Seed of ids, keys and generated values.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where results and recordings go.
    #[arg(long, default_value = "hallmark-out")]
    out: PathBuf,
    /// Ends the run after this time with partial results.
    #[arg(long, default_value = "30m", value_parser = humantime::parse_duration)]
    time_limit: Duration,
}

pub(super) fn run(arguments: &RunArguments) -> Result<u8, Stop> {
    let catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let manifest = Manifest::load(&arguments.manifest).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
    let rules: Vec<RuleId> = arguments
        .rules
        .iter()
        .map(|id| crate::explain::find(&catalog, id).map(|rule| rule.id.clone()))
        .collect::<Result<_, _>>()
        .map_err(|error| Stop::NothingSelected(anyhow!(error)))?;
    let tags = match &arguments.tags {
        Some(text) => Some(text.parse().map_err(|error| Stop::Usage(anyhow!("reading --tags {text:?}: {error}")))?),
        None => None,
    };
    let selection = Selection { rules, tags };
    let variants = manifest.variants();
    let plan = Plan::new(&catalog, &variants, &manifest.delete.not_resubmitted, &selection).context("planning")?;
    let subject = Subject::find(&manifest, arguments.command.as_deref(), CompletedJobs::Immediately).map_err(Stop::Usage)?;
    let recordings = Recordings::new(arguments.out.join("recordings"));
    std::fs::create_dir_all(arguments.out.join("recordings")).context("making the folder for recordings")?;
    let machinery = Machinery::start()?;
    let staging = Staging::Process { resources: machinery.resources.clone(), provider: subject.provider.clone() };
    let suite = Suite::new(manifest.clone(), &plan, staging, arguments.seed, Some(recordings), arguments.jobs, Box::new(|_, _| {}));
    let collector = suite.collector();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the suite")?;
    let started = Instant::now();
    runtime.block_on(async { tokio::time::timeout(arguments.time_limit, suite.play()).await }).ok();
    let (outcomes, trouble) = collector.gathered();
    let scenarios: Vec<_> = plan
        .scenarios
        .iter()
        .map(|planned| scenario_record(planned, variants[planned.variant].name.as_deref(), outcomes.get(&planned.id)))
        .collect();
    let ruling = Ruling::new(&catalog, arguments.profile, &plan, &scenarios, &manifest.waivers);
    let records = ruling.records();
    show(&records, &scenarios, &trouble, started.elapsed());
    Ok(0)
}

#[expect(clippy::print_stdout, reason = "to be replaced by the reports")]
fn show(records: &[crate::results::RuleRecord], scenarios: &[crate::results::ScenarioRecord], trouble: &[String], time: Duration) {
    for record in records {
        println!("{} {:8} {} ({} passes) {}", record.id, record.verdict, record.level, record.passes, record.reason);
        for shown in record.shown.iter().filter(|shown| shown.judgement.verdict != crate::verdict::Verdict::Pass) {
            println!("     {}: expected {} | {}", shown.scenario, shown.judgement.expected, shown.judgement.actual);
        }
    }
    for scenario in scenarios.iter().filter(|scenario| !scenario.trouble.is_empty()) {
        println!("trouble in {} {}: {:?}", scenario.id, scenario.name, scenario.trouble);
    }
    let mut by_time: Vec<_> = scenarios.iter().collect();
    by_time.sort_by(|a, b| b.job_seconds.total_cmp(&a.job_seconds));
    for scenario in by_time.iter().take(8) {
        println!("{:6.2}s of {:6.2}s {} jobs {}", scenario.job_seconds, scenario.seconds, scenario.jobs, scenario.id);
    }
    println!("{trouble:?} {} scenarios, {} jobs, {time:?}", scenarios.len(), scenarios.iter().map(|s| s.jobs).sum::<u32>());
}
