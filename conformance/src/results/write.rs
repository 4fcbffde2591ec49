//! Writing the file while the suite runs.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::order::Order;
use super::record::Record;
use super::{FILE_NAME, ResultsError};

/// Writes records, each complete on the disk's side before the call returns. A run that is killed leaves every finished scenario behind.
pub struct Writer {
    path: PathBuf,
    storage: Box<dyn Storage>,
    order: Order,
    /// Records in the file.
    records: u64,
    /// Bytes of them.
    length: u64,
    /// A torn line stands at the end and could not be cut off: anything after it would be lost to readers.
    torn: bool,
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Writer").field("path", &self.path).field("records", &self.records).finish_non_exhaustive()
    }
}

impl Writer {
    /// Creates `<out>/results.ndjson`, and the directory if need be. A file of an earlier run is replaced.
    pub fn create(out: &Path) -> Result<Self, ResultsError> {
        fs::create_dir_all(out).map_err(|source| ResultsError::Create { path: out.to_owned(), source })?;
        let path = out.join(FILE_NAME);
        let file = File::create(&path).map_err(|source| ResultsError::Create { path: path.clone(), source })?;
        Ok(Self::over(path, Box::new(file)))
    }

    fn over(path: PathBuf, storage: Box<dyn Storage>) -> Self {
        Self { path, storage, order: Order::default(), records: 0, length: 0, torn: false }
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one record. After an error the file holds exactly the records before, and the next write is tried afresh.
    pub fn write(&mut self, record: &Record) -> Result<(), ResultsError> {
        let number = self.records + 1;
        let misplaced = |reason: &str| ResultsError::Misplaced { path: self.path.clone(), number, reason: reason.to_owned() };
        if self.torn {
            return Err(misplaced("an earlier record was written in part and could not be taken back"));
        }
        self.order.check(record).map_err(|reason| misplaced(&reason))?;
        let failed = |path: &Path, source| ResultsError::Write { path: path.to_owned(), number, source };
        let mut line = serde_json::to_vec(record).map_err(|error| failed(&self.path, error.into()))?;
        line.push(b'\n');
        if let Err(source) = self.storage.write_all(&line).and_then(|()| self.storage.flush()) {
            self.torn = self.storage.cut(self.length).is_err();
            return Err(failed(&self.path, source));
        }
        self.order.note(record);
        self.records = number;
        self.length += line.len() as u64;
        Ok(())
    }

    /// Waits until the disk has everything. Some file systems name a full disk only here.
    pub fn finish(&mut self) -> Result<(), ResultsError> {
        self.storage.sync().map_err(|source| ResultsError::Write { path: self.path.clone(), number: self.records, source })
    }
}

/// What a writer needs of a file.
trait Storage: Write + Send {
    /// Shortens the file to this many bytes and writes on from there.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Waits for the disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Storage for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(SeekFrom::Start(length)).map(drop)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::sync::{Arc, Mutex};

    use super::super::{Results, sample};
    use super::*;

    /// A disk with room for so many bytes; it takes what fits of a write before it says that it is full.
    #[derive(Clone)]
    struct Disk {
        bytes: Arc<Mutex<Vec<u8>>>,
        room: Arc<Mutex<usize>>,
        cuts: bool,
    }

    impl Write for Disk {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            let mut bytes = self.bytes.lock().unwrap();
            let free = self.room.lock().unwrap().saturating_sub(bytes.len());
            if free == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let taken = free.min(data.len());
            bytes.extend_from_slice(&data[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Storage for Disk {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            if !self.cuts {
                return Err(io::ErrorKind::Unsupported.into());
            }
            self.bytes.lock().unwrap().truncate(usize::try_from(length).unwrap());
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn disk(room: usize, cuts: bool) -> (Disk, Writer) {
        let disk = Disk { bytes: Arc::default(), room: Arc::new(Mutex::new(room)), cuts };
        (disk.clone(), Writer::over(PathBuf::from("out/results.ndjson"), Box::new(disk)))
    }

    #[test]
    fn what_is_written_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("new/out");
        let mut writer = Writer::create(&out).unwrap();
        for record in sample::failing() {
            writer.write(&record).unwrap();
        }
        writer.finish().unwrap();
        let path = writer.path().to_owned();
        assert_eq!(path, out.join("results.ndjson"));
        assert_eq!(Results::read(&path).unwrap(), Results::from_records(sample::failing()).unwrap());
    }

    #[test]
    fn every_record_is_in_the_file_when_the_call_returns() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path()).unwrap();
        for (index, record) in sample::failing().iter().enumerate() {
            writer.write(record).unwrap();
            let text = fs::read_to_string(writer.path()).unwrap();
            assert_eq!(text.lines().count(), index + 1);
            assert!(text.ends_with('\n'));
        }
    }

    #[test]
    fn a_full_disk_loses_nothing_and_a_later_write_continues() {
        let records = sample::failing();
        let first = serde_json::to_vec(&records[0]).unwrap().len() + 1;
        let (disk, mut writer) = disk(first + 10, true);
        writer.write(&records[0]).unwrap();
        let message = writer.write(&records[1]).unwrap_err().to_string();
        assert!(message.contains("out/results.ndjson") && message.contains("make room on the disk"), "{message}");
        assert_eq!(disk.bytes.lock().unwrap().len(), first, "the torn line is taken back");

        *disk.room.lock().unwrap() = usize::MAX;
        writer.write(&records[2]).unwrap();
        writer.write(&records[1]).unwrap();
        let bytes = disk.bytes.lock().unwrap().clone();
        let results = Results::parse(Path::new("results.ndjson"), bytes.as_slice()).unwrap();
        assert_eq!(results.scenarios().len(), 2, "also the record that failed can be written after all");
    }

    #[test]
    fn a_torn_line_that_stays_is_the_last() {
        let records = sample::failing();
        let first = serde_json::to_vec(&records[0]).unwrap().len() + 1;
        let (disk, mut writer) = disk(first + 10, false);
        writer.write(&records[0]).unwrap();
        writer.write(&records[1]).unwrap_err();
        *disk.room.lock().unwrap() = usize::MAX;
        let error = writer.write(&records[2]).unwrap_err();
        assert!(matches!(error, ResultsError::Misplaced { number: 2, .. }), "{error}");
        let bytes = disk.bytes.lock().unwrap().clone();
        assert_eq!(bytes.len(), first + 10);
        assert!(Results::parse(Path::new("results.ndjson"), bytes.as_slice()).unwrap().scenarios().is_empty());
    }

    #[test]
    fn the_system_s_own_full_disk_is_named() {
        let directory = tempfile::tempdir().unwrap();
        symlink("/dev/full", directory.path().join(FILE_NAME)).unwrap();
        let mut writer = Writer::create(directory.path()).unwrap();
        let error = writer.write(&sample::failing()[0]).unwrap_err();
        let ResultsError::Write { number: 1, source, .. } = &error else { panic!("{error}") };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let message = Writer::create(&file.join("out")).unwrap_err().to_string();
        assert!(message.contains("file/out") && message.contains("--out"), "{message}");
    }

    #[test]
    fn the_writer_refuses_what_the_reader_would() {
        let directory = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(directory.path()).unwrap();
        let records = sample::failing();
        assert!(matches!(writer.write(&records[1]), Err(ResultsError::Misplaced { .. })));
        writer.write(&records[0]).unwrap();
        assert!(matches!(writer.write(&records[0]), Err(ResultsError::Misplaced { .. })));
    }
}
