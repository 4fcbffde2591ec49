//! Updates of tasks: what is accepted, what is refused, and what an accepted one changes.

use super::secret::{SecretState, VersionState};
use super::{Engine, IdenticalUpdate};
use crate::contract::{Action, SecretId, TaskError, TaskId, TaskStatus, TaskUpdate, VersionId};
use crate::journal::TaskCause;

/// Why an update is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateRefused {
    /// There is no such task of that secret.
    Unknown,
    /// The task was cancelled.
    Cancelled,
    /// The task is final.
    Final,
    /// A creation cannot be reported deleted, nor a deletion created.
    WrongKind,
    /// The task is still queued and the knob says that it takes no update yet.
    Queued,
}

impl Engine {
    /// Applies a provider's update, or says why it is refused. Returns whether the task changed: a repeated update that the
    /// knob accepts changes nothing.
    pub fn update(&mut self, secret: &SecretId, id: &str, update: TaskUpdate, by: &str) -> Result<bool, UpdateRefused> {
        self.tick();
        let now = self.clock.now();
        let id = TaskId::from(id);
        if self.cancelled.contains_key(&id) {
            return Err(UpdateRefused::Cancelled);
        }
        let update_while_queued = self.knobs.update_while_queued;
        let identical = self.knobs.identical_update;
        let Some(task) = self.tasks.get_mut(&id).filter(|task| task.secret == *secret) else { return Err(UpdateRefused::Unknown) };
        if task.status.is_final() {
            let repeats = identical == IdenticalUpdate::Accepted && task.accepted.as_ref() == Some(&update);
            return if repeats { Ok(false) } else { Err(UpdateRefused::Final) };
        }
        if task.status == TaskStatus::Queued && !update_while_queued {
            return Err(UpdateRefused::Queued);
        }
        let suits = match update {
            TaskUpdate::Created { .. } => task.action == Action::CreateCredentials,
            TaskUpdate::Deleted => task.action == Action::DeleteCredentials,
            TaskUpdate::Failed(_) => true,
        };
        if !suits {
            return Err(UpdateRefused::WrongKind);
        }
        by.clone_into(&mut task.updated_by);
        task.changed_at = now;
        task.accepted = Some(update.clone());
        match update {
            TaskUpdate::Created { credentials_id, payload } => {
                task.status = TaskStatus::CredentialsCreated;
                self.journal_task(&id, TaskCause::Update);
                self.version_created(&id, credentials_id, payload);
            }
            TaskUpdate::Deleted => {
                task.status = TaskStatus::CredentialsDeleted;
                self.journal_task(&id, TaskCause::Update);
                self.version_deleted(&id);
            }
            TaskUpdate::Failed(errors) => self.fail(&id, errors, TaskCause::Update),
        }
        Ok(true)
    }

    /// Makes a task failed and draws the consequences for its version.
    pub(super) fn fail(&mut self, id: &TaskId, errors: Vec<TaskError>, cause: TaskCause) {
        let now = self.clock.now();
        let Some(task) = self.tasks.get_mut(id) else { return };
        task.status = TaskStatus::Failed;
        task.changed_at = now;
        task.errors = errors;
        let (secret, version, action, attempt) = (task.secret.clone(), task.version.clone(), task.action, task.attempt);
        self.journal_task(id, cause);
        match action {
            Action::CreateCredentials => self.creation_failed(&secret, &version),
            Action::DeleteCredentials => self.deletion_failed(id, &secret, &version, attempt),
        }
    }

    fn version_created(&mut self, task: &TaskId, credentials_id: String, payload: serde_json::Map<String, serde_json::Value>) {
        let now = self.clock.now();
        let Some(task) = self.tasks.get(task) else { return };
        let trigger = task.trigger;
        let Some(secret) = self.secrets.get_mut(&task.secret) else { return };
        let ttl = secret.ttl;
        let Some(version) = secret.version_mut(&task.version) else { return };
        version.state = VersionState::Active;
        version.credentials_id = Some(credentials_id);
        version.payload = payload;
        version.expires_at = ttl.map(|ttl| now + ttl);
        secret.state = SecretState::Active;
        secret.next_rotation = secret.rotation.map(|interval| now + interval);
        // Two versions are kept: the one that this pushes out loses its credential.
        let active: Vec<VersionId> =
            secret.versions.iter().filter(|version| version.state == VersionState::Active).map(|version| version.id.clone()).collect();
        let secret = secret.id.clone();
        for pushed_out in active.iter().rev().skip(2) {
            self.queue_deletion(&secret, pushed_out, trigger, 0);
        }
    }

    fn version_deleted(&mut self, task: &TaskId) {
        let Some(task) = self.tasks.get(task) else { return };
        let Some(secret) = self.secrets.get_mut(&task.secret) else { return };
        if let Some(version) = secret.version_mut(&task.version) {
            version.state = VersionState::Destroyed;
            version.payload.clear();
        }
        if secret.current().is_none() && !secret.versions.iter().any(|version| version.state == VersionState::Pending) {
            secret.state = SecretState::Destroyed;
        }
    }

    fn creation_failed(&mut self, secret: &SecretId, version: &VersionId) {
        let deactivates = self.knobs.failed_creation_deactivates;
        let Some(secret) = self.secrets.get_mut(secret) else { return };
        if let Some(version) = secret.version_mut(version) {
            version.state = VersionState::Failed;
        }
        if secret.current().is_none() && secret.state == SecretState::PreActivation && deactivates {
            secret.state = SecretState::Deactivated;
        }
    }
}
