//! Every rule on one line, by chapter.

use super::page::{Ink, Page};
use crate::report::chapter::{chapters, title};
use crate::results::{Results, RuleRecord};
use crate::verdict::Verdict;

/// Passed judgements that are shown for a rule.
const EVIDENCE: usize = 3;
/// Columns of a requirement below which it is not worth cutting: it goes below its rule then, in full.
const READABLE: usize = 30;
/// Columns before what stands below a rule.
const INDENT: usize = 4;

pub(super) fn write(page: &mut Page, results: &Results, verbose: bool) {
    for (code, rules) in chapters(results.rules()) {
        page.title(&format!("{} ({code})", title(code)));
        for rule in rules {
            row(page, rule);
            if verbose && rule.verdict == Verdict::Pass {
                evidence(page, results, rule);
            }
        }
    }
}

fn row(page: &mut Page, rule: &RuleRecord) {
    let verdict = format!("  {} {:9}{:16}", glyph(rule.verdict), rule.id, rule.verdict);
    let level = format!("{:8}", rule.level);
    let mark = if rule.counts { "" } else { "(not counted) " };
    let text = if rule.counts { Ink::Plain } else { Ink::Faint };
    let head = [(Ink::of(rule.verdict, rule.counts), verdict.as_str()), (Ink::Faint, &level), (Ink::Faint, mark)];
    let room = page.room(head.iter().map(|(_, piece)| piece.chars().count()).sum());
    if room < READABLE {
        page.row(&head);
        page.paragraph(INDENT, text, &rule.requirement);
        return;
    }
    let requirement = Page::cut(room, &rule.requirement);
    page.row(&[head.as_slice(), &[(text, &requirement)]].concat());
}

/// Writes what proves that a rule is kept.
fn evidence(page: &mut Page, results: &Results, rule: &RuleRecord) {
    let shown = rule.shown.iter().map(|shown| (shown.scenario.as_str(), &shown.judgement));
    let found =
        results.scenarios().iter().flat_map(|scenario| scenario.judgements.iter().map(|judgement| (scenario.id.as_str(), judgement)));
    let mut known = Vec::new();
    for (scenario, judgement) in shown.chain(found) {
        let passed = judgement.verdict == Verdict::Pass && judgement.rule == rule.id;
        if passed && !known.contains(&scenario) && known.len() < EVIDENCE {
            known.push(scenario);
            page.paragraph(INDENT, Ink::Faint, &format!("{}  [{scenario}]", judgement.actual));
        }
    }
    let more = (rule.passes as usize).saturating_sub(known.len());
    if more > 0 {
        page.paragraph(INDENT, Ink::Faint, &format!("kept {more} more {}", if more == 1 { "time" } else { "times" }));
    }
}

/// Returns the sign of a verdict. The word stands beside it.
pub(super) fn glyph(verdict: Verdict) -> char {
    match verdict {
        Verdict::Pass => '✓',
        Verdict::Waived => '~',
        Verdict::NotApplicable => '-',
        Verdict::NotExercised => '○',
        Verdict::Inconclusive => '?',
        Verdict::Fail => '✗',
    }
}
