//! The commands that ask and change a real third party. They run beside the fake cloud, never within a job.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

use crate::job::SANE_PATH;
use crate::redaction::Redactor;
use crate::stage::TcpServiceSetup;

/// Bytes that a command may print.
const OUTPUT_BOUND: u64 = 1024 * 1024;

/// Characters of its complaint that are shown.
const SHOWN: usize = 300;

/// A shorter value of its environment hides nothing worth hiding.
const SHORTEST_SECRET: usize = 4;

/// Why a command of a third party could not do its part: always our trouble, never the provider's.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It is not there, or not to be started.
    #[error(
        "running the `{which}` command of the third party {third_party}: {program} cannot be started: {source}; correct it in [third_party.{third_party}.tcp]"
    )]
    Start {
        /// Which command.
        which: &'static str,
        /// Of which third party.
        third_party: String,
        /// Its program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It did not end.
    #[error(
        "running the `{which}` command of the third party {third_party}: it did not end within {seconds} s; correct it, or raise `time_limit` in \
         [third_party.{third_party}.tcp]"
    )]
    Late {
        /// Which command.
        which: &'static str,
        /// Of which third party.
        third_party: String,
        /// The limit.
        seconds: u64,
    },
    /// It ended with a status that means nothing.
    #[error(
        "running the `{which}` command of the third party {third_party}: it ended with {status}{said}; correct it in [third_party.{third_party}.tcp]"
    )]
    Failed {
        /// Which command.
        which: &'static str,
        /// Of which third party.
        third_party: String,
        /// How it ended.
        status: String,
        /// The end of what it said, without secrets.
        said: String,
    },
    /// The manifest gives none.
    #[error("the third party {third_party} has no `{which}` command; add one to [third_party.{third_party}.tcp]")]
    Missing {
        /// Which command.
        which: &'static str,
        /// Of which third party.
        third_party: String,
    },
}

/// How a command ended.
pub(super) struct Ran {
    /// Its exit status; none where a signal ended it.
    pub(super) status: Option<i32>,
    pub(super) printed: String,
    how: String,
    complaint: String,
}

/// Runs the commands of one third party.
pub(super) struct Commands<'a> {
    pub(super) third_party: &'a str,
    pub(super) setup: &'a TcpServiceSetup,
    pub(super) redactor: &'a Redactor,
}

impl Commands<'_> {
    /// Runs a command to its end. `words` are its program and arguments, rendered.
    pub(super) async fn run(&self, which: &'static str, words: &[String]) -> Result<Ran, CommandError> {
        let third_party = || self.third_party.to_owned();
        let Some((program, arguments)) = words.split_first() else {
            return Err(CommandError::Missing { which, third_party: third_party() });
        };
        let start = |source| CommandError::Start { which, third_party: third_party(), program: program.clone(), source };
        let mut command = Command::new(program);
        command.args(arguments).env_clear().env("PATH", SANE_PATH).envs(&self.setup.environment);
        if let Some(directory) = &self.setup.directory {
            command.current_dir(directory);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(start)?;
        let (printed, complaint) = (child.stdout.take(), child.stderr.take());
        let limit = Duration::from_millis(self.setup.time_limit_milliseconds);
        let ended = timeout(limit, async { tokio::join!(child.wait(), text(printed), text(complaint)) }).await;
        let (status, printed, complaint) =
            ended.map_err(|_elapsed| CommandError::Late { which, third_party: third_party(), seconds: limit.as_secs() })?;
        let status = status.map_err(start)?;
        Ok(Ran { status: status.code(), printed, how: status.to_string(), complaint })
    }

    /// Runs a command that has to succeed; returns what it printed.
    pub(super) async fn succeed(&self, which: &'static str, words: &[String]) -> Result<String, CommandError> {
        let ran = self.run(which, words).await?;
        if ran.status == Some(0) { Ok(ran.printed) } else { Err(self.failed(which, &ran)) }
    }

    /// Returns the trouble that a status without a meaning is.
    pub(super) fn failed(&self, which: &'static str, ran: &Ran) -> CommandError {
        let said = match self.shown(&ran.complaint) {
            said if said.is_empty() => String::new(),
            said => format!(" ({said})"),
        };
        CommandError::Failed { which, third_party: self.third_party.to_owned(), status: ran.how.clone(), said }
    }

    /// Returns the end of a complaint on one line, without what the run or the command's environment keeps secret.
    fn shown(&self, complaint: &str) -> String {
        let mut text = self.redactor.redact(complaint);
        for (name, value) in self.setup.environment.iter().filter(|(_, value)| value.len() >= SHORTEST_SECRET) {
            text = text.replace(value.as_str(), &format!("[{name}]"));
        }
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let skipped = line.chars().count().saturating_sub(SHOWN);
        line.chars().skip(skipped).collect()
    }
}

async fn text(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        // What cannot be read is missed in what was printed; how the command ended says more.
        stream.take(OUTPUT_BOUND).read_to_end(&mut bytes).await.ok();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
