//! The supervisor's voice: events as JSON lines on standard output.

use std::io::{self, Write as _};

use crate::job::protocol::SupervisorEvent;

/// Writes events. An error means that hallmark is gone.
pub(super) struct Outlet {
    stdout: io::Stdout,
}

impl Outlet {
    /// Returns an outlet on standard output.
    pub(super) fn new() -> Self {
        Self { stdout: io::stdout() }
    }

    /// Writes one event at once.
    pub(super) fn emit(&mut self, event: &SupervisorEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        let mut stdout = self.stdout.lock();
        stdout.write_all(&line)?;
        stdout.flush()
    }
}
