//! The `hallmark` program as people call it, in one binary.

mod cli;
mod clients;
mod container;
mod hostile;
mod real;
mod recorded;
mod selftest;
