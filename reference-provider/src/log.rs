//! The job's log: one line per record on standard error, which is where Code Engine collects it.

use std::time::SystemTime;

use crate::config::{Environment, variable};

/// Writes records, each beginning with the time, the task and the action.
///
/// No value of an input, no body of an answer and no secret is ever given to it.
pub(crate) struct Log<'a> {
    prefix: String,
    write_line: &'a dyn Fn(&str),
}

impl<'a> Log<'a> {
    pub(crate) fn new(environment: &Environment, write_line: &'a dyn Fn(&str)) -> Self {
        let task = variable(environment, "SM_SECRET_TASK_ID").unwrap_or("unknown");
        // Only the two known actions are repeated: what else stands there is somebody's mistake and could be anything.
        let action = variable(environment, "SM_ACTION")
            .filter(|action| matches!(*action, "create_credentials" | "delete_credentials"))
            .unwrap_or("unknown");
        Self { prefix: format!("[{task}]:[{action}]"), write_line }
    }

    pub(crate) fn info(&self, text: &str) {
        self.write("INFO", text);
    }

    pub(crate) fn error(&self, text: &str) {
        self.write("ERROR", text);
    }

    fn write(&self, level: &str, text: &str) {
        let time = humantime::format_rfc3339_millis(SystemTime::now());
        // A line break in a value would forge a second record.
        let line = format!("{time} {} {level}: {text}", self.prefix);
        (self.write_line)(&line.replace(char::is_control, " "));
    }
}

/// Writes one line to standard error.
#[expect(clippy::print_stderr, reason = "this is the one place that writes the log")]
pub fn write_line(line: &str) {
    eprintln!("{line}");
}
