//! hallmark as a program, from outside.

mod hostile;
mod selftest;
