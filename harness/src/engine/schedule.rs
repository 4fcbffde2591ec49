//! What happens by itself as time goes on: task time-outs, daily delete retries, expiry and automatic rotation.

use std::time::Duration;

use time::OffsetDateTime;

use super::secret::VersionState;
use super::{Engine, EngineError};
use crate::contract::{SecretId, TaskError, TaskId, TaskStatus, Trigger, VersionId};
use crate::journal::{EventKind, TaskCause};

/// How long Secrets Manager waits before it runs a failed deletion again.
pub const DAY: Duration = Duration::from_hours(24);

/// How often it runs a failed deletion again: with the first attempt, eleven job runs.
pub const RETRIES: u32 = 10;

/// A deletion that will be tried again.
#[derive(Debug, Clone)]
pub(super) struct Retry {
    due: OffsetDateTime,
    task: TaskId,
    secret: SecretId,
    version: VersionId,
    attempt: u32,
}

/// What is due, and when.
enum Due {
    Timeout(TaskId),
    Retry(usize),
    Expiry(SecretId, VersionId),
    Rotation(SecretId),
}

impl Engine {
    /// Lets everything happen that is due by now, in the order of its time.
    pub fn tick(&mut self) {
        let now = self.clock.now();
        while let Some((_, due)) = self.next_due().filter(|(moment, _)| *moment <= now) {
            self.happen(due);
        }
    }

    /// Moves the clock ahead by `by`, stopping at each moment at which something is due or a job is asked for, so that a
    /// job run can take place in between. Returns what is left of `by` when a job is queued.
    pub fn advance(&mut self, by: Duration) -> Duration {
        let end = self.clock.now() + by;
        let before = self.clock.ahead();
        self.tick();
        while self.queue.is_empty() {
            let Some((moment, due)) = self.next_due().filter(|(moment, _)| *moment <= end) else {
                self.clock.advance_to(end);
                break;
            };
            self.clock.advance_to(moment);
            self.happen(due);
        }
        let jumped = self.clock.ahead().saturating_sub(before);
        self.journal.append(EventKind::ClockAdvanced { seconds: jumped.as_secs() });
        Duration::try_from(end - self.clock.now()).unwrap_or_default()
    }

    /// Moves the clock past the time-out of a task without a report, which makes it failed.
    pub fn expire(&mut self, id: &TaskId) -> Result<(), EngineError> {
        let task = self.task(id)?;
        if task.status.is_final() {
            return Ok(());
        }
        let deadline = task.deadline.unwrap_or_else(|| self.clock.now() + self.task_timeout);
        self.task_mut(id)?.deadline = Some(deadline);
        let before = self.clock.ahead();
        self.clock.advance_to(deadline);
        self.journal.append(EventKind::ClockAdvanced { seconds: self.clock.ahead().saturating_sub(before).as_secs() });
        self.tick();
        Ok(())
    }

    /// A deletion failed: it is tried again a day later, ten times.
    pub(super) fn deletion_failed(&mut self, task: &TaskId, secret: &SecretId, version: &VersionId, attempt: u32) {
        if attempt < RETRIES {
            let due = self.clock.now() + DAY;
            self.retries.push(Retry { due, task: task.clone(), secret: secret.clone(), version: version.clone(), attempt: attempt + 1 });
        } else if let Some(version) = self.secrets.get_mut(secret).and_then(|secret| secret.version_mut(version)) {
            version.state = VersionState::DeletionFailed;
        }
    }

    fn next_due(&self) -> Option<(OffsetDateTime, Due)> {
        // Asked with every update: only what is due first is copied.
        let open = self.tasks.values().filter(|task| !task.status.is_final());
        let timeout = open.filter_map(|task| Some((task.deadline?, task))).min_by_key(|(moment, _)| *moment);
        let retry = self.retries.iter().enumerate().map(|(index, retry)| (retry.due, index)).min_by_key(|(moment, _)| *moment);
        let active = self.secrets.values().flat_map(|secret| {
            secret.versions.iter().filter(|version| version.state == VersionState::Active).map(move |version| (secret, version))
        });
        let expiry =
            active.filter_map(|(secret, version)| Some((version.expires_at?, (secret, version)))).min_by_key(|(moment, _)| *moment);
        let rotating = self.secrets.values().filter(|secret| !secret.deleted);
        let rotation = rotating
            .filter_map(|secret| Some((secret.next_rotation?, secret)))
            .filter(|(_, secret)| !self.unfinished(&secret.id))
            .min_by_key(|(moment, _)| *moment);
        let dues = [
            timeout.map(|(moment, task)| (moment, Due::Timeout(task.id.clone()))),
            retry.map(|(moment, index)| (moment, Due::Retry(index))),
            expiry.map(|(moment, (secret, version))| (moment, Due::Expiry(secret.id.clone(), version.id.clone()))),
            rotation.map(|(moment, secret)| (moment, Due::Rotation(secret.id.clone()))),
        ];
        dues.into_iter().flatten().min_by_key(|(moment, _)| *moment)
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Timeout(task) => {
                let error = TaskError {
                    code: "task_timeout".into(),
                    description: "The credentials provider sent no update before the task timeout elapsed.".into(),
                };
                self.queue.retain(|queued| *queued != task);
                self.fail(&task, vec![error], TaskCause::Timeout);
            }
            Due::Retry(index) => {
                let retry = self.retries.swap_remove(index);
                self.retry(&retry);
            }
            Due::Expiry(secret, version) => {
                self.queue_deletion(&secret, &version, Trigger::SecretVersionExpiration, 0);
            }
            Due::Rotation(secret) => {
                if let Some(secret) = self.secrets.get_mut(&secret) {
                    secret.next_rotation = None;
                }
                self.queue_creation(&secret, Trigger::AutomaticSecretRotation);
            }
        }
    }

    fn retry(&mut self, retry: &Retry) {
        // A cancelled task is gone, yet its credential still waits for its deletion.
        let trigger = self.tasks.get(&retry.task).map_or(self.knobs.deletion_trigger, |task| task.trigger);
        if self.knobs.new_task_per_retry {
            self.queue_deletion(&retry.secret, &retry.version, trigger, retry.attempt);
        } else if let Some(task) = self.tasks.get_mut(&retry.task) {
            task.status = TaskStatus::Queued;
            task.attempt = retry.attempt;
            task.deadline = None;
            task.accepted = None;
            task.errors.clear();
            self.queue.push_back(retry.task.clone());
            self.journal_task(&retry.task, TaskCause::Queued);
        }
    }
}
