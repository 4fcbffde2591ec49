//! The service: authorisation, then what the request asks for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};

use super::super::answer;
use super::super::iam::Iam;
use super::super::wire::{Backend, Disturbance, Handled, Received};
use super::refusal;
use super::route::{Route, route};
use super::secrets::{self, StoredSecrets};
use super::update::{self, Issued};
use crate::contract::{OutputSpec, SecretId, TaskId};
use crate::engine::{Engine, EngineError};
use crate::journal::{Facts, Journal, Operation, Refusal, Service};

/// Secrets Manager as one stage has it.
pub struct SecretsManager {
    engine: Arc<Mutex<Engine>>,
    iam: Arc<Iam>,
    stored: Arc<StoredSecrets>,
    issued: Arc<dyn Issued>,
    outputs: Vec<OutputSpec>,
    journal: Arc<Journal>,
    digest_key: String,
}

impl SecretsManager {
    /// Puts the service together. `digest_key` keys the digests of bodies in the journal.
    pub fn new(
        engine: Arc<Mutex<Engine>>,
        iam: Arc<Iam>,
        stored: Arc<StoredSecrets>,
        issued: Arc<dyn Issued>,
        outputs: Vec<OutputSpec>,
        journal: Arc<Journal>,
        digest_key: String,
    ) -> Self {
        Self { engine, iam, stored, issued, outputs, journal, digest_key }
    }

    fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(route: &Route<'_>) -> Facts {
        Facts { secret: route.secret.map(SecretId::from), task: route.task.map(str::to_owned), ..Facts::default() }
    }

    /// Handbook order: who is it, is it there, may they, is the body right.
    fn answer(&self, request: &Received) -> Handled {
        let route = route(&request.method, &request.path);
        let mut facts = Self::facts(&route);
        let identity = match self.iam.bearer(request) {
            Ok(identity) => identity,
            Err(refused) => {
                facts.refused = Some(refused);
                self.understand_update(request, &route, &mut facts);
                return refusal::plain(StatusCode::UNAUTHORIZED, facts);
            }
        };
        facts.identity = Some(identity.describe());
        if route.wrong_method {
            return refusal::plain(StatusCode::METHOD_NOT_ALLOWED, facts);
        }
        let Some(secret) = route.secret.map(SecretId::from) else { return refusal::plain(StatusCode::NOT_FOUND, facts) };
        let group = self.group(&secret);
        let permitted = if !identity.may(route.operation) {
            Err(Refusal::Role)
        } else if group.as_deref().is_some_and(|group| !identity.covers(group)) {
            Err(Refusal::Scope)
        } else {
            Ok(())
        };
        if let Err(refused) = permitted {
            // The refusal is recorded even where the answer is 404, as the operation is what counts.
            facts.refused = Some(refused);
            self.understand_update(request, &route, &mut facts);
            let status = if group.is_some() { StatusCode::FORBIDDEN } else { StatusCode::NOT_FOUND };
            return refusal::plain(status, facts);
        }
        if group.is_none() {
            self.understand_update(request, &route, &mut facts);
            return refusal::plain(StatusCode::NOT_FOUND, facts);
        }
        match route.operation {
            Operation::GetSecret => self.get_secret(&secret, facts),
            Operation::ListTasks => self.list_tasks(&secret, facts),
            Operation::GetTask => self.get_task(&secret, route.task.unwrap_or_default(), facts),
            Operation::DeleteTask => self.delete_task(&secret, route.task.unwrap_or_default(), facts),
            Operation::UpdateTask => self.update_task(request, &secret, route.task.unwrap_or_default(), &identity.iam_id, facts),
            _ => refusal::plain(StatusCode::NOT_FOUND, facts),
        }
    }

    fn group(&self, secret: &SecretId) -> Option<String> {
        if let Some(stored) = self.stored.get(secret) {
            return Some(stored.group);
        }
        self.engine().secret(secret).ok().map(|secret| secret.group.clone())
    }

    fn get_secret(&self, secret: &SecretId, facts: Facts) -> Handled {
        let engine = self.engine();
        let created_at = crate::engine::rfc3339(engine.now());
        let body = match (self.stored.get(secret), engine.secret(secret)) {
            (Some(stored), _) => secrets::stored_body(&stored, created_at),
            (None, Ok(custom)) => secrets::custom_body(custom, engine.history(secret).len(), crate::engine::rfc3339(custom.created_at)),
            (None, Err(_)) => return refusal::plain(StatusCode::NOT_FOUND, facts),
        };
        answer::json(StatusCode::OK, &body, false, facts)
    }

    fn list_tasks(&self, secret: &SecretId, facts: Facts) -> Handled {
        let engine = self.engine();
        let tasks: Vec<Value> = engine.history(secret).into_iter().map(|task| json!(task.wire(engine.service()))).collect();
        answer::json(StatusCode::OK, &json!({ "tasks": tasks }), false, facts)
    }

    fn get_task(&self, secret: &SecretId, task: &str, facts: Facts) -> Handled {
        let mut engine = self.engine();
        engine.tick();
        match engine.task(&TaskId::from(task)) {
            Ok(task) if task.secret == *secret => answer::json(StatusCode::OK, &task.wire(engine.service()), false, facts),
            _ => refusal::plain(StatusCode::NOT_FOUND, facts),
        }
    }

    fn delete_task(&self, secret: &SecretId, task: &str, facts: Facts) -> Handled {
        let mut engine = self.engine();
        let id = TaskId::from(task);
        if engine.task(&id).is_ok_and(|task| task.secret != *secret) {
            return refusal::plain(StatusCode::NOT_FOUND, facts);
        }
        match engine.cancel(&id) {
            Ok(()) => answer::empty(StatusCode::NO_CONTENT, true, facts),
            Err(EngineError::TaskFinal(_)) => refusal::plain(StatusCode::BAD_REQUEST, facts),
            Err(_) => refusal::plain(StatusCode::NOT_FOUND, facts),
        }
    }

    fn update_task(&self, request: &Received, secret: &SecretId, task: &str, by: &str, mut facts: Facts) -> Handled {
        let (read, update) = update::read(request, &self.outputs, &*self.issued, self.journal.redactor(), &self.digest_key);
        let violations = read.violations.clone();
        facts.update = Some(read);
        let mut engine = self.engine();
        engine.tick();
        // Whether the task is there comes before what the body says.
        let id = TaskId::from(task);
        let there = engine.is_cancelled(&id) || engine.task(&id).is_ok_and(|task| task.secret == *secret);
        if !there {
            return refusal::update(crate::engine::UpdateRefused::Unknown, engine.knobs(), facts);
        }
        let Some(update) = update else { return refusal::invalid(&violations, facts) };
        if engine.knobs().validate_payload {
            let undeclared = update::undeclared(&update, &self.outputs);
            if !undeclared.is_empty() {
                return refusal::invalid(&undeclared, facts);
            }
        }
        match engine.update(secret, task, update, by) {
            Ok(changed) => match engine.task(&id) {
                Ok(task) => answer::json(StatusCode::OK, &task.wire(engine.service()), changed, facts),
                Err(_) => refusal::plain(StatusCode::NOT_FOUND, facts),
            },
            Err(refused) => refusal::update(refused, engine.knobs(), facts),
        }
    }

    /// Reads the update of a request that is refused before its body matters: what the provider said is observed all the same.
    fn understand_update(&self, request: &Received, route: &Route<'_>, facts: &mut Facts) {
        if route.operation == Operation::UpdateTask {
            let (read, _) = update::read(request, &self.outputs, &*self.issued, self.journal.redactor(), &self.digest_key);
            facts.update = Some(read);
        }
    }
}

impl Backend for SecretsManager {
    fn service(&self) -> Service {
        Service::SecretsManager
    }

    fn operation(&self, request: &Received) -> Operation {
        route(&request.method, &request.path).operation
    }

    fn handle(&self, request: &Received) -> Handled {
        answer::echo(self.answer(request), request)
    }

    fn refuse(&self, request: &Received, status: StatusCode) -> Handled {
        let route = route(&request.method, &request.path);
        let mut facts = Self::facts(&route);
        match self.iam.bearer(request) {
            Ok(identity) => {
                facts.identity = Some(identity.describe());
                if !identity.may(route.operation) {
                    facts.refused = Some(Refusal::Role);
                }
            }
            Err(refused) => facts.refused = Some(refused),
        }
        self.understand_update(request, &route, &mut facts);
        answer::echo(refusal::plain(status, facts), request)
    }

    fn disturb(&self, request: &Received, what: Disturbance) {
        let task = route(&request.method, &request.path).task.map(TaskId::from);
        // A task that is gone or final cannot be disturbed any more.
        match (what, task) {
            (Disturbance::ExpireToken, _) => self.iam.expire_bearer(request),
            (Disturbance::CancelTask, Some(task)) => drop(self.engine().cancel(&task)),
            (Disturbance::ExpireTask, Some(task)) => drop(self.engine().expire(&task)),
            (Disturbance::CancelTask | Disturbance::ExpireTask, None) => {}
        }
    }
}
