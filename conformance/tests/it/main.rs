//! The `hallmark` program as people call it, in one binary.

mod cli;
mod hostile;
mod recorded;
mod selftest;
