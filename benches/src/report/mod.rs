//! The forms in which people and programs get an outcome.

mod human;
mod page;
mod plot;
mod words;

use std::fmt::Write as _;

use crate::outcome::Outcome;

pub use human::human;
pub use page::page;

/// Returns an outcome as one JSON document, which is a baseline for later runs.
pub fn json(outcome: &Outcome) -> String {
    let mut text = serde_json::to_string_pretty(outcome).expect("an outcome has no keys but texts");
    text.push('\n');
    text
}

/// Returns every attempt as a line of CSV. No field holds a comma or a quote.
pub fn csv(outcome: &Outcome) -> String {
    let mut text = String::from("experiment,arm,round,client,attempt,began_s,ended_s,end,disturbed,gap_s,task,exit_code,inconclusive\n");
    for trial in &outcome.measurement.trials {
        let arm = words::arm(trial.arm);
        for (number, client) in trial.clients.iter().enumerate() {
            let gaps = client.gaps();
            for (index, attempt) in client.attempts.iter().enumerate() {
                let gap = index.checked_sub(1).and_then(|before| gaps.get(before)).map(|gap| format!("{gap:.6}")).unwrap_or_default();
                let exit_code = client.exit_code.map(|code| code.to_string()).unwrap_or_default();
                writeln!(
                    text,
                    "{},{arm},{},{number},{index},{:.6},{:.6},{},{},{gap},{},{exit_code},{}",
                    trial.experiment,
                    trial.round,
                    attempt.began,
                    attempt.ended,
                    attempt.end,
                    attempt.disturbed,
                    client.task,
                    trial.inconclusive.is_some()
                )
                .ok();
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::tests::measurement;

    #[test]
    fn a_line_of_csv_is_an_attempt() {
        let text = csv(&measurement().conclude(None));
        let columns = text.lines().next().unwrap().split(',').count();
        assert!(text.lines().all(|line| line.split(',').count() == columns), "{text}");
        assert_eq!(text.lines().count(), 1 + 10 * 4 + 10 * 4);
        assert!(text.contains("update-503-5s,subject,0,0,1,1.010000,1.020000,503,true,1.000000,,0,false\n"), "{text}");
    }

    #[test]
    fn the_json_is_read_back() {
        let outcome = measurement().conclude(None);
        let read: Outcome = serde_json::from_str(&json(&outcome)).unwrap();
        assert_eq!((read.measurement.experiments, read.measurement.trials.len()), (outcome.measurement.experiments, 20));
        assert_eq!(read.arms[0].policies.len(), 1);
    }
}
