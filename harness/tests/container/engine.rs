//! The engine that the tests of containers need. The tests of hallmark's program share this file.

use std::io::Write as _;

use hallmark_harness::docker::Daemon;

/// Returns the engine; none, and a line that says so, where there is none. Where HALLMARK_REQUIRE_DOCKER is set there must be one.
pub(crate) async fn engine() -> Option<Daemon> {
    match Daemon::connect().await {
        Ok(daemon) => Some(daemon),
        Err(error) => {
            assert!(std::env::var_os("HALLMARK_REQUIRE_DOCKER").is_none(), "{error}");
            // Not `eprintln!`, which the test's harness catches.
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            std::io::stderr().write_all(format!("skipped: {test}: {error}\n").as_bytes()).ok();
            None
        }
    }
}
