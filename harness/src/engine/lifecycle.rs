//! The engine and what people ask of it: create, rotate, expire and delete secrets, cancel tasks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use time::OffsetDateTime;

use super::schedule::Retry;
use super::secret::{SecretState, VersionState};
use super::{Clock, CustomSecret, Knobs, Overrides, Task, Version};
use crate::contract::{Action, IdSource, SecretId, TaskId, TaskStatus, Trigger, VersionId};
use crate::journal::{EventKind, Journal, TaskCause};

/// Tasks that a secret's history shows.
const HISTORY: usize = 100;

/// A custom-credentials secret that is to be created.
#[derive(Debug, Clone, Default)]
pub struct NewSecret {
    /// Its name.
    pub name: String,
    /// Its secret group.
    pub group: String,
    /// Input values by lower-case name.
    pub parameters: BTreeMap<String, String>,
    /// How long a version lives.
    pub ttl: Option<Duration>,
    /// How often it rotates by itself.
    pub rotation: Option<Duration>,
}

/// Why the engine cannot do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No such secret.
    #[error("there is no custom-credentials secret {0}; create it first (POST /admin/v1/custom-credentials)")]
    UnknownSecret(SecretId),
    /// No such version.
    #[error("secret {0} has no version {1} that holds a credential")]
    NoSuchVersion(SecretId, String),
    /// No such task.
    #[error("there is no task {0}; list the tasks with GET /admin/v1/tasks")]
    UnknownTask(TaskId),
    /// The task is final.
    #[error("task {0} is final; only a queued or processing task can be cancelled")]
    TaskFinal(TaskId),
    /// The secret still waits for a task.
    #[error("secret {0} has an unfinished task; let it end before the next one")]
    Unfinished(SecretId),
}

/// Secrets Manager's side of the lifecycle.
#[derive(Debug)]
pub struct Engine {
    pub(super) clock: Clock,
    pub(super) ids: IdSource,
    pub(super) knobs: Knobs,
    pub(super) overrides: Overrides,
    pub(super) task_timeout: Duration,
    pub(super) secrets: BTreeMap<SecretId, CustomSecret>,
    pub(super) tasks: BTreeMap<TaskId, Task>,
    /// Ids in the order of their making, oldest first.
    pub(super) order: Vec<TaskId>,
    pub(super) queue: VecDeque<TaskId>,
    /// Nobody sees these any more, and their jobs run on.
    pub(super) cancelled: BTreeMap<TaskId, Task>,
    pub(super) retries: Vec<Retry>,
    pub(super) journal: Arc<Journal>,
    service: String,
}

impl Engine {
    /// Starts without secrets. `service` is the IAM id under which Secrets Manager itself acts.
    pub fn new(clock: Clock, ids: IdSource, knobs: Knobs, task_timeout: Duration, service: &str, journal: Arc<Journal>) -> Self {
        Self {
            clock,
            ids,
            knobs,
            overrides: Overrides::default(),
            task_timeout,
            secrets: BTreeMap::new(),
            tasks: BTreeMap::new(),
            order: Vec::new(),
            queue: VecDeque::new(),
            cancelled: BTreeMap::new(),
            retries: Vec::new(),
            journal,
            service: service.to_owned(),
        }
    }

    /// Returns the engine's present.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Returns the knobs.
    pub fn knobs(&self) -> &Knobs {
        &self.knobs
    }

    /// Replaces the knobs; what has happened stays.
    pub fn set_knobs(&mut self, knobs: Knobs) {
        self.knobs = knobs;
    }

    /// Replaces the overrides of the job runs that follow.
    pub fn set_overrides(&mut self, overrides: Overrides) {
        self.overrides = overrides;
    }

    /// Replaces the input values that the secret's later job runs get.
    pub fn set_parameters(&mut self, secret: &SecretId, parameters: BTreeMap<String, String>) -> Result<(), EngineError> {
        self.secret_mut(secret)?.parameters = parameters;
        Ok(())
    }

    /// Creates a secret: its first version waits for a create task.
    pub fn create_secret(&mut self, new: NewSecret) -> SecretId {
        let now = self.clock.now();
        let id = self.ids.secret_id();
        let secret = CustomSecret {
            id: id.clone(),
            name: new.name,
            group: new.group,
            parameters: new.parameters,
            ttl: new.ttl,
            rotation: new.rotation,
            next_rotation: None,
            state: SecretState::PreActivation,
            versions: Vec::new(),
            created_at: now,
            deleted: false,
        };
        self.secrets.insert(id.clone(), secret);
        self.queue_creation(&id, Trigger::SecretCreation);
        id
    }

    /// Asks for a new version; `trigger` says whether a person or the interval did.
    pub fn rotate(&mut self, secret: &SecretId, trigger: Trigger) -> Result<TaskId, EngineError> {
        self.tick();
        if self.secret(secret)?.deleted {
            return Err(EngineError::UnknownSecret(secret.clone()));
        }
        if self.unfinished(secret) {
            return Err(EngineError::Unfinished(secret.clone()));
        }
        Ok(self.queue_creation(secret, trigger))
    }

    /// Deletes a secret: each version that holds a credential gets a delete task.
    pub fn delete_secret(&mut self, secret: &SecretId) -> Result<Vec<TaskId>, EngineError> {
        self.tick();
        let trigger = self.knobs.deletion_trigger;
        let target = self.secret_mut(secret)?;
        target.deleted = true;
        target.next_rotation = None;
        let versions: Vec<VersionId> =
            target.versions.iter().filter(|version| version.state == VersionState::Active).map(|version| version.id.clone()).collect();
        Ok(versions.iter().map(|version| self.queue_deletion(secret, version, trigger, 0)).collect())
    }

    /// Deletes the data of one version: `current`, `previous` or a version id.
    pub fn delete_version_data(&mut self, secret: &SecretId, version: &str) -> Result<TaskId, EngineError> {
        self.tick();
        let active: Vec<&Version> =
            self.secret(secret)?.versions.iter().rev().filter(|version| version.state == VersionState::Active).collect();
        let id = match version {
            "current" => active.first(),
            "previous" => active.get(1),
            id => active.iter().find(|version| version.id.as_str() == id),
        }
        .map(|version| version.id.clone())
        .ok_or_else(|| EngineError::NoSuchVersion(secret.clone(), version.to_owned()))?;
        Ok(self.queue_deletion(secret, &id, Trigger::SecretVersionDataDeletion, 0))
    }

    /// Queues a new delete task for the version of an ended one, as if its deletion were asked for once more.
    pub fn repeat_deletion(&mut self, task: &TaskId) -> Result<TaskId, EngineError> {
        self.tick();
        let task = self.task(task)?.clone();
        Ok(self.queue_deletion(&task.secret, &task.version, task.trigger, task.attempt))
    }

    /// Cancels a queued or processing task, as DELETE does.
    pub fn cancel(&mut self, id: &TaskId) -> Result<(), EngineError> {
        self.tick();
        if self.task(id)?.status.is_final() {
            return Err(EngineError::TaskFinal(id.clone()));
        }
        self.fail(id, Vec::new(), TaskCause::Cancelled);
        self.order.retain(|known| known != id);
        self.queue.retain(|queued| queued != id);
        self.cancelled.extend(self.tasks.remove(id).map(|task| (id.clone(), task)));
        Ok(())
    }

    /// Returns a secret.
    pub fn secret(&self, id: &SecretId) -> Result<&CustomSecret, EngineError> {
        self.secrets.get(id).ok_or_else(|| EngineError::UnknownSecret(id.clone()))
    }

    /// Returns all secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &CustomSecret> {
        self.secrets.values()
    }

    /// Returns a task.
    pub fn task(&self, id: &TaskId) -> Result<&Task, EngineError> {
        self.tasks.get(id).ok_or_else(|| EngineError::UnknownTask(id.clone()))
    }

    /// Tells whether a task was cancelled.
    pub fn is_cancelled(&self, id: &TaskId) -> bool {
        self.cancelled.contains_key(id)
    }

    /// Returns the tasks of all secrets, oldest first.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.order.iter().filter_map(|id| self.tasks.get(id))
    }

    /// Returns a secret's tasks in the knob's order, at most a history's length.
    pub fn history(&self, secret: &SecretId) -> Vec<&Task> {
        let mut tasks: Vec<&Task> = self.tasks().filter(|task| task.secret == *secret).collect();
        tasks.reverse();
        tasks.truncate(HISTORY);
        if !self.knobs.newest_task_first {
            tasks.reverse();
        }
        tasks
    }

    /// Returns the IAM id under which Secrets Manager itself acts.
    pub fn service(&self) -> &str {
        &self.service
    }

    pub(super) fn task_mut(&mut self, id: &TaskId) -> Result<&mut Task, EngineError> {
        self.tasks.get_mut(id).ok_or_else(|| EngineError::UnknownTask(id.clone()))
    }

    pub(super) fn secret_mut(&mut self, id: &SecretId) -> Result<&mut CustomSecret, EngineError> {
        self.secrets.get_mut(id).ok_or_else(|| EngineError::UnknownSecret(id.clone()))
    }

    /// Tells whether a task of the secret is not final yet.
    pub(super) fn unfinished(&self, secret: &SecretId) -> bool {
        self.tasks.values().any(|task| task.secret == *secret && !task.status.is_final())
    }

    pub(super) fn queue_creation(&mut self, secret: &SecretId, trigger: Trigger) -> TaskId {
        let version = self.ids.version_id();
        let created_at = self.clock.now();
        if let Some(secret) = self.secrets.get_mut(secret) {
            secret.versions.push(Version {
                id: version.clone(),
                state: VersionState::Pending,
                credentials_id: None,
                payload: Map::new(),
                created_at,
                expires_at: None,
            });
        }
        self.queue_task(secret, &version, Action::CreateCredentials, trigger, 0)
    }

    pub(super) fn queue_deletion(&mut self, secret: &SecretId, version: &VersionId, trigger: Trigger, attempt: u32) -> TaskId {
        if let Some(version) = self.secrets.get_mut(secret).and_then(|secret| secret.version_mut(version)) {
            version.state = VersionState::Deleting;
            version.expires_at = None;
        }
        self.queue_task(secret, version, Action::DeleteCredentials, trigger, attempt)
    }

    fn queue_task(&mut self, secret: &SecretId, version: &VersionId, action: Action, trigger: Trigger, attempt: u32) -> TaskId {
        let now = self.clock.now();
        let id = self.ids.task_id();
        let task = Task {
            id: id.clone(),
            secret: secret.clone(),
            version: version.clone(),
            action,
            trigger,
            status: TaskStatus::Queued,
            errors: Vec::new(),
            attempt,
            runs: 0,
            created_at: now,
            changed_at: now,
            deadline: None,
            accepted: None,
            updated_by: self.service.clone(),
        };
        self.tasks.insert(id.clone(), task);
        self.order.push(id.clone());
        self.queue.push_back(id.clone());
        self.journal_task(&id, TaskCause::Queued);
        id
    }

    pub(super) fn journal_task(&self, id: &TaskId, cause: TaskCause) {
        if let Some(task) = self.tasks.get(id) {
            self.journal.append(EventKind::TaskChanged {
                task: id.clone(),
                secret: task.secret.clone(),
                status: task.status,
                cause,
                errors: task.errors.clone(),
            });
        }
    }
}
