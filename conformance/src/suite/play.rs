//! Plays a plan: each scenario on a stage of its own, many at once, by cucumber.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cucumber::event::ScenarioFinished;
use cucumber::{Event, World as _, Writer, cli, event, parser};
use futures::future::LocalBoxFuture;
use futures::stream;
use gherkin::Feature;
use hallmark_harness::job::{CompletedJobs, retain};
use hallmark_harness::journal::{EventKind, LogStream};
use hallmark_harness::stage::{Played, RecordedStage, Recording, RecordingError, Stage, StageError};
use sha2::{Digest, Sha256};

use super::collect::{Collector, ScenarioOutcome};
use super::plan::{Plan, Planned};
use super::setup::VariantError;
use super::staging::{Place, Staging};
use super::world::ProviderWorld;
use crate::manifest::{Manifest, Variant};

/// Where what happens in a scenario comes from.
enum Ground {
    /// It happens now.
    Live(Box<Live>),
    /// It happened in an earlier run: the steps do nothing.
    Recorded(Recordings),
}

/// What it takes for something to happen.
struct Live {
    manifest: Manifest,
    variants: Vec<Variant>,
    staging: Staging,
    seed: u64,
    /// Where recordings are kept; none keeps none.
    recordings: Option<Recordings>,
    /// Where logs of finished jobs are kept, as far as the provider's job definition keeps them.
    logs: Option<PathBuf>,
}

/// A folder of recordings, one file a scenario, beside the plan of which they are.
#[derive(Debug, Clone)]
pub struct Recordings {
    folder: PathBuf,
    /// Ids of the runs that they are of: one, but where parts were put together.
    run_ids: Vec<String>,
}

/// Trouble of the suite before or beside the scenarios.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A variant cannot be set up.
    #[error(transparent)]
    Variant(#[from] VariantError),
    /// A recording cannot be written or read.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// A recording is not what its name says.
    #[error("the recording {path} is of another run or scenario ({of}); put the run's own back, or run again")]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// The scenario that it is of.
        of: String,
    },
    /// A stage has trouble.
    #[error(transparent)]
    Stage(#[from] StageError),
}

impl Recordings {
    /// Returns the recordings in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self::of_runs(folder, Vec::new())
    }

    /// Returns the recordings in `folder`, which are of these runs and of no other.
    pub fn of_runs(folder: PathBuf, run_ids: Vec<String>) -> Self {
        Self { folder, run_ids }
    }

    /// Reads the recording of a scenario. One that was put there from elsewhere is refused.
    fn read(&self, scenario: &str) -> Result<Recording, SuiteError> {
        let path = self.path(scenario);
        let recording = Recording::read(&path)?;
        let header = &recording.header;
        if header.scenario != scenario || !self.run_ids.contains(&header.run) {
            return Err(SuiteError::Foreign { path, of: header.scenario.clone() });
        }
        Ok(recording)
    }

    /// Returns the file of a scenario.
    pub fn path(&self, scenario: &str) -> PathBuf {
        self.folder.join(format!("{}.ndjson", scenario.replace('/', "+").replace(':', "_")))
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Hears of each scenario that ended.
pub type Finished = Box<dyn Fn(&Planned, &ScenarioOutcome)>;

/// Plays scenarios.
pub struct Suite {
    ground: Ground,
    stages: usize,
    scenarios: Vec<Planned>,
    collector: Arc<Collector>,
    finished: Finished,
}

impl Suite {
    /// Puts a suite together that plays live. `stages` scenarios play at once; `finished` hears of each that ended.
    pub fn new(
        manifest: Manifest,
        plan: &Plan,
        staging: Staging,
        seed: u64,
        recordings: Option<Recordings>,
        stages: usize,
        finished: Finished,
    ) -> Self {
        let variants = manifest.variants();
        let live = Live { manifest, variants, staging, seed, recordings, logs: None };
        Self::on(Ground::Live(Box::new(live)), plan, stages, finished)
    }

    /// Puts a suite together that judges what was recorded. A scenario without a recording is left out: its run ended before it did.
    pub fn recorded(plan: &Plan, recordings: &Recordings, finished: Finished) -> Self {
        let mut suite = Self::on(Ground::Recorded(recordings.clone()), plan, RECORDINGS_AT_ONCE, finished);
        suite.scenarios.retain(|planned| recordings.path(&planned.id).exists());
        suite
    }

    fn on(ground: Ground, plan: &Plan, stages: usize, finished: Finished) -> Self {
        Self { ground, stages, scenarios: plan.scenarios.clone(), collector: Arc::default(), finished }
    }

    /// Keeps logs of finished jobs under `out`, as far as the job definition's CE_REMOVE_COMPLETED_JOBS keeps them.
    #[must_use]
    pub fn keep_logs(mut self, out: PathBuf) -> Self {
        if let Ground::Live(live) = &mut self.ground {
            live.logs = Some(out);
        }
        self
    }

    /// Returns where outcomes are gathered; they are there also when [`Self::play`] is cut short.
    pub fn collector(&self) -> Arc<Collector> {
        self.collector.clone()
    }

    /// Plays every scenario. Trouble ends up in the outcomes.
    pub async fn play(self) {
        let suite = std::rc::Rc::new(self);
        let features: Vec<Feature> = suite.scenarios.iter().enumerate().map(|(index, planned)| marked(planned, index)).collect();
        let options = cli::Opts::<cli::Empty, _, cli::Empty, cli::Empty>::default();
        let (before, after) = (suite.clone(), suite.clone());
        let writer = TroubleWriter { collector: suite.collector.clone() };
        ProviderWorld::cucumber::<&str>()
            .with_parser(Embedded(features))
            .with_writer(writer)
            .with_cli(options)
            .max_concurrent_scenarios(suite.stages)
            .before(move |_, _, scenario, world| {
                let suite = before.clone();
                Box::pin(async move { suite.open(scenario, world).await })
            })
            .after(move |_, _, scenario, finished, world| {
                let suite = after.clone();
                let trouble = trouble(finished);
                hook(async move { suite.conclude(scenario, world, trouble).await })
            })
            .run("")
            .await;
    }

    fn planned(&self, scenario: &gherkin::Scenario) -> Option<&Planned> {
        let index = scenario.tags.iter().rev().find_map(|tag| tag.strip_prefix(INDEX_TAG)?.parse::<usize>().ok())?;
        self.scenarios.get(index)
    }

    async fn open(&self, scenario: &gherkin::Scenario, world: &mut ProviderWorld) {
        let Some(planned) = self.planned(scenario) else { return };
        let opened = match &self.ground {
            Ground::Live(live) => {
                let variant = &live.variants[planned.variant];
                live.staging.open(&live.place(planned, variant)).await.map(|stage| (stage, variant.inputs.clone()))
            }
            Ground::Recorded(recordings) => {
                recordings.read(&planned.id).map(|recording| (Stage::Recorded(Box::new(RecordedStage::new(recording))), Vec::new()))
            }
        };
        match opened {
            Ok((stage, inputs)) => world.ready(planned, stage, inputs),
            // The steps fail for want of a stage; the scenario is inconclusive for this reason.
            Err(error) => world.trouble.push(error.to_string()),
        }
    }

    /// Judges before anything is torn down.
    async fn conclude(&self, scenario: &gherkin::Scenario, world: Option<&mut ProviderWorld>, trouble: Option<String>) {
        let Some(planned) = self.planned(scenario) else { return };
        let Some(world) = world else {
            let why = trouble.unwrap_or_else(|| "the scenario had no world".into());
            self.collector.add(&planned.id, ScenarioOutcome { trouble: vec![why], ..ScenarioOutcome::default() });
            return;
        };
        let (mut outcome, recording) = world.conclude().await;
        if outcome.trouble.is_empty() {
            outcome.trouble.extend(trouble);
        }
        if let Ground::Live(live) = &self.ground {
            outcome.trouble.extend(live.keep(planned, &outcome, recording).await);
        }
        (self.finished)(planned, &outcome);
        self.collector.add(&planned.id, outcome);
        if let Some(stage) = world.stage.take() {
            stage.close().await;
        }
    }
}

impl Live {
    fn place<'live>(&'live self, planned: &'live Planned, variant: &'live Variant) -> Place<'live> {
        Place {
            manifest: &self.manifest,
            variant,
            scenario: &planned.id,
            seed: scenario_seed(self.seed, &planned.id),
            secure: planned.tags.iter().any(|tag| tag == HTTPS),
        }
    }

    /// Keeps what happened, with how the playing went; returns what went wrong.
    ///
    /// A scenario that could not be recorded is kept as well: judged again, it is as inconclusive as it was.
    async fn keep(&self, planned: &Planned, outcome: &ScenarioOutcome, recording: Option<Recording>) -> Vec<String> {
        let mut wrong = Vec::new();
        if let (Some(recording), Some(out)) = (&recording, &self.logs) {
            wrong = keep_logs(out, self.staging.completed(), recording).await;
        }
        let Some(recordings) = &self.recordings else { return wrong };
        let mut recording = recording.unwrap_or_else(|| Recording::of_nothing(&planned.id));
        recording.header.run = recordings.run_ids.first().cloned().unwrap_or_default();
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        recording.played = Played {
            jobs: outcome.jobs,
            job_nanoseconds: nanoseconds(outcome.job_time),
            queued_nanoseconds: recording.played.queued_nanoseconds,
            dropped_packets: recording.played.dropped_packets,
            nanoseconds: nanoseconds(outcome.time),
            trouble: outcome.trouble.iter().chain(&wrong).cloned().collect(),
        };
        wrong.extend(recording.write(&recordings.path(&planned.id)).err().map(|error| error.to_string()));
        wrong
    }
}

/// Keeps the logs of a scenario's jobs, redacted as the recording has them; returns what went wrong.
async fn keep_logs(out: &std::path::Path, completed: CompletedJobs, recording: &Recording) -> Vec<String> {
    let mut trouble = Vec::new();
    for event in &recording.events {
        let EventKind::JobEnded { job, .. } = &event.kind else { continue };
        let lines: Vec<(LogStream, String)> = recording
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::JobLog { job: of, stream, line } if of == job => Some((*stream, line.clone())),
                _ => None,
            })
            .collect();
        if let Err(error) = retain(out, completed, job, &lines).await {
            trouble.push(error.to_string());
        }
    }
    trouble
}

/// Returns the seed of a scenario: it depends on the scenario alone, so that a selection plays it with the same values.
pub(super) fn scenario_seed(seed: u64, scenario: &str) -> u64 {
    let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(scenario).finalize();
    digest.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// Gives a future the type that cucumber's hooks have.
fn hook<'world>(future: impl Future<Output = ()> + 'world) -> LocalBoxFuture<'world, ()> {
    Box::pin(future)
}

/// Recordings that are read at once: each is in memory while it is judged.
const RECORDINGS_AT_ONCE: usize = 8;

/// Tags scenarios in which everything is reached by https, whatever the manifest says.
const HTTPS: &str = "https";

const INDEX_TAG: &str = "hallmark-planned:";

/// Returns the scenario's feature, tagged with its place in the plan: cucumber hands it back to the hooks.
fn marked(planned: &Planned, index: usize) -> Feature {
    let mut feature = planned.feature.clone();
    for scenario in feature.rules.iter_mut().flat_map(|rule| &mut rule.scenarios) {
        scenario.tags.push(format!("{INDEX_TAG}{index}"));
    }
    feature
}

/// Returns what went wrong with the steps themselves, as opposed to what they judged.
fn trouble(finished: &ScenarioFinished) -> Option<String> {
    match finished {
        ScenarioFinished::StepPassed => None,
        ScenarioFinished::StepSkipped => Some("a step has no definition: nothing after it was done".into()),
        ScenarioFinished::StepFailed(_, _, error) => Some(format!("a step could not be done: {error}")),
        ScenarioFinished::BeforeHookFailed(_) => Some("the stage could not be made ready".into()),
    }
}

/// Hands over features that are already parsed and expanded.
struct Embedded(Vec<Feature>);

impl<I> cucumber::Parser<I> for Embedded {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<Feature>>>;

    fn parse(self, _: I, _: cli::Empty) -> Self::Output {
        stream::iter(self.0.into_iter().map(Ok).collect::<Vec<_>>())
    }
}

/// Hears what no hook hears: parse errors.
struct TroubleWriter {
    collector: Arc<Collector>,
}

/// It hears errors only, which need no order.
impl cucumber::writer::Normalized for TroubleWriter {}

impl Writer<ProviderWorld> for TroubleWriter {
    type Cli = cli::Empty;

    async fn handle_event(&mut self, event: parser::Result<Event<event::Cucumber<ProviderWorld>>>, _: &cli::Empty) {
        if let Err(error) = event {
            self.collector.trouble(format!("cucumber could not read a feature: {error}"));
        }
    }
}
