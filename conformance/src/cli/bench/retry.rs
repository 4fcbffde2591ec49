//! `hallmark bench retry`.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use hallmark_benches::experiment::{Experiment, estimate, grid};
use hallmark_benches::outcome::{FORMAT, Measurement, Outcome};
use hallmark_benches::play::{Session, Subject};
use hallmark_benches::report;
use hallmark_benches::trial::{Arm, Trial};
use indicatif::{ProgressBar, ProgressStyle};

use super::super::certify::{Ended, now};
use super::super::machinery::Machinery;
use super::super::output::print;
use super::super::run::until_ended;
use super::super::{Stop, folder, tell};
use super::arguments::{Format, RetryArguments};
use super::arm::Contestant;
use crate::exit_code;

/// About how long the processor is busy with the start of a job, for estimates.
const START: Duration = Duration::from_millis(150);

/// The file that is a baseline for later runs.
const JSON: &str = "bench.json";

/// Measures, reports, and returns the exit code.
pub(super) fn retry(arguments: &RetryArguments) -> Result<u8, Stop> {
    let earlier = arguments.baseline.as_deref().map(|path| Measurement::read(path).map(|earlier| (earlier, path)));
    let earlier = earlier.transpose().map_err(|error| Stop::Usage(anyhow!(error)))?;
    folder::make(&arguments.out).map_err(Stop::Usage)?;
    let contestant = Contestant::prepare(&arguments.manifest, arguments.variant.as_deref(), arguments.command.as_deref())?;
    let against = arguments.against.as_deref().map(|path| Contestant::prepare(path, arguments.variant.as_deref(), None)).transpose()?;
    let limit = arguments.limit(contestant.manifest.task_timeout);
    let subjects: Vec<Subject> = against
        .iter()
        .map(|other| other.measured(Arm::Baseline, arguments.limit(other.manifest.task_timeout)))
        .chain([contestant.measured(Arm::Subject, limit)])
        .collect();
    let experiments = grid(arguments.size(), contestant.possible());
    let mut measurement = empty(arguments, &contestant, experiments, limit);
    announce(arguments, &measurement, subjects.len(), limit);

    let (trials, ended) = measure(arguments, &subjects, &measurement.experiments)?;
    if trials.is_empty() {
        return Ok(if matches!(ended, Ended::Interrupted) { exit_code::INTERRUPTED } else { exit_code::INCONCLUSIVE });
    }
    measurement.trials = trials;
    let baseline = match (earlier, &against) {
        (Some((earlier, path)), _) => {
            measurement.compare_with(earlier, path).map_err(|error| Stop::Usage(anyhow!(error)))?;
            Some(path.display().to_string())
        }
        (None, Some(other)) => Some(other.manifest.path.display().to_string()),
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

fn empty(arguments: &RetryArguments, contestant: &Contestant, experiments: Vec<Experiment>, limit: Duration) -> Measurement {
    Measurement {
        format: FORMAT,
        hallmark: env!("CARGO_PKG_VERSION").into(),
        provider: contestant.manifest.name.clone(),
        variant: contestant.variant.name.clone(),
        digest: contestant.digest.clone(),
        started: now(),
        size: arguments.size(),
        runs: arguments.runs,
        seed: arguments.seed,
        task_timeout: contestant.manifest.task_timeout.as_secs_f64(),
        limit: limit.as_secs_f64(),
        experiments,
        trials: Vec::new(),
    }
}

/// Says what is about to happen, and how long it takes.
fn announce(arguments: &RetryArguments, measurement: &Measurement, arms: usize, limit: Duration) {
    if arguments.quiet {
        return;
    }
    let arms = u32::try_from(arms).unwrap_or(u32::MAX);
    let time = estimate(&measurement.experiments, arguments.runs, arms, arguments.jobs.into(), limit, START);
    let variant = measurement.variant.as_ref().map(|variant| format!(", variant {variant}")).unwrap_or_default();
    tell(&format!(
        "measuring {}{variant}: {} experiments, {} runs each, about {} in all",
        measurement.provider,
        measurement.experiments.len(),
        arguments.runs,
        humantime::format_duration(Duration::from_secs(time.as_secs().max(1)))
    ));
}

/// Plays the experiments; what was played until the end or an interruption is returned.
fn measure(arguments: &RetryArguments, subjects: &[Subject], experiments: &[Experiment]) -> Result<(Vec<Trial>, Ended), Stop> {
    let machinery = Machinery::start(arguments.jobs.into())?;
    let session =
        Session { resources: machinery.resources.clone(), at_once: arguments.jobs.into(), runs: arguments.runs, seed: arguments.seed };
    let planned: u32 = experiments.iter().map(|experiment| experiment.repetitions(arguments.runs)).sum();
    let bar = bar(u64::from(planned) * subjects.len() as u64, arguments.quiet);
    let trials = RefCell::new(Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime of the measurement")?;
    let played = async {
        session
            .play(subjects, experiments, |trial| {
                bar.inc(1);
                trials.borrow_mut().push(trial);
            })
            .await;
        Ok(())
    };
    let ended = runtime.block_on(until_ended(played, arguments.time_limit))?;
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

/// A measurement that was cut says nothing surely; one in which our own threads were late too often neither.
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
