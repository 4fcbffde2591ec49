//! The command line as its users have it, in one binary.

mod cli;
