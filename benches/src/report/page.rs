//! An outcome as one self-contained HTML page, readable without scripts, in light and dark.

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::plot::{Axis, Plot};
use super::words;
use crate::classifier::Classification;
use crate::experiment::{Call, Cause, Experiment, Question};
use crate::metrics::{Summary, number};
use crate::outcome::{ArmOutcome, Outcome};
use crate::policy::Policy;
use crate::trial::{Client, End, Trial};

/// Rows of a timeline: what more would show is in the table.
const MOST_ROWS: usize = 20;

/// Colours of lines, before they begin again.
const COLORS: usize = 8;

/// Retries on the axis of gaps.
const MOST_GAPS: usize = 20;

/// A plot with the words around it.
#[derive(Debug, Serialize)]
struct Figure {
    title: String,
    note: String,
    svg: String,
    /// What lines of which number are, where there are several.
    key: Vec<(usize, String)>,
}

/// A line of the table of policies.
#[derive(Debug, Serialize)]
struct PolicyRow {
    of: String,
    says: String,
    consistent: Option<String>,
}

/// What the page shows of one arm.
#[derive(Debug, Serialize)]
struct Section {
    name: String,
    policies: Vec<PolicyRow>,
    experiments: Vec<Vec<String>>,
    survival: Vec<Figure>,
    gaps: Vec<Figure>,
    arrivals: Vec<Figure>,
    timelines: Vec<Figure>,
}

/// Returns the page.
pub fn page(outcome: &Outcome) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("page", include_str!("page.html")).expect("the page's template parses");
    let template = environment.get_template("page").expect("the template was just added");
    let sections: Vec<Section> = outcome.arms.iter().map(|arm| section(outcome, arm)).collect();
    let comparison = outcome.comparison.as_ref().map(|comparison| {
        let rows: Vec<Vec<String>> = comparison
            .metrics
            .iter()
            .map(|compared| {
                let number = |value: Option<f64>| value.map_or(words::NOTHING.to_owned(), |value| format!("{value:.2}"));
                let shift = |part: fn(&crate::statistics::Shift) -> f64| {
                    compared.shift.map_or(words::NOTHING.to_owned(), |shift| format!("{:+.0} %", part(&shift) * 100.0))
                };
                vec![
                    compared.metric.word().to_owned(),
                    number(compared.baseline),
                    number(compared.subject),
                    shift(|shift| shift.estimate),
                    shift(|shift| shift.interval.low),
                    shift(|shift| shift.interval.high),
                    compared.p.map_or(words::NOTHING.to_owned(), |p| format!("{p:.4}")),
                    words::change(compared.change).to_owned(),
                ]
            })
            .collect();
        context! { baseline => comparison.baseline, rows, regression => comparison.is_regression(), inconclusive => comparison.inconclusive.is_some() }
    });
    let measurement = &outcome.measurement;
    template
        .render(context! {
            provider => words::provider(measurement),
            hallmark => measurement.hallmark,
            started => measurement.started,
            runs => measurement.runs,
            seed => measurement.seed,
            mode => words::mode(measurement.mode),
            inconclusive => words::inconclusive(measurement),
            sections,
            comparison,
        })
        .expect("the template names what it is given")
}

fn section(outcome: &Outcome, arm: &ArmOutcome) -> Section {
    let measurement = &outcome.measurement;
    let trials = |experiment: &Experiment| -> Vec<&Trial> {
        measurement.trials.iter().filter(|trial| trial.arm == arm.arm && trial.experiment == experiment.id).collect()
    };
    let policies = arm.policies.iter().map(|classified| PolicyRow {
        of: format!("{} on {}", classified.call.word(), classified.cause.word()),
        says: words::classified(classified),
        consistent: words::consistent(classified),
    });
    let experiments = &measurement.experiments;
    Section {
        name: outcome.name(arm.arm).to_owned(),
        policies: policies.collect(),
        experiments: arm.summaries.iter().map(row).collect(),
        survival: survival(experiments, arm).into_iter().collect(),
        gaps: arm.policies.iter().filter_map(|classified| gaps(classified, experiments, &trials)).collect(),
        arrivals: experiments.iter().filter_map(|experiment| arrivals(experiment, &trials(experiment))).collect(),
        timelines: experiments.iter().filter_map(|experiment| timeline(experiment, &trials(experiment))).collect(),
    }
}

fn row(summary: &Summary) -> Vec<String> {
    vec![
        summary.experiment.clone(),
        format!("{} of {}", summary.trials - summary.inconclusive, summary.trials),
        words::counts(summary.attempts),
        words::share(summary.survival),
        words::spread(summary.recovery_lag),
        words::spread(summary.give_up),
        words::spread(summary.smallest_gap),
        words::spread(summary.duration),
        words::spread(summary.processor),
        words::mebibytes(summary.peak_memory),
    ]
}

/// Survival by the length of the outage, one line for each call and cause.
fn survival(experiments: &[Experiment], arm: &ArmOutcome) -> Option<Figure> {
    let mut curves: BTreeMap<(Call, Cause), Vec<(f64, f64)>> = BTreeMap::new();
    for (experiment, summary) in experiments.iter().zip(&arm.summaries) {
        if let (Question::Outage { cause, seconds }, Some(share)) = (&experiment.question, summary.survival) {
            curves.entry((experiment.call, *cause)).or_default().push((*seconds, share.value * 100.0));
        }
    }
    let longest = curves.values().flatten().map(|(seconds, _)| *seconds).fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    let mut plot = Plot::new(Axis::linear(longest), Axis::linear(100.0));
    let mut key = Vec::new();
    for (index, ((call, cause), points)) in curves.iter_mut().enumerate() {
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        let color = index % COLORS;
        plot.line(points, &format!("line c{color}"));
        for (seconds, share) in &*points {
            plot.point(*seconds, *share, &format!("dot c{color}"));
        }
        let ends: Vec<String> = points.iter().map(|(seconds, share)| format!("{seconds} s: {share:.0} %")).collect();
        key.push((color, format!("{} on {}: {}", call.word(), cause.word(), ends.join(", "))));
    }
    let svg = plot.finish("calls that succeeded, by the length of the outage", "length of the outage, s", "succeeded, %");
    Some(Figure { title: "Survival".into(), note: "Calls that succeeded in the end.".into(), svg, key })
}

/// Waits by the number of the retry, with the band of the policy that explains them.
fn gaps<'trials>(
    classified: &crate::outcome::Classified,
    experiments: &[Experiment],
    trials: &impl Fn(&Experiment) -> Vec<&'trials Trial>,
) -> Option<Figure> {
    let own =
        experiments.iter().filter(|experiment| experiment.call == classified.call && experiment.free_cause() == Some(classified.cause));
    let waits: Vec<Vec<f64>> = own.flat_map(trials).flat_map(Trial::sound).map(Client::gaps).filter(|gaps| !gaps.is_empty()).collect();
    let all = || waits.iter().flatten().copied();
    let most = waits.iter().map(Vec::len).max()?.min(MOST_GAPS);
    let (least, longest) = (all().fold(f64::INFINITY, f64::min).max(0.001), all().fold(0.0, f64::max).max(0.002));
    let mut plot = Plot::new(Axis::linear(number(most) + 0.5), Axis::logarithmic(least, longest));
    if let Classification::Told(told) = &classified.classification
        && let Some(policy) = told.policy
    {
        for bound in bounds(&policy, most) {
            plot.line(&bound, "line band");
        }
    }
    for gaps in &waits {
        for (gap, place) in gaps.iter().zip(1_u32..).take(most) {
            plot.point(f64::from(place), *gap, "dot wait");
        }
    }
    let title = format!("Waits of {} on {}", classified.call.word(), classified.cause.word());
    let svg = plot.finish(&title, "retry", "wait, s");
    Some(Figure { title, note: words::classified(classified), svg, key: Vec::new() })
}

/// Returns the lower and the upper bound of the first waits.
fn bounds(policy: &Policy, most: usize) -> [Vec<(f64, f64)>; 2] {
    let ranges = || (1..=u32::try_from(most).unwrap_or(u32::MAX)).map(|place| (f64::from(place), policy.range(place, None)));
    [ranges().map(|(x, range)| (x, range.low)).collect(), ranges().map(|(x, range)| (x, range.high.min(range.cap))).collect()]
}

/// How many came back when, after an outage that all of them met.
fn arrivals(experiment: &Experiment, trials: &[&Trial]) -> Option<Figure> {
    const STEP: f64 = 0.1;
    let Question::Herd { jobs, seconds } = experiment.question else { return None };
    let times =
        trials.iter().flat_map(|trial| trial.sound()).filter_map(|client| Some(crate::metrics::lag(client.succeeded_at()?, seconds)));
    let mut steps: BTreeMap<u32, usize> = BTreeMap::new();
    for at in times {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds after an outage, never negative")]
        let step = (at / STEP) as u32;
        *steps.entry(step).or_default() += 1;
    }
    let last = f64::from(*steps.keys().last()? + 1) * STEP;
    let highest = number(steps.values().copied().max()?);
    let mut plot = Plot::new(Axis::linear(last), Axis::linear(highest));
    for (step, count) in &steps {
        let from = f64::from(*step) * STEP;
        plot.bar(from, from + STEP, number(*count));
    }
    let title = format!("Arrivals of {jobs} jobs after a common outage of {seconds} s");
    let svg = plot.finish(&title, "after the outage, s", "jobs within 100 ms");
    let came: usize = steps.values().sum();
    Some(Figure {
        title,
        note: format!("{came} arrivals of {} trials; at most {highest:.0} within the same 100 ms", trials.len()),
        svg,
        key: Vec::new(),
    })
}

/// Attempts of each run against the outage.
fn timeline(experiment: &Experiment, trials: &[&Trial]) -> Option<Figure> {
    let clients: Vec<&Client> = trials.iter().flat_map(|trial| trial.sound()).take(MOST_ROWS).collect();
    let last = clients.iter().flat_map(|client| &client.attempts).map(|attempt| attempt.ended).fold(0.0, f64::max);
    if clients.is_empty() {
        return None;
    }
    let outage = experiment.outage_seconds();
    let mut plot = Plot::of_rows(Axis::linear(last.max(outage.unwrap_or_default()) * 1.02), clients.len());
    if let Some(seconds) = outage {
        plot.outage(0.0, seconds);
    }
    for (client, row) in clients.iter().zip(0_u32..) {
        for attempt in &client.attempts {
            let class = match attempt.end {
                End::Status(200..=299) => "done",
                End::Abandoned | End::Unanswered => "silent",
                _ => "failed",
            };
            plot.in_row(attempt.began.max(0.0), f64::from(row), class, &format!("{:.2} s: {}", attempt.began, attempt.end));
        }
    }
    let svg = plot.finish_rows(&format!("attempts of {}", experiment.id), "since the first attempt, s");
    Some(Figure { title: experiment.id.clone(), note: experiment.plan.clone(), svg, key: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::measurement;

    #[test]
    fn the_page_stands_alone_and_needs_no_script() {
        let text = page(&measurement().conclude(None));
        for outside in ["<script", "http://", "https://", "src=", "@import", "url("] {
            assert!(!text.contains(outside), "{outside}");
        }
        assert!(text.contains("prefers-color-scheme: dark") && text.contains("color-scheme"));
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
        // A survival curve, waits of one call and cause, two timelines.
        assert_eq!(text.matches("<svg").count(), 4, "{text}");
    }

    #[test]
    fn attempts_of_each_run_are_shown_against_the_outage() {
        let outcome = measurement().conclude(None);
        let trials: Vec<&Trial> = outcome.measurement.trials.iter().filter(|trial| trial.experiment == "update-503-5s").collect();
        let figure = timeline(&outcome.measurement.experiments[0], &trials).unwrap();
        assert_eq!(figure.svg.matches("class=\"failed\"").count(), 30);
        assert_eq!(figure.svg.matches("class=\"done\"").count(), 10);
        assert_eq!(figure.svg.matches("class=\"outage\"").count(), 1);
    }

    #[test]
    fn texts_of_others_are_escaped() {
        let mut measured = measurement();
        measured.provider = "<b>provider</b>".into();
        let text = page(&measured.conclude(None));
        assert!(!text.contains("<b>provider") && text.contains("&lt;b&gt;provider"), "{text}");
    }
}
