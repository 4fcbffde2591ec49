//! One finding as a block: the rule, what was expected and found, the exchange that shows it, and how to see it again.

use std::collections::BTreeSet;

use super::overview::glyph;
use super::page::{Ink, Page};
use crate::report::reproduce;
use crate::results::{Results, RuleRecord, ScenarioRecord, Shown};
use crate::verdict::{Judgement, Verdict};

/// Events that are shown for a finding.
const EVENTS: usize = 4;
/// Columns of text that is not to be wrapped, because its reader does.
const UNWRAPPED: usize = 100_000;

/// Writes a rule that is not kept, with its first deciding judgement in full and the others briefly.
pub(super) fn rule(page: &mut Page, results: &Results, rule: &RuleRecord, verbose: bool) {
    page.blank();
    let ink = Ink::of(rule.verdict, rule.counts);
    let head = format!("{} {}  {}", glyph(rule.verdict), rule.id, rule.verdict);
    page.row(&[(ink, &head), (Ink::Plain, &format!("  {}{}", rule.level, times(rule)))]);
    page.paragraph(2, Ink::Plain, &rule.requirement);
    page.field(2, "Source", &rule.source);
    if !rule.reason.is_empty() {
        page.field(2, "Reason", &rule.reason);
    }
    let mut deciding = rule.shown.iter().filter(|shown| shown.judgement.verdict == rule.verdict);
    if let Some(first) = deciding.next() {
        evidence(page, results, first, verbose);
    }
    others(page, results, rule, &deciding.collect::<Vec<_>>(), verbose);
    page.copyable(2, "Reproduce", &reproduce::command(results, rule));
}

/// Says how often the rule was broken and kept.
fn times(rule: &RuleRecord) -> String {
    let broken = rule.shown.iter().filter(|shown| shown.judgement.verdict == Verdict::Fail).count() + rule.more as usize;
    if rule.verdict != Verdict::Fail || broken == 0 {
        return String::new();
    }
    match rule.passes {
        0 => format!("; broken {}, never kept", often(broken)),
        passes => format!("; broken {}, kept {}", often(broken), often(passes as usize)),
    }
}

fn often(number: usize) -> String {
    if number == 1 { "once".to_owned() } else { format!("{number} times") }
}

/// Writes one judgement with its scenario and the events that show it.
pub(super) fn evidence(page: &mut Page, results: &Results, shown: &Shown, verbose: bool) {
    let scenario = results.scenario(&shown.scenario);
    page.field(2, "Scenario", scenario.map_or(shown.scenario.as_str(), |scenario| scenario.name.as_str()));
    if let Some(scenario) = scenario {
        page.field(2, "", &place(scenario));
        for (index, step) in scenario.steps.iter().flat_map(|step| step.lines()).enumerate() {
            page.field(2, if index == 0 { "Steps" } else { "" }, step);
        }
    }
    judgement(page, &shown.judgement);
    if let Some(scenario) = scenario {
        for (index, trouble) in scenario.trouble.iter().enumerate() {
            page.field(2, if index == 0 { "Trouble" } else { "" }, trouble);
        }
        events(page, scenario, &shown.judgement, verbose);
    }
}

fn judgement(page: &mut Page, judgement: &Judgement) {
    if let Some(part) = judgement.part {
        page.field(2, "Part", &format!("graded {part}"));
    }
    if judgement.verdict == Verdict::Fail {
        page.field(2, "Expected", &judgement.expected);
        page.field(2, "Actual", &judgement.actual);
    } else {
        page.field(2, "Because", &judgement.actual);
    }
}

/// Writes the events that a judgement points to.
fn events(page: &mut Page, scenario: &ScenarioRecord, judgement: &Judgement, verbose: bool) {
    let excerpts: Vec<_> = scenario.excerpts.iter().filter(|excerpt| judgement.evidence.contains(&excerpt.event)).collect();
    let limit = if verbose { excerpts.len() } else { EVENTS };
    for (index, excerpt) in excerpts.iter().take(limit).enumerate() {
        if index == 0 {
            page.row(&[(Ink::Faint, "  Shown by")]);
        }
        for (line_number, line) in excerpt.text.lines().enumerate() {
            if line_number == 0 {
                page.paragraph(4, Ink::Plain, &format!("event {}: {line}", excerpt.event));
            } else {
                page.paragraph(6, Ink::Plain, line);
            }
        }
    }
    if excerpts.len() > limit {
        page.paragraph(4, Ink::Faint, &format!("and {} more events; --verbose shows them", excerpts.len() - limit));
    }
}

/// Writes the other scenarios that decided.
fn others(page: &mut Page, results: &Results, rule: &RuleRecord, others: &[&Shown], verbose: bool) {
    // One scenario may break a rule in each of its jobs.
    let mut seen: BTreeSet<&str> = rule.shown.first().map(|shown| shown.scenario.as_str()).into_iter().collect();
    let mut label = "Also in";
    for shown in others {
        if verbose {
            page.blank();
            evidence(page, results, shown, verbose);
            continue;
        }
        if !seen.insert(&shown.scenario) {
            continue;
        }
        let line = results
            .scenario(&shown.scenario)
            .map_or_else(|| shown.scenario.clone(), |scenario| format!("{}  [{}]", named(scenario), scenario.id));
        page.field(2, label, &line);
        label = "";
    }
    if rule.more > 0 {
        page.field(2, if verbose { "Also in" } else { label }, &format!("{} more; see results.ndjson", rule.more));
    }
}

/// Returns a scenario's name, with its variant if it has one.
pub(super) fn named(scenario: &ScenarioRecord) -> String {
    match &scenario.variant {
        Some(variant) => format!("{} @{variant}", scenario.name),
        None => scenario.name.clone(),
    }
}

/// Returns the feature file; one of the company's own stands in its own folder.
pub(in crate::report) fn file(scenario: &ScenarioRecord) -> String {
    if scenario.feature.starts_with(crate::suite::OWN) { scenario.feature.clone() } else { format!("features/{}", scenario.feature) }
}

fn place(scenario: &ScenarioRecord) -> String {
    let variant = scenario.variant.as_ref().map_or_else(String::new, |variant| format!(", variant {variant}"));
    format!("{}:{}{variant}", file(scenario), scenario.line)
}

/// Returns one judgement on a rule as plain text, for formats that hold text.
pub(in crate::report) fn failure_text(results: &Results, rule: &RuleRecord, shown: Option<&Shown>) -> String {
    let mut page = Page::new(false, UNWRAPPED);
    page.row(&[(Ink::Plain, &format!("{} ({})", rule.id, rule.level))]);
    page.paragraph(2, Ink::Plain, &rule.requirement);
    page.field(2, "Source", &rule.source);
    if !rule.reason.is_empty() {
        page.field(2, "Reason", &rule.reason);
    }
    if let Some(shown) = shown {
        evidence(&mut page, results, shown, true);
    }
    page.copyable(2, "Reproduce", &reproduce::command(results, rule));
    page.into_text()
}
