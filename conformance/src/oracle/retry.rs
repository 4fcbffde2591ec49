//! Retries of the update.

use super::outcome::{End, end};
use super::{History, Update, or_not_exercised};
use crate::verdict::Judgement;

/// A transient failure of the update is retried and then succeeds (RTY-001).
pub fn retried(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-001";
    let mut judgements = Vec::new();
    for run in &history.runs {
        let updates: Vec<Update<'_>> = run.updates().collect();
        let Some(first) = updates.first().filter(|update| update.exchange.fault.is_some()) else { continue };
        let events = updates.iter().map(|update| update.event);
        judgements.push(match updates.iter().find(|update| update.acknowledged() && update.reports() == first.reports()) {
            Some(accepted) => {
                let actual = format!("answered {}, retried, accepted at attempt {}", first.answer_in_words(), position(&updates, accepted));
                Judgement::pass(RULE, actual, events)
            }
            None => {
                let actual = format!(
                    "{} was answered {}, and {} updates followed, none of them accepted",
                    first.reports(),
                    first.answer_in_words(),
                    updates.len() - 1
                );
                Judgement::fail(RULE, "the update retried and accepted", actual, events)
            }
        });
    }
    or_not_exercised(judgements, RULE, "no update met the fault")
}

fn position(updates: &[Update<'_>], wanted: &Update<'_>) -> usize {
    updates.iter().position(|update| update.event == wanted.event).map_or(0, |index| index + 1)
}

/// Under lasting failure of the update the job gives up before the task timeout (RTY-004).
pub fn gives_up(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-004";
    let timeout = history.recording.header.task_timeout_milliseconds;
    let mut judgements = Vec::new();
    for run in &history.runs {
        let refused = run.updates().filter(|update| update.exchange.fault.is_some()).count();
        let Some(outcome) = run.outcome.filter(|_| refused > 0) else { continue };
        let expected = format!("the job gives up before the task timeout of {timeout} ms");
        judgements.push(match end(history, outcome.what) {
            End::ByLauncher => Judgement::fail(
                RULE,
                expected,
                format!("it still ran after {refused} refused updates and was ended by the launcher"),
                [outcome.event],
            ),
            End::TooClose(milliseconds) => {
                Judgement::inconclusive(RULE, format!("it ended after {milliseconds} ms, too close to the task timeout to tell"))
            }
            End::Late(milliseconds) => Judgement::fail(RULE, expected, format!("it ended only after {milliseconds} ms"), [outcome.event]),
            End::InTime => Judgement::pass(RULE, format!("it gave up after {refused} updates, within the task timeout"), [outcome.event]),
        });
    }
    or_not_exercised(judgements, RULE, "no update met the fault")
}

/// Lost acknowledgement: the update was applied, its answer lost, the retry refused. Is the live credential destroyed? (UPD-008)
pub fn lost_acknowledgement(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "UPD-008";
    let mut judgements = Vec::new();
    for run in history.creations() {
        let Some(lost) = run.applied().filter(|update| update.reports() == "credentials_created" && !update.acknowledged()) else {
            continue;
        };
        let destroyed: Vec<_> = run.revoked.iter().filter(|revoked| run.issued.iter().any(|issued| issued.what == revoked.what)).collect();
        let evidence = run.updates().map(|update| update.event).chain(destroyed.iter().map(|at| at.event));
        judgements.push(match destroyed.first() {
            None => Judgement::pass(
                RULE,
                format!("the update was applied and answered {}; the credential lives", lost.answer_in_words()),
                evidence,
            ),
            Some(gone) => {
                let actual = format!(
                    "the update was applied and answered {}, and the job destroyed the live credential {}",
                    lost.answer_in_words(),
                    gone.what
                );
                Judgement::fail(RULE, "the reported credential lives", actual, evidence)
            }
        });
    }
    or_not_exercised(judgements, RULE, "no acknowledgement was lost")
}
