//! Job runs: what the engine asks for and what it is told.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Engine, EngineError, Task};
use crate::contract::{Action, TaskId, TaskStatus};
use crate::journal::{EventKind, JobRef, TaskCause};

/// A job run that the engine asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobRequest {
    /// Task and run.
    pub job: JobRef,
    /// The `SM_*` variables of this run. Holds the access key: it is answered over the admin API and never journalled.
    pub variables: BTreeMap<String, String>,
    /// The compute resource token, for a job that signs in with a trusted profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<TokenFile>,
}

/// A compute resource token, which Code Engine gives to a job as a file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenFile {
    /// The variable that tells the job where the file is.
    pub variable: String,
    /// The token: what stands in the file. Secret.
    pub contents: String,
}

impl std::fmt::Debug for TokenFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TokenFile").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// What a scenario changes about the variables of the job runs that follow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Overrides {
    /// Variables with other values.
    pub set: BTreeMap<String, String>,
    /// Variables that are left out.
    pub unset: BTreeSet<String>,
}

/// Whether a job run that ended may still be followed by a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobStopped {
    /// The task had its report.
    Reported,
    /// It has none, and nobody is left to send one: it will time out.
    Silent,
}

impl Engine {
    /// Takes the oldest queued task and returns its job run; `constant` are the variables that do not depend on the task.
    pub fn claim(&mut self, constant: &BTreeMap<String, String>) -> Option<JobRequest> {
        self.tick();
        let id = self.queue.pop_front()?;
        let task = self.tasks.get_mut(&id).or_else(|| self.cancelled.get_mut(&id))?;
        let job = JobRef { task: id, run: task.runs };
        task.runs += 1;
        let task = task.clone();
        let mut variables = constant.clone();
        variables.extend(self.task_variables(&task));
        variables.extend(self.overrides.set.clone());
        variables.retain(|name, _| !self.overrides.unset.contains(name));
        self.journal.jobs().requested(&job);
        self.journal.append(EventKind::JobRequested {
            job: job.clone(),
            action: variables.get("SM_ACTION").cloned(),
            trigger: variables.get("SM_TRIGGER").cloned(),
            altered: self.overrides.set.keys().chain(&self.overrides.unset).cloned().collect(),
            version: Some(task.version.clone()),
        });
        Some(JobRequest { job, variables, token_file: None })
    }

    /// Puts a task's job in the queue again, as Code Engine's own retry does: same task, same variables. It knows nothing of a task's being cancelled.
    pub fn rerun(&mut self, task: &TaskId) -> Result<(), EngineError> {
        if !self.cancelled.contains_key(task) {
            self.task(task)?;
        }
        self.queue.push_back(task.clone());
        Ok(())
    }

    /// Notes that a job run has started: the task is processed and its time-out begins.
    pub fn job_started(&mut self, job: &JobRef) -> Result<(), EngineError> {
        self.tick();
        let now = self.clock.now();
        let deadline = now + self.task_timeout;
        let cancelled = self.cancelled.contains_key(&job.task);
        let queued = !cancelled && self.task(&job.task)?.status == TaskStatus::Queued;
        self.journal.jobs().started(job);
        self.journal.append(EventKind::JobStarted { job: job.clone() });
        if queued {
            let task = self.task_mut(&job.task)?;
            task.status = TaskStatus::Processing;
            task.changed_at = now;
            task.deadline = Some(deadline);
            self.journal_task(&job.task, TaskCause::JobStarted);
        }
        Ok(())
    }

    /// Notes that a job run has ended.
    pub fn job_ended(&mut self, job: &JobRef) -> Result<JobStopped, EngineError> {
        self.tick();
        self.journal.jobs().ended(job);
        if self.cancelled.contains_key(&job.task) {
            return Ok(JobStopped::Reported);
        }
        let task = self.task(&job.task)?;
        Ok(if task.status.is_final() { JobStopped::Reported } else { JobStopped::Silent })
    }

    fn task_variables(&self, task: &Task) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::from([
            ("SM_ACTION".to_owned(), task.action.to_string()),
            ("SM_TRIGGER".to_owned(), task.trigger.to_string()),
            ("SM_SECRET_TASK_ID".to_owned(), task.id.to_string()),
            ("SM_SECRET_ID".to_owned(), task.secret.to_string()),
        ]);
        let Some(secret) = self.secrets.get(&task.secret) else { return variables };
        variables.insert("SM_SECRET_NAME".to_owned(), secret.name.clone());
        variables.insert("SM_SECRET_GROUP_ID".to_owned(), secret.group.clone());
        for (name, value) in &secret.parameters {
            variables.insert(format!("SM_{}_VALUE", name.to_uppercase()), value.clone());
        }
        if task.action == Action::DeleteCredentials {
            variables.insert("SM_SECRET_VERSION_ID".to_owned(), task.version.to_string());
            if let Some(id) = secret.version(&task.version).and_then(|version| version.credentials_id.clone()) {
                variables.insert("SM_CREDENTIALS_ID".to_owned(), id);
            }
        }
        variables
    }
}
