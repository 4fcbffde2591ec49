//! The commands that run no suite.

mod doctor;
mod init;
mod lint;
mod read;
mod serve;

use std::process::{Command, Output};

/// Returns a call of hallmark without the developer's colours.
fn hallmark(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hallmark"));
    command.args(arguments).env("NO_COLOR", "1");
    command
}

/// What a call left behind.
struct Called {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn call(arguments: &[&str]) -> Called {
    hallmark(arguments).output().expect("hallmark starts").into()
}

impl From<Output> for Called {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("data is text"),
            stderr: String::from_utf8(output.stderr).expect("talk is text"),
        }
    }
}
