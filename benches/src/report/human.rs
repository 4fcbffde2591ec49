//! An outcome as a table on a terminal.

use std::fmt::Write as _;

use super::words::{self, NOTHING};
use crate::comparison::{Comparison, MARGIN};
use crate::metrics::Summary;
use crate::outcome::{ArmOutcome, Measurement, Outcome};

/// Returns the report.
pub fn human(outcome: &Outcome) -> String {
    let mut text = head(&outcome.measurement);
    for arm in &outcome.arms {
        if outcome.arms.len() > 1 {
            write!(text, "\n== {}: {}\n", words::arm(arm.arm), outcome.name(arm.arm)).ok();
        }
        text.push_str(&policies(arm));
        text.push_str(&experiments(arm));
        text.push_str(&further(arm));
    }
    if let Some(comparison) = &outcome.comparison {
        text.push_str(&compared(comparison));
    }
    let reasons = words::inconclusive(&outcome.measurement);
    if !reasons.is_empty() {
        write!(text, "\nNothing can be said of some trials\n  {}\n", reasons.join("\n  ")).ok();
    }
    text
}

fn head(measurement: &Measurement) -> String {
    let mode = words::mode(measurement.mode).map(|mode| format!("{mode}\n")).unwrap_or_default();
    format!(
        "How {} retries: {} experiments, up to {} runs each, seed {}\n{mode}times in seconds: median (least..most); survived: share (its 95 % interval)\n",
        words::provider(measurement),
        measurement.experiments.len(),
        measurement.runs,
        measurement.seed
    )
}

fn policies(arm: &ArmOutcome) -> String {
    let mut text = String::from("\nPolicy\n");
    for classified in &arm.policies {
        let of = format!("{} on {}", classified.call.word(), classified.cause.word());
        writeln!(text, "  {of:<20}{}", words::classified(classified)).ok();
        if let Some(names) = words::consistent(classified) {
            writeln!(text, "  {:<20}consistent with: {names}", "").ok();
        }
    }
    text
}

fn experiments(arm: &ArmOutcome) -> String {
    let mut rows = vec![["experiment", "runs", "attempts", "survived", "recovery lag", "give-up", "smallest gap"].map(str::to_owned)];
    rows.extend(arm.summaries.iter().map(|summary| {
        let give_up = match summary.cut {
            0 => words::spread(summary.give_up),
            cut => format!("{cut} cut"),
        };
        [
            summary.experiment.clone(),
            runs(summary),
            words::counts(summary.attempts),
            words::share(summary.survival),
            words::spread(summary.recovery_lag),
            give_up,
            words::spread(summary.smallest_gap),
        ]
    }));
    format!("\n{}", aligned(&rows))
}

fn runs(summary: &Summary) -> String {
    match summary.inconclusive {
        0 => summary.trials.to_string(),
        lost => format!("{} of {}", summary.trials - lost, summary.trials),
    }
}

/// What only some experiments ask about.
fn further(arm: &ArmOutcome) -> String {
    let mut text = String::new();
    for summary in &arm.summaries {
        let id = &summary.experiment;
        if let Some(following) = &summary.retry_after {
            let early = if following.early > 0 { format!("{} too early, ", following.early) } else { String::new() };
            let excess = words::spread(following.excess);
            writeln!(text, "  {id}: {early}{} tried again, after what was asked for: {excess}", following.tried_again).ok();
        }
        if let Some(returned) = &summary.returned {
            let share = returned.peak_share * 100.0;
            writeln!(text, "  {id}: {share:.0} % came back within the same 100 ms at worst, evenness {:.2}", returned.entropy).ok();
        }
        if let Some(timeout) = summary.own_timeout {
            writeln!(text, "  {id}: gave an answer up after {}", words::spread(Some(timeout))).ok();
        }
        if summary.duplicates + summary.orphans > 0 {
            writeln!(text, "  {id}: {} duplicates made, {} orphans left", summary.duplicates, summary.orphans).ok();
        }
    }
    text.push_str(&cost(arm));
    if text.is_empty() { text } else { format!("\nFurther\n{text}") }
}

/// What the jobs of the costliest experiment took.
fn cost(arm: &ArmOutcome) -> String {
    let costliest = arm.summaries.iter().filter_map(|summary| Some((summary, summary.processor?, summary.peak_memory?)));
    let costliest = costliest.max_by(|one, other| one.1.median.value.total_cmp(&other.1.median.value));
    let Some((summary, processor, memory)) = costliest else { return String::new() };
    format!(
        "  {}: its jobs took the most, {} of processor time and {}\n",
        summary.experiment,
        words::seconds(processor.median.value),
        words::mebibytes(Some(memory))
    )
}

fn compared(comparison: &Comparison) -> String {
    let mut rows = vec![["metric", "baseline", "now", "shift", "95 % interval", "Holm p", ""].map(str::to_owned)];
    let number = |value: Option<f64>| value.map_or(NOTHING.to_owned(), |value| format!("{value:.2}"));
    rows.extend(comparison.metrics.iter().map(|compared| {
        let percent = |part: f64| format!("{:+.0} %", part * 100.0);
        [
            compared.metric.word().to_owned(),
            number(compared.baseline),
            number(compared.subject),
            compared.shift.map_or(NOTHING.to_owned(), |shift| percent(shift.estimate)),
            compared
                .shift
                .map_or(NOTHING.to_owned(), |shift| format!("{} to {}", percent(shift.interval.low), percent(shift.interval.high))),
            compared.p.map_or(NOTHING.to_owned(), |p| format!("{p:.4}")),
            words::change(compared.change).to_owned(),
        ]
    }));
    let verdict = match comparison.inconclusive {
        Some(lost) => format!("inconclusive: of {:.0} % of the pairs nothing can be said", lost * 100.0),
        None if comparison.is_regression() => "regression".to_owned(),
        None => "no regression".to_owned(),
    };
    format!("\nCompared with {}, flagged beyond {:.0} %: {verdict}\n{}", comparison.baseline, MARGIN * 100.0, aligned(&rows))
}

/// Returns rows with columns of the width of their widest cell.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let line = |row: &[String; COLUMNS]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Mode;
    use crate::outcome::tests::measurement;
    use crate::trial::{Arm, Trial};

    #[test]
    fn people_read_policy_and_numbers() {
        let text = human(&measurement().conclude(None));
        assert!(text.contains("update on 503       exponential, 1.00 s times 2.00, no jitter; up to 3 retries"), "{text}");
        assert!(text.contains("consistent with: curl --retry, backon"), "{text}");
        let row = text.lines().find(|line| line.trim_start().starts_with("update-503-5s")).unwrap();
        assert!(row.contains("4 (4..4)") && row.contains("100 % (72..100)") && row.contains("2.04 (2.03..2.06)"), "{row}");
        assert!(!text.contains("Compared"), "{text}");
    }

    #[test]
    fn what_containers_keep_back_is_said() {
        let mut measured = measurement();
        assert!(!human(&measured.clone().conclude(None)).contains("containers"));
        measured.mode = Mode::Container;
        measured.image = Some("registry.example/provider:2".into());
        let text = human(&measured.conclude(None));
        assert!(text.starts_with("How sample-provider, image registry.example/provider:2, retries: 2 experiments"), "{text}");
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("Jobs ran in containers: ")), "{text}");
    }

    #[test]
    fn why_nothing_can_be_said_is_told_and_counted() {
        let mut measured = measurement();
        assert!(!human(&measured.clone().conclude(None)).contains("Nothing can be said"));
        for (trial, late) in measured.trials.iter_mut().zip(["120", "34.5"]) {
            trial.inconclusive = Some(format!("our own threads were {late} ms late"));
        }
        measured.trials[5].inconclusive = Some("no job made the call (update)".into());
        let text = human(&measured.conclude(None));
        let told = "Nothing can be said of some trials\n  2 of 20 trials: our own threads were 120 ms late\n  1 of 20 trials: no job made the call";
        assert!(text.contains(told), "{text}");
    }

    #[test]
    fn a_comparison_says_what_changed() {
        let mut measured = measurement();
        let before: Vec<Trial> = measured.trials.iter().map(|trial| Trial { arm: Arm::Baseline, ..trial.clone() }).collect();
        measured.trials.extend(before);
        let text = human(&measured.conclude(Some("bench-before.json")));
        assert!(text.contains("Compared with bench-before.json, flagged beyond 20 %: no regression"), "{text}");
        assert!(text.contains("== baseline: bench-before.json"), "{text}");
        assert!(text.lines().any(|line| line.contains("smallest gap") && line.ends_with("unchanged")), "{text}");
    }
}
