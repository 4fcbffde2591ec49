//! `hallmark bench retry`.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use hallmark_benches::experiment::{Experiment, estimate, grid};
use hallmark_benches::outcome::{FORMAT, Measurement, Mode, Outcome};
use hallmark_benches::play::{Session, Subject};
use hallmark_benches::report;
use hallmark_benches::trial::{Arm, Trial};
use hallmark_harness::job::CompletedJobs;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use super::super::certify::{Ended, now};
use super::super::contained::{self, Contained};
use super::super::machinery::{Machinery, threads};
use super::super::output::print;
use super::super::run::until_ended;
use super::super::setting::SubjectGround;
use super::super::{Stop, folder, tell};
use super::arguments::{Format, RetryArguments};
use super::arm::{Build, Contestant};
use crate::exit_code;
use crate::suite::Staging;

/// About how long the processor is busy with the start of a job, for estimates.
const START: Duration = Duration::from_millis(150);

/// As [`START`], of a container with the services that it needs.
const CONTAINER_START: Duration = Duration::from_millis(600);

/// The file that is a baseline for later runs.
const JSON: &str = "bench.json";

/// Measures, reports, and returns the exit code.
pub(super) fn retry(arguments: &RetryArguments) -> Result<u8, Stop> {
    let earlier = arguments.baseline.as_deref().map(|path| Measurement::read(path).map(|earlier| (earlier, path)));
    let earlier = earlier.transpose().map_err(|error| Stop::Usage(anyhow!(error)))?;
    folder::make(&arguments.out).map_err(Stop::Usage)?;
    let threads = threads()?;
    let (contestant, against) = contestants(arguments, &threads)?;
    let experiments = grid(arguments.size(), contestant.possible(arguments.mode()));
    let mut measurement = empty(arguments, &contestant, experiments);
    if let Some((earlier, path)) = &earlier {
        measurement.check_baseline(earlier, path).map_err(|error| Stop::Usage(anyhow!(error)))?;
    }
    announce(arguments, &measurement, if against.is_some() { 2 } else { 1 });

    let (trials, ended) = measure(arguments, threads, &contestant, against.as_ref(), &measurement.experiments)?;
    if let Ended::TimeIsUp(limit) = ended {
        let limit = humantime::format_duration(limit);
        tell(&format!(
            "the time limit of {limit} is reached, and not all was measured; give more with --time-limit, or measure less with --quick"
        ));
    }
    if trials.is_empty() {
        return Ok(if matches!(ended, Ended::Interrupted) { exit_code::INTERRUPTED } else { exit_code::INCONCLUSIVE });
    }
    measurement.trials = trials;
    let baseline = match (earlier, &against) {
        (Some((earlier, path)), _) => {
            measurement.compare_with(earlier);
            Some(path.display().to_string())
        }
        (None, Some(other)) => Some(other.name.clone()),
        (None, None) => None,
    };
    let outcome = measurement.conclude(baseline.as_deref());
    write(&arguments.out, &outcome)?;
    print(&match arguments.format {
        Format::Human => report::human(&outcome),
        Format::Json => report::json(&outcome),
        Format::Csv => report::csv(&outcome),
    })?;
    if !arguments.quiet {
        tell(&format!("the page with all plots is {}", arguments.out.join("bench.html").display()));
    }
    Ok(conclude(&outcome, &ended))
}

/// Reads what is measured and what it is compared with, and finds both.
fn contestants(arguments: &RetryArguments, threads: &Runtime) -> Result<(Contestant, Option<Contestant>), Stop> {
    let images = &arguments.images;
    if let (Some(against), Some(_), None) = (&arguments.against, &images.image, &images.against_image) {
        return Err(Stop::Usage(anyhow!(
            "an image is compared with an image, and --against {} alone names a command; add --against-image REF",
            against.display()
        )));
    }
    let prepare = |path: &Path, build: Build<'_>| Contestant::prepare(threads, path, arguments.variant.as_deref(), build);
    let build = match &images.image {
        Some(reference) => Build::Image { reference, pull: images.pull },
        None => Build::Command(arguments.command.as_deref()),
    };
    let contestant = prepare(&arguments.manifest, build)?;
    let against = match (&arguments.against, &images.against_image) {
        (other, Some(reference)) => {
            let manifest = other.as_deref().unwrap_or(&arguments.manifest);
            Some(prepare(manifest, Build::Image { reference, pull: images.pull })?)
        }
        (Some(other), None) => Some(prepare(other, Build::Command(None))?),
        (None, None) => None,
    };
    Ok((contestant, against))
}

fn empty(arguments: &RetryArguments, contestant: &Contestant, experiments: Vec<Experiment>) -> Measurement {
    let task_timeout = contestant.manifest.task_timeout;
    Measurement {
        format: FORMAT,
        hallmark: env!("CARGO_PKG_VERSION").into(),
        provider: contestant.manifest.name.clone(),
        variant: contestant.variant.name.clone(),
        digest: contestant.digest.clone(),
        mode: arguments.mode(),
        image: arguments.images.image.clone(),
        started: now(),
        size: arguments.size(),
        runs: arguments.runs,
        seed: arguments.seed,
        task_timeout: task_timeout.as_secs_f64(),
        limit: arguments.limit(task_timeout).as_secs_f64(),
        experiments,
        trials: Vec::new(),
    }
}

/// Says what is about to happen, and how long it takes.
fn announce(arguments: &RetryArguments, measurement: &Measurement, arms: u32) {
    if arguments.quiet {
        return;
    }
    let start = match measurement.mode {
        Mode::Process => START,
        Mode::Container => CONTAINER_START,
    };
    let limit = Duration::from_secs_f64(measurement.limit);
    let time = estimate(&measurement.experiments, arguments.runs, arms, arguments.jobs().into(), limit, start);
    let variant = measurement.variant.as_ref().map(|variant| format!(", variant {variant}")).unwrap_or_default();
    let allowed = || format!(", of which --time-limit allows {}", humantime::format_duration(arguments.time_limit));
    let cut = (time > arguments.time_limit).then(allowed).unwrap_or_default();
    tell(&format!(
        "measuring {}{variant}: {} experiments, up to {} runs each, about {} in all, less where it gives up early{cut}",
        measurement.subject(),
        measurement.experiments.len(),
        arguments.runs,
        humantime::format_duration(Duration::from_secs(time.as_secs().max(1)))
    ));
}

/// Makes the stages ready and plays the experiments there; what was played until the end or an interruption is returned.
fn measure(
    arguments: &RetryArguments,
    threads: Runtime,
    contestant: &Contestant,
    against: Option<&Contestant>,
    experiments: &[Experiment],
) -> Result<(Vec<Trial>, Ended), Stop> {
    let machinery = Machinery::start_on(threads, arguments.jobs().into())?;
    let subject = |of: &Contestant, arm, staging| of.measured(arm, arguments.limit(of.manifest.task_timeout), staging);
    match &contestant.ground {
        SubjectGround::Process(_) => {
            let process = |of: &Contestant, arm| match &of.ground {
                SubjectGround::Process(provider) => {
                    let resources = Box::new(machinery.resources.clone());
                    Some(subject(of, arm, Staging::Process { resources, provider: provider.clone() }))
                }
                SubjectGround::Container { .. } => None,
            };
            let baseline = against.and_then(|other| process(other, Arm::Baseline));
            let subjects: Vec<Subject> = baseline.into_iter().chain(process(contestant, Arm::Subject)).collect();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.context("starting the runtime of the measurement")?.block_on(play(arguments, experiments, async || Ok(subjects)))
        }
        SubjectGround::Container { daemon, image } => {
            let order = order(arguments, contestant);
            contained::with(daemon.clone(), image.clone(), &order, &machinery.resources, async |contained| {
                let subjects = async || {
                    contained.probe(&order).await?;
                    let mut subjects = Vec::new();
                    if let Some((other, SubjectGround::Container { image, .. })) = against.map(|other| (other, &other.ground)) {
                        let order = self::order(arguments, other);
                        let holding = contained.stages.holding();
                        let provider = contained::provider(holding, image.clone(), &other.manifest, order.completed, &machinery.resources);
                        let provider = provider.await.map_err(contained::trouble)?;
                        let baseline = Contained { stages: contained.stages.clone(), provider };
                        baseline.probe(&order).await?;
                        subjects.push(subject(other, Arm::Baseline, baseline.staging()));
                    }
                    subjects.push(subject(contestant, Arm::Subject, contained.staging()));
                    Ok(subjects)
                };
                Box::pin(play(arguments, experiments, subjects)).await
            })
        }
    }
}

fn order<'run>(arguments: &RetryArguments, of: &'run Contestant) -> contained::Order<'run> {
    contained::Order {
        manifest: &of.manifest,
        completed: CompletedJobs::default(),
        seed: arguments.seed,
        variant: Some(&of.variant),
        bare_at_once: None,
    }
}

/// Makes the subjects ready and plays the experiments, with a bar that shows how far it is.
async fn play(
    arguments: &RetryArguments,
    experiments: &[Experiment],
    subjects: impl AsyncFnOnce() -> Result<Vec<Subject>, Stop>,
) -> Result<(Vec<Trial>, Ended), Stop> {
    let session = Session { at_once: arguments.jobs().into(), runs: arguments.runs, seed: arguments.seed };
    let planned: u32 = experiments.iter().map(|experiment| experiment.repetitions(arguments.runs)).sum();
    let bar = bar(u64::from(planned), arguments.quiet);
    let trials = RefCell::new(Vec::new());
    // Who interrupts the probes interrupts no more than the play.
    let played = async {
        let subjects = subjects().await?;
        bar.set_length(u64::from(planned) * subjects.len() as u64);
        session
            .play(&subjects, experiments, |trial| {
                bar.inc(1);
                trials.borrow_mut().push(trial);
            })
            .await;
        Ok(())
    };
    let ended = until_ended(played, arguments.time_limit).await?;
    bar.finish_and_clear();
    Ok((trials.into_inner(), ended))
}

/// Returns a bar on a terminal, and nothing elsewhere.
fn bar(trials: u64, quiet: bool) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("[{elapsed_precise}] {bar:30} {pos}/{len} trials");
    ProgressBar::new(trials).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "))
}

fn write(out: &Path, outcome: &Outcome) -> Result<(), Stop> {
    for (name, text) in [(JSON, report::json(outcome)), ("bench.csv", report::csv(outcome)), ("bench.html", report::page(outcome))] {
        let path = out.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}; check the free space and --out", path.display()))?;
    }
    Ok(())
}

/// A measurement that was cut says nothing surely; one of whose trials nothing can be said too often neither.
fn conclude(outcome: &Outcome, ended: &Ended) -> u8 {
    match ended {
        Ended::Interrupted => return exit_code::INTERRUPTED,
        Ended::TimeIsUp(_) => return exit_code::INCONCLUSIVE,
        Ended::Whole => {}
    }
    let subject = || outcome.measurement.trials.iter().filter(|trial| trial.arm == Arm::Subject);
    let lost = subject().filter(|trial| trial.inconclusive.is_some()).count();
    match &outcome.comparison {
        _ if lost * 2 > subject().count() => exit_code::INCONCLUSIVE,
        Some(comparison) if comparison.inconclusive.is_some() => exit_code::INCONCLUSIVE,
        Some(comparison) if comparison.is_regression() => exit_code::REGRESSION,
        _ => exit_code::CONFORMANT,
    }
}
