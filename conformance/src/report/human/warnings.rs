//! What a person should look at, apart from everything that counts.

use super::page::{Ink, Page};
use crate::results::Results;

/// Warnings that are shown.
const SHOWN: usize = 8;

/// Writes each warning once, with where it can be seen.
pub(super) fn write(page: &mut Page, results: &Results, verbose: bool) {
    let mut told: Vec<(String, &str, &[u64], usize)> = Vec::new();
    for scenario in results.scenarios() {
        for warning in &scenario.warnings {
            let text = warning.to_string();
            match told.iter_mut().find(|(known, ..)| *known == text) {
                Some((.., times)) => *times += 1,
                None => told.push((text, &scenario.id, &warning.evidence, 1)),
            }
        }
    }
    if told.is_empty() {
        return;
    }
    page.title("Warnings: never counted");
    let limit = if verbose { told.len() } else { SHOWN };
    for (text, scenario, events, times) in told.iter().take(limit) {
        let more = if *times > 1 { format!(", and in {} more", scenarios(times - 1)) } else { String::new() };
        let events: Vec<String> = events.iter().map(u64::to_string).collect();
        let word = if events.len() == 1 { "event" } else { "events" };
        page.paragraph(2, Ink::Plain, &format!("{text}  [{scenario}, {word} {}{more}]", events.join(", ")));
    }
    if told.len() > limit {
        page.paragraph(2, Ink::Faint, &format!("and {} more; --verbose shows them", told.len() - limit));
    }
}

fn scenarios(number: usize) -> String {
    if number == 1 { "1 scenario".to_owned() } else { format!("{number} scenarios") }
}
