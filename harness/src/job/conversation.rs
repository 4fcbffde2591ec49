//! Listening to a supervisor: its events become a [`JobRun`], and its loss is made good as far as possible.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use super::protocol::SupervisorEvent;
use super::stray::{Marks, kill_strays};
use super::{JobRun, JobSpec, LaunchError};
use crate::journal::{JobOutcome, LogStream};

/// Time beyond limit and grace after which a supervisor counts as lost: it has 20 seconds to kill what is left, and a loaded machine is slow.
const SILENCE: Duration = Duration::from_mins(2);

/// The order to kill the job.
const KILL: &[u8] = b"kill\n";

/// Bytes of a lost supervisor's own complaint that are shown.
const COMPLAINT: u64 = 2048;

/// One supervisor and what it has told.
pub(super) struct Conversation<'spec> {
    spec: &'spec JobSpec,
    supervisor: Child,
    group: Option<i32>,
    home: Option<PathBuf>,
    lines: Vec<(u64, LogStream, String)>,
}

impl<'spec> Conversation<'spec> {
    /// Begins with a supervisor that was just started.
    pub(super) fn new(spec: &'spec JobSpec, supervisor: Child) -> Self {
        Self { spec, supervisor, group: None, home: None, lines: Vec::new() }
    }

    /// Describes the job and listens until it has ended and everything of it is gone.
    ///
    /// When `kill` resolves, the job is killed and its end awaited as ever.
    pub(super) async fn until_end(mut self, description: Vec<u8>, kill: impl Future<Output = ()>) -> Result<JobRun, LaunchError> {
        let patience = self.spec.limit.saturating_add(self.spec.grace).saturating_add(SILENCE);
        let heard = timeout(patience, self.listen(description, kill)).await;
        let job = self.spec.job.clone();
        match heard {
            Ok(Some(Ok((outcome, 0)))) => {
                self.part().await;
                self.lines.sort_by_key(|(number, _, _)| *number);
                let lines = self.lines.into_iter().map(|(_, stream, text)| (stream, text)).collect();
                Ok(JobRun { outcome, lines })
            }
            Ok(Some(Ok((_, count)))) => Err(LaunchError::Survivors { job, count }),
            Ok(Some(Err(what))) => {
                self.part().await;
                Err(LaunchError::Refused { job, what })
            }
            Ok(None) => Err(self.lost("it ended without a last word").await),
            Err(_) => Err(self.lost("it fell silent").await),
        }
    }

    /// Returns the supervisor's last word: an outcome with the number of survivors, or its trouble; none when it ends without one.
    async fn listen(&mut self, mut description: Vec<u8>, kill: impl Future<Output = ()>) -> Option<Result<(JobOutcome, usize), String>> {
        description.push(b'\n');
        // A broken pipe means that the supervisor ended, which reading tells with more detail.
        drop(self.supervisor.stdin.as_mut()?.write_all(&description).await);
        let mut events = BufReader::new(self.supervisor.stdout.take()?).split(b'\n');
        let mut kill = std::pin::pin!(kill);
        let mut asked = false;
        loop {
            let line = tokio::select! {
                line = events.next_segment() => line.ok()??,
                () = &mut kill, if !asked => {
                    asked = true;
                    // As above: one that ended says so.
                    drop(self.supervisor.stdin.as_mut()?.write_all(KILL).await);
                    continue;
                }
            };
            // A line that is cut or foreign is no event; without a last word the supervisor counts as lost.
            match serde_json::from_slice(&line).ok()? {
                SupervisorEvent::Started { process, home } => (self.group, self.home) = (Some(process), Some(home)),
                SupervisorEvent::Line { number, stream, text } => self.lines.push((number, stream, text)),
                SupervisorEvent::Ended { outcome, survivors } => return Some(Ok((outcome, survivors))),
                SupervisorEvent::Trouble { what } => return Some(Err(what)),
            }
        }
    }

    /// Lets the supervisor go and waits for its end, which is near.
    async fn part(&mut self) -> Option<ExitStatus> {
        drop(self.supervisor.stdin.take());
        timeout(SILENCE, self.supervisor.wait()).await.ok()?.ok()
    }

    /// Ends a supervisor that cannot be heard, kills what is left of its job and says what is known.
    async fn lost(mut self, how: &str) -> LaunchError {
        let job = self.spec.job.clone();
        // It may be stopped rather than dead, and would then clear up nothing. Should it have ended already, there is nothing to kill.
        drop(self.supervisor.start_kill());
        let ended = self.part().await;
        let marks = Marks::new(self.spec, self.group);
        let clearance = tokio::task::spawn_blocking(move || kill_strays(&marks)).await.unwrap_or_default();
        if let Some(home) = self.home.take() {
            // What is left of it is only litter.
            drop(tokio::fs::remove_dir_all(home).await);
        }
        let ended = ended.map_or_else(String::new, |status| format!(" ({status})"));
        let killed = clearance.killed.len();
        let survivors = if clearance.survivors > 0 { format!(" and {} live on", clearance.survivors) } else { String::new() };
        let complaint = self.complaint().await;
        let complaint = if complaint.is_empty() { complaint } else { format!("; it said: {complaint}") };
        let what = format!("{how}{ended}, {killed} of the job's processes were killed{survivors}{complaint}");
        LaunchError::SupervisorLost { job, what }
    }

    async fn complaint(&mut self) -> String {
        let mut text = Vec::new();
        if let Some(stderr) = self.supervisor.stderr.take() {
            // It has ended, so what it said is there; a stranger that holds the pipe open must not keep us.
            drop(timeout(Duration::from_secs(1), stderr.take(COMPLAINT).read_to_end(&mut text)).await);
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    }
}
