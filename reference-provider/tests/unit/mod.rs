//! Tests of single modules, as part of the crate.

mod config;
mod http;
mod retry;
