//! What is not kept in blocks, what is excepted in lists.

use super::block;
use super::page::{Ink, Page};
use crate::report::reproduce;
use crate::results::{Results, RuleRecord, Shown};
use crate::verdict::Verdict;

/// Troubled scenarios that are listed.
const TROUBLED: usize = 5;

pub(super) fn write(page: &mut Page, results: &Results, verbose: bool) {
    if results.rules().is_empty() {
        unjudged(page, results, verbose);
        return;
    }
    let of =
        |verdict, counts| results.rules().iter().filter(move |rule| rule.verdict == verdict && rule.counts == counts).collect::<Vec<_>>();
    let profile = results.run().profile;
    let open = of(Verdict::Inconclusive, true);
    blocks(page, results, "Failures", &of(Verdict::Fail, true), verbose);
    blocks(page, results, "Not exercised: no scenario reached it, so it is not kept", &of(Verdict::NotExercised, true), verbose);
    blocks(page, results, "Inconclusive: nothing can be said, for a reason of ours", &open, verbose);
    trouble(page, results, &open, verbose);
    blocks(page, results, &format!("Failures that profile {profile} does not count"), &of(Verdict::Fail, false), verbose);
    list(page, &format!("Not exercised, and not counted by profile {profile}"), &of(Verdict::NotExercised, false));
    list(page, &format!("Inconclusive, and not counted by profile {profile}"), &of(Verdict::Inconclusive, false));
    let both = |verdict| [of(verdict, true), of(verdict, false)].concat();
    list(page, "Waived", &both(Verdict::Waived));
    list(page, "Not applicable", &both(Verdict::NotApplicable));
}

/// Writes rules as blocks; those that have a reason and no scenario to show are listed.
fn blocks(page: &mut Page, results: &Results, title: &str, rules: &[&RuleRecord], verbose: bool) {
    let (shown, bare): (Vec<&RuleRecord>, Vec<&RuleRecord>) =
        rules.iter().copied().partition(|rule| !rule.shown.is_empty() || rule.verdict == Verdict::Fail);
    if !rules.is_empty() {
        page.title(title);
    }
    let apart = !shown.is_empty();
    for rule in shown {
        block::rule(page, results, rule, verbose);
    }
    if !bare.is_empty() {
        if apart {
            page.blank();
        }
        lines(page, &bare);
    }
}

fn list(page: &mut Page, title: &str, rules: &[&RuleRecord]) {
    if !rules.is_empty() {
        page.title(title);
        lines(page, rules);
    }
}

/// Writes our own trouble in scenarios that no block shows.
fn trouble(page: &mut Page, results: &Results, shown: &[&RuleRecord], verbose: bool) {
    let in_a_block = |id: &str| shown.iter().flat_map(|rule| &rule.shown).any(|shown| shown.scenario == id);
    let troubled: Vec<_> =
        results.scenarios().iter().filter(|scenario| !scenario.trouble.is_empty() && !in_a_block(&scenario.id)).collect();
    if troubled.is_empty() {
        return;
    }
    page.title("Trouble in other scenarios");
    let limit = if verbose { troubled.len() } else { TROUBLED };
    for scenario in troubled.iter().take(limit) {
        page.paragraph(2, Ink::Plain, &format!("{}  [{}]: {}", block::named(scenario), scenario.id, scenario.trouble.join("; ")));
    }
    if troubled.len() > limit {
        page.paragraph(2, Ink::Faint, &format!("and {} more; --verbose shows them", troubled.len() - limit));
    }
}

/// Writes rules by reason, because many share one.
fn lines(page: &mut Page, rules: &[&RuleRecord]) {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for rule in rules {
        let reason = reason(rule);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, ids)) => ids.push(rule.id.as_str()),
            None => reasons.push((reason, vec![rule.id.as_str()])),
        }
    }
    for (reason, ids) in reasons {
        page.paragraph(2, Ink::Plain, &format!("{}: {reason}", ids.join(", ")));
    }
}

fn reason(rule: &RuleRecord) -> &str {
    let shown = || rule.shown.first().map(|shown| shown.judgement.actual.as_str());
    Some(rule.reason.as_str()).filter(|reason| !reason.is_empty()).or_else(shown).unwrap_or("no reason is recorded")
}

/// Writes what a run that was cut had found; its rules were never judged.
fn unjudged(page: &mut Page, results: &Results, verbose: bool) {
    let mut titled = false;
    for scenario in results.scenarios() {
        for judgement in scenario.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Fail) {
            if !titled {
                page.title("Failures seen before the run was cut");
                titled = true;
            }
            page.blank();
            page.row(&[(Ink::Bad, &format!("✗ {}  fail", judgement.rule))]);
            let shown = Shown { scenario: scenario.id.clone(), judgement: judgement.clone() };
            block::evidence(page, results, &shown, verbose);
            page.copyable(2, "Reproduce", &reproduce::command_of_id(results.run(), judgement.rule.as_str()));
        }
    }
}
