//! The job's log, which never holds the value of an input, the body of an answer or a secret.

use std::time::SystemTime;

use crate::config::{Environment, variable};

/// Writes records of one line, each beginning with the time, the task and the action.
pub(crate) struct Log<'a> {
    prefix: String,
    write_line: &'a dyn Fn(&str),
}

impl<'a> Log<'a> {
    pub(crate) fn new(environment: &Environment, write_line: &'a dyn Fn(&str)) -> Self {
        let task = variable(environment, "SM_SECRET_TASK_ID").unwrap_or("unknown");
        // Only the two known actions are repeated: what else stands there is somebody's mistake and could be anything.
        let is_known = |action: &&str| matches!(*action, "create_credentials" | "delete_credentials");
        let action = variable(environment, "SM_ACTION").filter(is_known).unwrap_or("unknown");
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
        let line = format!("{time} {} {level}: {text}", self.prefix).replace(char::is_control, " ");
        (self.write_line)(&line);
    }
}
