//! One stream of the job: read without blocking, bounded, passed on.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, ioctl_fionbio};

use super::outlet::Outlet;
use crate::job::line::{Kept, Line, LineBuffer};
use crate::job::protocol::SupervisorEvent;
use crate::job::spec::JobSpec;
use crate::journal::LogStream;

/// The reading end of one of the job's pipes and what is kept of it.
pub(super) struct Capture {
    stream: LogStream,
    source: Option<OwnedFd>,
    buffer: LineBuffer,
    kept: Kept,
}

impl Capture {
    /// Takes over a pipe.
    pub(super) fn new(stream: LogStream, source: OwnedFd, spec: &JobSpec) -> io::Result<Self> {
        ioctl_fionbio(&source, true)?;
        Ok(Self { stream, source: Some(source), buffer: LineBuffer::new(spec.line_bound), kept: Kept::new(spec.output_bound) })
    }

    /// Returns the pipe while it is open.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        self.source.as_ref().map(AsFd::as_fd)
    }

    /// Reads once; tells whether there may be more at once. An error means that hallmark is gone.
    pub(super) fn read(&mut self, chunk: &mut [u8], number: &mut u64, outlet: &mut Outlet) -> io::Result<bool> {
        let Some(source) = &self.source else { return Ok(false) };
        match rustix::io::read(source, &mut *chunk) {
            Ok(0) => self.source = None,
            Ok(length) => {
                let mut passed = Ok(());
                let (stream, kept) = (self.stream, &mut self.kept);
                self.buffer.feed(&chunk[..length], |line| {
                    if passed.is_ok() {
                        passed = keep(stream, kept, line, number, outlet);
                    }
                });
                passed?;
                return Ok(true);
            }
            Err(Errno::INTR) => return Ok(true),
            Err(Errno::AGAIN) => {}
            Err(_) => self.source = None,
        }
        Ok(false)
    }

    /// Passes on the unfinished line and the lines of the end; returns how many were dropped.
    pub(super) fn finish(&mut self, number: &mut u64, outlet: &mut Outlet) -> io::Result<u64> {
        let mut passed = Ok(());
        let (stream, kept) = (self.stream, &mut self.kept);
        self.buffer.finish(|line| passed = keep(stream, kept, line, number, outlet));
        passed?;
        let (tail, dropped) = self.kept.finish();
        for line in tail {
            outlet.emit(&SupervisorEvent::Line { number: line.number, stream: self.stream, text: line.text() })?;
        }
        Ok(dropped)
    }
}

fn keep(stream: LogStream, kept: &mut Kept, line: &mut Line, number: &mut u64, outlet: &mut Outlet) -> io::Result<()> {
    line.number = *number;
    *number += 1;
    if kept.take(line) {
        outlet.emit(&SupervisorEvent::Line { number: line.number, stream, text: line.text() })?;
    }
    Ok(())
}
