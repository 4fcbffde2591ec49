//! The end: where the time went, and the conclusion.

use std::collections::BTreeMap;

use super::block::named;
use super::page::{Ink, LABEL, Page};
use crate::exit_code;
use crate::results::{ContainerTimingRecord, Results, SummaryRecord, TimingRecord};
use crate::verdict::Verdict;

/// Columns of a number of seconds.
const SECONDS: usize = 12;

/// Verdicts by name, in the order in which they are told.
const TOLD: [(&str, &str); 6] = [
    ("pass", "pass"),
    ("fail", "fail"),
    ("not_exercised", "not exercised"),
    ("inconclusive", "inconclusive"),
    ("waived", "waived"),
    ("not_applicable", "not applicable"),
];

pub(super) fn timings(page: &mut Page, results: &Results) {
    page.title("Time");
    let Some(timing) = results.timing() else {
        page.paragraph(2, Ink::Plain, "Not recorded: the run was cut.");
        return;
    };
    let row = |page: &mut Page, label: &str, seconds: f64, text: &str| page.field(2, label, &format!("{seconds:8.1} s  {text}"));
    if timing.build > 0.0 {
        row(page, "Build", timing.build, "the manifest's build command");
    }
    row(page, "Suite", timing.suite, "from the first stage to the last verdict");
    row(page, "Longest", timing.longest_own_wait, "the provider's own time in one scenario: no run can be shorter");
    let longest = results.scenario(&timing.longest_scenario).map_or_else(String::new, |scenario| format!("{}  ", named(scenario)));
    page.paragraph(2 + LABEL + SECONDS, Ink::Faint, &format!("{longest}[{}]", timing.longest_scenario));
    row(page, "Overhead", (timing.suite - timing.longest_own_wait).max(0.0), "the difference: ours");
    row(page, "Jobs", timing.jobs, &format!("{} job runs together, on at most {} stages at once", timing.job_runs, timing.stages));
    if let Some(containers) = &timing.containers {
        container_timings(page, timing, containers);
    }
}

/// Both sides of the bound on what containers may cost.
fn container_timings(page: &mut Page, timing: &TimingRecord, containers: &ContainerTimingRecord) {
    let row = |page: &mut Page, label: &str, seconds: f64, text: &str| page.field(2, label, &format!("{seconds:8.1} s  {text}"));
    row(page, "Queued", containers.queued, &format!("{} containers of jobs, until each might start; sums, which overlap", containers.runs));
    row(page, "Made", containers.made, "making them");
    row(page, "Furnished", containers.furnished, "putting the certificate into them, attaching to their output");
    row(page, "Started", containers.started, "starting them");
    row(page, "Ran", containers.ran, "running them, the provider's own waits included");
    row(page, "Removed", containers.removed, "removing them");
    row(page, "Clouds", containers.clouds_started, &format!("starting {} fake clouds", containers.clouds));
    row(page, "Set-up", containers.set_up, "setting stages up");
    let Some(bare) = containers.bare.as_ref().filter(|bare| bare.runs > 0) else { return };
    let text = format!("{} of the image alone, {} at once: made, started, ended at once, removed", bare.runs, bare.at_once);
    row(page, "Bare runs", bare.seconds, &text);
    let floor = bare.seconds / f64::from(bare.runs) * f64::from(containers.runs);
    row(page, "", floor, &format!("as many as {} would take (extrapolated)", containers.runs));
    let waits = containers.ran / f64::from(timing.stages.max(1));
    row(page, "Waits", waits, &format!("what jobs ran, divided by the {} stages", timing.stages));
    let bound = 1.5 * floor + waits;
    let kept = if timing.suite <= bound { "within" } else { "beyond" };
    row(page, "Bound", bound, &format!("1.5 times those bare runs, and the waits: the suite is {kept} it"));
}

pub(super) fn conclusion(page: &mut Page, results: &Results) {
    page.blank();
    match results.summary() {
        Some(summary) => whole(page, results, summary),
        None => cut(page, results),
    }
}

fn whole(page: &mut Page, results: &Results, summary: &SummaryRecord) {
    let ink = match summary.exit_code {
        exit_code::CONFORMANT => Ink::Good,
        exit_code::NOT_CONFORMANT => Ink::Bad,
        _ => Ink::Unsure,
    };
    page.paragraph(0, ink, &summary.conclusion);
    for (verdict, label) in [(Verdict::Fail, "Failed"), (Verdict::NotExercised, "Not exercised"), (Verdict::Inconclusive, "Inconclusive")] {
        let of_it = results.rules().iter().filter(|rule| rule.counts && rule.verdict == verdict);
        let ids: Vec<&str> = of_it.map(|rule| rule.id.as_str()).collect();
        if !ids.is_empty() {
            page.field(2, label, &ids.join(", "));
        }
    }
    for (index, waiver) in summary.waivers.iter().enumerate() {
        page.field(2, if index == 0 { "Waivers" } else { "" }, waiver);
    }
    schedules(page, results, summary);
    page.field(2, "Profile", &summary.reached.map_or_else(|| "none reached".to_owned(), |profile| format!("{profile} reached")));
    page.field(2, "Counted", &counts(&summary.counted));
    page.field(2, "All rules", &counts(&summary.all));
    page.field(2, "Scenarios", &format!("{} in {:.1} s", summary.scenarios, summary.seconds));
    page.field(2, "Exit code", &format!("{}: {}", summary.exit_code, exit_code::meaning(summary.exit_code)));
}

/// The fault schedules of profile hardened, and those that broke the provider.
fn schedules(page: &mut Page, results: &Results, summary: &SummaryRecord) {
    let Some(schedules) = &summary.schedules else { return };
    let mut parts = vec![format!("{} played with seed {}", schedules.played, schedules.seed)];
    let counts = [
        (schedules.failed, "broke the provider"),
        (schedules.troubled, "say nothing, for a reason of hallmark's"),
        (schedules.undecidable, "cases nobody could decide"),
        (schedules.excused, "credentials live on, as a fault made their end impossible"),
    ];
    parts.extend(counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")));
    page.field(2, "Schedules", &parts.join("; "));
    for finding in &schedules.findings {
        let (broke, of) = finding.confirmed;
        page.field(2, finding.rule.as_str(), &format!("{} ({broke} of {of} further plays)", finding.actual));
        let run = results.run();
        let image = run.image.as_ref().map(|image| ["--image".to_owned(), image.reference.clone()]);
        let words = ["hallmark".to_owned(), "replay".to_owned(), run.manifest.clone(), finding.schedule.clone()];
        page.field(2, "", &shell_words::join(words.into_iter().chain(image.into_iter().flatten())));
    }
}

fn counts(counts: &BTreeMap<String, u32>) -> String {
    let of = |name: &str| counts.get(name).copied().unwrap_or(0);
    let parts: Vec<String> = TOLD.iter().filter(|(name, _)| of(name) > 0).map(|(name, word)| format!("{} {word}", of(name))).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

fn cut(page: &mut Page, results: &Results) {
    let failed = results
        .scenarios()
        .iter()
        .filter(|scenario| scenario.judgements.iter().any(|judgement| judgement.verdict == Verdict::Fail))
        .count();
    let ended = match results.scenarios().len() {
        0 => "no scenario had ended".to_owned(),
        1 => format!("1 scenario had ended, {failed} with a failure"),
        number => format!("{number} scenarios had ended, {failed} with a failure"),
    };
    page.paragraph(0, Ink::Unsure, &format!("Interrupted: the results end without a summary; {ended}. Run again for a verdict."));
    page.field(2, "Profile", "none reached: a run that was cut proves nothing");
}
