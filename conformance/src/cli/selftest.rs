//! `hallmark selftest` and the hidden `hallmark mutant`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use futures::{FutureExt as _, StreamExt as _};
use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::Provider;

use super::Stop;
use super::machinery::{Machinery, own_executable};
use super::output::print;
use crate::catalog::Catalog;
use crate::manifest::Manifest;
use crate::mutant::{self, CONTROL, Mutation, table};
use crate::progress::{Mode as ProgressMode, Progress};
use crate::selftest::{Matrix, Trial, human, selected};
use crate::suite::{Plan, Staging, Suite};
use crate::verdict::Verdict;

/// Exit code of a self-test that found a fault of hallmark.
const UNPROVED: u8 = 1;

/// Mutants that are tried at once, and scenarios of each that play at once.
const AT_ONCE: (usize, usize) = (10, 8);

/// Short, so that the mutants that hang are cheap.
const TASK_TIMEOUT: Duration = Duration::from_secs(10);

/// How much longer than the task timeout a job may run before it is ended.
const OVERRUN: Duration = Duration::from_secs(1);

/// Time between TERM and KILL. The mutants do not listen to TERM.
const GRACE: Duration = Duration::from_millis(200);

/// What `hallmark selftest` takes.
#[derive(Debug, Args)]
pub(super) struct SelftestArguments {
    /// Only this mutant, e.g. CRE-007/never; may be given several times.
    #[arg(long = "mutant", value_name = "ID")]
    mutants: Vec<String>,
    /// Plays all scenarios with each mutant, not only those of the rules that it must break.
    #[arg(long)]
    full: bool,
    /// Form of the matrix on stdout.
    #[arg(long, value_enum, default_value_t)]
    format: MatrixFormat,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
}

/// Forms of the matrix.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum MatrixFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

/// What `hallmark mutant` takes.
#[derive(Debug, Args)]
pub(super) struct MutantArguments {
    /// Id of the mutant, or `none`.
    id: String,
}

/// Runs one job of a mutant.
#[expect(clippy::print_stderr, reason = "a mutant is a provider, and its log is its own")]
pub(super) fn run_mutant(arguments: &MutantArguments) -> ExitCode {
    match mutant::run(&arguments.id) {
        Ok(code) => ExitCode::from(code),
        Err(reason) => {
            eprintln!("hallmark: {reason}");
            ExitCode::from(crate::exit_code::USAGE)
        }
    }
}

/// A mutant that is to be tried.
struct Candidate {
    mutation: Option<&'static Mutation>,
    plan: Plan,
}

/// Tries the mutants and prints the matrix; returns the exit code.
pub(super) fn selftest(arguments: &SelftestArguments) -> Result<u8, Stop> {
    let catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let folder = tempfile::Builder::new().prefix("hallmark-selftest-").tempdir().context("making a temporary folder for the self-test")?;
    let manifest = manifest(folder.path())?;
    let mutations = chosen(&arguments.mutants)?;
    let variants = manifest.variants();
    let candidates: Vec<Candidate> = mutations
        .into_iter()
        .map(|mutation| {
            // Which of its systems a mutant speaks to makes no difference to what it breaks; `--full` shows that too.
            let variants = if arguments.full || mutation.is_none() { &variants } else { &variants[..1] };
            anyhow::Ok(Candidate { mutation, plan: selected(&catalog, variants, mutation, arguments.full)? })
        })
        .collect::<Result<_, _>>()
        .context("planning the scenarios")?;

    let started = Instant::now();
    let scenarios = candidates.iter().map(|candidate| candidate.plan.scenarios.len() as u64).sum();
    let progress = Rc::new(Progress::new(scenarios, ProgressMode::choose(arguments.quiet)));
    let machinery = Machinery::start((AT_ONCE.0 * AT_ONCE.1) as u64)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the suite's runtime")?;
    let trials = runtime.block_on(async {
        let trials = candidates.iter().enumerate().map(|(place, candidate)| {
            trial(&catalog, &manifest, &machinery, candidate, arguments.full, progress.clone()).map(move |trial| (place, trial))
        });
        futures::stream::iter(trials).buffer_unordered(AT_ONCE.0).collect::<BTreeMap<usize, _>>().await
    });
    progress.finish();
    drop(machinery);
    let trials = trials.into_values().collect::<Result<Vec<Trial>, anyhow::Error>>()?;

    let matrix = Matrix::new(&catalog, trials, arguments.mutants.is_empty(), arguments.full, started.elapsed().as_secs_f64());
    match arguments.format {
        MatrixFormat::Human => print(&human(&matrix))?,
        MatrixFormat::Json => print(&format!("{}\n", serde_json::to_string_pretty(&matrix).context("printing the matrix")?))?,
    }
    Ok(if matrix.proved() { crate::exit_code::CONFORMANT } else { UNPROVED })
}

/// Returns the mutants to try: all and the control, or those that were named.
fn chosen(ids: &[String]) -> Result<Vec<Option<&'static Mutation>>, Stop> {
    if ids.is_empty() {
        return Ok(std::iter::once(None).chain(table::all().map(Some)).collect());
    }
    let find = |id: &String| match table::find(id) {
        None if id != CONTROL => {
            let near =
                table::all().map(|mutation| mutation.id).max_by(|one, other| strsim::jaro(one, id).total_cmp(&strsim::jaro(other, id)));
            Err(Stop::Usage(anyhow!("there is no mutant {id:?}; did you mean {}?", near.unwrap_or(CONTROL))))
        }
        found => Ok(found),
    };
    ids.iter().map(find).collect()
}

fn manifest(folder: &Path) -> Result<Manifest, Stop> {
    let path = folder.join("provider.toml");
    for (file, text) in [(&path, mutant::MANIFEST), (&folder.join("job_config.json"), mutant::JOB_CONFIG)] {
        std::fs::write(file, text).with_context(|| format!("writing the mutants' {}", file.display()))?;
    }
    let mut manifest = Manifest::load(&path).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
    manifest.task_timeout = TASK_TIMEOUT;
    Ok(manifest)
}

async fn trial(
    catalog: &Catalog,
    manifest: &Manifest,
    machinery: &Machinery,
    candidate: &Candidate,
    full: bool,
    progress: Rc<Progress>,
) -> anyhow::Result<Trial> {
    let id = candidate.mutation.map_or(CONTROL, |mutation| mutation.id);
    let provider = Provider {
        program: own_executable()?,
        arguments: vec!["mutant".into(), id.into()],
        own: manifest.env.clone(),
        declared: manifest.job_config.variables.clone(),
        completed: CompletedJobs::Immediately,
        limit: manifest.task_timeout + OVERRUN,
        grace: GRACE,
    };
    let staging = Staging::Process { resources: Box::new(machinery.resources.clone()), provider };
    let heard = move |planned: &crate::suite::Planned, _: &_| progress.scenario_finished(&planned.id, Verdict::Pass);
    let suite = Suite::new(manifest.clone(), &candidate.plan, staging, 1, None, AT_ONCE.1, Box::new(heard));
    let collector = suite.collector();
    suite.play().await;
    let (outcomes, trouble) = collector.gathered();
    let mut trial = Trial::judge(catalog, candidate.mutation, &candidate.plan, &outcomes, full);
    trial.trouble.extend(trouble);
    Ok(trial)
}
