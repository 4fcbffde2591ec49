//! The append-only record: bounded in memory, spilled to a file, readable without holding up a writer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::redact::redact_all;
use super::spill::Spill;
use super::{Event, EventKind, JobRef, JobsUnderWay};
use crate::redaction::Redactor;

/// Events kept in memory; older ones are in the spill file.
pub const MEMORY_EVENTS: usize = 2048;

/// An append-only, ordered record of one stage. Shared by everything in the cloud as `Arc<Journal>`.
#[derive(Debug)]
pub struct Journal {
    redactor: Arc<Redactor>,
    started: Instant,
    memory_events: usize,
    jobs: JobsUnderWay,
    record: Mutex<Record>,
    length: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Record {
    recent: VecDeque<Arc<Event>>,
    first_recent: u64,
    spill: Option<Spill>,
    /// Events that could not be spilled: the recording is then incomplete, and says so.
    lost: u64,
}

impl Journal {
    /// Starts an empty journal whose texts pass `redactor`.
    pub fn new(redactor: Arc<Redactor>) -> Arc<Self> {
        Self::with_memory(redactor, MEMORY_EVENTS)
    }

    /// As [`Self::new`], with another bound on the events in memory.
    pub fn with_memory(redactor: Arc<Redactor>, memory_events: usize) -> Arc<Self> {
        Arc::new(Self {
            redactor,
            started: Instant::now(),
            memory_events: memory_events.max(1),
            jobs: JobsUnderWay::default(),
            record: Mutex::new(Record::default()),
            length: watch::Sender::new(0),
        })
    }

    /// Returns the redactor that every text passes.
    pub fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// Returns nanoseconds since the stage was set up.
    pub fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns the job run to which what arrives now is put down; none where several run at once.
    pub fn job(&self) -> Option<JobRef> {
        self.jobs.only()
    }

    /// Returns the job runs that are under way.
    pub fn jobs(&self) -> &JobsUnderWay {
        &self.jobs
    }

    /// Redacts and appends one event; returns its id.
    pub fn append(&self, mut kind: EventKind) -> u64 {
        kind.redact(&self.redactor);
        self.keep(kind)
    }

    /// Appends events that belong together, in order. The log lines of a job are redacted together, stream by stream: a secret may be printed a part
    /// a line.
    pub fn append_all(&self, mut kinds: Vec<EventKind>) {
        redact_all(&mut kinds, &self.redactor);
        for kind in kinds {
            self.keep(kind);
        }
    }

    /// Appends what is redacted already.
    fn keep(&self, kind: EventKind) -> u64 {
        let mut record = self.record();
        let at = self.now();
        let id = record.next_id();
        record.recent.push_back(Arc::new(Event { id, at, kind }));
        if record.recent.len() > self.memory_events {
            record.spill_oldest();
        }
        drop(record);
        self.length.send_replace(id + 1);
        id
    }

    /// Returns how many events there are.
    pub fn len(&self) -> u64 {
        *self.length.borrow()
    }

    /// Tells whether nothing happened yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns at most `limit` events from id `from` on. Old ones are read from the spill file, outside the lock.
    pub fn read(&self, from: u64, limit: usize) -> Vec<Arc<Event>> {
        let (spilled, recent) = {
            let mut record = self.record();
            let first = record.first_recent;
            let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
            let recent: Vec<Arc<Event>> = record.recent.iter().skip(skipped).take(limit).cloned().collect();
            let reader = if from < first { record.spill.as_mut().and_then(|spill| spill.reader(from)) } else { None };
            (reader.map(|reader| (reader, first)), recent)
        };
        let mut events: Vec<Arc<Event>> = match spilled {
            Some((reader, first)) => {
                reader.take_while(|event| event.id < first).filter(|event| event.id >= from).map(Arc::new).take(limit).collect()
            }
            None => Vec::new(),
        };
        let room = limit - events.len();
        events.extend(recent.into_iter().take(room));
        events
    }

    /// Returns every event.
    pub fn all(&self) -> Vec<Arc<Event>> {
        self.read(0, usize::MAX)
    }

    /// Returns how many events were lost because the spill file could not be written.
    pub fn lost(&self) -> u64 {
        self.record().lost
    }

    /// Waits until there are more than `length` events.
    pub async fn grown_beyond(&self, length: u64) {
        let mut watching = self.length.subscribe();
        // The sender lives in self, so waiting cannot fail.
        watching.wait_for(|now| *now > length).await.ok();
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn next_id(&self) -> u64 {
        self.first_recent + self.recent.len() as u64
    }

    fn spill_oldest(&mut self) {
        let Some(event) = self.recent.pop_front() else { return };
        self.first_recent += 1;
        if self.spill.is_none() {
            self.spill = Spill::create().ok();
        }
        let kept = self.spill.as_mut().is_some_and(|spill| spill.append(&event).is_ok());
        if !kept {
            self.lost += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::LogStream;
    use crate::redaction::SecretKind;

    fn journal(memory: usize, events: u64) -> Arc<Journal> {
        let journal = Journal::with_memory(Arc::new(Redactor::default()), memory);
        for seconds in 0..events {
            assert_eq!(journal.append(EventKind::ClockAdvanced { seconds }), seconds);
        }
        journal
    }

    fn seconds(events: &[Arc<Event>]) -> Vec<u64> {
        events
            .iter()
            .map(|event| match event.kind {
                EventKind::ClockAdvanced { seconds } => seconds,
                _ => panic!("another event: {event:?}"),
            })
            .collect()
    }

    #[test]
    fn what_left_memory_is_read_back_in_order() {
        let journal = journal(7, 1000);
        assert_eq!(seconds(&journal.all()), (0..1000).collect::<Vec<_>>());
        assert_eq!(seconds(&journal.read(990, 5)), [990, 991, 992, 993, 994]);
        assert_eq!(seconds(&journal.read(991, 100)), (991..1000).collect::<Vec<_>>());
        assert_eq!(seconds(&journal.read(513, 3)), [513, 514, 515]);
        assert_eq!(seconds(&journal.read(992, 4)), [992, 993, 994, 995]);
        assert!(journal.read(1000, 10).is_empty());
        assert_eq!(journal.lost(), 0);
    }

    #[test]
    fn memory_is_bounded() {
        assert_eq!(journal(7, 1000).record().recent.len(), 7);
    }

    #[test]
    fn the_lines_of_each_stream_are_redacted_as_one_text() {
        let redactor = Arc::new(Redactor::default());
        redactor.register(SecretKind::LoginSecret, "login", "kJ8sLq2VbN4xZ7pW");
        let journal = Journal::new(redactor);
        let job = |run| JobRef { task: "sm-task-1".into(), run };
        let said = [
            (0, LogStream::Stdout, "the key is kJ8sLq2V"),
            (0, LogStream::Stderr, "⟦login_secret/login/plain⟧"),
            (1, LogStream::Stdout, "bN4xZ7pW"),
            (0, LogStream::Stdout, "bN4xZ7pW."),
        ];
        let lines = said.map(|(run, stream, line)| EventKind::JobLog { job: job(run), stream, line: line.into() });
        journal.append_all(lines.into_iter().chain([EventKind::Note { text: "kJ8sLq2VbN4xZ7pW".into() }]).collect());
        let kept: Vec<String> = journal
            .all()
            .iter()
            .map(|event| match &event.kind {
                EventKind::JobLog { line: text, .. } | EventKind::Note { text } => text.clone(),
                _ => panic!("another event: {event:?}"),
            })
            .collect();
        let split = "⟦login_secret/login/plain/split⟧";
        let expected = [
            &format!("the key is {split}"),
            "[[login_secret/login/plain]]",
            "bN4xZ7pW",
            &format!("{split}."),
            "⟦login_secret/login/plain⟧",
        ];
        assert_eq!(kept, expected);
    }

    #[tokio::test]
    async fn a_waiter_wakes_on_the_next_event() {
        let journal = journal(7, 3);
        let waiting = tokio::spawn({
            let journal = journal.clone();
            async move { journal.grown_beyond(3).await }
        });
        journal.append(EventKind::ClockAdvanced { seconds: 9 });
        waiting.await.unwrap();
    }
}
