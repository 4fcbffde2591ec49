//! Tells a person what happened under a schedule: what was asked for, what was sent and answered, what took effect, how it ended.

use std::fmt::Write as _;

use hallmark_harness::journal::{Delivery, EventKind, Exchange, TaskCause, in_order};
use hallmark_harness::stage::Recording;

use super::play::AFTERMATH;
use super::schedule::Deed;
use crate::oracle::answer_in_words;
use crate::suite::{last_log_lines, outcome_in_words};

/// Returns the story, a line for each thing that happened; what a finding points to is marked by `>`.
pub fn tell(recording: &Recording, evidence: &[u64]) -> String {
    let mut text = String::new();
    let mut line = |event: u64, depth: usize, words: &str| {
        let mark = if evidence.contains(&event) { '>' } else { ' ' };
        writeln!(text, "{mark} {:1$}{words}", "", depth * 2).ok();
    };
    for event in in_order(&recording.events) {
        match &event.kind {
            EventKind::Note { text } => line(event.id, 0, &act_in_words(text)),
            EventKind::FaultsSet { plan } if plan != "none" => line(event.id, 1, &format!("faults: {plan}")),
            EventKind::JobRequested { job, action, .. } => {
                let what = action.as_deref().unwrap_or("no action");
                let again = if job.run > 0 { format!(", run again (run {})", job.run + 1) } else { String::new() };
                line(event.id, 1, &format!("job {what}{again}"));
            }
            EventKind::Exchange(exchange) => line(event.id, 2, &exchange_in_words(exchange)),
            EventKind::CredentialIssued { credential, job: None, .. } => {
                line(event.id, 0, &format!("{credential} is alive, which is somebody else's"));
            }
            EventKind::CredentialIssued { credential, .. } => line(event.id, 3, &format!("now {credential} is alive")),
            EventKind::CredentialRevoked { credential, .. } => line(event.id, 3, &format!("now {credential} is revoked")),
            EventKind::TaskChanged { status, cause, .. } if !matches!(cause, TaskCause::Queued | TaskCause::JobStarted) => {
                let by = match cause {
                    TaskCause::Update => "",
                    TaskCause::Timeout => ": it timed out",
                    TaskCause::Cancelled => ": it was cancelled",
                    TaskCause::Queued | TaskCause::JobStarted => unreachable!("left out above"),
                };
                line(event.id, 3, &format!("now its task is {status}{by}"));
            }
            EventKind::JobEnded { job, outcome } => {
                line(event.id, 2, &format!("the job ended: {}", outcome_in_words(outcome)));
                if outcome.exit_code != Some(0) {
                    for last in last_log_lines(job, recording) {
                        line(u64::MAX, 3, &format!("| {last}"));
                    }
                }
            }
            EventKind::EngineTrouble { what } => line(event.id, 1, &format!("trouble of hallmark's own: {what}")),
            _ => {}
        }
    }
    for entry in recording.snapshot.ledger.iter().filter(|entry| entry.alive && !entry.seeded) {
        writeln!(text, "  in the end {} is alive at {}", entry.credential, entry.third_party).ok();
    }
    text
}

fn act_in_words(note: &str) -> String {
    let (before, word) = match note.strip_prefix(AFTERMATH) {
        Some(rest) => ("without a fault: ", rest.trim_start_matches(": ")),
        None => ("", note),
    };
    let deed = Deed::ALL.into_iter().find(|deed| deed.word() == word);
    format!("{before}{}", deed.map_or_else(|| word.to_owned(), |deed| deed.in_words().to_owned()))
}

fn exchange_in_words(exchange: &Exchange) -> String {
    let mut text = format!("{} {}", exchange.method, exchange.target);
    if let Some(update) = &exchange.facts.update {
        write!(text, " ({})", update.status.as_deref().unwrap_or("no status")).ok();
    }
    write!(text, " -> {}", answer_in_words(exchange)).ok();
    if exchange.fault.is_some() {
        let changes = !matches!(exchange.method.as_str(), "GET" | "HEAD");
        let effect = match (exchange.applied, exchange.delivery) {
            _ if !changes => "",
            (true, _) => ", although it took effect",
            (false, Delivery::Complete) => ", and it took no effect",
            (false, _) => "; it took no effect",
        };
        write!(text, " [fault{effect}]").ok();
    }
    text
}
