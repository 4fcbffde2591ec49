//! `hallmark replay`.

use anyhow::{Context as _, anyhow};
use clap::Args;
use serde::Serialize;

use super::Stop;
use super::arena::{SubjectArguments, arena};
use super::chaos::counted;
use super::output::{PlainFormat, print};
use crate::catalog::{Catalog, Profile};
use crate::chaos::invariant::{Counted, Findings, judge, unmet};
use crate::chaos::play::PlayError;
use crate::chaos::schedule::Schedule;
use crate::chaos::search::weightiest;
use crate::chaos::story;
use crate::exit_code;
use crate::explain::PAGE;
use crate::paragraph::wrapped;
use crate::report::printable;

/// What `hallmark replay` takes.
#[derive(Debug, Args)]
pub(super) struct ReplayArguments {
    #[command(flatten)]
    subject: SubjectArguments,
    /// The schedule, as `hallmark chaos` printed it.
    schedule: String,
    /// How often it is played: what fails now and then is seen so.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    times: u32,
    /// Which rules fail the provider.
    #[arg(long, value_enum, default_value_t = Profile::Resilient)]
    profile: Profile,
    /// Form of the report on stdout.
    #[arg(long, value_enum, default_value_t)]
    format: PlainFormat,
}

/// What came of a schedule.
#[derive(Debug, Serialize)]
struct Replayed {
    schedule: String,
    /// How often it broke a rule that counts.
    broke: u32,
    times: u32,
    /// The rules of the first play that broke one, or of the last.
    broken: Vec<(String, String)>,
    undecidable: Vec<String>,
    excused: Vec<String>,
    trouble: Vec<String>,
    /// Faults that met no call.
    unmet: Vec<String>,
    /// Faults.
    faults: usize,
    story: String,
    exit_code: u8,
}

/// Plays a schedule again and prints its story; returns the exit code.
pub(super) fn replay(arguments: &ReplayArguments) -> Result<u8, Stop> {
    let schedule: Schedule = arguments.schedule.parse().map_err(|error| Stop::Usage(anyhow!("{error}")))?;
    let manifest = arguments.subject.manifest()?;
    let catalog = Catalog::built_in().context("reading the built-in catalog; this is a defect of hallmark, please report it")?;
    let counted = counted(&catalog, arguments.profile, &manifest);
    arena(&arguments.subject, &manifest, 1, schedule.seed, async |subjected| {
        let arena = subjected.player.arena();
        arena.check(&schedule).map_err(|error| Stop::Usage(anyhow!(error)))?;
        let (mut broke, mut shown) = (0, None);
        for _ in 0..arguments.times {
            let played = arena.play(&schedule).await.map_err(|error| match error {
                PlayError::Variant { .. } => Stop::Usage(anyhow!(error)),
                error => Stop::Trouble(anyhow!(error)),
            })?;
            let findings = judge(&played.recording);
            let breaks = findings.counted(&counted).next().is_some();
            broke += u32::from(breaks);
            // The first that broke is the one to look at.
            if shown.as_ref().is_none_or(|(_, _, before)| !before) {
                let evidence = weightiest(&findings, &counted).map(|judgement| judgement.evidence.clone()).unwrap_or_default();
                shown = Some(((story::tell(&played.recording, &evidence), unmet(&played.recording)), findings, breaks));
            }
        }
        let Some((told, findings, _)) = shown else { return Ok(exit_code::INCONCLUSIVE) };
        let replayed = replayed(arguments, &schedule, broke, &findings, &counted, told);
        print(&match arguments.format {
            PlainFormat::Human => replayed.human(),
            PlainFormat::Json => serde_json::to_string_pretty(&replayed).context("writing the report as JSON")? + "\n",
        })?;
        Ok(replayed.exit_code)
    })
}

fn replayed(
    arguments: &ReplayArguments,
    schedule: &Schedule,
    broke: u32,
    findings: &Findings,
    counted: &Counted,
    (story, (unmet, faults)): (String, (Vec<String>, usize)),
) -> Replayed {
    let exit_code = match (broke, findings.trouble.is_empty()) {
        // A schedule that tries nothing proves nothing.
        (0, true) if faults == 0 || unmet.len() < faults => exit_code::CONFORMANT,
        (0, _) => exit_code::INCONCLUSIVE,
        _ => exit_code::NOT_CONFORMANT,
    };
    Replayed {
        schedule: schedule.to_string(),
        broke,
        times: arguments.times,
        broken: findings.counted(counted).map(|judgement| (judgement.rule.as_str().to_owned(), judgement.actual.clone())).collect(),
        undecidable: findings.undecidable.clone(),
        excused: findings.excused.clone(),
        trouble: findings.trouble.clone(),
        unmet,
        faults,
        story,
        exit_code,
    }
}

impl Replayed {
    fn human(&self) -> String {
        let mut lines = vec![printable(&self.story)];
        let mut say = |first: &str, words: &str| lines.push(wrapped(&printable(words), PAGE, first, "  "));
        for (rule, actual) in &self.broken {
            say("", &format!("{rule}: {actual}"));
        }
        for (what, words) in [("undecidable", &self.undecidable), ("excused", &self.excused), ("trouble of hallmark's own", &self.trouble)]
        {
            for word in words {
                say("", &format!("{what}: {word}"));
            }
        }
        for fault in &self.unmet {
            say("", &format!("met no call: {fault}"));
        }
        let conclusion = match self.exit_code {
            exit_code::CONFORMANT if self.unmet.is_empty() => "Survived: no invariant is broken.".to_owned(),
            exit_code::CONFORMANT => {
                format!("Survived: no invariant is broken, but {} of {} faults met no call.", self.unmet.len(), self.faults)
            }
            exit_code::INCONCLUSIVE if self.trouble.is_empty() => "Inconclusive: no fault met a call, so nothing was tried.".to_owned(),
            exit_code::INCONCLUSIVE => "Inconclusive, for a reason of hallmark's own.".to_owned(),
            _ if self.times > 1 => format!("Broken: {} of {} plays.", self.broke, self.times),
            _ => "Broken.".to_owned(),
        };
        lines.push(conclusion);
        lines.join("\n") + "\n"
    }
}
