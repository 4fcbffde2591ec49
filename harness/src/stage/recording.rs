//! What a stage leaves behind: the only thing that oracles read.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud::Delay;
use crate::cloud::third_party::LedgerEntry;
use crate::contract::{Action, OutputSpec, SecretId, TaskError, TaskId, TaskStatus, Trigger, ValueType, VersionId};
use crate::docker::ImageFacts;
use crate::journal::Event;

/// Version of the recording's format. Another one is refused, never misread.
pub const FORMAT: u32 = 2;

/// One scenario as it happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What was recorded.
    pub header: RecordingHeader,
    /// The journal, in order.
    pub events: Vec<Event>,
    /// The world at the end.
    pub snapshot: Snapshot,
    /// How the playing went.
    pub played: Played,
}

/// How the playing of a scenario went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Played {
    /// Job runs.
    pub jobs: u32,
    /// Nanoseconds in which at least one job ran.
    pub job_nanoseconds: u64,
    /// Nanoseconds in which jobs waited for their turn to start, added up.
    #[serde(default)]
    pub queued_nanoseconds: u64,
    /// Nanoseconds from set-up to judgement.
    pub nanoseconds: u64,
    /// Packets that the machine's kernel dropped in the meantime because it had no room for a connection: a provider may have waited for them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped_packets: u64,
    /// The harness's own trouble, in words. Where there is any, the recording says nothing about the provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trouble: Vec<String>,
}

impl Played {
    /// Returns, in words, what the kernel lost in the meantime; none where it lost nothing.
    pub fn loss(&self) -> Option<String> {
        let dropped = self.dropped_packets;
        (dropped > 0).then(|| {
            format!(
                "the machine's kernel dropped {dropped} packets of connections that it had no room for, and the provider may have waited for an answer; \
                 let fewer jobs run at once, or raise net.netfilter.nf_conntrack_max"
            )
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordingHeader {
    /// [`FORMAT`].
    pub format: u32,
    /// Id of the run; empty where nobody keeps its plan.
    #[serde(default)]
    pub run: String,
    /// Id of the scenario.
    pub scenario: String,
    /// The outputs that the provider declares.
    pub outputs: Vec<OutputSpec>,
    /// Ids of the secrets that inputs name.
    pub named_secrets: Vec<SecretId>,
    /// Whether the provider talks to a third party.
    pub third_party: bool,
    /// Milliseconds of the task timeout.
    pub task_timeout_milliseconds: u64,
    /// Roles of the provider's service id, by name.
    pub roles: Vec<String>,
    /// Statuses of a refused revocation that the manifest says are not submitted for a retry.
    pub not_resubmitted: Vec<u16>,
    /// Values that the manifest writes out for inputs and that have the form of personal ones. They are no secret, and what shows one is no find.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// What the provider's image says about itself; none where it is no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageFacts>,
    /// What the provider asks for; none in recordings of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
}

/// What a provider declares beside its outputs, as far as something is to be judged by it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Declared {
    /// The inputs.
    pub inputs: Vec<DeclaredInput>,
    /// The text of the `job_config.json`; none where inputs and outputs are declared elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_config: Option<String>,
}

/// One declared input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredInput {
    /// Its lower-case name.
    pub name: String,
    /// Its type.
    pub value_type: ValueType,
}

/// The world at the end of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snapshot {
    /// Every credential that a third party ever issued.
    pub ledger: Vec<LedgerEntry>,
    /// Every task that still exists.
    pub tasks: Vec<RecordedTask>,
    /// Every version of every custom-credentials secret.
    pub versions: Vec<RecordedVersion>,
    /// Events that the journal lost because its file could not be written.
    pub lost_events: u64,
    /// Times in which the cloud's threads did not get to run: what happened then was seen late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delays: Vec<Delay>,
}

/// A task at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedTask {
    /// Its id.
    pub id: TaskId,
    /// Its secret.
    pub secret: SecretId,
    /// Its version.
    pub version: VersionId,
    /// What it asked for.
    pub action: Action,
    /// Why.
    pub trigger: Trigger,
    /// How it ended.
    pub status: TaskStatus,
    /// Errors of a failed one, redacted.
    pub errors: Vec<TaskError>,
    /// Which attempt of a deletion it is, from 0.
    pub attempt: u32,
}

/// A version at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordedVersion {
    /// Its secret.
    pub secret: SecretId,
    /// Its id.
    pub version: VersionId,
    /// The reported credentials id, redacted.
    pub credentials_id: Option<String>,
    /// `pending`, `active`, `failed`, `deleting`, `destroyed`, `deletion_failed`.
    pub state: String,
}

/// Why a recording could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// Input or output failed.
    #[error("{action} the recording {path}: {source}; check the path, its permissions and the free space")]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("line {line} of the recording {path} cannot be read: {reason}; record again with this version of hallmark")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Line from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// Another version.
    #[error("the recording {path} has format {found}, this hallmark reads format {FORMAT}; record again or use the hallmark that wrote it")]
    Format {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
enum Line {
    Header(RecordingHeader),
    Event(Event),
    Snapshot(Snapshot),
    Played(Played),
}

impl Recording {
    /// Returns the recording of a scenario that could not be played.
    pub fn of_nothing(scenario: &str) -> Self {
        let header = RecordingHeader {
            format: FORMAT,
            run: String::new(),
            scenario: scenario.to_owned(),
            outputs: Vec::new(),
            named_secrets: Vec::new(),
            third_party: false,
            task_timeout_milliseconds: 0,
            roles: Vec::new(),
            not_resubmitted: Vec::new(),
            given: Vec::new(),
            image: None,
            declared: None,
        };
        Self { header, events: Vec::new(), snapshot: Snapshot::default(), played: Played::default() }
    }

    /// Writes the recording: a header line, a line for each event, a snapshot line, a line about the playing.
    pub fn write(&self, path: &Path) -> Result<(), RecordingError> {
        let failed = |source| RecordingError::Io { action: "writing", path: path.to_owned(), source };
        let mut file = BufWriter::new(File::create(path).map_err(failed)?);
        let header = std::iter::once(Line::Header(self.header.clone()));
        let events = self.events.iter().cloned().map(Line::Event);
        for line in header.chain(events).chain([Line::Snapshot(self.snapshot.clone()), Line::Played(self.played.clone())]) {
            serde_json::to_writer(&mut file, &line).map_err(|error| failed(error.into()))?;
            file.write_all(b"\n").map_err(failed)?;
        }
        file.flush().map_err(failed)
    }

    /// Reads a recording.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let failed = |source| RecordingError::Io { action: "reading", path: path.to_owned(), source };
        let malformed = |line: usize, reason: &str| RecordingError::Malformed { path: path.to_owned(), line, reason: reason.to_owned() };
        let (mut header, mut events, mut snapshot, mut played, mut last) = (None, Vec::new(), None, None, 0);
        for (index, line) in BufReader::new(File::open(path).map_err(failed)?).lines().enumerate() {
            last = index + 1;
            let line = line.map_err(failed)?;
            // The version is looked at before anything else, as another version may have other lines.
            if index == 0 {
                let value: serde_json::Value = serde_json::from_str(&line).map_err(|error| malformed(1, &error.to_string()))?;
                let found = value.get("format").and_then(serde_json::Value::as_u64).and_then(|format| u32::try_from(format).ok());
                match found {
                    Some(FORMAT) => {}
                    Some(found) => return Err(RecordingError::Format { path: path.to_owned(), found }),
                    None => return Err(malformed(1, "it is no header")),
                }
            }
            match serde_json::from_str(&line).map_err(|error| malformed(last, &error.to_string()))? {
                Line::Header(found) if index == 0 => header = Some(found),
                Line::Event(event) if snapshot.is_none() => events.push(event),
                Line::Snapshot(found) if snapshot.is_none() => snapshot = Some(found),
                Line::Played(found) if snapshot.is_some() && played.is_none() => played = Some(found),
                _ => return Err(malformed(last, "it is out of place")),
            }
        }
        let header = header.ok_or_else(|| malformed(1, "the file is empty"))?;
        let snapshot = snapshot.ok_or_else(|| malformed(last, "the snapshot at the end is missing"))?;
        let played = played.ok_or_else(|| malformed(last, "the line about the playing is missing at the end"))?;
        Ok(Self { header, events, snapshot, played })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{EventKind, JobRef, LogStream};

    fn recording() -> Recording {
        let job = JobRef { task: "sm-task-1".into(), run: 0 };
        let kinds = [
            EventKind::JobStarted { job: job.clone() },
            EventKind::JobLog { job, stream: LogStream::Stderr, line: "a log line".into() },
            EventKind::Note { text: "a note".into() },
        ];
        Recording {
            header: RecordingHeader {
                format: FORMAT,
                run: "r".into(),
                scenario: "create/create.feature:6".into(),
                outputs: Vec::new(),
                named_secrets: vec!["s".into()],
                third_party: true,
                task_timeout_milliseconds: 1000,
                roles: vec!["SecretTaskUpdater".into()],
                not_resubmitted: vec![403],
                given: Vec::new(),
                image: Some(ImageFacts { os: "linux".into(), ..ImageFacts::default() }),
                declared: Some(Declared {
                    inputs: vec![DeclaredInput { name: "a".into(), value_type: ValueType::Enum(vec!["b".into(), "c".into()]) }],
                    job_config: Some("\u{feff}{}\n".into()),
                }),
            },
            events: kinds.into_iter().zip(0..).map(|(kind, id)| Event { id, at: id * 10, kind }).collect(),
            snapshot: Snapshot { lost_events: 1, ..Snapshot::default() },
            played: Played {
                jobs: 1,
                job_nanoseconds: 2,
                queued_nanoseconds: 4,
                nanoseconds: 3,
                dropped_packets: 5,
                trouble: vec!["the disk was full".into()],
            },
        }
    }

    fn written() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.ndjson");
        recording().write(&path).unwrap();
        (folder, path)
    }

    #[test]
    fn a_recording_is_read_as_it_was_written() {
        let (_folder, path) = written();
        assert_eq!(Recording::read(&path).unwrap(), recording());
    }

    #[test]
    fn another_format_is_refused_and_a_cut_file_too() {
        let (_folder, path) = written();
        let text = std::fs::read_to_string(&path).unwrap();
        for other in [FORMAT - 1, FORMAT + 1] {
            std::fs::write(&path, text.replace(&format!("\"format\":{FORMAT}"), &format!("\"format\":{other}"))).unwrap();
            assert!(matches!(Recording::read(&path), Err(RecordingError::Format { found, .. }) if found == other));
        }
        for lines in 0..text.lines().count() {
            std::fs::write(&path, text.lines().take(lines).collect::<Vec<_>>().join("\n")).unwrap();
            assert!(matches!(Recording::read(&path), Err(RecordingError::Malformed { .. })), "{lines} lines");
        }
    }
}
