//! The `hallmark` program as people call it, in one binary.

mod cli;
mod clients;
mod hostile;
mod recorded;
mod selftest;
