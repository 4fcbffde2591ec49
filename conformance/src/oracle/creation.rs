//! What a creation must leave behind.

use std::collections::BTreeMap;

use hallmark_harness::contract::{OutputSpec, TaskStatus, ValueType};
use hallmark_harness::journal::{Operation, PayloadFact, TaskCause};

use super::{History, Run, or_not_exercised};
use crate::verdict::Judgement;

/// The created update of a run that took effect.
fn accepted<'recording>(run: &Run<'recording>) -> Option<super::Update<'recording>> {
    run.applied().filter(|update| update.reports() == "credentials_created")
}

/// Judges each creation of the scenario, or says that there was none.
fn each(history: &History<'_>, rule: &str, judge: impl Fn(&Run<'_>) -> Judgement) -> Vec<Judgement> {
    let judgements: Vec<Judgement> = history.creations().map(judge).collect();
    or_not_exercised(judgements, rule, "no create job ran")
}

/// Judges each accepted creation, or says that there was none.
fn each_accepted(history: &History<'_>, rule: &str, judge: impl Fn(&Run<'_>, super::Update<'_>) -> Judgement) -> Vec<Judgement> {
    let judgements: Vec<Judgement> = history.creations().filter_map(|run| accepted(run).map(|update| judge(run, update))).collect();
    or_not_exercised(judgements, rule, "no creation was reported and accepted")
}

/// A create job gets exactly one `credentials_created` accepted, for its own task (CRE-001, and others that need a creation to work).
pub fn created_once(history: &History<'_>, rule: &str) -> Vec<Judgement> {
    each(history, rule, |run| {
        let accepted: Vec<_> =
            run.updates().filter(|update| update.exchange.applied && update.reports() == "credentials_created").collect();
        let expected = "exactly one credentials_created accepted for the job's own task";
        match accepted.as_slice() {
            [update] => {
                Judgement::pass(rule, format!("{}: credentials_created accepted for {}", run.describe(), run.job.task), [update.event])
            }
            [] => {
                let sent: Vec<_> = run.updates().collect();
                let last = sent.last().map_or("the job sent no update".to_owned(), |update| {
                    format!(
                        "the last of {} updates reported {} and was answered {}",
                        sent.len(),
                        update.reports(),
                        update.answer_in_words()
                    )
                });
                let evidence = sent.iter().map(|update| update.event).chain(run.outcome.map(|outcome| outcome.event));
                Judgement::fail(rule, expected, format!("{}: {last}", run.describe()), evidence)
            }
            many => Judgement::fail(rule, expected, format!("{} were accepted", many.len()), many.iter().map(|update| update.event)),
        }
    })
}

/// The payload holds every required output, not empty, with the declared type (CRE-002).
pub fn required_outputs(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-002";
    let outputs = &history.recording.header.outputs;
    each_accepted(history, RULE, |_, update| {
        let payload = &update.facts.payload;
        let missing = outputs.iter().filter(|output| output.required).filter_map(|output| {
            let value = payload.iter().find(|value| value.name == output.name);
            match value {
                None => {
                    let near = payload.iter().find(|value| value.name.eq_ignore_ascii_case(&output.name));
                    Some(near.map_or(format!("{} is missing", output.name), |near| {
                        format!("{} is missing ({} is there: keys are lower-case)", output.name, near.name)
                    }))
                }
                Some(value) if value.json_type == "string" && value.length == 0 => Some(format!("{} is empty", output.name)),
                Some(_) => None,
            }
        });
        let wrong = outputs.iter().filter_map(|output| {
            let value = payload.iter().find(|value| value.name == output.name)?;
            (!suits(value, output))
                .then(|| format!("{} is a JSON {}, declared is {}", value.name, value.json_type, in_words(&output.value_type)))
        });
        let problems: Vec<String> = missing.chain(wrong).collect();
        if problems.is_empty() {
            let names: Vec<&str> = payload.iter().map(|value| value.name.as_str()).collect();
            Judgement::pass(RULE, format!("reported: {}", names.join(", ")), [update.event])
        } else {
            let expected = "every required output under its lower-case name, not empty, with its declared type";
            Judgement::fail(RULE, expected, problems.join("; "), [update.event])
        }
    })
}

fn suits(value: &PayloadFact, output: &OutputSpec) -> bool {
    value.json_type
        == match output.value_type {
            ValueType::Integer => "integer",
            ValueType::Boolean => "boolean",
            ValueType::String | ValueType::SecretId | ValueType::Enum(_) => "string",
        }
}

fn in_words(value_type: &ValueType) -> &'static str {
    match value_type {
        ValueType::String => "string",
        ValueType::Integer => "integer",
        ValueType::Boolean => "boolean",
        ValueType::SecretId => "secret_id (a string)",
        ValueType::Enum(_) => "enum (a string)",
    }
}

/// The payload holds no undeclared key (CRE-003).
pub fn no_undeclared_output(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-003";
    let outputs = &history.recording.header.outputs;
    each_accepted(history, RULE, |_, update| {
        let names = update.facts.payload.iter().map(|value| value.name.as_str());
        let undeclared: Vec<&str> = names.filter(|name| !outputs.iter().any(|output| output.name == *name)).collect();
        if undeclared.is_empty() {
            Judgement::pass(RULE, "every reported output is declared", [update.event])
        } else {
            Judgement::fail(RULE, "only declared outputs in the payload", format!("undeclared: {}", undeclared.join(", ")), [update.event])
        }
    })
}

/// What was reported exists at the third party when the job ends, value for value where the manifest maps it (CRE-004).
pub fn exists_as_reported(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-004";
    each_accepted(history, RULE, |run, update| {
        let living: Vec<&str> =
            run.issued.iter().map(|issued| issued.what).filter(|id| !run.revoked.iter().any(|revoked| revoked.what == *id)).collect();
        let evidence = || [update.event].into_iter().chain(run.issued.iter().chain(&run.revoked).map(|at| at.event));
        if living.is_empty() {
            let actual =
                if run.issued.is_empty() { "the third party issued nothing in this job" } else { "the job revoked what it had made" };
            return Judgement::fail(RULE, "a reported credential that lives at the third party when the job ends", actual, evidence());
        }
        let wrong: Vec<&str> = update
            .facts
            .payload
            .iter()
            .filter(|value| value.mapped && !living.iter().any(|id| value.equals.iter().any(|equal| equal == id)))
            .map(|value| value.name.as_str())
            .collect();
        if wrong.is_empty() {
            Judgement::pass(RULE, format!("credential {} lives and is what was reported", living.join(", ")), evidence())
        } else {
            let expected = "each mapped output equal to what the third party issued for the living credential";
            Judgement::fail(
                RULE,
                expected,
                format!("{} has another value (credential {})", wrong.join(", "), living.join(", ")),
                evidence(),
            )
        }
    })
}

/// Values of outputs that the manifest maps to what was issued survive as they are (CRE-010).
pub fn intact(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-010";
    each_accepted(history, RULE, |run, update| {
        let mapped: Vec<&PayloadFact> = update.facts.payload.iter().filter(|value| value.mapped).collect();
        let spoilt = mapped.iter().find(|value| value.equals.is_empty());
        match spoilt {
            _ if mapped.is_empty() => Judgement::not_exercised(RULE, format!("{}: no mapped output was reported", run.describe())),
            Some(value) => {
                let actual = format!("{}: {} ({} characters) is not what was issued", run.describe(), value.name, value.length);
                Judgement::fail(RULE, "the value as the third party issued it", actual, [update.event])
            }
            None => Judgement::pass(RULE, format!("{} mapped outputs are what was issued", mapped.len()), [update.event]),
        }
    })
}

/// Credentials ids are not empty and different for each creation (CRE-006).
pub fn distinct_ids(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-006";
    let expected = "a non-empty credentials.id, different for each creation";
    let mut by_id: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for update in history.creations().filter_map(accepted) {
        by_id.entry(update.facts.credentials_id.as_deref().unwrap_or("")).or_default().push(update.event);
    }
    let creations: usize = by_id.values().map(Vec::len).sum();
    if creations < 2 {
        return vec![Judgement::not_exercised(RULE, format!("{creations} creations were reported and accepted, two are needed"))];
    }
    if let Some(events) = by_id.get("") {
        return vec![Judgement::fail(RULE, expected, "the reported credentials.id is empty", events.clone())];
    }
    match by_id.iter().find(|(_, events)| events.len() > 1) {
        Some((id, events)) => {
            vec![Judgement::fail(RULE, expected, format!("{} creations reported the same id {id}", events.len()), events.clone())]
        }
        None => {
            let ids: Vec<&str> = by_id.keys().copied().collect();
            vec![Judgement::pass(RULE, format!("{creations} creations, ids {}", ids.join(", ")), by_id.values().flatten().copied())]
        }
    }
}

/// The provider itself reported each task `failed`, with an error (CRE-005, CRE-009, CRE-011, ACT-001, ...).
pub fn reported_failed(history: &History<'_>, rule: &str) -> Vec<Judgement> {
    let judgements: Vec<Judgement> = history.runs.iter().map(|run| failed_report(run, rule)).collect();
    or_not_exercised(judgements, rule, "no job ran")
}

pub(super) fn failed_report(run: &Run<'_>, rule: &str) -> Judgement {
    let expected = "the task reported failed by the provider, with at least one error";
    let by_update = run.moves.iter().any(|(moved, cause)| *moved.what == TaskStatus::Failed && *cause == TaskCause::Update);
    match run.applied() {
        Some(update) if by_update && !update.facts.errors.is_empty() => {
            let codes: Vec<&str> = update.facts.errors.iter().map(|error| error.code.as_str()).collect();
            Judgement::pass(rule, format!("{}: failed with {}", run.describe(), codes.join(", ")), [update.event])
        }
        Some(update) => Judgement::fail(rule, expected, format!("{}: it reported {}", run.describe(), update.reports()), [update.event]),
        None => {
            let sent: Vec<u64> = run.updates().map(|update| update.event).collect();
            let actual = if sent.is_empty() { "it sent no update" } else { "no update was accepted" };
            let evidence = sent.into_iter().chain(run.outcome.map(|outcome| outcome.event)).chain([run.settled()]);
            Judgement::fail(rule, expected, format!("{}: {actual}", run.describe()), evidence)
        }
    }
}

/// Nothing that a create job made, and that Secrets Manager does not know as created, is alive in the end (CRE-005, CRE-011).
pub fn unreported_gone(history: &History<'_>, rule: &str) -> Vec<Judgement> {
    each(history, rule, |run| {
        let orphans: Vec<_> = run.issued.iter().filter(|issued| history.alive(issued.what)).collect();
        if accepted(run).is_some() {
            return Judgement::not_exercised(rule, format!("{}: the creation was accepted", run.describe()));
        }
        if orphans.is_empty() {
            let made = run.issued.len();
            Judgement::pass(rule, format!("{}: {made} credentials made, none alive", run.describe()), run.issued.iter().map(|at| at.event))
        } else {
            let names: Vec<&str> = orphans.iter().map(|orphan| orphan.what).collect();
            let actual = format!("{}: {} is alive, and nobody knows it", run.describe(), names.join(", "));
            let evidence = orphans.iter().map(|orphan| orphan.event).chain(run.connections.iter().map(|at| at.event));
            Judgement::fail(rule, "nothing new alive at the third party", actual, evidence)
        }
    })
}

/// A created credential whose update was not accepted is undone before the job ends (CRE-007).
pub fn undone(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-007";
    each(history, RULE, |run| {
        let reports: Vec<_> = run.updates().filter(|update| update.reports() == "credentials_created").collect();
        let Some(last) = reports.last() else {
            return Judgement::not_exercised(RULE, format!("{}: the job sent no credentials_created", run.describe()));
        };
        if run.issued.is_empty() {
            return Judgement::not_exercised(RULE, format!("{}: the third party issued nothing", run.describe()));
        }
        if accepted(run).is_some() {
            return Judgement::not_exercised(RULE, format!("{}: the update was applied", run.describe()));
        }
        let orphans: Vec<_> = run.issued.iter().filter(|issued| history.alive(issued.what)).collect();
        let evidence = reports.iter().map(|update| update.event).chain(run.issued.iter().chain(&run.revoked).map(|at| at.event));
        if orphans.is_empty() {
            let actual = format!("the update was answered {} and the credential was revoked", last.answer_in_words());
            Judgement::pass(RULE, actual, evidence)
        } else {
            let names: Vec<&str> = orphans.iter().map(|orphan| orphan.what).collect();
            let tried = run.calls(Operation::Revoke).count();
            let actual = format!(
                "the update was answered {}, and {} lives on at the third party ({tried} revocations were tried)",
                last.answer_in_words(),
                names.join(", ")
            );
            Judgement::fail(RULE, "the credential revoked before the job ends, as its report was not accepted", actual, evidence)
        }
    })
}

/// An undo that never succeeded leaves the credential's id in the log (CRE-012).
pub fn undo_logged(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "CRE-012";
    each(history, RULE, |run| {
        let tried: Vec<u64> = run.calls(Operation::Revoke).map(|call| call.event).collect();
        let Some(orphan) = run.issued.iter().find(|issued| history.alive(issued.what)) else {
            return if run.revoked.is_empty() {
                Judgement::not_exercised(RULE, format!("{}: there was nothing to undo", run.describe()))
            } else if tried.len() > 1 {
                Judgement::pass(RULE, format!("the undo failed and was tried again: {} revocations", tried.len()), tried)
            } else {
                Judgement::not_exercised(RULE, "the undo succeeded at once")
            };
        };
        let evidence = tried.iter().copied().chain(run.outcome.map(|outcome| outcome.event));
        if tried.is_empty() {
            // CRE-007's finding, which the ledger makes.
            return Judgement::not_exercised(RULE, format!("{}: no undo was tried", run.describe()));
        }
        if tried.len() < 2 {
            let actual = format!("{} revocations were tried, and {} lives on", tried.len(), orphan.what);
            return Judgement::fail(RULE, "an undo that fails is tried again", actual, evidence);
        }
        match run.logs.iter().find(|line| line.what.contains(orphan.what)) {
            Some(line) => Judgement::pass(RULE, format!("the log names {}", orphan.what), [line.event]),
            None => {
                let actual = format!("{} lives on after {} revocations, and no log line names it", orphan.what, tried.len());
                Judgement::fail(RULE, "the log names the credential id that may live on", actual, evidence)
            }
        }
    })
}

/// Two creations give two distinct credentials, both alive until the old one is deleted (ROT-001).
pub fn rotated(history: &History<'_>) -> Vec<Judgement> {
    const RULE: &str = "ROT-001";
    let expected = "two distinct credentials, both alive until the old one is deleted";
    let creations: Vec<&Run<'_>> = history.creations().collect();
    let [first, second, ..] = creations.as_slice() else {
        return vec![Judgement::not_exercised(RULE, "two create jobs are needed")];
    };
    let (Some(before), Some(after)) = (accepted(first), accepted(second)) else {
        return vec![Judgement::not_exercised(RULE, "a creation was not reported and accepted")];
    };
    let evidence = [before.event, after.event];
    if before.facts.credentials_id == after.facts.credentials_id {
        return vec![Judgement::fail(RULE, expected, "both creations reported the same credentials.id", evidence)];
    }
    // The old one may go only in a delete job: any revocation in a create job takes a credential that is in use.
    let early: Vec<_> =
        creations.iter().flat_map(|run| run.revoked.iter().filter(|at| !run.issued.iter().any(|own| own.what == at.what))).collect();
    if let Some(gone) = early.first() {
        let actual = format!("a create job revoked {}, which an earlier job had made", gone.what);
        return vec![Judgement::fail(RULE, expected, actual, evidence.into_iter().chain([gone.event]))];
    }
    vec![Judgement::pass(RULE, "both credentials lived until the old one was deleted", evidence)]
}
