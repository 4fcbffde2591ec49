//! The supervisor as a program of its own, for the launcher's tests: hallmark's hidden subcommand without hallmark.

use std::process::ExitCode;

fn main() -> ExitCode {
    hallmark_harness::job::supervise()
}
