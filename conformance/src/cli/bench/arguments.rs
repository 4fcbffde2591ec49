//! What `hallmark bench retry` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use hallmark_benches::experiment::Size;
use hallmark_benches::outcome::Mode;

/// What `hallmark bench retry` takes.
#[derive(Debug, Args)]
pub(in super::super) struct RetryArguments {
    /// The provider's manifest.
    pub(super) manifest: PathBuf,
    /// Another command instead of the manifest's, with its arguments; it is not built.
    #[arg(long, value_name = "COMMAND")]
    pub(super) command: Option<String>,
    #[command(flatten)]
    pub(super) images: Images,
    /// The variant that is measured, where the manifest declares several; otherwise the first in alphabetical order.
    #[arg(long, value_name = "NAME")]
    pub(super) variant: Option<String>,
    /// Repetitions of each experiment. Of fewer than ten no policy is told.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) runs: u32,
    /// About a minute's worth of experiments.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Every experiment: every call, every way to fail, outages of up to 30 seconds, errors by chance. Prints first how long it takes.
    #[arg(long)]
    full: bool,
    /// Compares with the bench.json of an earlier run.
    #[arg(long, value_name = "FILE", conflicts_with = "against")]
    pub(super) baseline: Option<PathBuf>,
    /// Compares with another provider, which is measured in turns with this one.
    #[arg(long, value_name = "MANIFEST")]
    pub(super) against: Option<PathBuf>,
    /// Experiments that play at once: 48, or 12 in containers, which take longer to start.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    jobs: Option<u16>,
    /// Seed of ids, keys, generated values and chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Folder for bench.json, bench.csv and bench.html.
    #[arg(long, value_name = "DIR", default_value = "hallmark-bench")]
    pub(super) out: PathBuf,
    /// Ends the measurement after this time, with what there is by then and exit code 3.
    #[arg(long, value_name = "TIME", default_value = "60m", value_parser = humantime::parse_duration)]
    pub(super) time_limit: Duration,
    /// Form of the report on stdout.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Shows no progress.
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// What is measured in containers.
#[derive(Debug, Args)]
pub(super) struct Images {
    /// Measures this image, unchanged, in containers of the local Docker Engine, instead of the manifest's command.
    #[arg(long, value_name = "REF", conflicts_with = "command")]
    pub(super) image: Option<String>,
    /// Compares with another image, which is measured in turns with this one; it is of the same manifest, or of `--against`.
    #[arg(long, value_name = "REF", requires = "image", conflicts_with = "baseline")]
    pub(super) against_image: Option<String>,
    /// Fetches the images first, with the credentials of `docker login`.
    #[arg(long, requires = "image")]
    pub(super) pull: bool,
}

/// Forms of the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// A line for each attempt.
    Csv,
}

/// Experiments that play at once where nothing is said.
const PROCESSES: u16 = 48;
const CONTAINERS: u16 = 12;

impl RetryArguments {
    /// Returns where the jobs run.
    pub(super) fn mode(&self) -> Mode {
        if self.images.image.is_some() { Mode::Container } else { Mode::Process }
    }

    /// Returns how many experiments play at once.
    pub(super) fn jobs(&self) -> u16 {
        self.jobs.unwrap_or(match self.mode() {
            Mode::Process => PROCESSES,
            Mode::Container => CONTAINERS,
        })
    }

    /// Returns how much is measured.
    pub(super) fn size(&self) -> Size {
        match (self.quick, self.full) {
            (true, _) => Size::Quick,
            (_, true) => Size::Full,
            _ => Size::Usual,
        }
    }

    /// Returns how long a job may run. What still tries after that is cut, which is part of the answer: nobody waits for it in a quick run.
    pub(super) fn limit(&self, task_timeout: Duration) -> Duration {
        match self.size() {
            Size::Quick => task_timeout.min(Duration::from_secs(30)),
            Size::Usual => task_timeout.min(Duration::from_secs(90)),
            Size::Full => task_timeout,
        }
    }
}
