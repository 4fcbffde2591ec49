//! `hallmark selftest` and the hidden `hallmark mutant`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use clap::Args;
use futures::{FutureExt as _, StreamExt as _};
use hallmark_harness::docker::Daemon;
use hallmark_harness::job::CompletedJobs;
use hallmark_harness::stage::Provider;

use super::machinery::{Machinery, own_executable};
use super::mutant_images::MutantImages;
use super::output::{PlainFormat, print};
use super::selftest_chaos::{self, ChaosProof};
use super::{Stop, contained};
use crate::catalog::Catalog;
use crate::manifest::Manifest;
use crate::mutant::{self, CONTROL, IMAGE_CONTROL, Mutation, table};
use crate::progress::{Mode as ProgressMode, Progress};
use crate::selftest::{Lacking, Matrix, Proof, Trial, human, selected};
use crate::suite::{Plan, Staging, Suite};
use crate::verdict::Verdict;

/// Exit code of a self-test that found a fault of hallmark.
const UNPROVED: u8 = 1;

/// Mutants that are tried at once, and scenarios of each that play at once.
const AT_ONCE: (usize, usize) = (10, 8);

/// The same of images: a container takes half a core, and its start another.
const IMAGES_AT_ONCE: (usize, usize) = (3, 2);

/// Short, so that the mutants that hang are cheap.
const TASK_TIMEOUT: Duration = Duration::from_secs(10);

/// The same for images, which start more slowly and have half a core.
const IMAGE_TASK_TIMEOUT: Duration = Duration::from_secs(12);

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
    /// Proves the search for fault schedules instead: that it finds wrong providers which no scenario finds. Without a word it searches, which takes
    /// minutes.
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "full", num_args = 0..=1, default_missing_value = "search")]
    chaos: Option<ChaosProof>,
    /// Form of the matrix on stdout.
    #[arg(long, value_enum, default_value_t)]
    format: PlainFormat,
    /// Shows no progress.
    #[arg(long, short)]
    quiet: bool,
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
    /// Whether it is played as an image.
    image: bool,
    /// The reference provider's, with the declarations of the mutant.
    manifest: Manifest,
    plan: Plan,
}

/// Tries the mutants and prints the matrix; returns the exit code.
pub(super) fn selftest(arguments: &SelftestArguments) -> Result<u8, Stop> {
    let catalog = Catalog::built_in().context("reading the built-in catalog")?;
    let folder = tempfile::Builder::new().prefix("hallmark-selftest-").tempdir().context("making a temporary folder for the self-test")?;
    let control = manifest(folder.path(), None)?;
    if let Some(how) = arguments.chaos {
        return selftest_chaos::prove(how, &arguments.mutants, &control, arguments.format, |mutants| {
            scenarios(&catalog, &control, mutants, arguments.quiet)
        });
    }
    let candidates: Vec<Candidate> = chosen(&arguments.mutants)?
        .into_iter()
        .map(|(mutation, image)| {
            let declares = mutation.is_some_and(|mutation| !mutation.declares.is_empty());
            let mut manifest = if declares { manifest(folder.path(), mutation)? } else { control.clone() };
            if image {
                manifest.task_timeout = IMAGE_TASK_TIMEOUT;
            }
            // Which of its systems a mutant speaks to makes no difference to what it breaks; `--full` shows that too.
            let all = !image && (arguments.full || mutation.is_none());
            let variants = manifest.variants();
            let variants = if all { &variants } else { &variants[..1] };
            let plan = selected(&catalog, variants, mutation, image, arguments.full).context("planning the scenarios")?;
            Ok(Candidate { mutation, image, manifest, plan })
        })
        .collect::<Result<_, Stop>>()?;
    let (images, processes): (Vec<Candidate>, Vec<Candidate>) = candidates.into_iter().partition(|candidate| candidate.image);

    let started = Instant::now();
    let scenarios = images.iter().chain(&processes).map(|candidate| candidate.plan.scenarios.len() as u64).sum();
    let progress = Rc::new(Progress::new(scenarios, ProgressMode::choose(arguments.quiet)));
    let machinery = Machinery::start((AT_ONCE.0 * AT_ONCE.1) as u64)?;
    let tried = Tried { catalog: &catalog, machinery: &machinery, full: arguments.full, progress: progress.clone() };
    let mut trials = tried.processes(&processes)?;
    let engine = if images.is_empty() { Ok(Vec::new()) } else { tried.images(&images)? };
    progress.finish();
    let lacking = match engine {
        Ok(of_images) => {
            trials.extend(of_images);
            None
        }
        Err(why) => Some(Lacking::new(&catalog, why)),
    };
    drop(machinery);

    let matrix = Matrix::new(&catalog, trials, lacking, arguments.mutants.is_empty(), arguments.full, started.elapsed().as_secs_f64());
    match arguments.format {
        PlainFormat::Human => print(&human(&matrix))?,
        PlainFormat::Json => print(&format!("{}\n", serde_json::to_string_pretty(&matrix).context("printing the matrix")?))?,
    }
    Ok(match (matrix.shows(), &matrix.lacking) {
        (Proof::Wrong, _) => UNPROVED,
        (Proof::Undecided, _) | (Proof::Right, Some(_)) => crate::exit_code::INCONCLUSIVE,
        (Proof::Right, None) => crate::exit_code::CONFORMANT,
    })
}

/// Plays all scenarios with mutants that no scenario is to find, and returns the rules that are found broken all the same.
fn scenarios(catalog: &Catalog, manifest: &Manifest, mutants: &[&'static Mutation], quiet: bool) -> Result<Vec<Vec<String>>, Stop> {
    let variants = manifest.variants();
    let plan = selected(catalog, &variants[..1], None, false, false).context("planning the scenarios")?;
    let candidate = |mutation: &&'static Mutation| Candidate {
        mutation: Some(*mutation),
        image: false,
        manifest: manifest.clone(),
        plan: plan.clone(),
    };
    let candidates: Vec<Candidate> = mutants.iter().map(candidate).collect();
    let total = (candidates.len() * plan.scenarios.len()) as u64;
    let progress = Rc::new(Progress::new(total, ProgressMode::choose(quiet)));
    let machinery = Machinery::start((AT_ONCE.0 * AT_ONCE.1) as u64)?;
    let tried = Tried { catalog, machinery: &machinery, full: true, progress: progress.clone() };
    let trials = tried.processes(&candidates)?;
    progress.finish();
    Ok(trials.into_iter().map(|trial| trial.broken.into_iter().chain(trial.trouble).collect()).collect())
}

/// Returns the mutants to try, and whether each is played as an image: all and the controls, or those that were named.
fn chosen(ids: &[String]) -> Result<Vec<(Option<&'static Mutation>, bool)>, Stop> {
    let with_place = |mutation: &'static Mutation| (Some(mutation), table::is_image(mutation));
    if ids.is_empty() {
        return Ok([(None, false), (None, true)].into_iter().chain(table::all().map(with_place)).collect());
    }
    let find = |id: &String| match table::find(id) {
        Some(mutation) if table::schedule::ALL.contains(mutation) => Err(Stop::Usage(anyhow!(
            "no scenario finds the mutant {id}: it takes a schedule of faults; prove it with --chaos --mutant {id}"
        ))),
        Some(mutation) => Ok(with_place(mutation)),
        None if id == CONTROL || id == IMAGE_CONTROL => Ok((None, id == IMAGE_CONTROL)),
        None => {
            let near =
                table::all().map(|mutation| mutation.id).max_by(|one, other| strsim::jaro(one, id).total_cmp(&strsim::jaro(other, id)));
            Err(Stop::Usage(anyhow!("there is no mutant {id:?}; did you mean {}?", near.unwrap_or(CONTROL))))
        }
    };
    ids.iter().map(find).collect()
}

fn manifest(folder: &Path, mutation: Option<&Mutation>) -> Result<Manifest, Stop> {
    let path = folder.join("provider.toml");
    let job_config = mutant::job_config(mutation).context("declaring what a mutant takes and reports")?;
    for (file, text) in [(&path, mutant::MANIFEST), (&folder.join("job_config.json"), job_config.as_str())] {
        std::fs::write(file, text).with_context(|| format!("writing the mutants' {}", file.display()))?;
    }
    let mut manifest = Manifest::load(&path).map_err(|error| Stop::Diagnostic(Box::new(error)))?;
    manifest.task_timeout = TASK_TIMEOUT;
    Ok(manifest)
}

/// What all trials share.
struct Tried<'run> {
    catalog: &'run Catalog,
    machinery: &'run Machinery,
    full: bool,
    progress: Rc<Progress>,
}

impl Tried<'_> {
    /// Tries mutants as processes.
    fn processes(&self, candidates: &[Candidate]) -> Result<Vec<Trial>, Stop> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the suite's runtime")?;
        let program = own_executable()?;
        let staging = |candidate: &Candidate| Staging::Process {
            resources: Box::new(self.machinery.resources.clone()),
            provider: Provider {
                program: program.clone(),
                arguments: vec!["mutant".into(), candidate.mutation.map_or(CONTROL, |mutation| mutation.id).into()],
                own: candidate.manifest.env.clone(),
                declared: candidate.manifest.job_config.variables.clone(),
                completed: CompletedJobs::Immediately,
                limit: candidate.manifest.task_timeout + OVERRUN,
                grace: GRACE,
            },
        };
        Ok(runtime.block_on(self.all(candidates.iter().map(|candidate| (candidate, staging(candidate))), AT_ONCE)))
    }

    /// Tries mutants as images; where there is no Docker Engine, tells why not.
    fn images(&self, candidates: &[Candidate]) -> Result<Result<Vec<Trial>, String>, Stop> {
        // The engine's connections live on the runtime that made them.
        let runtime = self.machinery.resources.runtime.clone();
        let daemon = match runtime.block_on(Daemon::connect()) {
            Ok(daemon) => daemon,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // Those that are wrong as images declare what the reference provider does.
        let Some(first) = candidates.first() else { return Ok(Ok(Vec::new())) };
        let mutants: Vec<_> = candidates.iter().map(|candidate| candidate.mutation).collect();
        let images = runtime.block_on(MutantImages::begin(daemon, &mutants, &first.manifest, &self.machinery.resources))?;
        let staging = |provider| Staging::Container { stages: images.stages.clone(), provider: Box::new(provider) };
        let staged = candidates.iter().zip(images.providers.iter().cloned().map(staging));
        let trials = runtime.block_on(self.all(staged, IMAGES_AT_ONCE));
        runtime.block_on(contained::end(&images.stages));
        Ok(Ok(trials))
    }

    /// Tries mutants, several at once, and returns the trials in the mutants' order.
    async fn all<'run>(&self, staged: impl Iterator<Item = (&'run Candidate, Staging)>, at_once: (usize, usize)) -> Vec<Trial> {
        let trials = staged
            .enumerate()
            .map(|(place, (candidate, staging))| self.trial(candidate, staging, at_once.1).map(move |trial| (place, trial)));
        futures::stream::iter(trials).buffer_unordered(at_once.0).collect::<BTreeMap<usize, _>>().await.into_values().collect()
    }

    async fn trial(&self, candidate: &Candidate, staging: Staging, at_once: usize) -> Trial {
        let progress = self.progress.clone();
        let heard = move |planned: &crate::suite::Planned, _: &_| progress.scenario_finished(&planned.id, Verdict::Pass);
        let suite = Suite::new(candidate.manifest.clone(), &candidate.plan, staging, 1, None, at_once, Box::new(heard));
        let collector = suite.collector();
        suite.play().await;
        let (outcomes, trouble) = collector.gathered();
        let mut trial = Trial::judge(self.catalog, candidate.mutation, &candidate.plan, &outcomes, self.full && !candidate.image);
        if candidate.image && candidate.mutation.is_none() {
            trial.mutant = IMAGE_CONTROL;
        }
        trial.trouble.extend(trouble);
        trial
    }
}
