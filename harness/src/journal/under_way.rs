//! Which job runs are under way: what arrives is put down to one of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::JobRef;

/// The job runs that were asked for and have not ended.
#[derive(Debug)]
pub struct JobsUnderWay {
    jobs: Mutex<Vec<Job>>,
    changes: watch::Sender<()>,
}

#[derive(Debug)]
struct Job {
    job: JobRef,
    started: bool,
}

impl Default for JobsUnderWay {
    fn default() -> Self {
        Self { jobs: Mutex::default(), changes: watch::Sender::new(()) }
    }
}

impl JobsUnderWay {
    /// The engine asks for a run: it will start.
    pub fn requested(&self, job: &JobRef) {
        self.jobs().push(Job { job: job.clone(), started: false });
        self.changes.send_replace(());
    }

    /// A run has started.
    pub fn started(&self, job: &JobRef) {
        let mut jobs = self.jobs();
        match jobs.iter_mut().find(|known| known.job == *job) {
            Some(known) => known.started = true,
            None => jobs.push(Job { job: job.clone(), started: true }),
        }
    }

    /// A run has ended.
    pub fn ended(&self, job: &JobRef) {
        self.jobs().retain(|known| known.job != *job);
        self.changes.send_replace(());
    }

    /// Returns the run to which everything that arrives is put down: the one that has started, where one alone has.
    pub fn only(&self) -> Option<JobRef> {
        let jobs = self.jobs();
        let mut started = jobs.iter().filter(|known| known.started);
        let first = started.next()?;
        started.next().is_none().then(|| first.job.clone())
    }

    /// Returns the run for a task: where several have started, a request that names its task tells whose it is.
    pub fn of_task(&self, task: &str) -> Option<JobRef> {
        self.jobs().iter().find(|known| known.started && known.job.task.as_str() == task).map(|known| known.job.clone())
    }

    /// Returns how many runs were asked for and have not ended.
    pub fn count(&self) -> usize {
        self.jobs().len()
    }

    /// Tells of each run that is asked for or ends.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// A panic elsewhere leaves the list whole: it stays usable.
    fn jobs(&self) -> MutexGuard<'_, Vec<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(task: &str) -> JobRef {
        JobRef { task: task.into(), run: 0 }
    }

    #[test]
    fn what_arrives_is_put_down_to_the_only_run_or_to_that_of_the_task_that_it_names() {
        let jobs = JobsUnderWay::default();
        let (one, other) = (job("one"), job("other"));
        jobs.requested(&one);
        assert_eq!((jobs.only(), jobs.count()), (None, 1));
        jobs.started(&one);
        jobs.requested(&other);
        assert_eq!((jobs.only(), jobs.count()), (Some(one.clone()), 2));
        assert_eq!(jobs.of_task("other"), None);
        jobs.started(&other);
        assert_eq!((jobs.only(), jobs.of_task("other")), (None, Some(other.clone())));
        jobs.ended(&one);
        assert_eq!((jobs.only(), jobs.of_task("one"), jobs.count()), (Some(other), None, 1));
    }
}
