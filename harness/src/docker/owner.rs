//! Who owns a run's containers and networks: the process, told from every other one on this machine, also after its id is used again.

use std::fs;

/// A process of some machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    /// Which boot of which machine, and which process namespace: ids mean something only there.
    place: String,
    process: u32,
    /// When it started, in the kernel's ticks.
    started: u64,
}

/// Whether an owner is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Alive,
    Gone,
    /// It is of another machine, boot or container: nobody here can tell.
    Unknown,
}

impl Owner {
    /// Returns this process.
    pub(super) fn own() -> Self {
        let process = std::process::id();
        Self { place: place(), process, started: started(process).unwrap_or(0) }
    }

    /// Reads what [`Self::label`] wrote.
    pub(super) fn parse(label: &str) -> Option<Self> {
        let mut parts = label.rsplitn(3, '/');
        let started = parts.next()?.parse().ok()?;
        let process = parts.next()?.parse().ok()?;
        Some(Self { place: parts.next()?.to_owned(), process, started })
    }

    /// Returns it as the value of a label.
    pub(super) fn label(&self) -> String {
        format!("{}/{}/{}", self.place, self.process, self.started)
    }

    /// Tells whether it is still there.
    pub(super) fn fate(&self) -> Fate {
        if self.place != place() {
            Fate::Unknown
        } else if started(self.process) == Some(self.started) {
            Fate::Alive
        } else {
            Fate::Gone
        }
    }
}

fn place() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{}/{namespace}", boot.trim())
}

/// Returns when a process started; none when there is none, or only its remains.
fn started(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The command's name may hold anything; fields are counted after its last parenthesis.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_one_that_ended_is_gone() {
        let own = Owner::own();
        assert_eq!(Owner::parse(&own.label()), Some(own.clone()));
        assert_eq!(own.fate(), Fate::Alive);
        assert_eq!(Owner { started: own.started + 1, ..own.clone() }.fate(), Fate::Gone);
        assert_eq!(Owner { place: "elsewhere".into(), ..own }.fate(), Fate::Unknown);
        assert_eq!(Owner::parse("nonsense"), None);
    }
}
