//! Errors of failed tasks: complete, coded, stable, written for a person, logged too.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hallmark_harness::contract::TaskError;
use regex::Regex;

use super::{History, Run, Update};
use crate::verdict::Judgement;

/// Longest description, in characters.
const LONGEST: usize = 1024;

/// Signs of text that was made for programs.
static MACHINE: LazyLock<Vec<(&'static str, Regex)>> = LazyLock::new(|| {
    let signs = [
        ("HTML", r"(?i)</?(html|body|head|div|p|title|h[1-6]|br|pre)\b[^>]*>|<!doctype"),
        ("a JSON dump", r#"\{\s*"[^"]+"\s*:"#),
        (
            "a stack trace",
            r"Traceback \(most recent|goroutine \d+|panicked at|\bat [\w.$]+\([\w.]+:\d+\)|(^|[^/])/[\w-]+\.(rs|go|py|js|ts|java):\d+|(^|[\s(])[\w-]+\.(rs|go|py|js|ts|java):\d+(:\d+| \+0x)",
        ),
    ];
    signs.into_iter().filter_map(|(name, pattern)| Regex::new(pattern).ok().map(|pattern| (name, pattern))).collect()
});

static BARE_STATUS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i)^(http|status|http[-_ ]?status)?[-_ ]?[1-5]\d\d$").ok());

/// ERR-001, ERR-002, ERR-004 and ERR-005 over every failed report.
pub(super) fn universal(history: &History<'_>) -> Vec<Judgement> {
    let mut judgements = Vec::new();
    for run in &history.runs {
        for update in run.updates().filter(|update| update.reports() == "failed") {
            judgements.push(complete(update));
            judgements.extend(update.facts.errors.iter().flat_map(|error| [coded(update, error), readable(update, error)]).flatten());
        }
        judgements.extend(logged(run));
    }
    judgements
}

/// `failed` carries 1 to 10 errors, each with a code and a description (ERR-001).
fn complete(update: Update<'_>) -> Judgement {
    const RULE: &str = "ERR-001";
    let errors = &update.facts.errors;
    let lacking = errors.iter().any(|error| error.code.trim().is_empty() || error.description.trim().is_empty());
    if (1..=10).contains(&errors.len()) && !lacking {
        Judgement::pass(RULE, format!("{} errors, each with code and description", errors.len()), [update.event])
    } else {
        let actual = if lacking { "an error without code or description".to_owned() } else { format!("{} errors", errors.len()) };
        Judgement::fail(RULE, "1 to 10 errors, each with a non-empty code and description", actual, [update.event])
    }
}

/// The code is one token and no bare HTTP status (ERR-002).
fn coded(update: Update<'_>, error: &TaskError) -> Option<Judgement> {
    const RULE: &str = "ERR-002";
    if error.code.trim().is_empty() {
        return None;
    }
    let problem = if error.code.chars().any(char::is_whitespace) {
        Some("it is no single token")
    } else if BARE_STATUS.as_ref().is_some_and(|bare| bare.is_match(&error.code)) {
        Some("it is a bare HTTP status")
    } else {
        None
    };
    Some(match problem {
        Some(problem) => Judgement::fail(
            RULE,
            "an application code: one token, not a bare HTTP status",
            format!("the code {:?}: {problem}", error.code),
            [update.event],
        ),
        None => Judgement::pass(RULE, format!("the code {}", error.code), [update.event]),
    })
}

/// The description is for a person (ERR-004).
fn readable(update: Update<'_>, error: &TaskError) -> Option<Judgement> {
    const RULE: &str = "ERR-004";
    let text = &error.description;
    if text.trim().is_empty() {
        return None;
    }
    let length = text.chars().count();
    let problem = if length > LONGEST {
        Some(format!("it has {length} characters"))
    } else if text.chars().any(char::is_control) {
        Some("it holds a line break or another control character".to_owned())
    } else {
        MACHINE.iter().find(|(_, sign)| sign.is_match(text)).map(|(name, _)| format!("it holds {name}"))
    };
    Some(match problem {
        Some(problem) => {
            let shown: String = text.chars().take(200).collect();
            let actual = format!("{problem}: {shown:?}");
            Judgement::fail(RULE, "one paragraph of plain text for a person, at most 1024 characters", actual, [update.event])
        }
        None => Judgement::pass(RULE, format!("{text:?}"), [update.event]),
    })
}

/// A failure is logged too (ERR-005).
fn logged(run: &Run<'_>) -> Option<Judgement> {
    const RULE: &str = "ERR-005";
    // A job that was killed has no time for last words.
    let outcome = run.outcome.filter(|_| !run.was_killed())?;
    let failed = outcome.what.exit_code.is_some_and(|code| code != 0) && outcome.what.not_started.is_none()
        || run.applied().is_some_and(|update| update.reports() == "failed");
    if !failed {
        return None;
    }
    Some(match run.logs.last() {
        Some(line) => Judgement::pass(RULE, format!("{}: the log has {} lines", run.describe(), run.logs.len()), [line.event]),
        None => Judgement::fail(
            RULE,
            "a log line for the failure",
            format!("{}: the job failed and logged nothing", run.describe()),
            [outcome.event],
        ),
    })
}

/// Same cause, same code; different causes, different codes (ERR-003). The scenario's notes name the causes.
pub fn codes_by_cause(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "ERR-003";
    let mut causes: BTreeMap<&str, Vec<(Vec<&str>, u64)>> = BTreeMap::new();
    for run in &history.runs {
        let Some(cause) = run.note.and_then(|note| note.strip_prefix("cause: ")) else { continue };
        // A report without errors has no code: that is ERR-001's.
        if let Some(update) = run.updates().rfind(|update| update.reports() == "failed" && !update.facts.errors.is_empty()) {
            let codes = update.facts.errors.iter().map(|error| error.code.as_str()).collect();
            causes.entry(cause).or_default().push((codes, update.event));
        }
    }
    if causes.len() < 2 {
        return vec![Judgement::not_exercised(RULE, format!("failures of {} causes were reported, two are needed", causes.len()))];
    }
    let mut judgements = Vec::new();
    for (cause, reports) in &causes {
        let events = reports.iter().map(|(_, event)| *event);
        if reports.iter().any(|(codes, _)| *codes != reports[0].0) {
            let all: Vec<String> = reports.iter().map(|(codes, _)| codes.join("+")).collect();
            judgements.push(Judgement::fail(RULE, "the same code for the same cause", format!("{cause}: {}", all.join(", ")), events));
        }
    }
    let firsts: Vec<(&str, &Vec<&str>, u64)> = causes.iter().map(|(cause, reports)| (*cause, &reports[0].0, reports[0].1)).collect();
    for (index, (cause, codes, event)) in firsts.iter().enumerate() {
        if let Some((other, _, other_event)) = firsts[..index].iter().find(|(_, others, _)| others == codes) {
            let actual = format!("{} stands for both \"{other}\" and \"{cause}\"", codes.join("+"));
            judgements.push(Judgement::fail(RULE, "different codes for different causes", actual, [*other_event, *event]));
        }
    }
    if judgements.is_empty() {
        let table: Vec<String> = firsts.iter().map(|(cause, codes, _)| format!("{cause}: {}", codes.join("+"))).collect();
        judgements.push(Judgement::pass(RULE, table.join("; "), firsts.iter().map(|(_, _, event)| *event)));
    }
    judgements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_only_look_like_a_status_are_codes() {
        let bare = |code: &str| BARE_STATUS.as_ref().unwrap().is_match(code);
        for code in ["403", "HTTP_404", "http-500", "status 503", "HTTP_STATUS_409"] {
            assert!(bare(code), "{code}");
        }
        for code in ["ERR105", "E403", "Error105", "CODE-101", "CREATE_403", "600", "HTTP_4041", "create_refused"] {
            assert!(!bare(code), "{code}");
        }
    }

    #[test]
    fn a_host_with_a_port_is_no_stack_trace() {
        let sign = |text: &str| MACHINE.iter().find(|(_, sign)| sign.is_match(text)).map(|(name, _)| *name);
        for text in [
            "src/main.rs:12 failed",
            "panicked at main.rs:12:5",
            "in /app/server.py:40",
            "handler (app.js:10:15)",
            "main.go:42 +0x1d",
            "at com.example.Main.run(Main.java:12)",
            "goroutine 1",
        ] {
            assert_eq!(sign(text), Some("a stack trace"), "{text}");
        }
        for text in [
            "The broker mq.firma.rs:8883 refused the connection.",
            "https://mq.firma.rs:8883 is not reachable.",
            "https://firma.rs:8883/tokens answered 403.",
            "The host pypi.py:443 is unknown.",
            "Wait until 10:15, then try again.",
        ] {
            assert_eq!(sign(text), None, "{text}");
        }
    }
}
