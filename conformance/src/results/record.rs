//! The records of `results.ndjson`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::{Level, Profile, RuleId};
use crate::verdict::{Judgement, Verdict};
use crate::warning::Warning;

/// One line of the file. The first is always `run`, the last always `summary`; a file without a summary is of a run that was cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// What was judged, and by what.
    Run(Box<RunRecord>),
    /// One scenario.
    Scenario(ScenarioRecord),
    /// One rule, after all scenarios.
    Rule(RuleRecord),
    /// Where the time went.
    Timing(TimingRecord),
    /// The end.
    Summary(SummaryRecord),
}

/// What was judged, and by what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Version of this format.
    pub format: u32,
    /// Version of hallmark.
    pub hallmark: String,
    /// The provider's name in its manifest.
    pub provider: String,
    /// Path of the manifest as given.
    pub manifest: String,
    /// How the provider ran.
    pub mode: Mode,
    /// The image that was certified; none where the provider ran as a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageRecord>,
    /// The command line, without values of the environment; of an image, its entry point and command.
    pub command: String,
    /// The command that replaced the manifest's, as given; none when the manifest's own ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// SHA-256 of the command's executable, hex; with files among its arguments, of all their digests; empty when it is no file, which no job
    /// can start, and for an image.
    pub command_digest: String,
    /// SHA-256 of the manifest, hex.
    pub manifest_digest: String,
    /// SHA-256 of the `job_config.json`, hex; none when inputs and outputs stand in the manifest.
    pub job_config_digest: Option<String>,
    /// SHA-256 of the catalog, hex.
    pub catalog_digest: String,
    /// SHA-256 over all features of hallmark's, hex.
    pub features_digest: String,
    /// What this hallmark is known to find; none in files of versions that did not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection: Option<DetectionRecord>,
    /// What was selected.
    #[serde(default, skip_serializing_if = "SelectionRecord::is_all")]
    pub selection: SelectionRecord,
    /// The company's own features; none when only hallmark's were played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_features: Option<OwnFeaturesRecord>,
    /// Who recorded what is judged here; none when it was judged as it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedRecord>,
    /// Seed of ids and generated values.
    pub seed: u64,
    /// Profile that the exit code counts.
    pub profile: Profile,
    /// Names of the manifest's variants; empty for an unnamed one.
    pub variants: Vec<String>,
    /// RFC 3339.
    pub started: String,
    /// What the run could not see, in words (process mode: not contained).
    pub limits: Vec<String>,
}

/// The wrong providers that a version of hallmark is tried on: the summary of what `hallmark selftest` proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DetectionRecord {
    /// Wrong providers, each with exactly the rules that it is found to break.
    pub mutants: usize,
    /// Must and should rules that at least one of them breaks.
    pub rules: usize,
    /// Must and should rules.
    pub of: usize,
}

/// Features of the company's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnFeaturesRecord {
    /// The folder in which they stood, as given.
    pub folder: String,
    /// SHA-256 over all of them, hex.
    pub digest: String,
}

/// What was selected of all scenarios.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SelectionRecord {
    /// Only these rules; all when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleId>,
    /// Only scenarios whose tags match this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<String>,
    /// Only this part of them, such as `slice:1/4`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Only those that had not passed in the run whose folder this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun_failed: Option<String>,
    /// Also the scenarios that only repeat others with further values.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub thorough: bool,
}

impl SelectionRecord {
    /// Tells whether it says nothing.
    fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether every rule is judged by every usual scenario, so that a profile can be claimed.
    pub fn is_whole(&self) -> bool {
        *self == Self { thorough: self.thorough, ..Self::default() }
    }

    /// Returns it in words; none when it is whole.
    pub fn in_words(&self) -> Option<String> {
        let rules = self.rules.iter().map(RuleId::as_str).collect::<Vec<_>>().join(", ");
        let parts = [
            (!rules.is_empty()).then(|| format!("only {rules}")),
            self.tags.as_ref().map(|tags| format!("only scenarios tagged {tags}")),
            self.rerun_failed.as_ref().map(|folder| format!("only scenarios that did not pass in {folder}")),
            self.partition.as_ref().map(|partition| format!("only the part {partition}")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("a selection: {}", parts.join(", ")))
    }
}

/// Who recorded what is judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedRecord {
    /// Version of hallmark.
    pub hallmark: String,
    /// SHA-256 of its catalog, hex.
    pub catalog_digest: String,
    /// SHA-256 over its features, hex.
    pub features_digest: String,
    /// When it was judged again, RFC 3339.
    pub judged: String,
}

/// How the provider ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// As a process on this machine.
    Process,
    /// As a container of its image, on a network without a way out.
    Container,
}

/// An image as it was certified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImageRecord {
    /// As it was named.
    pub reference: String,
    /// `sha256:...`: at its registry where it came from one, else of its configuration.
    pub digest: String,
    /// Of its configuration, `sha256:...`.
    pub id: String,
    /// E.g. `linux/amd64`.
    pub platform: String,
}

/// One scenario and what the oracles said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ScenarioRecord {
    /// Stable id: `<feature path>:<line of the scenario or example row>`, plus `@<variant>` when there are variants.
    pub id: String,
    /// The rule in whose block it stands.
    pub rule: RuleId,
    /// Its name with the examples filled in.
    pub name: String,
    /// Feature file, relative to `features/`.
    pub feature: String,
    /// Line of the scenario or example row.
    pub line: u64,
    /// Variant of the manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Worst verdict on its own rule.
    pub verdict: Verdict,
    /// What every oracle said, on this and other rules.
    pub judgements: Vec<Judgement>,
    /// What a person should look at. Never counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// Our own trouble, in words; not empty makes the scenario inconclusive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trouble: Vec<String>,
    /// Events that judgements other than passes point to, in words a person can read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excerpts: Vec<Excerpt>,
    /// Job runs in the scenario.
    pub jobs: u32,
    /// Seconds from set-up to judgement.
    pub seconds: f64,
    /// Seconds of it in which a job ran.
    pub job_seconds: f64,
    /// Steps as written, each with its keyword and the text below it.
    pub steps: Vec<String>,
}

/// One event of the journal for a person to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Excerpt {
    /// The event's id.
    pub event: u64,
    /// It in a few lines: request and answer, a log line, a job's end.
    pub text: String,
}

/// One rule's verdict over all scenarios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleRecord {
    /// Its id.
    pub id: RuleId,
    /// Its level.
    pub level: Level,
    /// The requirement.
    pub requirement: String,
    /// The source of it.
    pub source: String,
    /// Whether the run's profile counts it.
    pub counts: bool,
    /// Its verdict, as the profile sees it.
    pub verdict: Verdict,
    /// Why, for anything but pass and fail.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How many judgements passed, over all scenarios.
    pub passes: u32,
    /// The judgements that decided, failures first: at most ten, each with its scenario.
    pub shown: Vec<Shown>,
    /// How many more there are of the deciding kind.
    pub more: u32,
}

/// A judgement with its scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// Id of the scenario.
    pub scenario: String,
    /// The judgement.
    pub judgement: Judgement,
}

/// Where the time went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimingRecord {
    /// Seconds for the manifest's build command.
    pub build: f64,
    /// Seconds from the first stage to the last verdict.
    pub suite: f64,
    /// The longest time that a single scenario's jobs took, one after another: the provider's own wait, below which no run can go.
    pub longest_own_wait: f64,
    /// The scenario that took it.
    pub longest_scenario: String,
    /// Seconds of all jobs together.
    pub jobs: f64,
    /// Job runs.
    pub job_runs: u32,
    /// Stages at most in use at once.
    pub stages: u32,
    /// Where the time of containers went; none where the provider ran as a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers: Option<ContainerTimingRecord>,
}

/// Where the time of a run's containers went. Seconds are sums over containers, which overlap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ContainerTimingRecord {
    /// Containers of jobs, those of the trust probe among them.
    pub runs: u32,
    /// Waiting until one may start.
    pub queued: f64,
    /// Making them.
    pub made: f64,
    /// Putting files into them and attaching to them.
    pub furnished: f64,
    /// Starting them.
    pub started: f64,
    /// Running.
    pub ran: f64,
    /// Removing them.
    pub removed: f64,
    /// Fake clouds that were started.
    pub clouds: u32,
    /// Starting those.
    pub clouds_started: f64,
    /// Setting stages up.
    pub set_up: f64,
    /// What the image costs with nothing around it; none unless it was measured, which `--timings` asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bare: Option<BareTimingRecord>,
}

/// Bare runs of the image: each made, started, ended at once and removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BareTimingRecord {
    /// How many.
    pub runs: u32,
    /// How many at once.
    pub at_once: u32,
    /// Seconds from the first to the last.
    pub seconds: f64,
}

/// The fault schedules of profile hardened, which no scenario is part of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SchedulesRecord {
    /// Schedules that were played.
    pub played: u64,
    /// Seed of the search.
    pub seed: u64,
    /// Schedules that broke a rule.
    pub failed: u64,
    /// Schedules of which nothing can be said, for a reason of hallmark's.
    pub troubled: u64,
    /// Cases that nobody could decide.
    pub undecidable: u64,
    /// Credentials that live on because a fault made their end impossible.
    pub excused: u64,
    /// What broke the provider, one for each way, the smallest schedule that was found.
    pub findings: Vec<ScheduleFinding>,
}

/// A fault schedule that breaks the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleFinding {
    /// The rule.
    pub rule: RuleId,
    /// The schedule's line, for `hallmark replay`.
    pub schedule: String,
    /// How often it broke the rule of so many further plays.
    pub confirmed: (u32, u32),
    /// What was found.
    pub actual: String,
}

/// The end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryRecord {
    /// The fault schedules that were played; none where none were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedules: Option<SchedulesRecord>,
    /// Exit code of the run.
    pub exit_code: u8,
    /// The conclusion in one sentence.
    pub conclusion: String,
    /// Highest profile whose rules are all kept; none when not even core is.
    pub reached: Option<Profile>,
    /// Rules by verdict, those that count.
    pub counted: BTreeMap<String, u32>,
    /// Rules by verdict, all.
    pub all: BTreeMap<String, u32>,
    /// What is wrong with the manifest's waivers, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<String>,
    /// Scenarios run.
    pub scenarios: u32,
    /// Seconds in all.
    pub seconds: f64,
    /// RFC 3339.
    pub finished: String,
}
