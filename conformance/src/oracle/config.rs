//! What the provider declares: its `job_config.json`, and what its inputs ask for. No job has to run for it: the recording holds the file's text.

use hallmark_harness::stage::Declared;

use super::History;
use crate::job_config::{ASKED_ADVICE, Declaration, JobConfig, Objection, Position, asked_for};
use crate::verdict::Judgement;

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
    let objections = JobConfig::read(text.as_bytes()).objections;
    let broken: Vec<Judgement> = objections
        .iter()
        .filter(|objection| objection.rules().contains(&rule))
        .map(|objection| Judgement::fail(rule, objection.advice.as_str(), placed(text, objection), []))
        .collect();
    if broken.is_empty() { vec![Judgement::pass(rule, kept, [])] } else { broken }
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
    let found: Vec<Judgement> = inputs
        .iter()
        .filter_map(|input| {
            let declaration = Declaration { name: input.name.clone(), value_type: input.value_type.clone(), required: false };
            let asked = asked_for(&declaration)?;
            Some(Judgement::fail(RULE, ASKED_ADVICE, format!("the input {} asks for {asked} as plain text", input.name), []))
        })
        .collect();
    if found.is_empty() { vec![Judgement::pass(RULE, format!("none of {} inputs asks for any", inputs.len()), [])] } else { found }
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
        assert_eq!(says_one_thing(&history)[0].verdict, Verdict::Fail, "the deployer takes it");
        assert_eq!(requires_an_output(&history)[0].verdict, Verdict::Pass);
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
            ["the input password asks for a password as plain text", "the input email asks for an e-mail address as plain text"]
        );
    }
}
