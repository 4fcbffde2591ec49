//! The command line of hallmark.

use std::process::ExitCode;

fn main() -> ExitCode {
    hallmark::cli::main()
}
