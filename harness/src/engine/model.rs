//! The engine against a model: random lifecycles, with the invariants that a person would name.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Map;
use time::macros::datetime;

use super::secret::VersionState;
use super::{Clock, DAY, Engine, Knobs, NewSecret, RETRIES, UpdateRefused};
use crate::contract::{Action, IdSource, SecretId, TaskError, TaskStatus, TaskUpdate, Trigger};
use crate::journal::Journal;
use crate::redaction::Redactor;

/// What happens next in a random lifecycle.
#[derive(Debug, Clone)]
enum Step {
    Create,
    Rotate(usize),
    Delete(usize),
    /// The next job runs and reports success, failure, nothing, or twice.
    Job(Report),
    Advance(u64),
    Cancel(usize),
    LateUpdate(usize),
}

#[derive(Debug, Clone, Copy)]
enum Report {
    Success,
    Failure,
    Nothing,
    Twice,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::Create),
        any::<usize>().prop_map(Step::Rotate),
        any::<usize>().prop_map(Step::Delete),
        prop_oneof![Just(Report::Success), Just(Report::Failure), Just(Report::Nothing), Just(Report::Twice)].prop_map(Step::Job),
        (1_u64..4).prop_map(Step::Advance),
        any::<usize>().prop_map(Step::Cancel),
        any::<usize>().prop_map(Step::LateUpdate),
    ]
}

fn engine(knobs: Knobs) -> Engine {
    let journal = Journal::new(Arc::new(Redactor::default()));
    Engine::new(
        Clock::standing(datetime!(2026-01-01 0:00 UTC)),
        IdSource::new(1),
        knobs,
        Duration::from_mins(10),
        "iam-ServiceId-sm",
        journal,
    )
}

fn created(id: &str) -> TaskUpdate {
    TaskUpdate::Created { credentials_id: id.into(), payload: Map::new() }
}

fn failed() -> TaskUpdate {
    TaskUpdate::Failed(vec![TaskError { code: "E1".into(), description: "no".into() }])
}

fn run_job(engine: &mut Engine, report: Report) {
    let Some(request) = engine.claim(&std::collections::BTreeMap::new()) else { return };
    engine.job_started(&request.job).unwrap();
    let task = engine.task(&request.job.task).unwrap().clone();
    let good = if task.action == Action::CreateCredentials { created(task.id.as_str()) } else { TaskUpdate::Deleted };
    let send = |engine: &mut Engine, update| engine.update(&task.secret, task.id.as_str(), update, "provider");
    match report {
        Report::Nothing => {}
        Report::Failure => assert_eq!(send(engine, failed()), Ok(true)),
        Report::Success => assert_eq!(send(engine, good), Ok(true)),
        Report::Twice => {
            assert_eq!(send(engine, good.clone()), Ok(true));
            assert_eq!(send(engine, good), Err(UpdateRefused::Final));
            assert_eq!(send(engine, failed()), Err(UpdateRefused::Final));
        }
    }
    engine.job_ended(&request.job).unwrap();
}

fn secret_ids(engine: &Engine) -> Vec<SecretId> {
    engine.secrets().map(|secret| secret.id.clone()).collect()
}

fn check(engine: &Engine) -> Result<(), TestCaseError> {
    for task in engine.tasks() {
        let version = engine.secret(&task.secret).unwrap().version(&task.version).unwrap();
        if task.status == TaskStatus::CredentialsCreated {
            prop_assert!(version.credentials_id.is_some());
        }
        prop_assert!(task.attempt <= RETRIES);
        prop_assert_eq!(task.status.is_final() && task.status != TaskStatus::Failed, task.accepted.is_some() && task.errors.is_empty());
    }
    for secret in engine.secrets() {
        let alive = secret.versions.iter().filter(|version| version.state == VersionState::Active).count();
        prop_assert!(alive <= 2, "two versions are kept, found {alive}");
        for version in &secret.versions {
            let deletions = engine.tasks().filter(|task| task.version == version.id && task.action == Action::DeleteCredentials);
            let succeeded = deletions.filter(|task| task.status == TaskStatus::CredentialsDeleted).count();
            prop_assert!(succeeded <= 1);
            prop_assert_eq!(succeeded == 1, version.state == VersionState::Destroyed);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn random_lifecycles_keep_the_invariants(steps in proptest::collection::vec(step(), 1..60)) {
        let mut engine = engine(Knobs::default());
        for step in steps {
            let secrets = secret_ids(&engine);
            let pick = |index: usize| secrets.get(index % secrets.len().max(1)).cloned();
            match step {
                Step::Create => { engine.create_secret(NewSecret::default()); }
                Step::Rotate(index) => { let _ = pick(index).map(|secret| engine.rotate(&secret, Trigger::ManualSecretRotation)); }
                Step::Delete(index) => { let _ = pick(index).map(|secret| engine.delete_secret(&secret)); }
                Step::Job(report) => run_job(&mut engine, report),
                Step::Advance(days) => { engine.advance(DAY * u32::try_from(days).unwrap()); }
                Step::Cancel(index) => {
                    let tasks: Vec<_> = engine.tasks().map(|task| (task.id.clone(), task.status)).collect();
                    if let Some((task, status)) = tasks.get(index % tasks.len().max(1)) {
                        prop_assert_eq!(engine.cancel(task).is_ok(), !status.is_final());
                    }
                }
                Step::LateUpdate(index) => {
                    let tasks: Vec<_> = engine.tasks().filter(|task| task.status.is_final()).cloned().collect();
                    if let Some(task) = tasks.get(index % tasks.len().max(1)) {
                        prop_assert_eq!(engine.update(&task.secret, task.id.as_str(), failed(), "late"), Err(UpdateRefused::Final));
                    }
                }
            }
            check(&engine)?;
        }
    }
}

/// Creates a secret with a credential, asks for its deletion, and lets `days` deletions fail.
fn failing_deletion(knobs: Knobs, days: u32) -> Engine {
    let mut engine = engine(knobs);
    let secret = engine.create_secret(NewSecret::default());
    run_job(&mut engine, Report::Success);
    engine.delete_secret(&secret).unwrap();
    for _ in 0..days {
        run_job(&mut engine, Report::Failure);
        engine.advance(DAY);
    }
    engine
}

fn deletions(engine: &Engine) -> Vec<(u32, TaskStatus)> {
    engine.tasks().filter(|task| task.action == Action::DeleteCredentials).map(|task| (task.attempt, task.status)).collect()
}

#[test]
fn a_deletion_is_tried_eleven_times_in_all() {
    let mut engine = failing_deletion(Knobs::default(), 11);
    assert_eq!(deletions(&engine), (0..=10).map(|attempt| (attempt, TaskStatus::Failed)).collect::<Vec<_>>());
    engine.advance(DAY * 30);
    assert!(engine.claim(&std::collections::BTreeMap::new()).is_none(), "no twelfth run");
    assert_eq!(engine.secrets().next().unwrap().versions[0].state, VersionState::DeletionFailed);
}

#[test]
fn a_deletion_that_recovers_ends_the_retries() {
    let mut engine = failing_deletion(Knobs::default(), 3);
    run_job(&mut engine, Report::Success);
    engine.advance(DAY * 30);
    assert_eq!(deletions(&engine).last(), Some(&(3, TaskStatus::CredentialsDeleted)));
    assert_eq!(deletions(&engine).len(), 4);
}

#[test]
fn the_knob_keeps_one_task_for_all_retries() {
    let engine = failing_deletion(Knobs { new_task_per_retry: false, ..Knobs::default() }, 4);
    assert_eq!(deletions(&engine), [(4, TaskStatus::Queued)]);
}

#[test]
fn a_silent_job_fails_at_the_task_timeout() {
    let mut engine = engine(Knobs::default());
    engine.create_secret(NewSecret::default());
    run_job(&mut engine, Report::Nothing);
    engine.advance(Duration::from_secs(599));
    assert_eq!(engine.tasks().next().unwrap().status, TaskStatus::Processing);
    engine.advance(Duration::from_secs(1));
    let task = engine.tasks().next().unwrap().clone();
    assert_eq!(task.status, TaskStatus::Failed);
    assert_eq!(engine.update(&task.secret, task.id.as_str(), created("late"), "provider"), Err(UpdateRefused::Final));
}

#[test]
fn versions_expire_and_rotate_by_themselves() {
    let mut engine = engine(Knobs::default());
    engine.create_secret(NewSecret { ttl: Some(DAY * 5), rotation: Some(DAY * 2), ..NewSecret::default() });
    run_job(&mut engine, Report::Success);
    let mut triggers = Vec::new();
    for _ in 0..6 {
        engine.advance(DAY);
        while let Some(task) = engine.queue.front().cloned() {
            triggers.push(engine.task(&task).unwrap().trigger);
            run_job(&mut engine, Report::Success);
        }
    }
    // Day 2 and 4: rotations, the second pushes the first version out; day 6: the third rotation pushes out the second.
    assert_eq!(triggers, [Trigger::AutomaticSecretRotation; 5]);
    let mut once = self::engine(Knobs::default());
    once.create_secret(NewSecret { ttl: Some(DAY), ..NewSecret::default() });
    run_job(&mut once, Report::Success);
    once.advance(DAY);
    assert_eq!(once.tasks().last().unwrap().trigger, Trigger::SecretVersionExpiration);
}
