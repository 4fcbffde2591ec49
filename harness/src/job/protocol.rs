//! What the supervisor tells hallmark: one JSON object per line on its standard output.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::journal::{JobOutcome, LogStream};

/// One event of a supervised job. `Ended` and `Trouble` are last words.
#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum SupervisorEvent {
    /// The job runs.
    Started {
        /// Process id of the job, which is its process group too.
        process: i32,
        /// Its temporary home, so that hallmark can remove it should the supervisor be killed.
        home: PathBuf,
    },
    /// A line of output that was kept. Lines of the end come late, so they are ordered by number.
    Line {
        /// Position among all lines of both streams.
        number: u64,
        /// Which stream.
        stream: LogStream,
        /// The line, cut at the bound.
        text: String,
    },
    /// The job and everything that it left are gone.
    Ended {
        /// How.
        outcome: JobOutcome,
        /// Processes that could not be killed in time.
        survivors: usize,
    },
    /// The supervisor could not do its part; nothing of the job runs.
    Trouble {
        /// What was attempted and what went wrong.
        what: String,
    },
}
