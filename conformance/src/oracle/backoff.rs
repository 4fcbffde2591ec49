//! How retries of the update are spaced. Times are those at which a request had arrived: what the provider waited is never more than that.

use std::time::{Duration, SystemTime};

use hallmark_harness::journal::Exchange;

use super::{History, Run, Update, or_not_exercised};
use crate::verdict::Judgement;

/// By how much a wait may look shorter than it was: a sleeping process may be woken a little early.
const EARLY: Duration = Duration::from_millis(50);

/// By how much a wait may look longer than it was, which our own delay makes it. Of a delay that is longer, half of the shortest wait that is asked
/// for, nothing is known; below it one that does not wait shows in another of the scenarios.
const LATE: Duration = Duration::from_secs(1);

/// By how much ten draws of a policy that does not shrink, on a busy machine, may look as if it did.
const SLACK: Duration = Duration::from_millis(250);

/// A second with this many attempts more is a hammer.
const PER_SECOND: usize = 5;

/// A Retry-After is respected (RTY-002).
pub fn retry_after_respected(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-002";
    let mut judgements = Vec::new();
    for run in &history.runs {
        let updates: Vec<Update<'_>> = run.updates().collect();
        let Some(place) = updates.iter().position(|update| retry_after(update.exchange).is_some()) else { continue };
        let asked = retry_after(updates[place].exchange).unwrap_or_default();
        let evidence = updates[place..].iter().map(|update| update.event);
        let said = format!("{}: answered {} with Retry-After: {asked}", run.describe(), updates[place].answer_in_words());
        let Some(least) = least_wait(asked, updates[place].exchange) else {
            judgements.push(harmless(run, &said, evidence));
            continue;
        };
        judgements.push(match updates.get(place + 1) {
            None => Judgement::pass(RULE, format!("{said}, and no further update was sent"), evidence),
            Some(next) => {
                let waited = Duration::from_nanos(next.exchange.body_at.saturating_sub(updates[place].exchange.body_at));
                let actual = format!("{said}, the next update came after {} ms", waited.as_millis());
                // The first of the two may have been seen late, which shortens the wait, and the second, which lengthens it.
                let (first, second) = (history.delay_near(updates[place].exchange.body_at), history.delay_near(next.exchange.body_at));
                let enough = waited + EARLY >= least;
                if enough && second > LATE && waited.saturating_sub(second) + EARLY < least {
                    too_late(RULE, &actual, second)
                } else if enough {
                    Judgement::pass(RULE, actual, evidence)
                } else if first > EARLY && waited + EARLY + first >= least {
                    too_late(RULE, &actual, first)
                } else {
                    Judgement::fail(RULE, format!("no further update for {} ms", least.as_millis()), actual, evidence)
                }
            }
        });
    }
    or_not_exercised(judgements, RULE, "no update was answered with Retry-After")
}

/// Our own delay may be all that there is to a finding.
fn too_late(rule: &str, actual: &str, delay: Duration) -> Judgement {
    Judgement::inconclusive(rule, format!("{actual}, while our own threads were up to {} ms late: too close to tell", delay.as_millis()))
}

/// A value that asks for nothing sensible changes nothing: the report is accepted, or given up in time and undone (which other rules judge).
fn harmless(run: &Run<'_>, said: &str, evidence: impl Iterator<Item = u64>) -> Judgement {
    const RULE: &str = "RTY-002";
    match run.outcome {
        Some(outcome) if outcome.what.timed_out => {
            let actual = format!("{said}, and the job still waited when the launcher ended it");
            Judgement::fail(RULE, "a job that ends by itself", actual, evidence.chain([outcome.event]))
        }
        _ if run.updates().any(|update| update.acknowledged()) => {
            Judgement::pass(RULE, format!("{said}, and the report was accepted all the same"), evidence)
        }
        _ => Judgement::pass(RULE, format!("{said}, and the job gave up in time"), evidence),
    }
}

/// Returns the Retry-After with which a fault answered.
pub(super) fn retry_after(exchange: &Exchange) -> Option<&str> {
    let headers = &exchange.response.as_ref().filter(|_| exchange.fault.is_some())?.headers;
    headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after")).map(|(_, value)| value.as_str())
}

/// Returns how long a value asks to wait at least, where it is one that a job can follow; a date is cut to whole seconds.
fn least_wait(value: &str, exchange: &Exchange) -> Option<Duration> {
    /// Longer than any job waits.
    const LONGEST: Duration = Duration::from_mins(1);
    let asked = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let headers = &exchange.response.as_ref()?.headers;
            let date = |name: &str| {
                let found = headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))?;
                httpdate::parse_http_date(&found.1).ok()
            };
            let until: SystemTime = date("retry-after")?;
            until.duration_since(date("date")?).ok()?.saturating_sub(Duration::from_secs(1))
        }
    };
    (!asked.is_zero() && asked <= LONGEST).then_some(asked)
}

/// Retries back off (RTY-003): never more than five in a second, and not faster in the end than in the beginning.
pub fn backs_off(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-003";
    let observed = observed(history);
    if observed.is_empty() {
        return vec![Judgement::not_exercised(RULE, "no refused update was tried again")];
    }
    let mut judgements = Vec::new();
    for (run, updates) in &observed {
        let times: Vec<u64> = updates.iter().map(|update| update.exchange.body_at).collect();
        let hammered = times.windows(PER_SECOND + 1).find(|window| window[PER_SECOND] - window[0] < 1_000_000_000);
        if let Some(window) = hammered {
            let took = Duration::from_nanos(window[PER_SECOND] - window[0]);
            let actual = format!("{}: {} updates within {} ms", run.describe(), PER_SECOND + 1, took.as_millis());
            let evidence = updates.iter().map(|update| update.event).take(PER_SECOND + 1);
            // Requests that came over more than a second are seen together where our threads were held up.
            let delay = history.delay_near(window[0]);
            judgements.push(if delay > EARLY && took + delay >= Duration::from_secs(1) {
                too_late(RULE, &actual, delay)
            } else {
                Judgement::fail(RULE, format!("at most {PER_SECOND} attempts in a second"), actual, evidence)
            });
        }
    }
    let gaps: Vec<Vec<Duration>> = observed.iter().map(|(_, updates)| gaps(updates)).collect();
    let grown: Vec<&Vec<Duration>> = gaps.iter().filter(|gaps| gaps.len() > 1).collect();
    let first = median(grown.iter().filter_map(|gaps| gaps.first().copied()));
    let last = median(grown.iter().filter_map(|gaps| gaps.last().copied()));
    let evidence = || observed.iter().flat_map(|(_, updates)| updates.iter().map(|update| update.event)).take(20);
    if let (Some(first), Some(last)) = (first, last) {
        let actual =
            format!("{} runs: the median first pause is {} ms, the median last {} ms", grown.len(), first.as_millis(), last.as_millis());
        let delay = history.worst_delay();
        let shrank = |slack: Duration| last * 2 + slack < first;
        if shrank(SLACK) && !shrank(SLACK.max(delay * 3)) {
            judgements.push(too_late(RULE, &actual, delay));
        } else if shrank(SLACK) {
            judgements.push(Judgement::fail(RULE, "a last pause of no less than half the first", actual, evidence()));
        } else if judgements.is_empty() {
            judgements.push(Judgement::pass(RULE, actual, evidence()));
        }
    } else if judgements.is_empty() {
        judgements.push(Judgement::pass(RULE, "one retry at most, so there is nothing to grow", evidence()));
    }
    judgements
}

/// Says what the policy looks like, for information (RTY-010).
pub fn policy(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "RTY-010";
    let observed = observed(history);
    if observed.is_empty() {
        return vec![Judgement::not_exercised(RULE, "no refused update was tried again")];
    }
    let gaps: Vec<Vec<Duration>> = observed.iter().map(|(_, updates)| gaps(updates)).collect();
    let longest = gaps.iter().map(Vec::len).max().unwrap_or_default();
    let pauses: Vec<String> = (0..longest)
        .map(|place| {
            let at: Vec<Duration> = gaps.iter().filter_map(|gaps| gaps.get(place).copied()).collect();
            let (least, most) = (at.iter().min().copied().unwrap_or_default(), at.iter().max().copied().unwrap_or_default());
            format!("{}..{} ms", least.as_millis(), most.as_millis())
        })
        .collect();
    let attempts = observed.iter().map(|(_, updates)| updates.len());
    let (least, most) = (attempts.clone().min().unwrap_or_default(), attempts.max().unwrap_or_default());
    let evidence = observed.iter().filter_map(|(_, updates)| updates.first()).map(|update| update.event);
    vec![Judgement::pass(RULE, format!("{} runs, {least} to {most} attempts, pauses {}", observed.len(), pauses.join(", ")), evidence)]
}

/// Returns each run with its refused updates, where there are several.
fn observed<'history, 'recording>(history: &'history History<'recording>) -> Vec<(&'history Run<'recording>, Vec<Update<'recording>>)> {
    let refused = |run: &'history Run<'recording>| run.updates().filter(|update| update.exchange.fault.is_some()).collect::<Vec<_>>();
    history.runs.iter().map(|run| (run, refused(run))).filter(|(_, updates)| updates.len() > 1).collect()
}

fn gaps(updates: &[Update<'_>]) -> Vec<Duration> {
    updates.windows(2).map(|pair| Duration::from_nanos(pair[1].exchange.body_at.saturating_sub(pair[0].exchange.body_at))).collect()
}

fn median(values: impl Iterator<Item = Duration>) -> Option<Duration> {
    let mut values: Vec<Duration> = values.collect();
    values.sort();
    values.get(values.len() / 2).copied()
}
