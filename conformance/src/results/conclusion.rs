//! The run's verdict, drawn from its rules: exit code, sentence, profile reached and counts.

use std::collections::BTreeMap;

use super::record::{RuleRecord, SchedulesRecord};
use crate::catalog::Profile;
use crate::exit_code;
use crate::verdict::Verdict;

/// All verdicts with their names in the counts, which are those of the file.
const VERDICTS: [(Verdict, &str); 6] = [
    (Verdict::Pass, "pass"),
    (Verdict::Waived, "waived"),
    (Verdict::NotApplicable, "not_applicable"),
    (Verdict::NotExercised, "not_exercised"),
    (Verdict::Inconclusive, "inconclusive"),
    (Verdict::Fail, "fail"),
];

/// Fault schedules that profile hardened takes.
pub const SCHEDULES: u64 = 300;

/// What a run's verdict depends on besides its rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Somebody interrupted the run.
    pub interrupted: bool,
    /// Only a part of the rules or scenarios was selected, so no profile can be claimed.
    pub part: bool,
    /// What kept the run as a whole from being judged, in words: a time limit, an engine that broke, a certificate that no job trusted.
    pub trouble: Vec<String>,
    /// What is wrong with the manifest's waivers, in words: one for each that is stale or has expired.
    pub waivers: Vec<String>,
    /// The fault schedules that were played; none where none were.
    pub schedules: Option<SchedulesRecord>,
}

/// The verdict on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// One of [`exit_code`].
    pub exit_code: u8,
    /// It in one sentence.
    pub sentence: String,
    /// Highest profile whose rules are all kept, never above the run's own: a lower profile's verdicts leave out what only a higher one counts.
    pub reached: Option<Profile>,
    /// Rules by verdict, those that count. Every verdict is named, also with zero.
    pub counted: BTreeMap<String, u32>,
    /// Rules by verdict, all.
    pub all: BTreeMap<String, u32>,
}

/// Draws the verdict on a run.
///
/// The first of these that holds gives the exit code:
/// an interrupt (130); a counted rule that failed (1); trouble of the whole run (3), because it explains what was not exercised; no counted rule
/// that applies (4); a counted rule that was not exercised (1); an inconclusive one (3); a bad waiver (5); otherwise 0.
pub fn conclude(profile: Profile, rules: &[RuleRecord], circumstances: &Circumstances) -> Conclusion {
    let counted = count(rules.iter().filter(|rule| rule.counts));
    let all = count(rules.iter());
    let (exit_code, sentence) = decide(profile, &counted, circumstances);
    let none = circumstances.part || circumstances.interrupted || !circumstances.trouble.is_empty();
    let reached = if none { None } else { reached(profile, rules, circumstances.schedules.as_ref().is_some_and(survived)) };
    Conclusion { exit_code, sentence, reached, counted: named(&counted), all: named(&all) }
}

fn decide(profile: Profile, counted: &BTreeMap<Verdict, u32>, circumstances: &Circumstances) -> (u8, String) {
    let of = |verdict| counted.get(&verdict).copied().unwrap_or(0);
    let total: u32 = counted.values().sum();
    let applicable = total - of(Verdict::NotApplicable);
    let (failed, missed, open) = (of(Verdict::Fail), of(Verdict::NotExercised), of(Verdict::Inconclusive));

    if circumstances.interrupted {
        return (exit_code::INTERRUPTED, format!("Interrupted: {}.", findings(failed, missed, open, applicable)));
    }
    if failed > 0 {
        return (
            exit_code::NOT_CONFORMANT,
            format!("Not conformant to profile {profile}: {}.", findings(failed, missed, open, applicable)),
        );
    }
    if let Some(first) = circumstances.trouble.first() {
        let more = match circumstances.trouble.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        return (exit_code::INCONCLUSIVE, format!("Inconclusive: {}{more}.", first.trim_end_matches('.')));
    }
    if applicable == 0 {
        let why = if total == 0 {
            format!("profile {profile} counts none of the rules that were selected")
        } else {
            format!("none of the rules that profile {profile} counts applies to this manifest")
        };
        return (exit_code::NOTHING_SELECTED, format!("Nothing was proved: {why}."));
    }
    if missed > 0 {
        return (
            exit_code::NOT_CONFORMANT,
            format!("Not conformant to profile {profile}: {}.", findings(failed, missed, open, applicable)),
        );
    }
    if open > 0 {
        return (exit_code::INCONCLUSIVE, format!("Inconclusive: {}.", findings(failed, missed, open, applicable)));
    }
    if let Some(first) = circumstances.waivers.first() {
        return (exit_code::WAIVER, format!("The rules are kept, but the waivers are not in order: {}.", first.trim_end_matches('.')));
    }
    let waived = match of(Verdict::Waived) {
        0 => String::new(),
        waived => format!(", {waived} of them waived"),
    };
    if circumstances.part {
        let what =
            if applicable == 1 { "the selected rule is kept".to_owned() } else { format!("the {applicable} selected rules are kept") };
        return (exit_code::CONFORMANT, format!("Kept: {what}{waived}. A part of the rules proves no profile."));
    }
    let kept = format!("{applicable} of {applicable} rules that count and apply are kept{waived}");
    if profile == Profile::Hardened {
        return hardened(&kept, circumstances.schedules.as_ref());
    }
    (exit_code::CONFORMANT, format!("Conformant to profile {profile}: {kept}."))
}

/// Draws the verdict where every rule is kept and the fault schedules are left.
fn hardened(kept: &str, schedules: Option<&SchedulesRecord>) -> (u8, String) {
    match schedules {
        None => (
            exit_code::INCONCLUSIVE,
            format!("Inconclusive: {kept}, but the {SCHEDULES} fault schedules of profile hardened were not played."),
        ),
        Some(schedules) if schedules.failed > 0 => {
            let broken = format!("{} of {} fault schedules broke the provider", schedules.failed, schedules.played);
            (exit_code::NOT_CONFORMANT, format!("Not conformant to profile hardened: {kept}, and {broken}."))
        }
        Some(schedules) if !survived(schedules) => {
            let open = format!("of {} fault schedules {} say nothing", schedules.played, schedules.troubled);
            (exit_code::INCONCLUSIVE, format!("Inconclusive: {kept}, and {open}; profile hardened takes {SCHEDULES}."))
        }
        Some(schedules) => (
            exit_code::CONFORMANT,
            format!("Conformant to profile hardened: {kept}, and {} fault schedules were survived.", schedules.played),
        ),
    }
}

/// Tells whether enough fault schedules were played, and all of them survived.
fn survived(schedules: &SchedulesRecord) -> bool {
    schedules.played >= SCHEDULES && schedules.failed == 0 && schedules.troubled == 0
}

/// Says how many counted rules are not kept, and how.
fn findings(failed: u32, missed: u32, open: u32, applicable: u32) -> String {
    let kinds = [(failed, "failed"), (missed, "not exercised"), (open, "inconclusive")];
    let parts: Vec<String> = kinds.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let found = if parts.is_empty() { "none is known to be broken".to_owned() } else { parts.join(", ") };
    match applicable {
        0 => "no rule that counts was judged".to_owned(),
        1 => format!("of the one rule that counts and applies, {found}"),
        _ => format!("of the {applicable} rules that count and apply, {found}"),
    }
}

fn reached(profile: Profile, rules: &[RuleRecord], survived: bool) -> Option<Profile> {
    let kept = |candidate: &Profile| {
        let mut of_it = rules.iter().filter(|rule| candidate.counts(rule.level)).map(|rule| rule.verdict).peekable();
        let proved = rules.iter().any(|rule| candidate.counts(rule.level) && matches!(rule.verdict, Verdict::Pass | Verdict::Waived));
        of_it.peek().is_some() && proved && of_it.all(is_kept)
    };
    let candidates: &[Profile] = match profile {
        Profile::Core => &[Profile::Core],
        Profile::Hardened if survived => &[Profile::Hardened, Profile::Resilient, Profile::Core],
        Profile::Resilient | Profile::Hardened => &[Profile::Resilient, Profile::Core],
    };
    candidates.iter().copied().find(kept)
}

fn is_kept(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Pass | Verdict::Waived | Verdict::NotApplicable)
}

fn count<'a>(rules: impl Iterator<Item = &'a RuleRecord>) -> BTreeMap<Verdict, u32> {
    let mut counts = BTreeMap::new();
    for rule in rules {
        *counts.entry(rule.verdict).or_insert(0) += 1;
    }
    counts
}

fn named(counts: &BTreeMap<Verdict, u32>) -> BTreeMap<String, u32> {
    VERDICTS.iter().map(|(verdict, name)| ((*name).to_owned(), counts.get(verdict).copied().unwrap_or(0))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::{Level, RuleId};

    fn rule(level: Level, profile: Profile, verdict: Verdict) -> RuleRecord {
        RuleRecord {
            id: RuleId::from("CRE-001"),
            level,
            requirement: String::new(),
            source: String::new(),
            counts: profile.counts(level),
            verdict,
            reason: String::new(),
            passes: 0,
            shown: Vec::new(),
            more: 0,
        }
    }

    fn musts(verdicts: &[Verdict]) -> Vec<RuleRecord> {
        verdicts.iter().map(|verdict| rule(Level::Must, Profile::Core, *verdict)).collect()
    }

    fn code(verdicts: &[Verdict], circumstances: &Circumstances) -> u8 {
        conclude(Profile::Core, &musts(verdicts), circumstances).exit_code
    }

    #[test]
    fn precedence() {
        use Verdict::{Fail, Inconclusive, NotApplicable, NotExercised, Pass, Waived};
        let quiet = Circumstances::default();
        let trouble = Circumstances { trouble: vec!["the time limit of 30 minutes ended the run".to_owned()], ..quiet.clone() };
        let waiver = Circumstances { waivers: vec!["the waiver of RTY-006 expired on 2026-01-01".to_owned()], ..quiet.clone() };
        let interrupted = Circumstances { interrupted: true, ..quiet.clone() };
        for (verdicts, circumstances, expected) in [
            (&[Pass, Waived, NotApplicable][..], &quiet, 0),
            (&[Pass, Fail, Inconclusive], &quiet, 1),
            (&[Pass, NotExercised], &quiet, 1),
            (&[NotExercised, Inconclusive], &quiet, 1),
            (&[Pass, Inconclusive], &quiet, 3),
            (&[], &quiet, 4),
            (&[NotApplicable, NotApplicable], &quiet, 4),
            (&[Waived], &quiet, 0),
            (&[Pass, Fail], &trouble, 1),
            (&[Pass, NotExercised], &trouble, 3),
            (&[Pass], &trouble, 3),
            (&[], &trouble, 3),
            (&[Pass], &waiver, 5),
            (&[Fail], &waiver, 1),
            (&[Inconclusive], &waiver, 3),
            (&[Pass, Fail], &interrupted, 130),
            (&[], &interrupted, 130),
        ] {
            assert_eq!(code(verdicts, circumstances), expected, "{verdicts:?} {circumstances:?}");
        }
    }

    #[test]
    fn rules_that_do_not_count_change_nothing_but_the_counts() {
        let rules = [rule(Level::Must, Profile::Core, Verdict::Pass), rule(Level::Should, Profile::Core, Verdict::Fail)];
        let conclusion = conclude(Profile::Core, &rules, &Circumstances::default());
        assert_eq!((conclusion.exit_code, conclusion.reached), (0, Some(Profile::Core)));
        assert_eq!((conclusion.counted["fail"], conclusion.all["fail"]), (0, 1));
        assert_eq!(conclusion.sentence, "Conformant to profile core: 1 of 1 rules that count and apply are kept.");
    }

    #[test]
    fn only_should_rules_selected_under_core_prove_nothing() {
        let conclusion = conclude(
            Profile::Core,
            &[rule(Level::Should, Profile::Core, Verdict::Pass)],
            &Circumstances { part: true, ..Circumstances::default() },
        );
        assert_eq!((conclusion.exit_code, conclusion.reached), (4, None));
        assert!(conclusion.sentence.contains("profile core counts none"), "{}", conclusion.sentence);
    }

    #[test]
    fn the_profile_reached_is_at_most_the_run_s() {
        let rules = |profile, should| [rule(Level::Must, profile, Verdict::Pass), rule(Level::Should, profile, should)];
        let reached = |profile, should| conclude(profile, &rules(profile, should), &Circumstances::default()).reached;
        assert_eq!(reached(Profile::Core, Verdict::Pass), Some(Profile::Core), "core judges the must parts only");
        assert_eq!(reached(Profile::Resilient, Verdict::Pass), Some(Profile::Resilient));
        assert_eq!(reached(Profile::Resilient, Verdict::Fail), Some(Profile::Core));
        let part = Circumstances { part: true, ..Circumstances::default() };
        assert_eq!(conclude(Profile::Core, &rules(Profile::Core, Verdict::Pass), &part).reached, None);
    }

    #[test]
    fn hardened_takes_enough_schedules_and_survives_each() {
        let rules = [rule(Level::Must, Profile::Hardened, Verdict::Pass), rule(Level::Should, Profile::Hardened, Verdict::Pass)];
        let with = |schedules: Option<(u64, u64, u64)>| {
            let record = |(played, failed, troubled)| SchedulesRecord { played, failed, troubled, ..SchedulesRecord::default() };
            let circumstances = Circumstances { schedules: schedules.map(record), ..Circumstances::default() };
            let conclusion = conclude(Profile::Hardened, &rules, &circumstances);
            (conclusion.exit_code, conclusion.reached)
        };
        assert_eq!(with(Some((300, 0, 0))), (exit_code::CONFORMANT, Some(Profile::Hardened)));
        assert_eq!(with(Some((300, 1, 0))), (exit_code::NOT_CONFORMANT, Some(Profile::Resilient)));
        assert_eq!(with(Some((300, 0, 1))), (exit_code::INCONCLUSIVE, Some(Profile::Resilient)));
        assert_eq!(with(Some((299, 0, 0))), (exit_code::INCONCLUSIVE, Some(Profile::Resilient)));
        let conclusion = conclude(Profile::Hardened, &rules, &Circumstances::default());
        assert_eq!((conclusion.exit_code, conclusion.reached), (3, Some(Profile::Resilient)));
        assert!(conclusion.sentence.contains("300 fault schedules"), "{}", conclusion.sentence);
    }

    fn any_verdict() -> impl Strategy<Value = Verdict> {
        prop::sample::select(VERDICTS.map(|(verdict, _)| verdict).to_vec())
    }

    fn any_rules(profile: Profile) -> impl Strategy<Value = Vec<RuleRecord>> {
        let level = prop::sample::select(vec![Level::Must, Level::Should, Level::Info]);
        vec((level, any_verdict()).prop_map(move |(level, verdict)| rule(level, profile, verdict)), 0..12)
    }

    fn any_circumstances() -> impl Strategy<Value = Circumstances> {
        let words = || vec(Just("a reason".to_owned()), 0..2);
        let schedules = prop::option::of((prop::sample::select(vec![0, 299, SCHEDULES]), 0..2_u64, 0..2_u64));
        (any::<bool>(), any::<bool>(), words(), words(), schedules).prop_map(|(interrupted, part, trouble, waivers, schedules)| {
            let record = |(played, failed, troubled)| SchedulesRecord { played, failed, troubled, ..SchedulesRecord::default() };
            Circumstances { interrupted, part, trouble, waivers, schedules: schedules.map(record) }
        })
    }

    fn any_case() -> impl Strategy<Value = (Profile, Vec<RuleRecord>, Circumstances)> {
        prop::sample::select(vec![Profile::Core, Profile::Resilient, Profile::Hardened])
            .prop_flat_map(|profile| (Just(profile), any_rules(profile), any_circumstances()))
    }

    proptest! {
        #[test]
        fn a_counted_rule_that_is_not_kept_is_never_green((profile, rules, circumstances) in any_case()) {
            let conclusion = conclude(profile, &rules, &circumstances);
            let counted = || rules.iter().filter(|rule| rule.counts);
            if counted().any(|rule| !is_kept(rule.verdict)) {
                prop_assert_ne!(conclusion.exit_code, 0);
                prop_assert_ne!(conclusion.reached, Some(profile));
            }
            if conclusion.exit_code == 0 {
                prop_assert!(counted().any(|rule| matches!(rule.verdict, Verdict::Pass | Verdict::Waived)), "nothing was proved");
                let clean = Circumstances { part: circumstances.part, schedules: circumstances.schedules.clone(), ..Circumstances::default() };
                prop_assert_eq!(&circumstances, &clean);
                let hardened = profile == Profile::Hardened && !circumstances.part;
                prop_assert!(!hardened || circumstances.schedules.as_ref().is_some_and(survived), "hardened takes its schedules");
            }
            prop_assert_eq!(conclusion.all.values().sum::<u32>() as usize, rules.len());
            prop_assert_eq!(conclusion.counted.values().sum::<u32>() as usize, counted().count());
            prop_assert!(!conclusion.sentence.contains('\n'));
        }

        #[test]
        fn one_more_failure_never_makes_it_better((profile, mut rules, circumstances) in any_case()) {
            rules.push(rule(Level::Must, profile, Verdict::Fail));
            let expected = if circumstances.interrupted { exit_code::INTERRUPTED } else { exit_code::NOT_CONFORMANT };
            prop_assert_eq!(conclude(profile, &rules, &circumstances).exit_code, expected);
        }
    }
}
