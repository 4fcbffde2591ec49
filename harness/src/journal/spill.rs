//! The file that holds events which left memory: one JSON object a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};

use super::Event;

/// Every so many events the file position is kept, so that a read need not begin at the start.
const INDEX_STEP: u64 = 256;

#[derive(Debug)]
pub(super) struct Spill {
    /// Removed with the journal; a process killed before that leaves a file in the temporary folder, with marks in place of secrets.
    file: tempfile::NamedTempFile,
    writer: BufWriter<File>,
    written: u64,
    events: u64,
    index: Vec<u64>,
}

impl Spill {
    pub(super) fn create() -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("hallmark-journal-").suffix(".ndjson").tempfile()?;
        let writer = BufWriter::with_capacity(1 << 16, file.reopen()?);
        Ok(Self { file, writer, written: 0, events: 0, index: Vec::new() })
    }

    pub(super) fn append(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        if self.events.is_multiple_of(INDEX_STEP) {
            self.index.push(self.written);
        }
        self.writer.write_all(&line)?;
        self.written += line.len() as u64;
        self.events += 1;
        Ok(())
    }

    /// Returns a reader that begins at or shortly before event `from`; none when the file cannot be read.
    pub(super) fn reader(&mut self, from: u64) -> Option<impl Iterator<Item = Event> + use<>> {
        self.writer.flush().ok()?;
        let slot = usize::try_from(from / INDEX_STEP).ok()?.min(self.index.len().checked_sub(1)?);
        let mut file = self.file.reopen().ok()?;
        file.seek(SeekFrom::Start(self.index[slot])).ok()?;
        Some(BufReader::new(file).lines().map_while(Result::ok).map_while(|line| serde_json::from_str(&line).ok()))
    }
}
