//! What must hold whatever happened: the invariants of a schedule, read off its recording.
//!
//! | invariant | rules |
//! |---|---|
//! | what was reported created is what was issued and lives until its deletion; what was reported deleted is gone | CRE-004, ROT-001, DEL-001, DEL-002, DEL-008 |
//! | in the end nothing lives but what Secrets Manager knows of; what a fault made impossible is excused, and named | CRE-005, CRE-007, CRE-012, DEL-006, RTY-008, CRA-001, ROT-003 |
//! | no update after a 400 or 404, one last word | UPD-001 to UPD-004 |
//! | no secret and nothing personal anywhere; roles and hosts respected | PRV, LPR |
//! | a job ends in time, with an exit status that agrees | UPD-005, ERR-006, ERR-007 |
//! | when the faults have stopped, creations and deletions succeed | CRE-001, DEL-004 |
//!
//! Where a report was applied and every definite answer about it was denied, nobody can know whether the credential is in use: what then becomes
//! of it is *undecidable*, counted and never failed.

mod aftermath;
mod lineage;
mod orphan;

use hallmark_harness::fault::FaultPlan;
use hallmark_harness::journal::{EventKind, in_order};
use hallmark_harness::stage::Recording;

use crate::catalog::{Catalog, Level, Profile, RuleId};
use crate::oracle::{self, History};
use crate::verdict::{Judgement, Verdict};

use lineage::lineages;

/// What a played schedule came to.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// Rules that were broken, of any level.
    pub broken: Vec<Judgement>,
    /// What nobody could know, in words.
    pub undecidable: Vec<String>,
    /// Credentials that live on because a fault made their end impossible, in words.
    pub excused: Vec<String>,
    /// Our own trouble: where there is any, nothing else counts.
    pub trouble: Vec<String>,
}

/// Which rules count.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Those that must be kept first.
    rules: Vec<RuleId>,
}

impl Counted {
    /// Counts the rules of a profile, but for those that are waived.
    pub fn new(catalog: &Catalog, profile: Profile, waived: &[&str]) -> Self {
        let counts = |level: Level, id: &RuleId| profile.counts(level) && !waived.contains(&id.as_str());
        let mut rules: Vec<_> = catalog.rules.iter().filter(|rule| counts(rule.level, &rule.id)).collect();
        // What is alive and what is known tells more than how a job ended that got it wrong.
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.level), rule.id.chapter() == "ERR"));
        Self { rules: rules.into_iter().map(|rule| rule.id.clone()).collect() }
    }

    /// Returns a rule's place among those that count: what must be kept comes before what should.
    pub fn rank(&self, rule: &RuleId) -> usize {
        self.rules.iter().position(|one| one == rule).unwrap_or(usize::MAX)
    }

    /// Tells whether a finding fails the provider.
    pub fn counts(&self, judgement: &Judgement) -> bool {
        // A part of a must rule that only should hold is left out where only musts count: the rule's own level decides here.
        self.rules.contains(&judgement.rule)
    }
}

impl Findings {
    /// Returns the findings that count; none where our own trouble leaves nothing to be said.
    pub fn counted<'findings>(&'findings self, counted: &'findings Counted) -> impl Iterator<Item = &'findings Judgement> {
        let sound = self.trouble.is_empty();
        self.broken.iter().filter(move |judgement| sound && counted.counts(judgement))
    }
}

/// Holds a recording against all invariants.
pub fn judge(recording: &Recording) -> Findings {
    let history = History::new(recording);
    let mut findings = Findings { trouble: history.trouble.clone(), ..Findings::default() };
    findings.trouble.extend(recording.played.trouble.iter().filter(|what| !history.trouble.contains(what)).cloned());
    let fails = |judgement: &Judgement| judgement.verdict == Verdict::Fail;
    findings.broken.extend(oracle::conduct(&history).into_iter().filter(fails));
    if recording.header.third_party {
        let lineages = lineages(&history);
        for lineage in &lineages {
            lineage::true_to_what_was_issued(&history, lineage, &mut findings);
            let undecided = findings.undecidable.len();
            lineage::kept_alive(&history, lineage, &mut findings);
            // What is done after that rests on what nobody could know.
            let undecided = findings.undecidable.len() > undecided;
            orphan::left_behind(&history, lineage, undecided, &mut findings);
        }
        lineage::untouched_by_others(&history, &lineages, &mut findings);
        findings.broken.extend(orphan::made_elsewhere(&history));
        findings.broken.extend(oracle::nobody_elses(&history).into_iter().filter(fails));
    }
    aftermath::completes(&history, &mut findings);
    if !findings.broken.is_empty() {
        // A provider that gave up on us because this machine was late did nothing wrong.
        findings.trouble.extend(oracle::disturbed(&history));
    }
    findings
}

/// Returns the faults of a recording's plans that met no call, as their lines, and how many faults there were.
pub fn unmet(recording: &Recording) -> (Vec<String>, usize) {
    let mut planned: Vec<(String, bool)> = Vec::new();
    let mut begin = 0;
    for event in in_order(&recording.events) {
        let acted = match &event.kind {
            EventKind::FaultsSet { plan } => {
                begin = planned.len();
                let faults = plan.parse::<FaultPlan>().map(|plan| plan.faults).unwrap_or_default();
                planned.extend(faults.iter().map(|fault| (fault.to_string(), false)));
                continue;
            }
            EventKind::Exchange(exchange) => exchange.fault.as_deref(),
            EventKind::Connection(connection) => connection.fault.as_deref(),
            EventKind::ConnectionSpoilt { fault, .. } => Some(fault.as_str()),
            EventKind::NameAsked { fault, .. } | EventKind::TlsAborted { fault, .. } => fault.as_deref(),
            _ => None,
        };
        let acted = acted.and_then(|acted| acted.parse::<FaultPlan>().ok()).map(|plan| plan.faults).unwrap_or_default();
        for fault in acted.iter().map(ToString::to_string) {
            planned[begin..].iter_mut().filter(|(line, _)| *line == fault).for_each(|(_, met)| *met = true);
        }
    }
    let all = planned.len();
    (planned.into_iter().filter(|(_, met)| !met).map(|(line, _)| line).collect(), all)
}

/// Holds a recording against all invariants and says the same as judgements of one rule: for scenarios that play a schedule. What only informs is left
/// out.
pub fn judged_as(rule: &str, recording: &Recording) -> Vec<Judgement> {
    let Ok(catalog) = Catalog::built_in() else { return Vec::new() };
    let counted = Counted::new(&catalog, Profile::Resilient, &[]);
    let findings = judge(recording);
    let broken: Vec<Judgement> = findings
        .broken
        .iter()
        .filter(|judgement| counted.counts(judgement))
        .map(|judgement| {
            let actual = format!("{}: {}", judgement.rule, judgement.actual);
            Judgement::fail(rule, judgement.expected.clone(), actual, judgement.evidence.iter().copied())
        })
        .collect();
    let (unmet, all) = unmet(recording);
    if !broken.is_empty() {
        broken
    } else if all > 0 && unmet.len() == all {
        vec![Judgement::not_exercised(rule, "none of the schedule's faults met a call: it tries nothing any more")]
    } else {
        vec![Judgement::pass(rule, "every invariant holds", [])]
    }
}
