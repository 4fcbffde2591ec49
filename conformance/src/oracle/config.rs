//! What the provider declares: its `job_config.json`, and what its inputs ask for. No job has to run for it: the recording holds the file's text.

use hallmark_harness::stage::Declared;

use super::History;
use crate::job_config::{ASKED_ADVICE, Declaration, JobConfig, Objection, Position, asked_for};
use crate::verdict::Judgement;

/// Findings that a judgement tells.
const SHOWN: usize = 8;

/// Generator and deployer both take the job configuration (CFG-001).
pub fn taken_by_both(history: &History<'_>) -> Vec<Judgement> {
    of_file(history, "CFG-001", "generator and deployer both take job_config.json")
}

/// An output is required (CFG-002).
pub fn requires_an_output(history: &History<'_>) -> Vec<Judgement> {
    of_file(history, "CFG-002", "an output is required")
}

/// Nothing in the job configuration is ambiguous, reserved, uncompilable or expanded by a shell (CFG-003).
pub fn says_one_thing(history: &History<'_>) -> Vec<Judgement> {
    of_file(history, "CFG-003", "nothing in job_config.json is ambiguous, reserved, uncompilable or expanded by a shell")
}

fn of_file(history: &History<'_>, rule: &str, kept: &str) -> Vec<Judgement> {
    let Some(text) = history.recording.header.declared.as_ref().and_then(|declared| declared.job_config.as_deref()) else {
        return vec![Judgement::not_exercised(rule, "the recording holds no job_config.json")];
    };
    let mut objections = JobConfig::read(text.as_bytes()).objections;
    objections.retain(|objection| objection.rules().contains(&rule));
    objections.sort_by_key(|objection| std::cmp::Reverse(objection.severity()));
    let found: Vec<String> = objections.iter().map(|objection| placed(text, objection)).collect();
    let advice = objections.first().map(|objection| objection.advice.as_str());
    vec![together(rule, kept, &found, advice, "`hallmark lint` tells what to write in place of each")]
}

/// Returns one judgement about everything that was found: a report shows one in full, and each of these has to be put right.
fn together(rule: &str, kept: &str, found: &[String], advice: Option<&str>, for_several: &str) -> Judgement {
    match (found, advice) {
        ([], _) => Judgement::pass(rule, kept, []),
        ([one], Some(advice)) => Judgement::fail(rule, advice, one, []),
        (several, _) => {
            let more = several.len().saturating_sub(SHOWN);
            let more = if more == 0 { String::new() } else { format!("; and {more} more") };
            let shown = several[..several.len().min(SHOWN)].join("; ");
            Judgement::fail(rule, for_several, format!("{shown}{more}"), [])
        }
    }
}

fn placed(text: &str, objection: &Objection) -> String {
    format!("job_config.json:{}: {objection}", Position::of(text, objection.span.start))
}

/// No declared input asks for personal or confidential data (PRV-007).
pub fn asks_for_nothing_secret(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "PRV-007";
    let Some(Declared { inputs, .. }) = &history.recording.header.declared else {
        return vec![Judgement::not_exercised(RULE, "the recording does not say what the provider declares")];
    };
    let found: Vec<String> = inputs
        .iter()
        .filter_map(|input| {
            let declaration = Declaration { name: input.name.clone(), value_type: input.value_type.clone(), required: false };
            let asked = asked_for(&declaration)?;
            Some(format!("the input {} asks for {asked} as plain text", input.name))
        })
        .collect();
    vec![together(RULE, &format!("none of {} inputs asks for any", inputs.len()), &found, Some(ASKED_ADVICE), ASKED_ADVICE)]
}

#[cfg(test)]
mod tests {
    use hallmark_harness::contract::ValueType;
    use hallmark_harness::stage::{DeclaredInput, Recording};

    use super::*;
    use crate::verdict::Verdict;

    fn recording(declared: Option<Declared>) -> Recording {
        let mut recording = Recording::of_nothing("config/config.feature:7");
        recording.header.declared = declared;
        recording
    }

    fn of_text(text: &str) -> Recording {
        recording(Some(Declared { inputs: Vec::new(), job_config: Some(text.to_owned()) }))
    }

    #[test]
    fn the_recorded_text_is_judged_and_each_finding_has_its_place() {
        let text = crate::mutant::JOB_CONFIG.replace("type:integer, required:false", "type:integer, required:false,");
        let recording = of_text(&text);
        let history = History::new(&recording);
        let [broken] = &taken_by_both(&history)[..] else { panic!("one finding") };
        assert_eq!(broken.verdict, Verdict::Fail);
        assert!(
            broken.actual.starts_with("job_config.json:8:") && broken.actual.contains("SMIN_EXPIRES_IN ends with a comma"),
            "{broken:?}"
        );
        assert_eq!(broken.expected, "remove the comma");
        assert_eq!(says_one_thing(&history)[0].verdict, Verdict::Fail, "the deployer takes it");
        assert_eq!(requires_an_output(&history)[0].verdict, Verdict::Pass);
    }

    #[test]
    fn everything_that_is_to_be_put_right_stands_in_one_judgement_the_worst_first() {
        let text = crate::mutant::JOB_CONFIG
            .replace("type:boolean, required:false", "type:boolean, required:false, required:true")
            .replace("type:integer, required:false", "type:integer, required:false,");
        let recording = of_text(&text.replace("SMIN_USERNAME", "SMIN_ACTION"));
        let [broken] = &says_one_thing(&History::new(&recording))[..] else { panic!("one judgement") };
        let at = |what: &str| broken.actual.find(what).unwrap_or_else(|| panic!("{what}: {broken:?}"));
        assert!(at("SMIN_EXPIRES_IN") < at("SMIN_ACTION") && at("SMIN_ACTION") < at("SMIN_REFRESHABLE"));
    }

    #[test]
    fn a_recording_without_declarations_proves_nothing() {
        for recording in [recording(None), recording(Some(Declared::default()))] {
            let history = History::new(&recording);
            for judge in [taken_by_both, requires_an_output, says_one_thing] {
                assert_eq!(judge(&history)[0].verdict, Verdict::NotExercised);
            }
        }
        assert_eq!(asks_for_nothing_secret(&History::new(&recording(None)))[0].verdict, Verdict::NotExercised);
    }

    #[test]
    fn inputs_are_judged_wherever_they_are_declared() {
        let input = |name: &str, value_type| DeclaredInput { name: name.to_owned(), value_type };
        let inputs = vec![input("token", ValueType::SecretId), input("password", ValueType::String), input("email", ValueType::String)];
        let recording = recording(Some(Declared { inputs, job_config: None }));
        let judged = asks_for_nothing_secret(&History::new(&recording));
        let found: Vec<&str> = judged.iter().map(|judgement| judgement.actual.as_str()).collect();
        assert_eq!(
            found,
            ["the input password asks for a password as plain text; the input email asks for an e-mail address as plain text"]
        );
    }
}
