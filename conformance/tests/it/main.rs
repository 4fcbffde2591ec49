//! The `hallmark` program as people call it, in one binary.

mod bench;
mod chaos;
mod cli;
mod clients;
mod container;
mod control;
mod hostile;
mod place;
mod real;
mod recorded;
mod selftest;
mod slowed;

/// Tells whether tests play everything, as the scheduled workflow has them do, and not only what says the most.
fn is_thorough() -> bool {
    std::env::var_os("HALLMARK_THOROUGH").is_some()
}
