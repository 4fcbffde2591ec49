//! `hallmark run`.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;
use hallmark_harness::job::CompletedJobs;

use super::certify::{Certification, Ended, check_profile, now};
use super::contained;
use super::folder::OutFolder;
use super::keeping::Keeping;
use super::machinery::{Machinery, threads};
use super::output::{OutputArguments, results};
use super::schedules;
use super::selection::SelectionArguments;
use super::setting::{OVERRUN, Subject, SubjectGround};
use super::{Stop, tell};
use crate::catalog::{Catalog, Profile};
use crate::manifest::{Manifest, Variant};
use crate::mutant::table;
use crate::progress::{Mode as ProgressMode, Progress};
use crate::results::{FORMAT, Mode, RunRecord, SCHEDULES, SelectionRecord};
use crate::ruling::scenario_record;
use crate::suite::{Features, Plan, RecordedPlan, Recordings, Staging, Suite};
use crate::verdict::Verdict;

/// What `hallmark run` takes.
#[derive(Debug, Args)]
pub(super) struct RunArguments {
    /// The provider's manifest.
    manifest: PathBuf,
    /// Another command instead of the manifest's, with its arguments; it is not built.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Certifies this image, unchanged, in containers of the local Docker Engine, instead of the manifest's command.
    #[arg(long, value_name = "REF", conflicts_with = "command")]
    image: Option<String>,
    /// Fetches the image first, with the credentials of `docker login`.
    #[arg(long, requires = "image")]
    pull: bool,
    /// Which rules the exit code counts.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    #[command(flatten)]
    selection: SelectionArguments,
    /// Scenarios that play at once.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: u16,
    /// Seed of ids, keys and generated values: the same seed gives the same values.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Folder for the results, the recordings and the kept logs.
    #[arg(long, value_name = "DIR", default_value = "hallmark-out")]
    out: PathBuf,
    /// What CE_REMOVE_COMPLETED_JOBS says: IMMEDIATELY, minutes, or days such as 3d. Otherwise logs of finished jobs are kept in DIR/jobs.
    #[arg(long, value_name = "WHEN", default_value = "IMMEDIATELY")]
    remove_completed_jobs: CompletedJobs,
    /// Ends the run after this time, with partial results and exit code 3.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = humantime::parse_duration)]
    time_limit: Duration,
    #[command(flatten)]
    output: OutputArguments,
}

/// Runs the suite and prints the report; returns the exit code.
pub(super) fn run(arguments: &RunArguments) -> Result<u8, Stop> {
    let (catalog, features) = arguments.selection.rules_and_features()?;
    let manifest = Manifest::load(&arguments.manifest).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
    let variants = manifest.variants();
    check(arguments, &catalog, &manifest, &variants)?;
    let planned = arguments.selection.plan(&catalog, &features, &manifest, arguments.image.is_some())?;
    let plan = planned.plan;
    // Each scenario sees all that is alive at a service behind a TCP proxy.
    let at_once = if variants.iter().any(Variant::plays_alone) { 1 } else { arguments.jobs };
    let (subject, threads) = match &arguments.image {
        // The engine's connections live on the threads that the run keeps.
        Some(image) => {
            let threads = threads()?;
            (threads.block_on(Subject::image(image, arguments.pull))?, Some(threads))
        }
        None => {
            let subject = Subject::command(&manifest, arguments.command.as_deref(), arguments.remove_completed_jobs);
            (subject.map_err(Stop::Usage)?, None)
        }
    };
    let record = run_record(arguments, &manifest, &subject, &plan, &features, planned.selection);
    // A folder that cannot be used from the start is the caller's mistake; one that fills up later is trouble.
    let folder = OutFolder::open(&arguments.out).map_err(Stop::Usage)?;
    let keeping = Keeping::begin(&arguments.out, &record).map_err(|error| Stop::Usage(anyhow!(error)))?;
    let recorded = RecordedPlan::new(record.clone(), manifest.waivers.clone(), features.own_rules().to_vec(), &plan);
    recorded.write(&folder.recordings()).map_err(|error| Stop::Usage(anyhow!(error)))?;
    let keeping = Rc::new(RefCell::new(keeping));

    let started = Instant::now();
    let progress = Rc::new(Progress::new(plan.scenarios.len() as u64, ProgressMode::choose(arguments.output.quiet)));
    progress.note(&format!(
        "{} scenarios, up to {} at once; providers wait in real time, at most {} a job",
        plan.scenarios.len(),
        at_once,
        humantime::format_duration(manifest.task_timeout + OVERRUN)
    ));
    let stages = u64::from(at_once).min(plan.scenarios.len() as u64);
    let machinery = match threads {
        Some(threads) => Machinery::start_on(threads, stages)?,
        None => Machinery::start(stages)?,
    };
    let recordings = Recordings::of_runs(folder.recordings(), recorded.run_ids.clone());
    let suite = |staging: Staging| {
        Suite::new(manifest.clone(), &plan, staging, arguments.seed, Some(recordings.clone()), usize::from(at_once), {
            let (progress, keeping) = (progress.clone(), keeping.clone());
            Box::new(move |planned, outcome| {
                let scenario = scenario_record(planned, Some(outcome));
                let failed = outcome.trouble.is_empty() && outcome.judgements.iter().any(|judgement| judgement.verdict == Verdict::Fail);
                progress.scenario_finished(&planned.id, if failed { Verdict::Fail } else { scenario.verdict });
                keeping.borrow_mut().scenario(scenario);
            })
        })
        .keep_logs(arguments.out.clone())
    };
    let schedules = RefCell::new(None);
    let (collector, ended, containers, aside) = match subject.ground.clone() {
        SubjectGround::Process(provider) => {
            let suite = suite(Staging::Process { resources: Box::new(machinery.resources.clone()), provider });
            (suite.collector(), play(suite, arguments.time_limit)?, None, Duration::ZERO)
        }
        SubjectGround::Container { daemon, image } => {
            let order = contained::Order {
                manifest: &manifest,
                completed: arguments.remove_completed_jobs,
                variant: None,
                seed: arguments.seed,
                bare_at_once: arguments.output.timings.then_some(usize::try_from(stages).unwrap_or(usize::MAX)),
            };
            let played = contained::play(daemon, image, &order, &machinery.resources, arguments.time_limit, suite, async |staging| {
                // A part of the suite proves no profile, and schedules of nothing.
                if arguments.profile == Profile::Hardened && record.selection.is_whole() {
                    progress.note(&format!("{SCHEDULES} fault schedules"));
                    let played =
                        schedules::play(&manifest, staging, &machinery.resources.runtime, arguments.seed, usize::from(at_once), &progress);
                    *schedules.borrow_mut() = Some(played.await);
                }
            })?;
            (played.collector, played.ended, Some(played.containers), played.aside)
        }
    };
    progress.finish();
    drop(machinery);

    let certification = Certification {
        catalog: &catalog,
        waivers: &manifest.waivers,
        profile: arguments.profile,
        plan: &plan,
        selection: &record.selection,
        whole: record.selection.is_whole(),
        ended,
        build: subject.build,
        started: started + aside,
        stages: u32::try_from(stages).unwrap_or(u32::MAX),
        containers,
        schedules: schedules.into_inner(),
    };
    let mut keeping = keeping.borrow_mut();
    let mut records = certification.records(collector.gathered(), keeping.scenarios());
    if let Err(error) = keeping.save(&records) {
        // The report is then all that is left of the run, and must say the same as the exit code.
        tell(&format!("hallmark: {error:#}"));
        collector.trouble(format!("{error:#}"));
        records = certification.records(collector.gathered(), keeping.scenarios());
    }
    arguments.output.report(&results(record, records)?)
}

/// Refuses what makes no sense together, before anything is made.
fn check(arguments: &RunArguments, catalog: &Catalog, manifest: &Manifest, variants: &[Variant]) -> Result<(), Stop> {
    let mode = if arguments.image.is_some() { Mode::Container } else { Mode::Process };
    check_profile(arguments.profile, mode).map_err(Stop::Usage)?;
    for waiver in &manifest.waivers {
        crate::explain::find(catalog, &waiver.rule)
            .map_err(|error| Stop::Usage(anyhow!("reading the waivers of {}: {error}", arguments.manifest.display())))?;
    }
    for variant in variants {
        // A wrong description of a third party is the manifest's mistake, not trouble of three hundred scenarios.
        crate::suite::stage_setup(manifest, variant, arguments.seed).map_err(|error| Stop::Usage(anyhow!(error)))?;
    }
    if arguments.image.is_some()
        && let Some((name, _)) = variants.iter().flat_map(Variant::real_services).next()
    {
        return Err(Stop::Usage(anyhow!(
            "{}: the third party {name} is a real service, which a container's network does not lead to; certify a command instead of --image, or \
             remove `service` or `tcp` from [third_party.{name}]",
            arguments.manifest.display()
        )));
    }
    Ok(())
}

/// Plays the suite until it ends, the time is up, or somebody interrupts it.
fn play(suite: Suite, time_limit: Duration) -> Result<Ended, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the suite's runtime")?;
    let played = async {
        suite.play().await;
        Ok(())
    };
    runtime.block_on(until_ended(played, time_limit))
}

/// Works until the work ends, the time is up, or somebody interrupts it.
pub(super) async fn until_ended(work: impl Future<Output = Result<(), Stop>>, time_limit: Duration) -> Result<Ended, Stop> {
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).context("listening for SIGTERM")?;
    tokio::select! {
        worked = work => worked.map(|()| Ended::Whole),
        () = time_is_up(time_limit) => Ok(Ended::TimeIsUp(time_limit)),
        _ = tokio::signal::ctrl_c() => Ok(Ended::Interrupted),
        _ = terminated.recv() => Ok(Ended::Interrupted),
    }
}

#[expect(clippy::disallowed_methods, reason = "a time limit is a wait by definition")]
async fn time_is_up(limit: Duration) {
    tokio::time::sleep(limit).await;
}

fn run_record(
    arguments: &RunArguments,
    manifest: &Manifest,
    subject: &Subject,
    plan: &Plan,
    features: &Features,
    selection: SelectionRecord,
) -> RunRecord {
    let (mode, contained, image) = match &subject.ground {
        SubjectGround::Process(_) => (Mode::Process, "not contained: in process mode, calls that bypass the proxy cannot be seen", None),
        SubjectGround::Container { image, .. } => {
            let contained = "contained: the image's network leads to the fake cloud alone; a call to an address without a name is blocked and \
                             cannot be seen";
            (Mode::Container, contained, Some(contained::record(image)))
        }
    };
    RunRecord {
        format: FORMAT,
        hallmark: env!("CARGO_PKG_VERSION").into(),
        provider: manifest.name.clone(),
        manifest: arguments.manifest.display().to_string(),
        mode,
        image,
        command: subject.command.clone(),
        replaced_by: arguments.command.clone(),
        command_digest: subject.digest.clone(),
        manifest_digest: manifest.digest.clone(),
        job_config_digest: manifest.job_config_digest.clone(),
        catalog_digest: Catalog::digest(),
        features_digest: features.digest(),
        detection: table::detection(),
        own_features: arguments.selection.own_features(features),
        recorded: None,
        seed: arguments.seed,
        profile: arguments.profile,
        variants: manifest.variants().into_iter().filter_map(|variant| variant.name).collect(),
        started: now(),
        limits: std::iter::once(contained.to_owned())
            .chain(short_timeout(manifest))
            .chain(selection.in_words())
            .chain(plan.left_out())
            .collect(),
        selection,
    }
}

/// The service's shortest task timeout.
const SHORTEST_TASK_TIMEOUT: Duration = Duration::from_mins(5);

/// Says that what the provider has not done by its task timeout may be done where it is deployed.
fn short_timeout(manifest: &Manifest) -> Option<String> {
    (manifest.task_timeout < SHORTEST_TASK_TIMEOUT).then(|| {
        format!(
            "the manifest's task_timeout is {}, and Secrets Manager's is at least 5 minutes: a job that takes longer is ended, and blamed for it",
            humantime::format_duration(manifest.task_timeout)
        )
    })
}

impl RunArguments {
    /// Returns the arguments of a run of `manifest` with everything else as usual.
    #[cfg(test)]
    fn usual(manifest: &str) -> Self {
        use clap::Parser as _;
        #[derive(clap::Parser)]
        struct Only {
            #[command(flatten)]
            run: RunArguments,
        }
        Only::parse_from(["hallmark", manifest]).run
    }
}

#[cfg(test)]
mod tests {
    use super::super::output::Format;
    use super::*;

    #[test]
    fn the_usual_run_counts_core_and_plays_32_at_once() {
        let arguments = RunArguments::usual("provider.toml");
        assert_eq!((arguments.profile, arguments.jobs, arguments.seed), (Profile::Core, 32, 1));
        assert_eq!(arguments.output.format, Format::Human);
        assert!(arguments.selection.is_default());
    }
}
