//! What can go wrong with a results file.

use std::io;
use std::path::PathBuf;

use super::FORMAT;

/// Why a results file could not be written or read. Each message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The output directory or the file could not be made.
    #[error("could not create {path}: choose a directory that you may write to with --out")]
    Create {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A record could not be written. The records before it are intact.
    #[error(
        "could not write record {number} to {path}: the {} before it are kept and can be reported on; make room on the disk, or choose another directory with --out, and run again",
        number - 1
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The record's number, from 1.
        number: u64,
        /// What the system said.
        source: io::Error,
    },
    /// A record came out of order, or after a write that could not be taken back.
    #[error("record {number} cannot be added to {path}: {reason}; this is a fault of hallmark, please report it")]
    Misplaced {
        /// The file.
        path: PathBuf,
        /// The record's number, from 1.
        number: u64,
        /// Why.
        reason: String,
    },
    /// The file could not be read.
    #[error("could not read {path}: name a results.ndjson that `hallmark run` wrote, or the directory that holds it")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file does not begin as a results file does.
    #[error("{path} is not a results file: its first line is not a `run` record; name a results.ndjson that `hallmark run` wrote")]
    NotResults {
        /// The file.
        path: PathBuf,
    },
    /// An earlier hallmark wrote the file.
    #[error(
        "{path} has the old format {found}, and this hallmark reads format {FORMAT}: read it with the hallmark {hallmark} that wrote it, or run again"
    )]
    OldFormat {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: u64,
        /// The version that wrote it.
        hallmark: String,
    },
    /// A later hallmark wrote the file.
    #[error("{path} has format {found}, newer than the format {FORMAT} that this hallmark reads: use hallmark {hallmark} or later")]
    NewFormat {
        /// The file.
        path: PathBuf,
        /// The file's format.
        found: u64,
        /// The version that wrote it.
        hallmark: String,
    },
    /// A line is no record.
    #[error("{path} is damaged: line {line} is not a record of format {FORMAT}; restore the file or run again")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A record stands where it cannot.
    #[error("{path} is damaged: at line {line} {reason}; restore the file or run again")]
    Order {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// Why.
        reason: String,
    },
}
