//! Which job runs are under way: what arrives is put down to one of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::JobRef;

/// The job runs that were asked for and have not ended.
#[derive(Debug)]
pub struct JobsUnderWay {
    jobs: Mutex<Jobs>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Jobs {
    list: Vec<Job>,
    /// Whether several were there since the list was empty last.
    together: bool,
}

#[derive(Debug)]
struct Job {
    run: JobRef,
    started: bool,
    /// Whether its process has ended.
    over: bool,
}

impl Default for JobsUnderWay {
    fn default() -> Self {
        Self { jobs: Mutex::default(), changes: watch::Sender::new(()) }
    }
}

impl JobsUnderWay {
    /// The engine asks for a run: it will start.
    pub fn requested(&self, job: &JobRef) {
        let mut jobs = self.jobs();
        jobs.together |= !jobs.list.is_empty();
        jobs.list.push(Job { run: job.clone(), started: false, over: false });
        drop(jobs);
        self.changes.send_replace(());
    }

    /// A run has started.
    pub fn started(&self, job: &JobRef) {
        let mut jobs = self.jobs();
        match jobs.list.iter_mut().find(|known| known.run == *job) {
            Some(known) => known.started = true,
            None => jobs.list.push(Job { run: job.clone(), started: true, over: false }),
        }
    }

    /// A run has ended.
    pub fn ended(&self, job: &JobRef) {
        let mut jobs = self.jobs();
        jobs.list.retain(|known| known.run != *job);
        jobs.together &= !jobs.list.is_empty();
        drop(jobs);
        self.changes.send_replace(());
    }

    /// Returns the run to which everything that arrives is put down: the one that has started, where no other was there with it. Of several at once none
    /// is, nor the last of them: what some of them did is known to be nobody's, and so it would be blamed for that.
    pub fn only(&self) -> Option<JobRef> {
        let jobs = self.jobs();
        let alone = jobs.list.iter().find(|known| known.started && !jobs.together)?;
        Some(alone.run.clone())
    }

    /// Returns the run for a task: where several have started, a request that names its task tells whose it is.
    pub fn of_task(&self, task: &str) -> Option<JobRef> {
        self.jobs().list.iter().find(|known| known.started && known.run.task.as_str() == task).map(|known| known.run.clone())
    }

    /// Returns how many runs were asked for and have not ended.
    pub fn count(&self) -> usize {
        self.jobs().list.len()
    }

    /// Takes a run off those that still run, and tells whether none of them does any more. It is under way until [`Self::ended`].
    pub fn is_last(&self, job: &JobRef) -> bool {
        let mut jobs = self.jobs();
        if let Some(known) = jobs.list.iter_mut().find(|known| known.run == *job) {
            known.over = true;
        }
        jobs.list.iter().all(|known| known.over)
    }

    /// Tells of each run that is asked for or ends.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// A panic elsewhere leaves the list whole: it stays usable.
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
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
        assert_eq!((jobs.only(), jobs.count()), (None, 2));
        assert_eq!(jobs.of_task("other"), None);
        jobs.started(&other);
        assert_eq!((jobs.only(), jobs.of_task("other")), (None, Some(other.clone())));
        jobs.ended(&one);
        // The last of several is not taken for the only one.
        assert_eq!((jobs.only(), jobs.of_task("one"), jobs.count()), (None, None, 1));
        jobs.ended(&other);
        jobs.requested(&one);
        jobs.started(&one);
        assert_eq!(jobs.only(), Some(one));
    }
}
